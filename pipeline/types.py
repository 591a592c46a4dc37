"""What flows through the pipeline, one type a stage; nobody writes into another stage's object.

    FrameBatch -> Window -> Caption -> Cue -> Track     (times in seconds on the player's clock)
                               |
                               +-> Document, everything known about one film; the JSON file is its text

"The player's clock" counts from the container's start, as a media player shows it: the first picture of a film whose
video starts 2 s after its audio has time 2.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pipeline.frames import FrameBatch

Span = tuple[float, float]
"""[start, end) in seconds on the player's clock; of a live stream, on its own"""


def span_of(start: float, end: float) -> Span:
    """A window's key, by which it is known again: its times to the millisecond."""
    return round(start, 3), round(end, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What the probe knows about a film before a frame is decoded. Sizes are display sizes: upright, square pixels."""

    path: Path
    size: int
    """bytes"""
    container: str
    codec: str
    stream: int = 0
    """which stream of the file is the film, counted among all of its streams: the one that a player shows"""
    videos: int = 1
    """video streams in the file, covers and stills counted"""
    duration: float
    """seconds, as declared or estimated: a bound for progress, never for a loop"""
    start: float
    """the container's own start time in seconds, subtracted from every time we give"""
    ends: float = 0.0
    """when the picture ends by its own head, on the player's clock; 0 where it tells no such thing"""
    fps: float
    """frames a second, a guess: never compute a time from it where a timestamp exists"""
    width: int
    height: int
    rotation: int = 0
    """degrees clockwise the decoded picture must be turned to stand upright: 0, 90, 180, 270"""
    mirrored: bool = False
    interlaced: bool = False
    hdr: bool = False
    alpha: bool = False
    has_audio: bool = False
    reader: str = "opencv"
    """which reader the probe chose on the processor: opencv or pyav"""
    notices: tuple["Notice", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """A stretch of film, half-open [start, end), and the frames of it that the model is shown."""

    index: int
    start: float
    end: float
    frames: FrameBatch
    """none where the window need not be asked about"""

    @property
    def nbytes(self) -> int:
        """Bytes that the pictures hold."""
        return self.frames.data.nbytes

    def __repr__(self) -> str:
        return f"Window({self.index}, [{self.start:.3f}, {self.end:.3f}), {len(self.frames)} frames)"


class Outcome(StrEnum):
    """How a window's question ended."""

    OK = "ok"
    TRUNCATED = "truncated"
    """the model was cut off; the text ends at its last whole sentence"""
    EMPTY = "empty"
    """asked twice, answered nothing"""
    REPEATED = "repeated"
    """the model repeated itself; the text ends before the repetition"""
    FAILED = "failed"
    """the engine refused this window; there is no text"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """The model's words for one window."""

    start: float
    end: float
    text: str
    outcome: Outcome = Outcome.OK
    frames: tuple[float, ...] = ()
    """times of the frames that the model was shown"""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reused: bool = False
    """taken from the window before it, which looks the same (--skip-static)"""
    original: str | None = None
    """the text before --refine changed it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One subtitle on the screen, [start, end), already broken into lines."""

    start: float
    end: float
    lines: tuple[str, ...]
    top: bool | None = None
    """whether it asks by itself for the picture's top, or for its bottom; None: it stands where its track does"""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A whole subtitle track: what a format writes."""

    cues: tuple[Cue, ...]
    language: str = "en"
    """BCP 47"""
    title: str = ""
    kind: Literal["subtitles", "descriptions", "chapters"] = "descriptions"
    width: int = 0
    """display size of the film, for formats that place text on it; 0 where unknown"""
    height: int = 0
    position: Literal["bottom", "top"] = "bottom"
    flags: frozenset[str] = frozenset()
    """``forced``, ``hearing_impaired``, ``default``, as the name of a file of others tells"""

    def on_top(self, cue: Cue) -> bool:
        """Whether one of its cues stands at the picture's top."""
        return self.position == "top" if cue.top is None else cue.top

    def placed(self, position: Literal["bottom", "top"]) -> "Track":
        """The track with all cues there, whatever they ask for."""
        return replace(self, position=position, cues=tuple(replace(cue, top=None) for cue in self.cues))


LAYOUT_CODES = frozenset({"text_dropped", "text_cut", "too_fast", "too_short", "no_pause"})
"""What the layout of cues did to a text for which there was no room. The JSON has the text whole."""
FORMAT_CODES = frozenset({"default_track", "text_small", "ten_bit"})
"""What a file format, or a picture of this size, does with every film alike: worth knowing once."""


REFINE_REFUSED, SUMMARY_REFUSED = "refine_refused", "summary_refused"
"""The model refused to go over captions once more, or to sum a stretch of them up: the next run asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the user should know that did not stop the work; ``--strict`` makes it a failure, if it is a fault."""

    code: str
    message: str
    start: float | None = None
    end: float | None = None

    @property
    def fault(self) -> bool:
        """Whether something is wrong with the film or the files: not less room for a text than it wants, nor a format's own way."""
        return self.code not in LAYOUT_CODES | FORMAT_CODES


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The film, as the JSON names it."""

    name: str
    size: int
    duration: float
    fps: float
    width: int
    height: int
    start: float
    codec: str = ""
    reader: str = ""
    place: str = ""
    """of captions that do not lie beside their film: where it lies and what it is, as hashes (``described_before.place_of``)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The model that was asked, as the JSON names it."""

    name: str
    id: str
    revision: str
    engine: str
    engine_version: str
    knows: str | None = None
    """what its words are worth, where that is little: the embedded model knows drawn shapes alone"""

    @property
    def author(self) -> str:
        """Who wrote the words: the engine ``echo`` asks no model."""
        return self.engine if self.engine == "echo" else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Everything that is known about one described film; ``captions`` holds all the text, cut or not in the cues."""

    source: Source
    model: Model
    settings: Mapping[str, Any]
    captions: tuple[Caption, ...]
    shots: tuple[float, ...] = ()
    """times of the cuts found, for cues to snap to"""
    language: str = "en"
    warnings: tuple[Notice, ...] = ()
    stats: Mapping[str, Any] = field(default_factory=dict)
    speech: tuple[tuple[float, float], ...] | None = None
    """when somebody speaks in the film, [start, end) in seconds, in order; None where nobody listened"""

    @property
    def answered(self) -> int:
        """How many windows have a description: those that the model refused have none."""
        return sum(caption.outcome is not Outcome.FAILED for caption in self.captions)

    @property
    def unrefined(self) -> bool:
        """Whether the model refused to go over some of the captions once more."""
        return any(notice.code == REFINE_REFUSED for notice in self.warnings)

    @property
    def unanswered(self) -> tuple[Notice, ...]:
        """A notice ``partial`` for what is made of this where windows have no description; none where all have one."""
        refused, count = len(self.captions) - self.answered, len(self.captions)
        if not refused:
            return ()
        has = "has" if refused == 1 else "have"
        sentence = f"{refused} of {count} windows {has} no description: the model refused them, and caption asks again"
        return (Notice(code="partial", message=sentence),)
