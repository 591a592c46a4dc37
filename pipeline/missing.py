"""What is said of a file that is not there."""

import contextlib
import os
import re
from pathlib import Path

from pipeline.errors import nearest

_SEQUENCE = re.compile(r"%0?\d{0,2}d")
"""a number in ffmpeg's names of picture sequences"""


def missing(path: Path) -> str:
    """What is said of a file that is not there: that it is a link to nothing, or which file of its folder may be meant."""
    if os.path.islink(path):  # never raises, as Path.is_symlink does of a name that is too long
        return "it is a link to nothing"
    if _SEQUENCE.search(path.name):
        return f"there is no such file: a row of pictures becomes a film by ffmpeg -framerate 25 -i {path.name} FILM.mp4"
    names: list[str] = []
    with contextlib.suppress(OSError):
        names = [name for name in os.listdir(path.parent) if not name.startswith(".")]
    return f"there is no such file{nearest(path.name, names, alike=0.8)}"
