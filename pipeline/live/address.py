"""SOURCE on the command line: what kind of source an address is, who opens it, and how it may be shown.

    rtsp, rtsps, udp, rtmp, rtmps, .sdp     the reading process opens a socket, with one scheme allowed
    http, https (HLS and plain)             we fetch, under our own rules (http/); the process sees a pipe
    srt, rist, http of an .mpd (DASH)       ffmpeg's binary receives; the process sees a pipe
    /dev/video0                             the process opens the device
    -, a file that grows                    a pipe; no socket at all

No other scheme is ever given to libav: not concat, subfile, data, crypto, ftp, file of others.
"""

import os
import re
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import UsageError, nearest


class Kind(StrEnum):
    RTSP = "rtsp"
    UDP = "udp"
    RTMP = "rtmp"
    SDP = "sdp"
    HTTP = "http"
    BRIDGE = "bridge"
    DEVICE = "device"
    GROWING = "growing"
    STDIN = "stdin"


SCHEMES: dict[str, Kind] = {
    "rtsp": Kind.RTSP, "rtsps": Kind.RTSP, "udp": Kind.UDP, "rtmp": Kind.RTMP, "rtmps": Kind.RTMP,
    "http": Kind.HTTP, "https": Kind.HTTP, "srt": Kind.BRIDGE, "rist": Kind.BRIDGE,
}  # fmt: skip
PORTS = frozenset({"udp", "srt", "rist"})
"""schemes without a usual port"""
VIDEO4LINUX = 81
"""the kernel's number for devices that give pictures"""
SOCKETS = frozenset({Kind.RTSP, Kind.UDP, Kind.RTMP, Kind.SDP})
"""kinds whose reading process has a network"""
ENDS = frozenset({Kind.STDIN, Kind.GROWING})
"""kinds whose end is the end, and no loss"""
WHITELISTS: dict[Kind, str] = {
    Kind.RTSP: "tcp,udp,rtp,tls,srtp", Kind.UDP: "udp", Kind.RTMP: "rtmp,rtmps,tcp,tls", Kind.SDP: "file,udp,rtp",
    Kind.DEVICE: "file", Kind.HTTP: "", Kind.BRIDGE: "", Kind.GROWING: "", Kind.STDIN: "",
}  # fmt: skip
"""protocols that libav may use for a kind, the one of the address itself beside them"""
STREAMED = "mpegts,matroska,webm,flv,live_flv,mov,mp4,h264,hevc,mpjpeg,mjpeg,m4v,mpegvideo,ivf,obu,nut"
"""formats that may come through a pipe"""
_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A source, understood."""

    kind: Kind
    url: str = field(repr=False)
    """as it is opened; may hold a password"""
    shown: str
    """the same without it"""

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme.lower()


def understand(text: str) -> Address:
    """The address that ``text`` is; ``env:NAME`` stands for what the environment has there, so that a password is in no ``ps``.

    Raises UsageError ``bad_source``.
    """
    found = _ENV.match(text)
    if found is not None:
        text = os.environ.get(found[1], "")
        if not text:
            raise UsageError("bad_source", f"env:{found[1]}: the environment has no {found[1]}; set it to the stream's address")
    if text == "-":
        return Address(kind=Kind.STDIN, url="-", shown="stdin")
    scheme, colon, _ = text.partition("://")
    if colon:
        kind = SCHEMES.get(scheme.lower())
        if kind is None:
            raise UsageError(
                "bad_source",
                f"{_hidden(text)}: '{scheme}' is no kind of stream that is read{nearest(scheme.lower(), SCHEMES)}; "
                f"there are {', '.join(SCHEMES)}, a device, a file that grows, and - for standard input",
            )
        if not _has_host(text):
            raise UsageError("bad_source", f"{_hidden(text)}: there is no host in this address, or no such port")
        if scheme.lower() in PORTS and urlsplit(text).port is None:
            raise UsageError("bad_source", f"{_hidden(text)}: {scheme} needs a port: {scheme}://HOST:PORT")
        if kind is Kind.HTTP and urlsplit(text).path.lower().endswith(".mpd"):
            kind = Kind.BRIDGE
        return Address(kind=kind, url=text, shown=_hidden(text))
    return _on_this_machine(text)


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.netloc) and parts.port != 0 and url.isprintable()
    except ValueError:
        return False


def _on_this_machine(text: str) -> Address:
    try:
        path = Path(text).expanduser()
        found = path.stat()
        mode, device = found.st_mode, found.st_rdev
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in it; the home of a user that is none
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(
            "bad_source", f"{text}: {reason}; give an address such as rtsp://camera/stream, or - for stdin"
        ) from None
    if stat.S_ISCHR(mode):
        if os.major(device) != VIDEO4LINUX:
            raise UsageError("bad_source", f"{text} is a device, but no camera; cameras are /dev/video0, /dev/video1, ...")
        return Address(kind=Kind.DEVICE, url=str(path), shown=str(path))
    if stat.S_ISDIR(mode):
        raise UsageError("bad_source", f"{text} is a folder; scenescribe watch describes films that arrive in one")
    kind = Kind.SDP if path.suffix.lower() == ".sdp" else Kind.GROWING
    return Address(kind=kind, url=str(path.absolute()), shown=text)


def _hidden(url: str) -> str:
    """The address without its password and its query, where tokens stand."""
    try:
        parts = urlsplit(url)
        host, user = parts.netloc.rpartition("@")[2], "***@" if "@" in parts.netloc else ""
    except ValueError:
        return url.partition("://")[0] + "://***"
    return f"{parts.scheme}://{user}{host}{parts.path}{'?***' if parts.query else ''}"
