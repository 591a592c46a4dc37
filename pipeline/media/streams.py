"""What is in a film, as the ffmpeg that will copy or burn it tells it (docs/decisions/0083): there may be no ffprobe on the machine.

The film is opened by a plain name (``run.workplace``), so that nothing in a file's name can look like a line of this.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.errors import InputError
from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Place
from pipeline.media.said import said
from pipeline.media.stream import Stream as Stream
from pipeline.media.told_length import told_length
from pipeline.media.turning import Turning, turning
from pipeline.video.cropping import Cropping, cropping
from pipeline.video.encrypted import refuse_encrypted
from pipeline.video.ground import ground
from pipeline.video.headless import NOT_LISTED, NOT_READ, UNKNOWN, why

_STREAM = re.compile(
    r"^\s+Stream #0:(\d{1,5})(?:\[0x[0-9a-f]+\])?(?:\(([^)]*)\))?: (Video|Audio|Subtitle|Data|Attachment|Unknown): ([\w-]+)(.*)$"
)
_SIZE = re.compile(r"[ ,](\d{1,5})x(\d{1,5})[ ,]")
_ASPECT = re.compile(r"\[?SAR (\d+):(\d+)")
_RATE = re.compile(r"(?<![\d.])(\d{1,9}(?:\.\d{1,9})?)(k?) fps")
_ROTATION = re.compile(r"display ?matrix: rotation of (-?\d{1,4}(?:\.\d{1,9})?) degrees", re.IGNORECASE)
_RGB = re.compile(r", (?:(?:[a0]|x2)?(?:rgb|bgr)|gbra?p|pal8)\w*[(, ]")
_ALPHA = re.compile(r", (?:rgba|argb|bgra|abgr|gbrap|yuva4|ya8|ya16|pal8|ayuv|vuya)\w*[(, ]")
_TELLS_ALPHA = re.compile(r"^\s+alpha_mode\s+: 1$", re.IGNORECASE)
_TIMECODE = re.compile(r"^\s+timecode\s+: (\d{2}:\d{2}:\d{2}[:;.]\d{2,3})$", re.IGNORECASE)
_DURATION = re.compile(r"^\s+Duration: (\d{1,9}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)")
_START = re.compile(r"^\s+Duration: .*, start: (-?\d{1,12}(?:\.\d{1,9})?)")
_INPUT = re.compile(r"^Input #0, ([\w,]+), ", re.MULTILINE)
_UNPARSED = ("-fflags", "+noparse")
_FAR = {"analyzeduration": "300M", "probesize": "500M"}
"""microseconds and bytes that ffmpeg reads at most to find out what streams are"""
BITMAPS = frozenset({"dvd_subtitle", "hdmv_pgs_subtitle", "dvb_subtitle", "xsub"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The streams of a file and the shape of its film."""

    streams: tuple[Stream, ...]
    duration: float
    """seconds, 0 where it is not declared"""
    container: str = ""
    """ffmpeg's name of the format"""
    start: float = 0.0
    """seconds of the container's clock at which it begins; a player shows that as 0"""
    shown: int | None = None
    """index of the video stream that is described, where there are several"""
    ahead: float = 0.0
    """seconds that its clock jumps ahead at most, where it does and ffmpeg must be told to follow it (``jumps``)"""
    far: bool = False
    """whether ffmpeg must read further than it does by itself to find out what its picture is, and its order: slides (``sparse``)"""
    crop: Cropping | None = None
    """what players cut off of its picture as it is stored"""
    mirrored: bool = False
    """whether players mirror it"""
    listing: str = field(default="", repr=False, compare=False)
    """all that ffmpeg says of it"""

    @property
    def declared(self) -> float:
        """Seconds that a player shows at the end, at least: Matroska may count its duration from 0 and begin late."""
        late = self.start if self.container.startswith("matroska") else 0.0
        return max(0.0, self.duration - max(0.0, late))

    @property
    def ahead_options(self) -> list[str]:
        """ffmpeg's options before the film, so that its clock is followed and its picture is found."""
        return _words(_ahead(self))

    @property
    def unparsed(self) -> list[str]:
        """ffmpeg's options before a Matroska with GIFs in it: put together anew from their bytes, its pictures become one or none."""
        return self.unparsed_copy if self.container.startswith("matroska") else []

    @property
    def unparsed_copy(self) -> list[str]:
        """The same before a copy of it, which is one."""
        return list(_UNPARSED) if any(stream.codec == "gif" for stream in self.streams) else []

    def of(self, kind: str) -> list[Stream]:
        return [stream for stream in self.streams if stream.kind == kind and not stream.cover]

    @property
    def film(self) -> Stream:
        """The moving picture. Raises InputError ``no_video_stream``."""
        if not (films := self.of("video")):
            raise InputError("no_video_stream", "there is no moving picture in this file (sound, subtitles or a cover only)")
        return next((stream for stream in films if stream.index == self.shown), films[0])

    @property
    def coded_size(self) -> tuple[int, int]:
        """Pixels of the picture as it is stored, without what is never shown."""
        found = _SIZE.search(self.film.detail)
        size = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
        return self.crop.rest(size) if self.crop and min(self.crop.rest(size)) > 0 else size

    @property
    def upright_size(self) -> tuple[int, int]:
        """Pixels of the picture after rotation."""
        width, height = self.coded_size
        return (height, width) if round(self.film.rotation) % 180 else (width, height)

    @property
    def display_size(self) -> tuple[int, int]:
        """The picture as it is shown: upright, with square pixels."""
        width, height = self.coded_size
        aspects = [(int(wide), int(high)) for wide, high in _ASPECT.findall(self.film.detail)]
        if self.crop and self.crop.aspect:
            width = max(1, round(height * self.crop.aspect))
        elif aspects and all(aspects[-1]):  # the codec's own stands first; where the container tells another, that counts
            width = max(1, round(width * aspects[-1][0] / aspects[-1][1]))
        return (height, width) if round(self.film.rotation) % 180 else (width, height)

    @property
    def rgb(self) -> bool:
        """Whether its picture is stored as red, green and blue, as recordings of screens, GIFs and drawn films are."""
        return _RGB.search(self.film.detail) is not None

    @property
    def transparent(self) -> bool:
        """Whether its picture says how opaque it is, and that means something."""
        means_nothing = ground(self.container, self.film.codec) is None
        return not means_nothing and (self.film.tells_alpha or _ALPHA.search(self.film.detail) is not None)

    @property
    def fps(self) -> float:
        found = _RATE.search(self.film.detail)
        return float(found.group(1)) * (1000 if found.group(2) else 1) if found else 0.0


