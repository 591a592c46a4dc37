"""An RTSP camera for one reader: what ffmpeg sends as RTP (with its sender reports) is handed on over the reader's own connection.

    ffmpeg -f rtp -> two UDP sockets -> change(kind, packet) -> interleaved frames of RTSP over TCP (RFC 2326 10.12)

``change`` may drop, delay by its own means, or alter a packet: a camera whose clock is wrong, or is set while it sends.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Change = Callable[[Literal["rtp", "rtcp"], bytes], bytes | None]
NTP = 2_208_988_800
"""seconds from 1900 to 1970"""


class Camera:
    """``rtp``: where ffmpeg sends; ``sdp``: the file it writes; ``url``: what a reader is given."""

    def __init__(self, sdp: Path, change: Change = lambda kind, packet: packet, *, port: int = 0) -> None:
        self.sdp, self._change = sdp, change
        self._sockets = self._pair()
        sent = self._sockets[0].getsockname()[1]
        self.rtp = f"rtp://127.0.0.1:{sent}?rtcpport={sent + 1}"
        self._server = socket.create_server(("127.0.0.1", port))
        self.url = f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/cam"
        self._reader: socket.socket | None = None
        self._lock = threading.Lock()
        self._over = False
        self.reports: list[tuple[float, int]] = []
        """(UTC in seconds, RTP time) of each sender report"""
        self.first: int | None = None
        """RTP time of the first picture that was sent"""
        self._report: tuple[float, bytes] | None = None
        """when ffmpeg's newest one came, and it"""
        for channel, (kind, sock) in enumerate(zip(("rtp", "rtcp"), self._sockets, strict=True)):
            threading.Thread(target=self._forward, args=(kind, channel, sock), daemon=True).start()
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._report_more_often, daemon=True).start()

    @staticmethod
    def _pair() -> tuple[socket.socket, socket.socket]:
        """Two neighbouring UDP ports, the first one even."""
        for port in range(20_000, 60_000, 2):
            first, second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                first.close()
                second.close()
            else:
                return first, second
        raise AssertionError("no two ports")

    def _report_more_often(self) -> None:
        """ffmpeg reports every five seconds; a test need not wait so long. What is added says the same of a moment later."""
        while not self._over:
            time.sleep(0.4)
            if self._report is not None:
                came, packet = self._report
                passed = time.monotonic() - came
                stamp = (struct.unpack_from("!I", packet, 16)[0] + round(passed * 90_000)) % 2**32
                self._hand_on("rtcp", 1, stepped(packet[:16] + struct.pack("!I", stamp) + packet[20:], passed))

    def _forward(self, kind: Literal["rtp", "rtcp"], channel: int, sock: socket.socket) -> None:
        while not self._over:
            try:
                packet = sock.recv(65536)
            except OSError:
                return
            if kind == "rtp" and self.first is None:
                self.first = int(struct.unpack_from("!I", packet, 4)[0])
            if kind == "rtcp" and packet[1] == 200:
                self._report = time.monotonic(), packet
            self._hand_on(kind, channel, packet)

    def _hand_on(self, kind: Literal["rtp", "rtcp"], channel: int, sent: bytes) -> None:
        packet = self._change(kind, sent)
        if packet is not None:
            if kind == "rtcp" and packet[1] == 200:
                high, low, stamp = struct.unpack_from("!III", packet, 8)
                self.reports.append((high - NTP + low / 2**32, stamp))
            with self._lock:
                if self._reader is not None:
                    try:
                        self._reader.sendall(b"$" + bytes([channel]) + struct.pack("!H", len(packet)) + packet)
                    except OSError:
                        self._reader = None

    def _accept(self) -> None:
        while not self._over:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        try:
            while first := file.read(1):
                if first == b"$":  # a report of the reader's, in the middle of its requests
                    _, length = struct.unpack("!BH", file.read(3))
                    file.read(length)
                    continue
                words, headers = (first + file.readline()).decode("latin-1").split(), {}
                while row := file.readline().decode("latin-1").strip():
                    name, _, value = row.partition(":")
                    headers[name.strip().lower()] = value.strip()
                if not words:
                    continue
                self._answer(connection, words[0], headers)
        except (OSError, ValueError, struct.error):
            pass  # the reader is gone
        finally:
            with self._lock:
                self._reader = None if self._reader is connection else self._reader
            connection.close()

    def _answer(self, connection: socket.socket, method: str, headers: dict[str, str]) -> None:
        more, body = "", ""
        if method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
        elif method == "DESCRIBE":
            while not self.sdp.exists() or b"m=video" not in self.sdp.read_bytes():
                time.sleep(0.05)
            rows = [row for row in self.sdp.read_text().splitlines() if row and not row.startswith("SDP:")]
            kept = ["m=video 0" + row[row.index(" RTP") :] if row.startswith("m=video") else row for row in rows]
            body = "\r\n".join([*kept, "a=control:track1", ""])
            more = f"Content-Type: application/sdp\r\nContent-Base: {self.url}/\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
        elif method == "PLAY":
            more = "Session: 1\r\nRange: npt=now-\r\n"
        answer = f"RTSP/1.0 200 OK\r\nCSeq: {headers.get('cseq', '0')}\r\n{more}\r\n{body}".encode()
        with self._lock:
            connection.sendall(answer)
            if method == "PLAY":
                self._reader = connection

    def says(self, seconds: float) -> float:
        """The UTC that its last report gives to the picture so many seconds after the first."""
        assert self.first is not None
        utc, stamp = self.reports[-1]
        behind = (self.first + round(seconds * 90_000) - stamp + 2**31) % 2**32 - 2**31
        return utc + behind / 90_000

    def close(self) -> None:
        self._over = True
        for sock in (*self._sockets, self._server):
            sock.close()
        with self._lock:
            if self._reader is not None:
                self._reader.close()


def stepped(packet: bytes, seconds: float) -> bytes:
    """A sender report whose clock is so many seconds ahead."""
    if packet[1] != 200:
        return packet
    high, low = struct.unpack_from("!II", packet, 8)
    whole, part = divmod(high + low / 2**32 + seconds, 1)
    return packet[:8] + struct.pack("!II", int(whole), int(part * 2**32)) + packet[16:]
