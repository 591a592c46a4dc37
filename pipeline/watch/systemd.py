"""Words to systemd (sd_notify): ready, alive, stopping. Where nobody listens they go nowhere."""

import contextlib
import os
import socket
import time


class Systemd:
    """Speaks to the socket in ``NOTIFY_SOCKET``."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        wanted = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6 if wanted else 0.0
        """seconds after which systemd holds a silent daemon for dead; 0 where it does not watch"""

    def ready(self) -> None:
        self._send("READY=1")

    def reloading(self) -> None:
        """A SIGHUP is being followed; ``ready`` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self, status: str) -> None:
        """The event loop turns; ``status`` is what ``systemctl status`` shows."""
        self._send(f"WATCHDOG=1\nSTATUS={status}" if self.watchdog else f"STATUS={status}")

    def _send(self, words: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.settimeout(1)
            sock.sendto(words.encode(), address)
