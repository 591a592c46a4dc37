"""Several hosts of one data set on this machine: they share the work by the ledger alone, and end when they should."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import picture_files
import pytest
from picture_sets import as_folder

from pipeline.annotating import flow
from pipeline.annotating.recipe import PictureRecipe
from pipeline.datasets import results
from pipeline.datasets.ledger import Ledger
from pipeline.engine.opening import preset_for_pictures
from pipeline.errors import EnvironmentFault, UsageError
from pipeline.fleet import annotators
from pipeline.fleet.annotate_messages import Begin, Counted, Failed, Fault, Ready, Said, Stopped, begin, line, said
from pipeline.fleet.annotators import Annotators
from pipeline.fleet.placement import placements
from pipeline.options.annotate import AnnotateSettings
from pipeline.video.children import codec

PICTURES = {f"{number:03}.png": picture_files.encoded(picture_files.corners(32 + number, 32)) for number in range(120)}


def begun(tmp_path: Path, **more: Any) -> tuple[AnnotateSettings, Ledger]:
    """A data set with its plan, and nothing done."""
    values: dict[str, Any] = {
        "engine": "echo", "model": "shapes", "output_dir": str(tmp_path / "out"), "hosts": 2, "unit": 3, "decode_workers": 1,
        "log_file": tmp_path / "log.txt", **more,
    }  # fmt: skip
    settings = AnnotateSettings(**values)
    recipe = PictureRecipe.of(settings, preset_for_pictures(settings.describing(), "low"))
    source = str(as_folder(PICTURES, tmp_path / "in"))
    return settings, flow.prepared(flow.storage_of(settings), [source], settings, recipe)[0]


def hosts_of(settings: AnnotateSettings, told: Any = lambda number, message: None) -> tuple[Annotators, list[str]]:
    said: list[str] = []

    def finished() -> bool:
        ledger = Ledger.existing(flow.storage_of(settings))
        return ledger.frozen.units.keys() <= ledger.done()

    places = placements(settings.describing())
    assert len(places) == 2
    return Annotators(settings, places, usual_share=None, verbose=False, told=told, say=said.append, finished=finished), said


async def test_two_hosts_share_the_units_and_keep_each_picture_once(tmp_path: Path) -> None:
    settings, ledger = begun(tmp_path)
    ended = [0, 0]

    def told(number: int, message: Said) -> None:
        ended[number] += message.ended if isinstance(message, Counted) else 0

    hosts, said = hosts_of(settings, told)
    await hosts.run()
    rows = list(results.rows(ledger))
    assert sorted(row.key for row in rows) == sorted(PICTURES)
    assert sum(ended) >= 120
    assert said == []
    found = results.status(ledger)
    assert found.finished
    assert len(found.hosts) <= 2
    assert (tmp_path / "log-1.txt").exists()


async def test_a_host_that_is_killed_loses_nothing_and_nothing_comes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotators, "PAUSE", 0.1)
    settings, ledger = begun(tmp_path, engine_arg=("delay=0.3", "capacity=4"))
    killed: list[int] = []
    ended = [0, 0]

    def told(number: int, message: Said) -> None:
        ended[number] += message.ended if isinstance(message, Counted) else 0
        if ended[number] >= 6 and not killed:
            killed.append(next(pid for pid, log in _processes() if log.startswith(str(tmp_path)) and log.endswith(_log(number))))
            os.kill(killed[0], signal.SIGKILL)

    hosts, said = hosts_of(settings, told)
    await hosts.run()
    assert killed
    assert any("died; it is started again" in line for line in said)
    rows = list(results.rows(ledger))
    assert sorted(row.key for row in rows) == sorted(PICTURES), "none is lost, none is there twice"
    assert results.status(ledger).finished
    assert sum(ended) < 2 * len(PICTURES), "what it had in flight is asked again, not more"


async def test_hosts_end_in_order_when_the_run_is_stopped(tmp_path: Path) -> None:
    settings, ledger = begun(tmp_path)
    started = asyncio.Event()
    hosts, _ = hosts_of(settings, lambda _, message: started.set() if isinstance(message, Counted) and message.ended else None)
    running = asyncio.create_task(hosts.run())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    waiting.cancel()
    await asyncio.gather(running, waiting, return_exceptions=True)
    assert not [log for _, log in _processes() if str(tmp_path) in log], "a host is left"
    rows = list(results.rows(ledger)) if ledger.done() else []
    assert len({row.key for row in rows}) == len(rows)


async def test_nobody_waits_for_a_host_that_loads_when_all_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, ledger = begun(tmp_path)
    usual = Annotators._command
    loads_for_ever = ["/bin/sh", "-c", "cat >&2"]
    monkeypatch.setattr(Annotators, "_command", staticmethod(lambda place: loads_for_ever if place.number else usual(place)))
    hosts, said = hosts_of(settings)
    await hosts.run()
    assert results.status(ledger).finished
    assert said == ["host 1: all was done before its model was loaded"]


async def test_a_host_that_loads_is_waited_for_while_something_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, ledger = begun(tmp_path)
    usual = Annotators._command
    nothing_to_do = ["/bin/sh", "-c", f"printf '%s' '{line(Ready(seconds=0.0)).decode()}{line(Stopped()).decode()}'"]
    monkeypatch.setattr(Annotators, "_command", staticmethod(lambda place: usual(place) if place.number else nothing_to_do))
    hosts, said = hosts_of(settings)
    await hosts.run()
    assert results.status(ledger).finished, "the second one did it all"
    assert said == []


def test_a_host_ends_by_itself_while_its_input_is_open(tmp_path: Path) -> None:
    settings, _ = begun(tmp_path)
    missing = settings.changed(output_dir=str(tmp_path / "elsewhere"), hosts=None)
    asked = line(Begin(settings=missing.model_dump_json(), verbose=False))
    command = [sys.executable, "-m", "pipeline.fleet.annotator", "--number", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(asked)
        process.stdin.flush()
        fault = said(process.stdout.readline())
        errors = process.stderr.read()
    assert isinstance(fault, Fault)
    assert (fault.code, process.returncode, errors) == ("no_dataset", 1, b"")


async def test_a_fault_of_every_host_is_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = begun(tmp_path)
    missing = settings.changed(output_dir=str(tmp_path / "elsewhere"))
    hosts, said = hosts_of(missing)
    with pytest.raises(Exception, match="no_dataset"):
        await hosts.run()
    assert len(said) == 2
    monkeypatch.setattr(annotators, "PAUSE", 0.0)
    monkeypatch.setattr(annotators, "RESTARTS", 1)
    monkeypatch.setattr(Annotators, "_command", staticmethod(lambda place: ["/bin/false"]))
    hosts, said = hosts_of(settings)
    with pytest.raises(EnvironmentFault) as caught:
        await hosts.run()
    assert caught.value.code == "host_died"
    assert len(said) == 4


def test_each_host_is_told_its_share_and_its_own_log(tmp_path: Path) -> None:
    from pipeline.fleet.placement import Placement

    settings = AnnotateSettings(output_dir="x", hosts=2, log_file=tmp_path / "log.txt")
    places = [Placement(number=number, cores=(number,), gpus=("0",), sharing=2) for number in range(2)]
    made = Annotators(
        settings, places, usual_share=0.8, verbose=False, told=lambda number, message: None, say=lambda text: None, finished=lambda: False,
    )  # fmt: skip
    options = [made._options(place) for place in places]
    assert [one["gpu_memory_utilization"] for one in options] == [0.385, 0.385]
    assert [Path(one["log_file"]).name for one in options] == ["log.txt", "log-1.txt"]
    assert all(one["hosts"] is None and AnnotateSettings(**one).output_dir == "x" for one in options)
    with pytest.raises(UsageError):
        placements(AnnotateSettings(engine="echo", gpus="0").describing())


HEARD = Counted(
    ended=2,
    weight=2.5,
    tokens=(5, 7),
    last="A dög.",
    failed=(Failed(key="a\n.png", reason="unreadable", message="x"),),
    hungry=0.5,
    fed=1,
)


def test_messages_arrive_as_they_were_sent_and_lines_of_libraries_are_none() -> None:
    for message in (HEARD, Ready(seconds=1.5), Stopped(), Fault(kind="InputError", code="not_found", message="gone")):
        assert said(line(message)) == message
    asked = Begin(settings="{}", verbose=True)
    assert begin(line(asked)) == asked
    for other in (
        b"loading weights\n",
        b"{}\n",
        b"[1]\n",
        b"7\n",
        b"\xff\n",
        line(asked),
        line(HEARD).replace(b'"ended": 2', b'"ended": "2"'),
    ):
        assert said(other) is None
    with pytest.raises(codec.Malformed):
        begin(line(HEARD))


def _log(number: int) -> str:
    """How the name of a host's log ends."""
    return f"log-{number}.txt" if number else "log.txt"


def _processes() -> list[tuple[int, str]]:
    """This user's hosts of annotate, and where each says what went wrong."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes()
            if b"pipeline.fleet.annotator" in words:
                found.append((int(name), os.readlink(f"/proc/{name}/fd/2")))
        except OSError:
            continue
    return found
