"""The end of an engine's processes: at once, with their exit code and their last words."""

import os
import subprocess
import sys

from models.engines.vllm.plugin import LEASH

CODE = """
import atexit, gc, sys
atexit.register(lambda: print("frozen", gc.get_freeze_count() > 1000, flush=True))  # registered first, so asked last
atexit.register(lambda: sys.stderr.write("of the interpreter's end"))
from models.engines.vllm import plugin
plugin._leash()
plugin._leash()
sys.stderr.write("why it failed. ")
sys.exit(3)
"""


def ended(owner: int) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=os.environ | {LEASH: str(owner)}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.strip(), done.stderr


def test_an_engines_process_ends_without_a_look_at_what_is_left() -> None:
    assert ended(os.getpid()) == (3, "frozen True", "why it failed. ")


def test_any_other_process_ends_as_it_would() -> None:
    assert ended(0) == (3, "frozen False", "why it failed. of the interpreter's end")
