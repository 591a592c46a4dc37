"""What a service manager and a monitoring system see: sd_notify, /healthz, /readyz, /metrics, log lines."""

import json
import logging
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE
from prometheus_client.parser import text_string_to_metric_families

from pipeline import log
from pipeline.errors import EnvironmentFault, InputError, OutputError, UsageError
from pipeline.watch import health as healths
from pipeline.watch.breaker import Breaker
from pipeline.watch.deliveries import arguments
from pipeline.watch.health import Health, address_of
from pipeline.watch.metrics import Counters, Snapshot, exposition
from pipeline.watch.shares import Share, fault_behind
from pipeline.watch.systemd import Systemd


def get(health: Health, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{health.port}{path}", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def state() -> dict[str, Any]:
    return {"ready": True}


@pytest.fixture
def health(state: dict[str, Any]) -> Iterator[Health]:
    made = Health("127.0.0.1:0", ready=lambda: state, metrics=lambda: b"x 1\n")
    yield made
    made.close()


def test_health(health: Health, state: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert get(health, "/healthz")[0] == 200
    assert get(health, "/readyz") == (200, '{"ready": true}\n')
    assert get(health, "/metrics?x=1") == (200, "x 1\n")
    assert get(health, "/etc/passwd")[0] == 404
    state["ready"] = False
    assert get(health, "/readyz")[0] == 503
    del state["ready"]
    assert get(health, "/readyz")[0] == 503, "a daemon in trouble says so and lives"
    monkeypatch.setattr(healths, "SILENT", 0.0)
    assert get(health, "/healthz")[0] == 503
    health.beat()


@pytest.mark.parametrize(
    "address",
    [
        "9410",
        "127.0.0.1:",
        "127.0.0.1:http",
        ":99999",
        "127.0.0.1:-1",
        "127.0.0.1:\u00b2",
        "[::1",
        "[::1]",
        "[::x]:80",
        "[a]:80",
        "::1::80:",
    ],
)
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(UsageError, match="bad_value"):
        Health(address, ready=dict, metrics=bytes)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:9410", ("127.0.0.1", 9410)), (":9410", ("127.0.0.1", 9410)), ("localhost:0", ("localhost", 0)),
        ("[::1]:9411", ("::1", 9411)), ("::1:9411", ("::1", 9411)), ("[fe80::1%lo]:65535", ("fe80::1%lo", 65535)),
    ],
)  # fmt: skip
def test_addresses(text: str, place: tuple[str, int]) -> None:
    assert address_of(text) == place


def test_ipv6_is_listened_to() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    made = Health("[::1]:0", ready=dict, metrics=lambda: b"x 1\n")
    try:
        with urllib.request.urlopen(f"http://[::1]:{made.port}/metrics", timeout=PATIENCE) as answer:
            assert answer.read() == b"x 1\n"
    finally:
        made.close()


def test_an_address_of_nobody() -> None:
    for host in ("a" * 70, "a..b", "\udcff"):  # names that the resolver can't even encode
        with pytest.raises(EnvironmentFault, match="address_in_use"):
            Health(f"{host}:0", ready=dict, metrics=bytes)


def test_an_address_that_is_taken(health: Health) -> None:
    with pytest.raises(EnvironmentFault, match="address_in_use"):
        Health(f"127.0.0.1:{health.port}", ready=dict, metrics=bytes)


def test_prometheus_reads_the_metrics() -> None:
    counters = Counters()
    counters.ended("failed", 'odd "reason"\n')
    counters.captioned()
    snapshot = Snapshot(
        jobs={"queued": 2, "done": 5}, oldest_queued=1.5, oldest_running=0.0, windows_in_flight=3, engine="ready",
        waiting_for="no_space", errands=1, restarts=0,
    )  # fmt: skip
    families = {family.name: family for family in text_string_to_metric_families(exposition(counters, lambda: snapshot).decode())}
    assert {sample.labels["state"]: sample.value for sample in families["scenescribe_jobs"].samples} == {"queued": 2, "done": 5}
    assert families["scenescribe_jobs_ended"].samples[0].labels == {"state": "failed", "reason": 'odd "reason"\n'}
    assert families["scenescribe_windows"].samples[0].value == 1
    assert families["scenescribe_waiting"].samples[0].labels == {"reason": "no_space"}
    assert {sample.labels["state"]: sample.value for sample in families["scenescribe_engine"].samples}["ready"] == 1
    assert "process_resident_memory_bytes" in families


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    address = f"@scenescribe-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + address[1:] if abstract else address)
        systemd.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        ours = Systemd()
        assert ours.watchdog == 30
        ours.ready()
        ours.alive("2 queued")
        ours.reloading()
        ours.stopping()
        words = [systemd.recv(1000).decode() for _ in range(4)]
    assert words[:2] == ["READY=1", "WATCHDOG=1\nSTATUS=2 queued"]
    assert words[2].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert words[3] == "STOPPING=1"


