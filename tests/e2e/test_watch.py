"""The daemon as a user runs it, and the soaks in their small form; scripts/soak runs them in full."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import PATIENCE

from scripts.soaks.clips import clip
from scripts.soaks.service import Service

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path, "--settle", "0.3")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def soak(*words: str) -> str:
    """Run a soak; what it said. It may keep its files in memory: syncs are counted, not endured."""
    fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **({"TMPDIR": fast} if fast else {})}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "soaks" / f"{words[0]}.py"), *words[1:]],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_day_in_its_life(service: Service) -> None:
    """Ready; a film; a failure; a second daemon; another process looks; SIGHUP; SIGTERM."""
    (service.inbox / "first.mp4").write_bytes(clip("first"))
    (service.inbox / "bad.mp4").write_text("no film at all, but text that goes on for a while")
    (service.inbox / "half.mp4.part").write_bytes(clip("half"))
    service.start("--listen", "127.0.0.1:0")
    service.wait("both", lambda: service.events("done") and service.events("failed"), 60)

    second = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "watch", str(service.inbox), "--state-dir", str(service.state), "--engine", "echo"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == 3
    assert "already_running" in second.stderr
    assert service.process is not None
    assert str(service.process.pid) in second.stderr

    jobs = {Path(job["path"]).name: job for job in service.jobs()}
    assert set(jobs) == {"first.mp4", "bad.mp4"}
    assert jobs["first.mp4"]["state"] == "done"
    assert (jobs["bad.mp4"]["state"], jobs["bad.mp4"]["reason"]) == ("failed", "unsupported_or_corrupt")
    assert jobs["bad.mp4"]["attempts"] == 1

    service.process.send_signal(signal.SIGHUP)
    service.wait("the settings", lambda: service.events("settings read again"), 20)
    (service.inbox / "half.mp4.part").rename(service.inbox / "half.mp4")
    (service.inbox / "bad.mp4").write_bytes(clip("mended"))
    service.wait("the others", lambda: len(service.events("done")) == 3, 60)

    code, _ = service.stop()
    assert (code, service.temporary(), service.orphans()) == (143, [], [])
    assert {path.name for path in service.inbox.iterdir()} == {"first.mp4", "half.mp4", "bad.mp4"}
    assert sorted(path.name for path in service.out.glob("*.json")) == [
        "bad.descriptions.json", "first.descriptions.json", "half.descriptions.json",
    ]  # fmt: skip


def test_health_while_it_runs(service: Service) -> None:
    systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    systemd.bind(str(service.base / "notify"))
    systemd.settimeout(PATIENCE)
    service.start("--listen", "127.0.0.1:0", NOTIFY_SOCKET=str(service.base / "notify"), WATCHDOG_USEC="3000000")
    with systemd:
        words = [systemd.recv(1000).decode() for _ in range(4)]
    assert "READY=1" in words
    assert sum("WATCHDOG=1" in word for word in words) == 3, "it is heard every second"
    (listening,) = service.events("listening")  # said before it was ready; the system chose the port
    address = f"http://{listening['address']}"
    service.wait("a first look", lambda: b'"ready": true' in ask(f"{address}/readyz"), 30)
    assert b"scenescribe_jobs" in ask(f"{address}/metrics")
    assert service.stop(signal.SIGINT)[0] == 130


def ask(url: str) -> bytes:
    try:
        return bytes(urllib.request.urlopen(url, timeout=PATIENCE).read())
    except urllib.error.HTTPError as error:  # 503: not ready yet
        with error:
            return error.read()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_unit_and_thinks_well_of_it(tmp_path: Path) -> None:
    shown = [str(ROOT / "scripts" / "deploy" / "install"), str(tmp_path / "in"), str(tmp_path / "out"), "--print"]
    unit = tmp_path / "scenescribe.service"
    # another checkout may have no environment of its own; what the unit starts must exist to be verified
    text = subprocess.run(shown, capture_output=True, text=True, check=True).stdout
    unit.write_text(text.replace(f"{ROOT}/.venv/bin/scenescribe", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "scenescribe.service" not in verified.stderr, verified.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)], capture_output=True, text=True, check=False
    )
    assert float(judged.stdout.split("Overall exposure level for scenescribe.service:")[1].split()[0]) < 2.5


def test_once_says_by_its_exit_code_whether_all_went_well(service: Service) -> None:
    (service.inbox / "a.mp4").write_bytes(clip("a"))
    assert service.start("--once").wait(PATIENCE) == 0
    (service.inbox / "b.mp4").write_text("x" * 100)
    assert service.start("--once").wait(PATIENCE) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["watch"], "no_input"),
        (["watch", "/nowhere"], "not_found"),
        (["watch", ".", "--exec", "'"], "bad_value"),
        (["watch", ".", "--webhook", "ftp://x"], "bad_value"),
        (["watch", ".", "--settle", "-1"], "bad_value"),
        (["jobs", "--state-dir", "/nowhere"], "not_found"),
    ],
)
def test_mistakes_are_usage_errors(words: list[str], code: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert code in done.stderr


def test_jobs_are_shown_retried_and_forgotten(service: Service) -> None:
    (service.inbox / "a.mp4").write_text("no film, only text")
    service.start("--once").wait(PATIENCE)
    where = ["--state-dir", str(service.state)]

    def jobs(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "jobs", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )

    path = str(service.inbox / "a.mp4")
    assert "unsupported_or_corrupt" in jobs("show", path, *where).stdout
    assert json.loads(jobs("list", "--state", "failed", "--json", *where).stdout)[0]["path"] == path
    assert jobs("list", "--state", "odd", *where).returncode == 2
    assert jobs("show", "nothing.mp4", *where).returncode == 1
    assert jobs("retry", *where).returncode == 2
    assert "1 queued" in jobs("retry", "--failed", *where).stderr
    assert "queued" in jobs(*where).stdout
    assert "1 forgotten" in jobs("forget", path, *where).stderr
    assert json.loads(jobs("--json", *where).stdout) == []


def test_a_film_that_grows_is_taken_once_after_its_end() -> None:
    assert "['queued', 'done']" in soak("grow", "--seconds", "6", "--pause", "0.9", "--settle", "1.2")


def test_films_dropped_during_kills_are_all_done_once() -> None:
    assert "all done, each once" in soak("drop", "--films", "30", "--kills", "3", "--settle", "0.3", "--untimed")


@pytest.mark.parametrize(("kinds", "step"), [("kill", 9), ("enospc", 23), ("eio", 26), ("exception", 29)])
def test_the_crash_matrix(kinds: str, step: int) -> None:
    assert ", 0 failed" in soak("matrix", "--kinds", kinds, "--step", str(step))


def test_idle_rescans_grow_nothing() -> None:
    soak("idle", "--films", "1000", "--rescans", "100")
