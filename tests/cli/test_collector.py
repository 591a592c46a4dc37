"""What the garbage collector's rest leaves on the screen: nothing."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

CODE = """
import atexit, gc, sys
atexit.register(lambda: print("frozen at the end", gc.get_freeze_count()))  # registered first, so asked last
from pipeline.cli import collector
collector.rest()
collector.begin()
print("frozen", gc.get_freeze_count(), gc.isenabled())
made = [[] for _ in range(5000)]
"""


def ran(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_what_is_loaded_is_frozen_and_the_rest_is_collected() -> None:
    begun, ended = ran(CODE).stdout.splitlines()
    _, count, works = begun.split()
    assert int(count) > 0
    assert works == "True"
    assert int(ended.rsplit(" ", 1)[1]) > int(count) + 4000, "at the end nothing is looked at"


@pytest.mark.skipif(find_spec("triton") is None, reason="there is no Triton here")
def test_a_command_that_loaded_an_engine_says_nothing_of_leaks() -> None:
    """Triton's bindings look at their end what is still there, and tell it as leaks, 30 lines of them."""
    ended = ran(f"{CODE}\nimport torch, triton.runtime.jit\nfrom triton._C import libtriton")
    assert ended.stderr == ""
    assert int(ended.stdout.splitlines()[-1].rsplit(" ", 1)[1]) > 100_000, (
        "at the end nothing is looked at: it took three seconds"
    )


def test_what_a_command_said_and_its_exit_code_stay() -> None:
    """Of an engine's command too, whose interpreter's last words are not heard."""
    code = f"{CODE}\nimport types\nsys.modules['torch'] = types.ModuleType('torch')\nsys.stderr.write('all is lost')\nsys.exit(3)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (3, "all is lost")
