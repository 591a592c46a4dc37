"""The child process that speaks: a voice of the family, asked by lines of JSON on stdin, answering on stdout.

    {"text": "A man waits.", "faster": 1.0, "file": "/tmp/x/7.pcm"}  ->  {"samples": 21034, "rate": 22050}     16 bit samples in that file

It ends with its stdin. What its libraries print goes to stderr.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from pipeline.errors import EnvironmentFault, ScenescribeError, UsageError
from pipeline.families import parse

KINDS: dict[str, type[EnvironmentFault] | type[UsageError]] = {"EnvironmentFault": EnvironmentFault, "UsageError": UsageError}
"""errors of a voice, by the name they travel under"""


def main() -> None:
    """``python -m pipeline.speech.child VOICE LANGUAGE``."""
    spec, language = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(**data: Any) -> None:
        answers.write(json.dumps(data) + "\n")
        answers.flush()

    try:
        voice = parse("voices", spec)
        voice.start(language)
    except ScenescribeError as error:
        return answer(error=type(error).__name__, code=error.code, message=error.message)
    answer(ready=True)
    for line in sys.stdin:
        asked = json.loads(line)
        spoken = voice.say(asked["text"], faster=asked["faster"])
        Path(asked["file"]).write_bytes(spoken.samples)
        answer(samples=len(spoken.samples) // 2, rate=spoken.rate)
    return None


if __name__ == "__main__":
    main()
