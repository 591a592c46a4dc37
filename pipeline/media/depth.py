"""How many bits each colour of a burned picture has, and what is said of HDR: what was written is looked at, not what was asked for."""

import re

from pipeline.media.binary import Ffmpeg
from pipeline.media.encoding import Encoding
from pipeline.media.run import Place
from pipeline.media.said import said
from pipeline.media.streams import Contents, contents, guards
from pipeline.types import Notice

FORMS = ("yuv420p10le", "p010le")
"""ffmpeg's names of 10 bit: of encoders that are programs, and of those of graphics cards"""
_DEEP = re.compile(r"1[0246](?:le|be)\b")
_HDR = ("smpte2084", "arib-std-b67")
_GRADED = re.compile(r"mastering display|content light level", re.IGNORECASE)
"""what ffmpeg calls them, of a stream or of a picture: the screen that the colours were made on, and how bright it gets at most"""


def deep(film: Contents) -> bool:
    """Whether its picture has more than 8 bit."""
    return _DEEP.search(film.film.detail) is not None


def form(ffmpeg: Ffmpeg, film: Contents, encoding: Encoding) -> str:
    """The pixel format that is encoded: 10 bit of a film that has more than 8, where the encoder takes it.

    Those of graphics cards list the same for H.264 as for HEVC; none of them encodes H.264 of 10 bit.
    """
    if not deep(film) or encoding.encoder.startswith("h264_"):
        return "yuv420p"
    return next((one for one in FORMS if one in ffmpeg.pixel_formats(encoding.encoder)), "yuv420p")


def ten_bit(film: Contents, encoding: Encoding, form: str) -> list[Notice]:
    if form not in FORMS or encoding.encoder != "libx264":
        return []
    sentence = "H.264 of 10 bit plays on computers, on few phones, TVs and browsers; --encoder libx265 writes what these play, more slowly"
    return [Notice(code="ten_bit", message=sentence)]


def hdr(ffmpeg: Ffmpeg, place: Place, film: Contents, encoding: Encoding) -> list[Notice]:
    """What became of HDR in the film that was written; nothing of other films."""
    if not any(word in film.film.detail for word in _HDR):
        return []
    colours = "colours are kept as they are"
    if deep(film) and not deep(contents(ffmpeg, place, place.written)):
        better = "libvpx-vp9" if place.written.endswith(".webm") else "libx265"
        colours = f"{encoding.encoder} writes 8 bit of each colour, so that skies get bands (--encoder {better} keeps 10)"
    lost = ""
    if _graded(ffmpeg, place, place.film, f"0:{film.film.index}") and not _graded(ffmpeg, place, place.written, "0:V:0"):
        lost = "; what screen they were made for (mastering display, MaxCLL) is lost, and players guess it"
    sentence = f"HDR video: {colours}, and the text is drawn without tone mapping{lost}"
    return [Notice(code="hdr", message=sentence)]


def _graded(ffmpeg: Ffmpeg, place: Place, name: str, stream: str) -> bool:
    reading = [*guards(), "-i", f"file:{name}", "-map", stream, "-frames:v", "1", "-vf", "showinfo", "-f", "null", "-"]
    text, _ = said([str(ffmpeg.path), "-hide_banner", "-nostdin", *reading], place.folder, "stderr")
    return _GRADED.search(text.decode("utf-8", "replace")) is not None
