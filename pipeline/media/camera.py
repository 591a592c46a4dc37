"""What a camera wrote about its film: where, when by the clock on the wall, with what. Phones keep it under keys of their makers
(``com.apple.quicktime.location.ISO6709``), of which ffmpeg's muxer of MP4 and MOV knows no place.

``use_metadata_tags`` writes every tag under its own key, and then none where others are looked for (VLC shows no title): it is for films
that have such keys alone.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

from pipeline.media.run import Place
from pipeline.media.streams import Contents, Stream
from pipeline.video.boxes import Box, within

_KEPT = "+use_metadata_tags"
_NOT_OURS = ("major_brand", "minor_version", "compatible_brands")
"""of the source's container; as tags they would be taken for those of what is written"""
_MAKERS = re.compile(r"^ {4}com\.\w", re.MULTILINE | re.IGNORECASE)
_TITLE = re.compile(r"^ +title +: (.+)$", re.MULTILINE | re.IGNORECASE)
_CREATED, _RENAMED = b"mdtacreation_time", b"mdtacreation_date"
_LARGEST = 1 << 20
"""bytes of the list of keys that are looked at"""


def kept(film: Contents, rules: str) -> dict[str, str]:
    """Options of ffmpeg's that keep the keys of a camera's maker, of a film that has some and goes into a container that would drop them."""
    head = film.listing.partition("Stream #0:")[0]
    covers = any(stream.cover for stream in film.streams)  # for which there is no place among such keys
    if rules != "mp4" or covers or not _MAKERS.search(head):
        return {}
    return {"movflags": _KEPT}


def arguments(options: Mapping[str, Any]) -> list[str]:
    """What goes with such options at the end of the command line."""
    return [word for key in _NOT_OURS for word in ("-metadata", f"{key}=")] if _KEPT in options.get("movflags", "") else []


def once(place: Place) -> None:
    """The time of recording stands in the film's head; ffmpeg writes it among these keys too, finds two when it reads and, in newer versions, makes
    one text of both that is no time. The key is given another name of the same length."""
    with (place.folder / place.written).open("r+b") as file:
        fd = file.fileno()
        whole = Box(b"", 0, os.fstat(fd).st_size)
        for one in (*within(fd, whole, b"moov", b"meta"), *within(fd, whole, b"moov", b"udta", b"meta")):
            keys = one.read(fd, _LARGEST)
            if (at := keys.find(_CREATED)) >= 0:
                os.pwrite(fd, _RENAMED, one.start + at)


def title(film: Contents, stream: Stream) -> str:
    """What a stream is called in its film; nothing where it has no name."""
    _, _, rest = film.listing.partition(f"Stream #0:{stream.index}")
    found = _TITLE.search(rest.partition("Stream #0:")[0])
    return found.group(1) if found else ""
