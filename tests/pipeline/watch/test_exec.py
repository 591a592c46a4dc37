"""``--exec``: a film's name is a word of the command and never part of a program; what a command leaves running ends with it."""

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from patience import comes

from pipeline.errors import UsageError
from pipeline.store.outbox import Delivery
from pipeline.watch import deliveries
from pipeline.watch.deliveries import arguments

if TYPE_CHECKING:
    from pipeline.watch.state import State


INSIDE = [
    "sh -c 'cp {json} /there'",
    'bash -lc "echo done: {path}"',
    "python3.11 -c 'print(\"{path}\")'",
    "env A=b perl -e '{json}'",
    "nice /bin/sh -ec 'x \"{path}\" {state}'",
    "bash -o pipefail -c 'x {path}'",
    "bash +x -c 'x {path}'",
    "busybox sh -c 'x {path}'",
    "python3 in_turn.py sh -c 'x {path}'",
]


def event(name: str) -> dict[str, Any]:
    return {"path": f"/in/{name}.mp4", "event": "completed", "outputs": [f"/in/{name}.srt", f"/in/{name}.json"]}


@pytest.mark.parametrize("command", INSIDE)
@pytest.mark.parametrize(
    "name", ["$(touch here)", "a`id`", "a; id", "a'b", 'a"b', "a\nb", "a&b", "a>b", "a\\b", "a|b", "(a)", "a*", "#", "!"]
)
def test_a_name_that_could_be_a_program_is_never_part_of_one(command: str, name: str) -> None:
    """A film called $(touch here).mp4 made a file."""
    with pytest.raises(UsageError, match="inside the program that") as caught:
        arguments(command, event(name))
    assert caught.value.code == "bad_value"


@pytest.mark.parametrize("command", INSIDE)
def test_plain_names_stand_where_they_stood(command: str) -> None:
    of = event("Ein Tag-am_Meer 2024, Ü (x)".replace(" (x)", ""))
    written = arguments(command, of)[-1]
    assert (of["path"] in written) or (of["outputs"][1] in written)


@pytest.mark.parametrize(
    "command",
    [
        "sh -c 'cp \"$1\" /there' sh {json}",
        "cp -c {json} /there",
        "notify -e {path}",
        "sh done.sh {path}",
        "python3 notify.py -file {path}",
        "/usr/bin/perl /opt/told.pl -e {path}",
        "node told.js -r {path}",
        "python3.11 -u -m told -c {path}",
        "sh -c 'x {state}' sh {path}",
    ],
)
def test_any_name_is_fine_as_a_word(command: str) -> None:
    of = event("$(touch here)")
    assert {of["path"], of["outputs"][1]} & set(arguments(command, of))


async def test_a_refused_name_is_given_up_and_the_next_film_goes_on(tmp_path: Path) -> None:
    """By the daemon's own way: told in its log, not tried for a day."""
    told = tmp_path / "told"
    state = SimpleNamespace(settings=SimpleNamespace(exec=f"sh -c 'echo {{path}} >>{told}'"))
    deliver = deliveries.Deliveries(cast("State", state))._exec
    for name, well in (("$(touch here)", False), ("plain", True)):
        trouble = await deliver(Delivery(id=1, kind="exec", body=event(name), tries=0))
        assert trouble.startswith("refused: ") is not well, trouble
    assert told.read_text() == "/in/plain.mp4\n"


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
