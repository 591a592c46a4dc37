"""Our side of the process that speaks: texts in, files of samples out. A crash, a hang or nonsense is one error."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pipeline.environment import child_environment
from pipeline.errors import OutputError, UsageError
from pipeline.speech.child import KINDS

PATIENCE, LONGEST = 120.0, 300.0
"""seconds: for one text (or for loading), and of what may be said of one"""
MOST = 1 << 16
"""bytes of an answer"""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text, spoken."""

    file: Path
    """16 bit samples, one channel"""
    samples: int
    rate: int

    @property
    def seconds(self) -> float:
        return self.samples / self.rate


class Speaker:
    """A voice that is ready."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._process, self._folder, self._count, self._rest = process, folder.absolute(), 0, b""

    def say(self, text: str, *, faster: float = 1.0) -> Utterance:
        """Speak a text. Blocks. Raises OutputError ``voice_failed``."""
        assert self._process.stdin is not None
        self._count += 1
        path = self._folder / f"{self._count}.pcm"
        try:
            self._process.stdin.write(json.dumps({"text": text, "faster": faster, "file": str(path)}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise OutputError("voice_failed", "the voice's process ended; name another one with --voice") from None
        answer = self.answer()
        samples, rate = answer.get("samples"), answer.get("rate")
        if not (
            isinstance(samples, int) and isinstance(rate, int) and 4_000 <= rate <= 200_000 and 0 <= samples <= LONGEST * rate
        ):
            raise OutputError("voice_failed", "the voice answered what no voice can; name another one with --voice")
        if not path.is_file() or path.stat().st_size != samples * 2:
            raise OutputError("voice_failed", "the voice did not write what it said; name another one with --voice")
        return Utterance(path, samples, rate)

    def answer(self) -> dict[str, Any]:
        """The next line of the process. Raises OutputError ``voice_failed``."""
        assert self._process.stdout is not None
        until, number = time.monotonic() + PATIENCE, self._process.stdout.fileno()
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            if left <= 0 or len(self._rest) > MOST:
                raise OutputError("voice_failed", f"the voice gave no answer in {PATIENCE:.0f} s; name another one with --voice")
            if select.select([number], [], [], left)[0]:
                data = os.read(number, MOST)
                if not data:
                    raise OutputError("voice_failed", "the voice's process ended; name another one with --voice")
                self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            return cast(dict[str, Any], json.loads(line))
        except ValueError:
            raise OutputError("voice_failed", "the voice answered what no voice can; name another one with --voice") from None


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
        said = made.answer()
        if "error" in said:
            raise KINDS.get(str(said["error"]), UsageError)(str(said.get("code")), str(said.get("message")))
        yield made
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            pipe.close()
