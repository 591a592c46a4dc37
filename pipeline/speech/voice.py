"""Our side of the process that speaks: texts in, files of samples out. A crash, a hang or nonsense is one error."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.environment import child_environment
from pipeline.errors import OutputError, UsageError
from pipeline.files import write_whole
from pipeline.speech.child import FASTEST, KINDS, LONGEST, SLOWEST

PATIENCE = 120.0
"""seconds for one text, or for loading"""
FAINT = 33
"""of 32,768: what stays below -60 dB nobody hears beside a film"""
MOST = 1 << 16
"""bytes of an answer, its samples left out"""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text, spoken."""

    file: Path
    """16 bit samples, one channel"""
    samples: int
    rate: int
    heard: bool = True
    """whether there is anything in it but silence"""

    @property
    def seconds(self) -> float:
        return self.samples / self.rate


class Speaker:
    """A voice that is ready."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._process, self._folder, self._count, self._rest = process, folder.absolute(), 0, bytearray()

    def say(self, text: str, *, faster: float = 1.0) -> Utterance:
        """Speak a text. Blocks. Raises OutputError ``voice_failed``."""
        assert self._process.stdin is not None
        self._count += 1
        until = time.monotonic() + PATIENCE
        try:
            self._process.stdin.write(json.dumps({"text": text, "faster": faster}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise OutputError("voice_failed", "the voice's process ended; name another one with --voice") from None
        answer = self.answer(until)
        samples, rate = answer.get("samples"), answer.get("rate")
        if not (
            isinstance(samples, int) and isinstance(rate, int) and SLOWEST <= rate <= FASTEST and 0 <= samples <= LONGEST * rate
        ):
            raise OutputError("voice_failed", "the voice answered what no voice can; name another one with --voice")
        path = self._folder / f"{self._count}.pcm"
        data = self._bytes(samples * 2, until)
        write_whole(path, data, durable=False)
        return Utterance(path, samples, rate, audible(data))

    def answer(self, until: float | None = None) -> dict[str, Any]:
        """The next answer of the process, until a time of ``time.monotonic``. Raises its error; OutputError ``voice_failed``."""
        until = until or time.monotonic() + PATIENCE
        while b"\n" not in self._rest and len(self._rest) <= MOST:
            self._more(until)
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise OutputError("voice_failed", "the voice answered what no voice can; name another one with --voice")
        if "error" in said:
            raise KINDS.get(str(said["error"]), UsageError)(str(said.get("code")), str(said.get("message")))
        return said

    def _bytes(self, count: int, until: float) -> bytes:
        while len(self._rest) < count:
            self._more(until)
        found = bytes(self._rest[:count])
        self._rest = self._rest[count:]
        return found

    def _more(self, until: float) -> None:
        """What comes next. Raises OutputError ``voice_failed``."""
        assert self._process.stdout is not None
        number = self._process.stdout.fileno()
        if not select.select([number], [], [], max(until - time.monotonic(), 0.0))[0]:
            raise OutputError("voice_failed", f"the voice gave no answer in {PATIENCE:.0f} s; name another one with --voice")
        data = os.read(number, MOST)
        if not data:
            raise OutputError("voice_failed", "the voice's process ended; name another one with --voice")
        self._rest += data


def audible(data: bytes) -> bool:
    """Whether samples of 16 bit are more than silence: of dots and signs alone a voice makes a pause."""
    import numpy as np

    samples = np.frombuffer(data, "<i2")
    return bool(samples.size) and max(int(samples.max()), -int(samples.min())) > FAINT


@contextmanager
def speaker(spec: str, language: str, folder: Path) -> Iterator[Speaker]:
    """A voice, started in its process; what it says is written under ``folder``. Its process ends with the block.

    Raises UsageError ``unknown_plugin``, ``unknown_option``, ``bad_value``, ``bad_voice``; EnvironmentFault ``no_voice``; OutputError
    ``voice_failed``.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "pipeline.speech.child", spec, language],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        made = Speaker(process, folder)
        made.answer()
        yield made
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):  # what was still to be said to it is written once more
                pipe.close()
