"""What ffmpeg says of a file, to its end: bounded in bytes and in time, whatever the file makes it say."""

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pipeline.environment import child_environment
from pipeline.errors import InputError

MOST = 16 << 20
"""bytes. 10,000 chapters with long titles and a book among the tags are 3 MB"""
PATIENCE = 120.0
"""seconds"""


def said(
    command: Sequence[str], folder: Path, on: Literal["stdout", "stderr"], *, seconds: float = PATIENCE
) -> tuple[bytes, int]:
    """(what the command said on that stream, its exit code); the other stream is not read.

    Raises InputError ``unsupported_or_corrupt`` where it says more than MOST or is not done in time: then it is killed.
    """
    out, err = (subprocess.PIPE, subprocess.DEVNULL) if on == "stdout" else (subprocess.DEVNULL, subprocess.PIPE)
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=child_environment()
    ) as process:
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            pipe = process.stdout if on == "stdout" else process.stderr
            assert pipe is not None
            text = pipe.read(MOST + 1)
            if len(text) > MOST:
                process.kill()
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
    if late.is_set():
        raise InputError("unsupported_or_corrupt", f"ffmpeg did not find out in {seconds:.0f} seconds what this file is")
    if len(text) > MOST:
        raise InputError("unsupported_or_corrupt", f"ffmpeg says more than {MOST >> 20} MB about this file; its head is damaged")
    return text, code
