"""``--listen``: /healthz (the event loop turns), /readyz (films can be described now), /metrics. Read-only, off by default.

A thread of its own answers, so that it can say that the loop hangs.
"""

import ipaddress
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipeline.errors import EnvironmentFault, UsageError
from pipeline.watch.hosts import is_called_right, is_loopback

SILENT = 30.0
"""seconds without a sign of life after which /healthz says no"""
MOST = 32
"""connections at once: each has a thread"""
WHOLE = 30.0
"""seconds of one connection: a byte every four seconds would hold it for a day"""


class Health:
    """The server. ``beat`` is called as long as the daemon lives; ``close`` ends it."""

    def __init__(self, address: str, *, ready: Callable[[], Mapping[str, Any]], metrics: Callable[[], bytes]) -> None:
        """``ready`` gives what /readyz says: its ``ready`` decides between 200 and 503.

        Raises UsageError ``bad_value``, EnvironmentFault ``address_in_use``.
        """
        self.address = address
        self._beat = time.monotonic()
        place = address_of(address)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5
            server_version, sys_version = "scenescribe", ""

            def do_GET(self) -> None:
                if is_loopback(place[0]) and not is_called_right(self.headers.get("Host", "localhost")):
                    self.send_error(421, "call it by its address, or as localhost")
                    return
                try:
                    status, kind, body = outer.answer(self.path.partition("?")[0], ready, metrics)
                except Exception as error:  # the state folder may be failing just now: say so, and live
                    status, kind, body = 503, "text/plain", f"{type(error).__name__}: {error}\n".encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """No line for each scrape."""

        try:
            self._server = (_Server6 if ":" in place[0] else _Server)(place, Handler)
        except (OSError, UnicodeError, TypeError) as error:  # the two last: a name that the resolver can not even encode
            raise EnvironmentFault("address_in_use", f"can't listen on {address}: {error}") from error
        self.port = int(self._server.server_address[1])
        self.bound = f"[{place[0]}]:{self.port}" if ":" in place[0] else f"{place[0]}:{self.port}"
        """where it listens; the system chooses where the port is 0"""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.5}, name="health", daemon=True).start()

    def beat(self) -> None:
        """The event loop turns."""
        self._beat = time.monotonic()

    def answer(self, path: str, ready: Callable[[], Mapping[str, Any]], metrics: Callable[[], bytes]) -> tuple[int, str, bytes]:
        """Status, content type and body for a path."""
        silent = time.monotonic() - self._beat
        if path == "/healthz":
            return _json(200 if silent < SILENT else 503, {"alive": silent < SILENT, "silent_seconds": round(silent, 1)})
        if path == "/readyz":
            state = ready()
            return _json(200 if state["ready"] and silent < SILENT else 503, state)
        if path == "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", metrics()
        return _json(404, {"paths": ["/healthz", "/readyz", "/metrics"]})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """So many connections, each for so long."""

    daemon_threads = True
    most, whole = MOST, WHOLE

    def __init__(self, *arguments: Any) -> None:
        self._open: dict[Any, float] = {}
        """when each connection began"""
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self._open) >= self.most:
            super().shutdown_request(request)
            return
        self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Called by ``serve_forever``, twice a second."""
        for request, began in list(self._open.items()):
            if time.monotonic() - began > self.whole:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)  # its thread sees the end

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up in the middle is no fault of ours, and no traceback on the terminal."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def address_of(text: str) -> tuple[str, int]:
    """``HOST:PORT``, ``[IPV6]:PORT`` or ``:PORT`` (this machine alone) -> host, port. Raises UsageError ``bad_value``."""
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    wrong = ""
    if not colon or not (port.isascii() and port.isdigit()):
        wrong = "this is no address"
    elif int(port) > 65535:
        wrong = f"there is no port {port}, they end at 65535"
    elif ":" in bare:
        try:
            ipaddress.IPv6Address(bare)
        except ValueError:
            wrong = f"'{bare}' is no IPv6 address"
    elif bare != host:
        wrong = "brackets are for IPv6"
    if wrong:
        raise UsageError("bad_value", f"--listen {text}: {wrong}; give one such as 127.0.0.1:9410 or [::1]:9410")
    return bare or "127.0.0.1", int(port)


def _json(status: int, value: Mapping[str, Any]) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(value).encode() + b"\n"
