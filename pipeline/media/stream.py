"""One stream of a file, as ffmpeg lists it."""

import re
from dataclasses import dataclass

_TAG = re.compile(r"\((?:\[[^)]{0,40}\]|([\w ]{1,8})) / 0x[0-9A-Fa-f]+\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream of a file."""

    index: int
    kind: str
    """video, audio, subtitle, data, attachment, or unknown: what the container names and ffmpeg doesn't"""
    codec: str
    language: str
    detail: str
    """the rest of ffmpeg's line: pixel format, size, rate, flags"""
    rotation: float = 0.0
    timecode: str = ""
    """of its first picture, hours:minutes:seconds:frames, where an editor or a camera wrote one"""
    tells_alpha: bool = False
    """whether a tag says that some of it is transparent, of codecs whose pixel format does not"""

    @property
    def cover(self) -> bool:
        return "(attached pic)" in self.detail

    @property
    def tag(self) -> str:
        """The container's own name of the codec, where it has one: ``gpmd`` of ``bin_data (gpmd / 0x646D7067)``."""
        found = _TAG.search(self.detail)
        return (found.group(1) or "").strip() if found else ""