def film_contents(ffmpeg: Ffmpeg, place: Place) -> Contents:
    """What is in the film of the place, its picture the one that is described (``VideoInfo.stream``), not merely the first.

    Raises InputError ``unsupported_or_corrupt``, ``no_decodable_frames`` where it is encrypted.
    """
    path = place.folder / place.film
    with path.open("rb") as file:
        refuse_encrypted(file.fileno())
    found = contents(ffmpeg, place, place.film)
    if found.of("video") and 0 in found.coded_size and 0 not in (again := contents(ffmpeg, place, place.film, _FAR)).coded_size:
        found = replace(again, far=True)
    if found.container.startswith("mov"):
        found = replace(found, duration=told_length(path, found.duration, found.start))
    return _cropped(_chosen(found, path), path)


def _cropped(found: Contents, path: Path) -> Contents:
    """The same with what players cut off of its picture."""
    if not (films := [stream.index for stream in found.of("video")]):
        return found
    with path.open("rb") as file:
        crop = cropping(file.fileno(), films.index(found.film.index))
    mirrored = crop is not None and found.container.startswith("mov") and turning(path) is Turning.MIRRORED
    return replace(found, crop=crop, mirrored=mirrored)


def _chosen(found: Contents, path: Path) -> Contents:
    """The same with the picture that is described, where there are several."""
    if len(found.of("video")) < 2:
        return found
    from pipeline.video.probe import probe

    try:
        return replace(found, shown=probe(path).stream)
    except InputError:  # what can't be described may still be copied: the one marked as default, as players choose
        marked = [stream.index for stream in found.of("video") if "(default)" in stream.detail]
        return replace(found, shown=marked[0] if marked else None)


