"""What a program says is read to a bound, and no longer than it may take."""

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.media import said as room
from pipeline.media.said import said


def test_all_that_is_said_on_one_stream_comes_with_the_exit_code(tmp_path: Path) -> None:
    told = said(["sh", "-c", "echo here; echo there >&2; pwd; exit 3"], tmp_path, "stdout")
    assert told == (f"here\n{tmp_path}\n".encode(), 3)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_does_not_stop_is_ended(stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 1 << 20)
    with pytest.raises(InputError, match="more than 1 MB"):
        said(["sh", "-c", "exec yes >&2" if stream == "stderr" else "exec yes"], tmp_path, stream)  # type: ignore[arg-type]


def test_what_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did not find out"):
        said(["sleep", "100"], tmp_path, "stderr", seconds=0.1)
