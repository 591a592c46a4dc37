"""Sidecars beside a film below a root, where a media server looks for them."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import formats
from pipeline.errors import InputError, OutputError, UsageError
from pipeline.file_version import FileVersion
from pipeline.files import write_whole
from pipeline.outputs import name_outputs
from pipeline.safe_open import read_bytes
from pipeline.serve.films import KnownFilm
from pipeline.serve.roots import open_beneath

if TYPE_CHECKING:
    from pipeline.observing import Result
    from pipeline.studio import Studio


def write_beside(film: KnownFilm, studio: "Studio", result: "Result") -> list[Path]:
    """The sidecars beside a film below a root, where a media server looks for them; their paths.

    The folder is opened as the film is, beneath its root; a file of others is never replaced. Raises HttpError, OutputError, and InputError
    ``source_changed`` where another version of the film lies there by now: it would pass for that one's, and take the place of its sidecars.
    """
    if film.root is None:
        raise UsageError("bad_value", "an uploaded film has no place beside it")
    if _version(film.root, film.relative) != film.version:
        raise InputError(
            "source_changed", "another version of the film has taken its place since; nothing is written beside that one"
        )
    track, _ = studio.make_track(result.document)
    descriptor = open_beneath(film.root, film.relative.parent, folder=True)
    written = []
    try:
        folder = Path(f"/proc/self/fd/{descriptor}")
        outputs = name_outputs(
            Path(film.relative.name), folder, film.relative.stem, language=studio.recipe.language, formats=studio.formats, burn=False,
            mux=False, sidecars=studio.settings.sidecar_name,
        )  # fmt: skip
        marks = {path.name for path in folder.glob("*.descriptions.*")}
        for name in studio.formats:
            path = outputs.sidecar(name)
            text = formats.write(name, track, result.document).encode()
            if path.is_symlink() or (path.name in marks and not _is(path, text) and not studio.settings.overwrite):
                raise OutputError(
                    "output_exists", f"{film.relative.parent / path.name} is there with another text; overwrite replaces it"
                )
            write_whole(path, text)
            written.append(film.root / film.relative.parent / path.name)
    finally:
        os.close(descriptor)
    return written


def _version(root: Path, relative: Path) -> FileVersion:
    descriptor = open_beneath(root, relative)
    try:
        return FileVersion.of(os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _is(path: Path, text: bytes) -> bool:
    """Whether a regular file holds this text and nothing else."""
    try:
        return read_bytes(path, len(text), follow=False) == text
    except OSError:
        return False