def contents(ffmpeg: Ffmpeg, place: Place, name: str, options: Mapping[str, str] | None = None) -> Contents:
    """What is in the file ``name`` of the place. Raises InputError ``unsupported_or_corrupt``."""
    command = [str(ffmpeg.path), "-hide_banner", "-nostdin", *_words(options or {}), *guards(), "-i", f"file:{name}"]
    text, _ = said(command, place.folder, "stderr")
    listing = text.decode("utf-8", "replace")
    try:
        return understood(listing)
    except InputError as error:
        if NOT_LISTED in listing:
            raise InputError("unsupported_format", NOT_READ) from None
        with (place.folder / name).open("rb") as file:
            raise InputError(error.code, why(file.fileno())) from None


def understood(text: str) -> Contents:
    """ffmpeg's listing of its input. Raises InputError ``unsupported_or_corrupt``."""
    if not re.search(r"^Input #0, ", text, re.MULTILINE):
        raise InputError("unsupported_or_corrupt", UNKNOWN)
    streams: list[Stream] = []  # in the order in which they are told: programs may name them in another, or twice
    duration = start = 0.0
    opened = _INPUT.search(text)
    listing = text.partition("\nOutput #0")[0]
    for line in listing.splitlines():
        if found := _STREAM.match(line):
            index, language, kind, codec, detail = found.groups()
            streams.append(Stream(index=int(index), kind=kind.lower(), codec=codec, language=language or "", detail=detail + " "))
        elif (found := _ROTATION.search(line)) and streams:
            streams[-1] = replace(streams[-1], rotation=float(found.group(1)))
        elif (found := _TIMECODE.match(line)) and streams:
            streams[-1] = replace(streams[-1], timecode=found.group(1))
        elif _TELLS_ALPHA.match(line) and streams:
            streams[-1] = replace(streams[-1], tells_alpha=True)
        elif found := _DURATION.match(line):
            duration = int(found.group(1)) * 3600 + int(found.group(2)) * 60 + float(found.group(3))
            late = _START.match(line)
            start = float(late.group(1)) if late else 0.0
    if "Estimating duration from bitrate" in text:
        duration = 0.0
    once = sorted({stream.index: stream for stream in streams}.items())
    named, found_in = tuple(stream for _, stream in once), opened.group(1) if opened else ""
    return Contents(streams=named, duration=duration, container=found_in, start=start, listing=listing)


def guards() -> list[str]:
    """Options before an input: nothing in a file opens another file or a socket."""
    return _words(guard_options())


def guard_options() -> dict[str, str]:
    """``guards`` for ffmpeg-python."""
    from pipeline.video.source import DEMUXERS

    return {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}


def opening(film: Contents) -> dict[str, str]:
    """Options before the film itself, for ffmpeg-python: ``guards``, and its clock is followed."""
    return guard_options() | _ahead(film)


def flags(film: Contents, more: str = "") -> dict[str, str]:
    """``fflags`` before the film, for ffmpeg-python: ``more`` and what its kind of packets needs."""
    both = more + "".join(film.unparsed[1:])
    return {"fflags": both} if both else {}


def _ahead(film: Contents) -> dict[str, str]:
    return ({"dts_delta_threshold": f"{film.ahead:g}"} if film.ahead else {}) | (_FAR if film.far else {})


def _words(options: Mapping[str, str]) -> list[str]:
    return [part for key, value in options.items() for part in (f"-{key}", value)]
