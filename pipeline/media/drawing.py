"""Text as libass draws it, looked at: where each cue lies on the picture, and how wide a piece of text is.

No font file is opened and no metric of one trusted: which font a letter comes from, how letters join, and what a size means are
libass's own decisions, so it is asked. Widths are linear (libass hints no glyph): what holds on a small picture holds on the film.
"""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.environment import child_environment
from pipeline.errors import OutputError
from pipeline.formats.ass import Style, escaped, render, stamp
from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Place
from pipeline.media.starved import starved
from pipeline.types import Cue, Track

Mask = NDArray[np.bool_]
Levels = NDArray[np.int16]

LOOKED_AT = 960
"""pixels of the longer side of the pictures on which cues are looked at"""
_SAID = "drawn.txt"
"""what ffmpeg says"""
_EM = 48
"""height of a line, in pixels, at which pieces are measured"""
_ROWS, _ROW_HEIGHT, _ROW_WIDTH = 16, 2 * _EM, 64 * _EM
_GROUND = 0x60


@dataclass(frozen=True, slots=True)
class Box:
    """What a cue covers with its letters, edges and box, as shares of the picture: 0 is left and top, 1 right and bottom."""

    left: float
    top: float
    right: float
    bottom: float


def boxes(ffmpeg: Ffmpeg, place: Place, track: Track, style: Style) -> list[Box | None]:
    """For each cue of a track where it is drawn when it stands alone; None where nothing of it is seen."""
    scale = LOOKED_AT / max(track.width, track.height)
    width, height = (max(16, round(side * scale)) for side in (track.width, track.height))
    several = tuple(Cue(start=n, end=n + 1, lines=cue.lines) for n, cue in enumerate(track.cues, 1))
    text = render(Track(cues=several, width=track.width, height=track.height, position=track.position), style)
    found: list[Box | None] = []
    for changed in _drawn(ffmpeg, place, text, len(several), width, height, least=1):
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        seen = rows.size > 0
        found.append(
            Box(columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height) if seen else None
        )
    return found


@dataclass(slots=True)
class Ruler:
    """Widths of pieces of text in a style, in heights of a line; what it has not learned is as wide as its characters."""

    ffmpeg: Ffmpeg
    place: Place
    style: Style
    known: dict[str, float] = field(default_factory=dict)

    def learn(self, pieces: Iterable[str]) -> None:
        """Measure pieces of text: each is drawn between two bars, so that spaces count and letters join as they will."""
        new = [piece for piece in dict.fromkeys(("", " ", *pieces)) if piece not in self.known]
        for piece, width in zip(new, self._widths(new), strict=True):
            if width is not None:
                self.known[piece] = width

    def __call__(self, piece: str) -> float:
        """Heights of a line that a piece is wide."""
        from pipeline.cues.measure import graphemes

        if piece in self.known:
            return max(0.0, self.known[piece] - self.known[""])
        parts = graphemes(piece)
        if len(parts) > 1:
            return sum(map(self, parts))
        return 1.0  # one character that can't be drawn: a box, as high as the line at most

    def _widths(self, pieces: Sequence[str]) -> Iterator[float | None]:
        pages = [pieces[k : k + _ROWS] for k in range(0, len(pieces), _ROWS)]
        size = Style(font=self.style.font, font_size=100 * _EM / (_ROWS * _ROW_HEIGHT), box=False, outline=False)
        head = render(Track(cues=(), width=_ROW_WIDTH, height=_ROWS * _ROW_HEIGHT), size)
        lines = [
            f"Dialogue: 0,{stamp(100 * page)},{stamp(100 * page + 100)},Default,,0,0,0,,"
            f"{{\\an7\\pos({_EM // 2},{row * _ROW_HEIGHT + _EM // 2})}}|{escaped(piece)}|\n"
            for page, some in enumerate(pages, 1)
            for row, piece in enumerate(some)
        ]
        drawn = _drawn(self.ffmpeg, self.place, head + "".join(lines), len(pages), _ROW_WIDTH, _ROWS * _ROW_HEIGHT, least=8)
        for some, picture in zip(pages, drawn, strict=True):
            for row in range(len(some)):
                ink = np.flatnonzero(picture[row * _ROW_HEIGHT : (row + 1) * _ROW_HEIGHT].any(axis=0))
                whole = ink.size > 0 and ink[-1] < _ROW_WIDTH - 1
                yield float(ink[-1] + 1 - ink[0]) / _EM if whole else None


def _drawn(ffmpeg: Ffmpeg, place: Place, text: str, count: int, width: int, height: int, *, least: int) -> Iterator[Mask]:
    """Where an ASS text changes a grey ground by ``least`` levels: at 1 s, at 2 s, ... ``count`` pictures."""
    (place.folder / "drawn.ass").write_text(text, encoding="utf-8")
    canvas = f"color=c=0x{_GROUND:02x}{_GROUND:02x}{_GROUND:02x}:s={width}x{height}:r=1:d={count + 1}"
    command = [
        str(ffmpeg.path), "-v", "error", "-nostdin", "-f", "lavfi", "-i", f"{canvas},format=gray",
        "-vf", "subtitles=filename=drawn.ass", "-pix_fmt", "gray", "-f", "rawvideo", "-",
    ]  # fmt: skip
    with (
        (place.folder / _SAID).open("wb") as said,
        subprocess.Popen(
            command,
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=child_environment() | place.environment,
            bufsize=width * height,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            ground = _next(process, place, width, height)
            for _ in range(count):
                changed: Levels = np.abs(np.subtract(_next(process, place, width, height), ground))
                yield changed >= least
        finally:
            process.kill()


def _next(process: "subprocess.Popen[bytes]", place: Place, width: int, height: int) -> Levels:
    assert process.stdout is not None
    data = process.stdout.read(width * height)
    if len(data) < width * height:
        process.wait()
        said = (place.folder / _SAID).read_text(encoding="utf-8", errors="replace")
        raise starved(said) or OutputError("ffmpeg_failed", "the text could not be drawn on a picture to measure it")
    return np.frombuffer(data, np.uint8).reshape(height, width).astype(np.int16)
