"""The command as a service: systemd hears it, and takes its unit."""

import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from live_runs import Run, Told
from patience import PATIENCE
from ports import free_port
from senders import picture, sending

LIVE = "WATCHDOG=1\nSTATUS=1 of 2 live"
DEPLOY = Path(__file__).parents[3] / "scripts/deploy"


def listen(systemd: socket.socket, heard: list[str]) -> None:
    """As it comes: a socket that nobody reads holds ten messages, and what comes after them is lost."""
    while not heard or heard[-1] != "STOPPING=1":
        heard.append(systemd.recv(1000).decode())


async def test_systemd_hears_that_it_is_ready_alive_and_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        monkeypatch.setenv("WATCHDOG_USEC", "1500000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        heard: list[str] = []
        listening = threading.Thread(target=listen, args=(systemd, heard), daemon=True)
        listening.start()
        port = free_port()
        with sending(*picture(), "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"):
            run = Run({"gate": f"udp://127.0.0.1:{port}", "yard": f"udp://127.0.0.1:{free_port()}"})

            def heard_alive(told: Told) -> bool:
                return len(heard) >= 4 and heard[-1] == LIVE

            await run.until(heard_alive)
        listening.join(PATIENCE)
    assert heard[0] == "READY=1"
    assert heard[-1] == "STOPPING=1"
    assert all(words.startswith("WATCHDOG=1\nSTATUS=") for words in heard[1:-1])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("name", ["scenescribe-live.service", "scenescribe-serve.service"])
def test_systemd_takes_the_unit_and_thinks_well_of_it(name: str, tmp_path: Path) -> None:
    unit = tmp_path / name
    unit.write_text((DEPLOY / name).read_text().replace("/opt/scenescribe/.venv/bin/scenescribe", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert name not in verified.stderr, verified.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)], capture_output=True, text=True, check=False
    )
    assert float(judged.stdout.split(f"Overall exposure level for {name}:")[1].split()[0]) < 2.5
