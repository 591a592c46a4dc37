"""``--exec``: a film's name is a word of the command and never part of a program; what a command leaves running ends with it."""

from pathlib import Path

import pytest
from patience import comes

from pipeline.errors import UsageError
from pipeline.watch import deliveries
from pipeline.watch.deliveries import words_of


@pytest.mark.parametrize(
    "command",
    [
        "sh -c 'cp {json} /there'",
        'bash -lc "echo done: {path}"',
        "nice /bin/sh -ec 'x {state}'",
        "python3.11 -c 'print(\"{path}\")'",
        "env A=b perl -e '{json}'",
    ],
)
def test_a_films_name_is_never_part_of_a_program(command: str) -> None:
    """A film called $(touch here).mp4 made a file."""
    with pytest.raises(UsageError, match="inside the program that") as caught:
        words_of(command)
    assert caught.value.code == "bad_value"


@pytest.mark.parametrize(
    "command",
    ["sh -c 'cp \"$1\" /there' sh {json}", "cp -c {json} /there", "notify -e {path}", "sh done.sh {path}", "sh -c true"],
)
def test_a_films_name_as_a_word_is_fine(command: str) -> None:
    assert words_of(command)


async def test_a_command_that_does_not_end_ends_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "COMMAND_SECONDS", 0.5)
    pid = tmp_path / "pid"
    said = ""
    while not pid.exists():  # a busy machine may not come so far in that time
        said = await deliveries.run(
            ["sh", "-c", 'sleep 100000 & echo $! > "$1.new" && mv "$1.new" "$1"; wait', "sh", str(pid)], b""
        )
    assert "did not end" in said
    assert comes(lambda: not _runs(int(pid.read_text())))


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
