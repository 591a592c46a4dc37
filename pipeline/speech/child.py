"""The child process that speaks: a voice of the family, asked by lines of JSON on stdin, answering on stdout.

    {"text": "A man waits.", "faster": 1.0}  ->  {"samples": 21034, "rate": 22050}, then so many samples of 16 bits
                                             ->  {"error": "OutputError", "code": "voice_failed", "message": "..."}

A voice's file may be a stranger's, and libraries in C open it: before that the process gives up what it can (pipeline.sandbox). It makes
no file, has no network, and ends with its stdin or its parent. What its libraries print goes to stderr.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

from pipeline import sandbox
from pipeline.errors import EnvironmentFault, OutputError, ScenescribeError, UsageError
from pipeline.families import parse

KINDS: dict[str, type[ScenescribeError]] = {kind.__name__: kind for kind in (EnvironmentFault, OutputError, UsageError)}
"""errors of a voice, by the name they travel under"""
LONGEST = 300
"""seconds that one text may take to say"""
SLOWEST, FASTEST = 4_000, 200_000
"""samples a second that a voice may have"""
MEMORY = 4 << 30
"""bytes that it writes to"""


def main() -> None:
    """``python -m pipeline.speech.child VOICE LANGUAGE``."""
    spec, language = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _confine()

    def answer(data: dict[str, Any], samples: bytes = b"") -> None:
        answers.write(json.dumps(data).encode() + b"\n" + samples)
        answers.flush()

    try:
        voice = parse("voices", spec)
        voice.start(language)
    except ScenescribeError as error:
        return answer(_told(error))
    answer({"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            spoken = voice.say(asked["text"], faster=asked["faster"])
            if not SLOWEST <= spoken.rate <= FASTEST or len(spoken.samples) > 2 * LONGEST * spoken.rate:
                raise ValueError(f"{len(spoken.samples) // 2} samples for one text, {spoken.rate} a second")
        except Exception as error:  # of libraries, over a file that may be anybody's
            cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            answer(_told(OutputError("voice_failed", f"the voice can't say a text ({cause}); name another one with --voice")))
        else:
            answer({"samples": len(spoken.samples) // 2, "rate": spoken.rate}, spoken.samples[: len(spoken.samples) // 2 * 2])
    return None


def _told(error: ScenescribeError) -> dict[str, Any]:
    return {"error": type(error).__name__, "code": error.code, "message": error.message}


def _confine() -> None:
    """Before the first thread of a library."""
    sandbox.limit(resource.RLIMIT_CORE, 0)
    sandbox.limit(resource.RLIMIT_DATA, MEMORY)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    sandbox.enter()


if __name__ == "__main__":
    main()
