"""The frames of a film as its container lists them: read with ffmpeg, not decoded.

a packet without a time     what AVI and raw streams write for pictures out of order: a gap in the list, never a number
a packet without bytes      AVI's way to say that the picture before it stands: no frame
a packet to be discarded    needed to decode what an edit shows, and not shown itself: no frame
"""

import subprocess
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.environment import child_environment
from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Place
from pipeline.media.streams import Contents, guards, understood

GENERATED = "+genpts"
"""ffmpeg's ``fflags`` before an input: times that are missing are made from the order of decoding"""
UNBROKEN = "+genpts+discardcorrupt"
"""the same, and without the half packet in which a file breaks off"""
FIRST = "0:V:0"
"""the film's picture in what we write: it comes first"""
_SAID = "said.txt"
_DISCARD = 4
"""bit of a packet's flags"""
_BACK = 0.5
"""seconds of packets at one moment: ffmpeg lets the clock stand where the file's goes back"""
_SHORT = 0.02
"""seconds of a packet whose length is not told"""
_NO_TIME = -(2**63)
"""how ffmpeg writes a time that is not there"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """The frames that a player shows."""

    times: "array[float]"
    """when each is shown, sorted; seconds from the container's start; of those whose time is known"""
    untimed: int
    """frames without a time"""
    end: float
    """when the last one ends"""
    as_stored: "array[float]" = field(default_factory=lambda: array("d"))
    """``times`` in the order of the file"""
    restarts: float | None = None
    """when the clock of the file first goes back, so that its next part would be shown together with an earlier one"""

    @property
    def frames(self) -> int:
        return len(self.times) + self.untimed

    def from_zero(self) -> "Packets":
        """The same, begun at 0: where times are made, a decoder makes the first picture's anew."""
        first = self.times[0] if self.times else 0.0
        return replace(self, times=array("d", (time - first for time in self.times)), end=self.end - first)


def packets(
    ffmpeg: Ffmpeg,
    place: Place,
    name: str,
    *,
    stream: str = FIRST,
    last_seconds: float | None = None,
    first: int | None = None,
    options: Sequence[str] = (),
    decoded: bool = False,
    beside: Sequence[int] = (),
    filtered: str | None = None,
) -> Packets:
    """The frames of a file, the ``first`` of them, or those of its last seconds (whose times count from there, unless ``-copyts`` is among
    ``options``).

    ``decoded``: as a decoder gives them; what several edits show is in no list of packets. ``beside``: streams that are read along.
    ``filtered``: ffmpeg's filter of the packets that are listed.
    """
    tail = ["-sseof", f"-{last_seconds:g}"] if last_seconds else []
    return _listed(
        ["-v", "quiet", "-nostats", *options, *guards(), *tail],
        ffmpeg,
        place,
        name,
        stream,
        decoded=decoded,
        beside=beside,
        filtered=filtered,
        first=first,
    )


def source_packets(
    ffmpeg: Ffmpeg, place: Place, film: Contents, *, decoded: bool = False, beside: Sequence[int] = ()
) -> tuple[Packets, bool]:
    """The frames of the film, and whether some of their times are missing in the file and made by ``GENERATED``.

    ``beside``: the streams that are written with it. Of a transport stream ffmpeg counts time from the first of those that it reads,
    and in a broadcast the sound begins up to a second before the picture: read alone, the picture would begin at 0.
    """
    stream = f"0:{film.film.index}"
    along = beside if film.container.startswith("mpeg") else ()
    options = [*film.ahead_options, *film.unparsed]
    found = packets(ffmpeg, place, place.film, stream=stream, options=options, decoded=decoded, beside=along)
    if not found.untimed:
        return found, False
    return packets(ffmpeg, place, place.film, stream=stream, options=[*options, *generated()], beside=along), True


def hides_its_beginning(ffmpeg: Ffmpeg, place: Place, film: Contents) -> bool:
    """Whether the film's first packet is not shown itself."""
    reading = [*guards(), "-i", f"file:{place.film}", "-map", f"0:{film.film.index}", "-c", "copy", "-frames:v", "1"]
    done = subprocess.run(
        [str(ffmpeg.path), "-v", "quiet", "-nostdin", *reading, "-f", "framecrc", "-"],
        cwd=place.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=child_environment(),
        check=False,
    )
    lines = [line.split(b",") for line in done.stdout.splitlines() if not line.startswith(b"#")]
    return bool(lines) and bool(_flags(lines[0][6:]) & _DISCARD)


def generated() -> list[str]:
    """``GENERATED`` as words of a command line."""
    return ["-fflags", GENERATED]


def whole_or_end_of(
    ffmpeg: Ffmpeg, place: Place, name: str, *, at_its_end: bool, options: Sequence[str] = ()
) -> tuple[Contents, Packets]:
    """What is in a file, and its frames (of the last half second alone): one run of ffmpeg for both.

    Raises InputError ``unsupported_or_corrupt``.
    """
    listed = _listed(
        ["-hide_banner", "-nostats", *options, *guards(), *(["-sseof", "-0.5"] if at_its_end else [])], ffmpeg, place, name, FIRST
    )
    return understood((place.folder / _SAID).read_text(encoding="utf-8", errors="replace")), listed


def _listed(
    options: list[str],
    ffmpeg: Ffmpeg,
    place: Place,
    name: str,
    stream: str,
    *,
    decoded: bool = False,
    beside: Sequence[int] = (),
    filtered: str | None = None,
    first: int | None = None,
) -> Packets:
    """The frames that ffmpeg lists; what it says goes to a file, so that neither waits for the other."""
    as_they_are = ["-fps_mode", "passthrough", "-enc_time_base", "1:90000"] if decoded else ["-c", "copy"]
    if filtered:
        as_they_are += ["-bsf", filtered]
    if first:
        as_they_are += ["-frames:v", str(first)]
    reading = [*options, "-nostdin", "-i", f"file:{name}", "-map", stream, *as_they_are, "-f", "framecrc", "-"]
    if beside:
        reading += [*(word for index in beside for word in ("-map", f"0:{index}")), "-c", "copy", "-f", "null", "-"]
    times, lengths, untimed, tick = array("d"), array("d"), 0, 1.0
    before, stands, restarts, latest = b"", 0.0, None, 0.0
    with (
        (place.folder / _SAID).open("wb") as said,
        subprocess.Popen(
            [str(ffmpeg.path), *reading],
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=child_environment(),
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"#tb 0:"):
                numerator, denominator = line[6:].split(b"/")
                tick = int(numerator) / int(denominator)
            elif not line.startswith(b"#"):
                _stream, order, shown, length, size, _sum, *more = line.split(b",")
                stands = stands + (int(length) * tick or _SHORT) if order == before else 0.0
                before = order
                if stands > _BACK and restarts is None:
                    restarts = int(order) * tick
                if not int(size) or _flags(more) & _DISCARD:
                    continue
                if int(shown) == _NO_TIME:
                    untimed += 1
                    latest = max(latest, (int(order) + int(length)) * tick)
                else:
                    times.append(int(shown) * tick)
                    lengths.append(int(length) * tick)
    end = max((time + length for time, length in zip(times, lengths, strict=True)), default=0.0)
    end = max(end, latest)  # of a picture that has no time it is known when it is decoded
    return Packets(times=array("d", sorted(times)), as_stored=times, untimed=untimed, end=end, restarts=restarts)


def _flags(words: Sequence[bytes]) -> int:
    """A packet's flags, of the words after its checksum."""
    return next((int(word.strip()[2:], 16) for word in words if word.strip().startswith(b"F=")), 0)
