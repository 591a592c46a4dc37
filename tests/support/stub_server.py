"""A scripted HTTP server for faults of endpoints: answers requests with the steps that it was given, one after another.

with Stub([status(429, headers={"Retry-After": "1"}), answer("fine")]) as stub: ...stub.url, stub.requests
"""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Step = Callable[[BaseHTTPRequestHandler], None]
MODELS = {"data": [{"id": "tiny"}]}


def body(status: int, data: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> Step:
    """Answer with ``data``; ``length`` is what Content-Length claims."""

    def step(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data) if length is None else length))
        handler.end_headers()
        handler.wfile.write(data)
        if length is not None:
            handler.close_connection = True

    return step


def status(code: int, message: str = "no", headers: dict[str, str] | None = None) -> Step:
    """An error as OpenAI's servers word it."""
    return body(code, json.dumps({"error": {"message": message}}).encode(), headers)


def answer(text: str | None, **more: Any) -> Step:
    """A chat completion."""
    choice = {"message": {"content": text}, "finish_reason": more.pop("finish", "stop")}
    whole = {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 2}} | more
    return body(200, json.dumps(whole).encode(), {"Content-Type": "application/json"})


def events(*pieces: str, done: bool = True) -> Step:
    """A stream of pieces."""
    lines = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in pieces] + (["[DONE]"] if done else [])
    return body(200, "".join(f"data: {line}\n\n" for line in lines).encode(), {"Content-Type": "text/event-stream"})


def picky(*rules: Callable[[Any], Step | None], fine: Step | None = None) -> Step:
    """A server that looks at what it is sent: the first rule that has an answer to the body gives it, else ``fine``."""

    def step(handler: BaseHTTPRequestHandler) -> None:
        said = json.loads(handler.sent)  # type: ignore[attr-defined]
        found = next((one for rule in rules if (one := rule(said)) is not None), None)
        (found or fine or answer("fine"))(handler)

    return step


def content(said: Any, kind: str) -> int:
    """How many parts of a kind the messages hold."""
    return sum(part["type"] == kind for one in said["messages"] if isinstance(one["content"], list) for part in one["content"])


def endless(piece: bytes, headers: dict[str, str] | None = None, *, pause: float = 0.0) -> Step:
    """Chunks without end, until nobody listens."""

    def step(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.close_connection = True
        try:
            while True:
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                time.sleep(pause)
        except OSError:
            return

    return step


def sleep(seconds: float) -> Step:
    """Say nothing for a while, then close."""

    def step(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return step


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Cut the connection as a crashed server does: with a reset instead of an end."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


class Stub:
    """See the module. ``requests`` holds (time, path, JSON body, headers) of each request for a completion."""

    def __init__(self, steps: list[Step], models: Step | None = None, always: Step | None = None) -> None:
        self.requests: list[tuple[float, str, Any, dict[str, str]]] = []
        self.most = 0
        """requests under way at once, at most"""
        self._now = 0
        self._steps = iter(steps)
        self._always = always
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                (models or body(200, json.dumps(MODELS).encode()))(self)

            def do_POST(self) -> None:
                data = self.sent = self.rfile.read(int(self.headers["Content-Length"]))
                with stub._lock:
                    if data:  # else it is asked whether there is a chat
                        stub.requests.append((time.monotonic(), self.path, json.loads(data), dict(self.headers)))
                    stub._now += 1
                    stub.most = max(stub.most, stub._now)
                    step = next(stub._steps, stub._always)
                    assert step is not None, "no step is left for this request"
                try:
                    step(self)
                finally:
                    with stub._lock:
                        stub._now -= 1

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
