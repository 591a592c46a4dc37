"""Sidecars beside a film: of the version that lies there, and of no other."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.file_version import FileVersion
from pipeline.filenames import SIDECARS
from pipeline.serve import beside
from pipeline.serve.beside import write_beside
from pipeline.serve.faults import HttpError


def asked(root: Path) -> tuple[Any, Any, Any]:
    """The film that lies there, a studio, and what came of a job."""
    film: Any = SimpleNamespace(root=root, relative=Path("a.mp4"), version=FileVersion.at(root / "a.mp4"))
    studio: Any = SimpleNamespace(
        make_track=lambda _: (None, ()), formats=("srt",), recipe=SimpleNamespace(language="en"),
        settings=SimpleNamespace(sidecar_name=SIDECARS, overwrite=False),
    )  # fmt: skip
    return film, studio, SimpleNamespace(document=None)


def test_a_version_that_took_the_films_name_meanwhile_gets_no_sidecars_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had those of the old one, and its own were refused after that: another text was there."""
    monkeypatch.setattr(beside.formats, "write", lambda *_: "1")
    (tmp_path / "a.mp4").write_bytes(b"before")
    given = asked(tmp_path)
    assert write_beside(*given) == [tmp_path / "a.descriptions.en.srt"]
    (tmp_path / "a.descriptions.en.srt").unlink()
    (tmp_path / "new").write_bytes(b"behind")
    os.utime(tmp_path / "new", ns=(1, given[0].version.mtime_ns + 1))
    (tmp_path / "new").replace(tmp_path / "a.mp4")
    with pytest.raises(InputError, match="source_changed"):
        write_beside(*given)
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(HttpError):
        write_beside(*given)
    assert list(tmp_path.iterdir()) == []
