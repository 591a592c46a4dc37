"""HLS playlists (RFC 8216) as far as a reader of pictures needs them. Pure; what can't be understood is an InputError with its reason.

master   variants -> the one to read          media   segments in order, each with its number, its UTC and where a break is before it
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.errors import InputError
from pipeline.live.http.addresses import Addresses
from pipeline.live.http.keys import Key, KeyTags

ENOUGH = 480
"""lines of picture that a model needs; of the variants that have them the smallest is read"""
MOST_LINES = 100_000
# a name is tried from its first letter alone: a line of megabytes of letters is gone over once
_ATTRIBUTE = re.compile(r'(?<![A-Z0-9-])([A-Z0-9-]+)=("[^"]*"|[^",]*)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes of an address: all of them, or ``length`` from ``offset`` on."""

    url: str
    offset: int = 0
    length: int | None = None
    key: Key | None = None
    """by which these bytes are encrypted"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One piece of a media playlist."""

    number: int
    """media sequence number"""
    part: Part
    seconds: float
    init: Part | None
    """what is to be read before it (EXT-X-MAP)"""
    utc: float | None
    """when its first picture was taken, in seconds since 1970 (EXT-X-PROGRAM-DATE-TIME, or counted on from the last one)"""
    broken: bool
    """a discontinuity is before it: other stamps, maybe another size"""
    missing: bool
    """EXT-X-GAP: there is nothing to fetch"""
    turn: int | None = None
    """breaks before it since the stream began; None where the playlist does not count them (EXT-X-DISCONTINUITY-SEQUENCE)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A media playlist."""

    target: float
    segments: tuple[Segment, ...]
    ended: bool


def parse(text: str, base: str) -> Media | str:
    """A media playlist, or the address of the variant that a master playlist's picture is best read from.

    ``base``: the address that it came from. Raises InputError ``bad_playlist``, ``stream_encrypted``.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != "#EXTM3U":
        raise InputError("bad_playlist", "the playlist does not begin with #EXTM3U")
    if len(lines) > MOST_LINES:
        raise InputError("bad_playlist", f"the playlist has {len(lines)} lines, more than is read")
    addresses = Addresses(base)
    try:
        if any(line.startswith("#EXT-X-STREAM-INF:") for line in lines):
            return _variant(lines, addresses)
        return _media(lines, addresses)
    except ValueError:
        raise InputError("bad_playlist", "the playlist names what is no address") from None


def attributes(text: str) -> dict[str, str]:
    """``A=1,B="x,y"`` as a table."""
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


def _variant(lines: list[str], addresses: Addresses) -> str:
    found: list[tuple[bool, int, int, str]] = []
    told: dict[str, str] | None = None
    for line in map(str.strip, lines):
        if line.startswith("#EXT-X-STREAM-INF:"):
            told = attributes(line.partition(":")[2])
        elif line and not line.startswith("#") and told is not None:
            height = _whole(told.get("RESOLUTION", "").partition("x")[2])
            codecs = told.get("CODECS", "")
            sound_only = (
                bool(codecs)
                and not height
                and all(one.strip().startswith(("mp4a", "ac-3", "ec-3", "Opus")) for one in codecs.split(","))
            )
            if not sound_only:
                # enough lines first; of those the fewest bits, of others the most
                enough, bits = height >= ENOUGH or not height, _whole(told.get("BANDWIDTH", ""))
                found.append((not enough, bits if enough else -height, bits, addresses.whole(line)))
            told = None
    if not found:
        raise InputError("bad_playlist", "the master playlist names no variant with a picture")
    return min(found)[3]


def _media(lines: list[str], addresses: Addresses) -> Media:
    target = 0.0
    segments: list[Segment] = []
    number, seconds, utc, broken, missing, ended = 0, 0.0, None, False, False, False
    turn: int | None = None
    init: Part | None = None
    wanted: tuple[int | None, int | None] | None = None
    last_url, last_end = "", 0
    keys = KeyTags(addresses)
    for line in map(str.strip, lines):
        tag, _, value = line.partition(":")
        match tag:
            case "#EXT-X-TARGETDURATION":
                target = _seconds(value)
            case "#EXT-X-MEDIA-SEQUENCE":
                number = number if segments else _whole(value)
            case "#EXTINF":
                seconds = _seconds(value.partition(",")[0])
            case "#EXT-X-BYTERANGE":
                wanted = _range(value)
            case "#EXT-X-DISCONTINUITY-SEQUENCE":
                turn = turn if segments else _whole(value)
            case "#EXT-X-DISCONTINUITY":
                broken = True
                turn = None if turn is None else turn + 1
                utc = None
            case "#EXT-X-GAP":
                missing = True
            case "#EXT-X-PROGRAM-DATE-TIME":
                utc = moment(value)
            case "#EXT-X-MAP":
                told = attributes(value)
                if "URI" not in told:
                    raise InputError("bad_playlist", "an EXT-X-MAP of the playlist has no URI")
                length, offset = _range(told["BYTERANGE"]) if "BYTERANGE" in told else (None, 0)
                init = Part(url=addresses.whole(told["URI"]), offset=offset or 0, length=length, key=keys.key(None))
            case "#EXT-X-KEY":
                keys.tag(attributes(value))
            case "#EXT-X-ENDLIST":
                ended = True
            case _ if line and not line.startswith("#"):
                url, key = addresses.whole(line), keys.key(number)
                part = Part(url=url, key=key)
                if wanted is not None:
                    length, offset = wanted
                    begin = offset if offset is not None else last_end if url == last_url else 0
                    part = Part(url=url, offset=begin, length=length, key=key)
                    last_url, last_end = url, begin + (length or 0)
                segments.append(
                    Segment(
                        number=number, part=part, seconds=seconds, init=init, utc=utc, broken=broken, missing=missing, turn=turn
                    )
                )
                utc = None if utc is None else utc + seconds
                number, broken, missing, wanted = number + 1, False, False, None
    if not target:
        target = max((segment.seconds for segment in segments), default=6.0)
    return Media(target=min(max(target, 0.2), 600.0), segments=tuple(segments), ended=ended)


def moment(text: str) -> float | None:
    """Seconds since 1970 of ``2026-11-27T09:00:00.000+0100``; a time without a zone is taken for UTC. None: no time that is one."""
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _whole(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value < timedelta(days=1).total_seconds() else 0.0


def _range(text: str) -> tuple[int, int | None]:
    length, at, offset = text.strip('"').partition("@")
    return _whole(length), _whole(offset) if at else None
