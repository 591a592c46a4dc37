"""Every name that we give a file is made here: never outside its folder, never longer than a file system takes.

    name_in(folder, stem, ending)  folder / (stem + ending), or an error: a stem from a file of others can't walk out of the folder
    fitted(stem, reserve)          the stem, or its beginning and a hash of all of it, so that every ending still fits

A name is bytes to Linux: 255 of them at most (NAME_MAX of ext4, XFS, btrfs, ZFS, tmpfs), so 251 Latin letters and ``.mp4`` are a
name that nothing can be added to, and 85 Japanese ones are too.
"""

import hashlib
import os
import re
import unicodedata
from pathlib import Path

from pipeline.errors import OutputError

NAME_MAX = 255
"""bytes"""
RESERVE = 26
"""bytes that are kept for what we add: ``.descriptions.zh-Hans.ttml``, or a dot and ``.descriptions.journal``"""
_DIGITS = 10
"""of the hash: a billion films with one beginning have a chance of 1 in 2,000 to share a name"""


def name_in(folder: Path, stem: str, ending: str) -> Path:
    """The file ``stem + ending`` in ``folder``. Raises OutputError ``bad_name`` where that is no plain name."""
    name = stem + ending
    if not name or name in (".", "..") or "/" in name or os.sep in name or "\0" in name:
        raise OutputError("bad_name", f"{name!r} can't be the name of a file: it has a separator in it or nothing", name=name)
    return folder / name


def fitted(stem: str, reserve: int = RESERVE) -> str:
    """The stem as it is where ``reserve`` more bytes fit behind it, else its beginning, ``~`` and a hash of the whole.

    The same stem gives the same name in every run, two stems give two names; it is cut between characters, never inside one.
    """
    most = NAME_MAX - max(reserve, RESERVE)
    whole = os.fsencode(stem)
    if len(whole) <= most:
        return stem
    return f"{cut(stem, most - 1 - _DIGITS)}~{hashlib.sha256(whole).hexdigest()[:_DIGITS]}"


SIDECARS = "{name}.descriptions.{language}"
"""what subtitles beside a film are called, before their suffix"""


def check_sidecars(pattern: str) -> str:
    """A pattern of ``--sidecar-name`` that can be: the film's name first, the language somewhere behind it, all of it one name.

    Raises ValueError. Without the language the name would be ``movie.srt``: that is the dialogue's.
    """
    rest = pattern.removeprefix("{name}").replace("{language}", "")
    if not pattern.startswith("{name}") or "{language}" not in pattern:
        raise ValueError("it begins with {name} and holds {language}, such as {name}.{language}")
    if not pattern.isprintable() or any(mark in rest for mark in "/\\{}\0") or len(pattern) > 80:
        raise ValueError("it is part of one file name: {name} and {language} once, no separators, at most 80 characters")
    return pattern


def sidecar_ending(pattern: str, language: str) -> str:
    """What stands behind a film's stem by a pattern that ``check_sidecars`` let pass: ``.descriptions.en``."""
    return pattern.removeprefix("{name}").replace("{language}", language)


def cut(name: str, most: int) -> str:
    """The beginning of a name, at most ``most`` bytes: whole characters, and none that loses its accent."""
    if len(os.fsencode(name)) <= most:
        return name
    size = at = 0
    while size + len(os.fsencode(name[at])) <= most:
        size += len(os.fsencode(name[at]))
        at += 1
    while at > 1 and (unicodedata.category(name[at])[0] == "M" or name[at] == "\u200d" or name[at - 1] == "\u200d"):
        at -= 1
    return name[:at].rstrip(" .") or name[:at]


_TEMPORARY = re.compile(r"scenescribe-\d+-\w+")
"""a folder of ``models.temporary``"""


def elsewhere(path: Path) -> str:
    """Where to write in place of a disk that is full: what is put by for a while does not lie where ``-o`` leads."""
    ours = any(_TEMPORARY.fullmatch(folder.name) for folder in path.parents)
    return "set TMPDIR to a folder of another disk" if ours else "write elsewhere with -o"
