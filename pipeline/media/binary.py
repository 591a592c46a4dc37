"""Which ffmpeg: the one named, else the system's if it can burn, else the one that imageio-ffmpeg brings."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.environment import child_environment
from pipeline.errors import EnvironmentFault, UsageError, nearest

VARIABLE = "SCENESCRIBE_FFMPEG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ffmpeg:
    """An ffmpeg and what it can do."""

    path: Path
    version: str
    has_libass: bool
    encoders: frozenset[str]
    """names of its video encoders"""

    @property
    def major(self) -> tuple[int, int]:
        """(5, 1) of ``5.1.9-0+deb12u1``; a build without a number is taken for a new one."""
        found = re.match(r"n?(\d+)\.(\d+)", self.version)
        return (int(found.group(1)), int(found.group(2))) if found else (99, 0)

    @property
    def can_burn(self) -> bool:
        return self.has_libass and "libx264" in self.encoders

    def encoder(self, name: str) -> str:
        """The name of an encoder that this ffmpeg has. Raises UsageError ``unknown_encoder``."""
        if name not in self.encoders:
            hint = nearest(name, self.encoders)
            raise UsageError("unknown_encoder", f"{self.path} has no encoder '{name}'{hint}", encoder=name)
        return name

    def decodes(self, codec: str) -> bool:
        """Whether it has a decoder of a codec, by the name that it lists a stream's with (``ac4`` is known to many, decoded by few)."""
        return codec in _decoded(self.path)

    def pixel_formats(self, encoder: str) -> frozenset[str]:
        """What one of its encoders takes."""
        return _pixel_formats(self.path, encoder)


def find_ffmpeg() -> Ffmpeg:
    """$SCENESCRIBE_FFMPEG, or PATH's ffmpeg if it has libass and libx264, or imageio-ffmpeg's binary.

    Raises EnvironmentFault ``no_ffmpeg``.
    """
    return _find(os.environ.get(VARIABLE, ""), os.environ.get("PATH", ""))


@cache
def _find(named: str, _path: str) -> Ffmpeg:
    if named:
        found = _ask(Path(named))
        if found is None:
            raise EnvironmentFault("no_ffmpeg", f"{VARIABLE} is {named}, which is no ffmpeg that runs; unset it or correct it")
        return found
    on_path = shutil.which("ffmpeg")
    system = _ask(Path(on_path)) if on_path else None
    if system is not None and system.can_burn and system.major >= (5, 1):
        return system
    brought = _brought()
    if brought is not None:
        return brought
    if system is not None:
        return system
    raise EnvironmentFault("no_ffmpeg", "there is no ffmpeg on this machine: pip install imageio-ffmpeg")


def newest_ffmpeg() -> Ffmpeg:
    """The newer one of ``find_ffmpeg`` and the one that imageio-ffmpeg brings, for what older ones can't do."""
    found, brought = find_ffmpeg(), _brought()
    return brought if brought is not None and brought.major > found.major and not os.environ.get(VARIABLE) else found


@cache
def _brought() -> Ffmpeg | None:
    import imageio_ffmpeg

    try:
        return _ask(Path(imageio_ffmpeg.get_ffmpeg_exe()))
    except RuntimeError:
        return None


@cache
def _decoded(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"^\sD\S{5}\s+([\w.-]+)\s", _answer(path, "-codecs") or "", re.MULTILINE))


@cache
def _pixel_formats(path: Path, encoder: str) -> frozenset[str]:
    told = re.search(r"^\s+Supported pixel formats:(.*)$", _answer(path, "-h", f"encoder={encoder}") or "", re.MULTILINE)
    return frozenset(told.group(1).split()) if told else frozenset()


def _answer(path: Path, *question: str) -> str | None:
    """What an executable says to a question; None where it does not run."""
    try:
        answer = subprocess.run(
            [path, "-hide_banner", *question],
            capture_output=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            check=True,
            env=child_environment(),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.decode("utf-8", "replace")


def _ask(path: Path) -> Ffmpeg | None:
    """What an executable says about itself; None where it is no ffmpeg that runs."""
    said: list[str] = []
    for question in ("-version", "-filters", "-encoders"):
        if (answer := _answer(path, question)) is None:
            return None
        said.append(answer)
    version = re.match(r"ffmpeg version (\S+)", said[0])
    if not version:
        return None
    return Ffmpeg(
        path=path.absolute(),
        version=version.group(1),
        has_libass=re.search(r"^\s\S+\s+subtitles\s", said[1], re.MULTILINE) is not None,
        encoders=frozenset(re.findall(r"^\sV\S{5}\s+([\w-]+)\s", said[2], re.MULTILINE)),
    )
