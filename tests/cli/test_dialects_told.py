"""What a server wants otherwise is told by ``-v`` of whichever command asks it, and by no command without."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stub_server import Stub, picky, status

Run = Callable[..., Any]


@pytest.mark.parametrize("verbose", [True, False])
@pytest.mark.parametrize("command", ["caption", "ask", "annotate", "summarize"])
def test_how_a_server_is_spoken_to_is_told(command: str, verbose: bool, run: Run, film: Path, tmp_path: Path) -> None:
    server = picky(
        lambda said: status(400, "'max_tokens' is not supported: use 'max_completion_tokens'") if "max_tokens" in said else None
    )
    words = ["-v"] if verbose else []
    words += [film, "What is seen?"] if command == "ask" else [film, "-o", tmp_path / "out"]
    with Stub([], always=server) as stub:
        done = run(command, *words, "--engine", "openai", "--base-url", stub.url)
    assert done.returncode == 0, done.stderr
    assert ("the limit is called max_completion_tokens" in done.stderr) is verbose