def test_nobody_hears_us_and_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Systemd().ready()
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert Systemd().watchdog == 0
    Systemd().ready()


def test_the_breaker_waits_longer_each_time_and_speaks_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    fault = EnvironmentFault("no_space", "full")
    pauses = []
    with caplog.at_level(logging.INFO):
        while now[0] < 590:
            breaker.trip(fault)
            breaker.trip(fault)  # another film that met it at once
            assert breaker.is_open
            pauses.append(breaker.until - now[0])
            now[0] = breaker.until
            assert not breaker.is_open
            assert breaker.may_probe
            breaker.remind()
        said = len(caplog.records)
        breaker.reset()
    assert pauses[:6] == [2, 4, 8, 16, 32, 60]
    assert 9 <= said <= 11
    assert breaker.fault is None


def test_whose_fault_it_is(tmp_path: Path) -> None:
    source, output = Share(tmp_path, "source_gone"), Share(tmp_path / "out", "output_gone")
    output.path.mkdir()
    assert fault_behind(InputError("crashed_worker", ""), source, output) is None
    assert fault_behind(OutputError("unwritable", ""), source, output) is None, "the folder takes files: it is this one's name"
    full = fault_behind(OutputError("no_space", "", path="x"), source, output)
    assert full is not None
    assert full.code == "no_space"
    output.path.rmdir()
    gone = fault_behind(OutputError("unwritable", ""), source, output)
    assert gone is not None
    assert gone.code == "output_gone"
    down = EnvironmentFault("engine_dead", "")
    assert fault_behind(down, source, output) is down


def test_a_link_in_the_way_of_the_probe_is_not_written_through(tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "out"
    victim.write_text("mine")
    folder.mkdir()
    link = folder / f".scenescribe-probe-{os.getpid()}"
    link.symlink_to(victim)
    Share(folder, "output_gone").check_writing()
    assert victim.read_text() == "mine"
    assert list(folder.iterdir()) == [link]
    assert link.is_symlink()


def test_words_of_a_command_stay_words() -> None:
    event = {"path": "/in/a b.mp4", "event": "done", "outputs": ["/out/a b.json", "/out/a b.srt"]}
    assert arguments("notify 'a film' {path} --json={json} {state}", event) == [
        "notify", "a film", "/in/a b.mp4", "--json=/out/a b.json", "done",
    ]  # fmt: skip


def test_a_film_named_like_a_place_is_not_looked_through_again() -> None:
    event = {"path": "/in/{json} {state}.mp4", "event": "done", "outputs": ["/out/{path}.json"]}
    assert arguments("see {path} {json}", event) == ["see", "/in/{json} {state}.mp4", "/out/{path}.json"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_log_lines_hold_no_control_characters(form: Any, capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("pipeline")
    before = logger.handlers, logger.propagate, logger.level
    try:
        log.set_up(form)
        log.get("pipeline.watch").info("done", path=Path("/in/\x1b[31m\udcff.mp4"), captions=3)
        logging.getLogger("pipeline.engine.supervisor").warning("the engine died (%s)", "why")
    finally:
        logger.handlers, logger.propagate, level = before
        logger.setLevel(level)
    first, second = capfd.readouterr().err.strip().splitlines()
    assert "\x1b" not in first
    if form == "json":
        assert json.loads(first)["path"] == "/in/\\x1b[31m\\xff.mp4"
        assert json.loads(first)["level"] == "info"
        assert json.loads(second)["event"] == "the engine died (why)"
