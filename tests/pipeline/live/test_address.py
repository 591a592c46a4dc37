"""What SOURCE may be, and what is never shown of it."""

import os
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.live.address import Kind, understand


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("rtsp://camera/stream", Kind.RTSP),
        ("rtsps://camera:322/stream", Kind.RTSP),
        ("udp://239.0.0.1:5000", Kind.UDP),
        ("rtmp://host/live/x", Kind.RTMP),
        ("srt://host:9000?mode=caller", Kind.BRIDGE),
        ("-", Kind.STDIN),
    ],
)
def test_kinds(text: str, kind: Kind) -> None:
    assert understand(text).kind is kind


def test_only_a_camera_is_a_device_that_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no camera"):
        understand("/dev/zero")
    monkeypatch.setattr("pipeline.live.address.VIDEO4LINUX", os.major(os.stat("/dev/zero").st_rdev))
    assert understand("/dev/zero").kind is Kind.DEVICE


@pytest.mark.parametrize("address", ["udp://127.0.0.1", "udp://@239.0.0.1", "srt://host?mode=caller", "rist://host/"])
def test_a_scheme_without_a_usual_port_wants_one(address: str) -> None:
    with pytest.raises(UsageError, match="needs a port"):
        understand(address)


@pytest.mark.parametrize(
    "scheme", ["file", "concat", "subfile", "data", "crypto", "ftp", "gopher", "unix", "fd", "cache", "async", "tcp"]
)
def test_no_other_scheme(scheme: str) -> None:
    with pytest.raises(UsageError) as raised:
        understand(f"{scheme}://x/y")
    assert raised.value.code == "bad_source"


def test_a_password_is_in_no_line() -> None:
    address = understand("rtsp://me:pw@camera/stream?token=t0ken")
    assert "pw" in address.url
    assert address.shown == "rtsp://***@camera/stream?***"
    assert "pw" not in repr(address)
    assert "t0ken" not in repr(address)


def test_an_address_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE", "rtsp://me:pw@gate/1")
    assert understand("env:GATE").shown == "rtsp://***@gate/1"
    monkeypatch.delenv("GATE")
    with pytest.raises(UsageError, match="has no GATE"):
        understand("env:GATE")


def test_files_and_folders(tmp_path: Path) -> None:
    growing = tmp_path / "cam.ts"
    growing.write_bytes(b"")
    assert understand(str(growing)).kind is Kind.GROWING
    (tmp_path / "x.sdp").write_text("v=0")
    assert understand(str(tmp_path / "x.sdp")).kind is Kind.SDP
    for missing in (str(tmp_path), str(tmp_path / "nothing.ts")):
        with pytest.raises(UsageError) as raised:
            understand(missing)
        assert raised.value.code == "bad_source"


@pytest.mark.parametrize(
    "text",
    ["rtsp://[", "rtsp://a:99999999/x", "srt://h:0", "rtsp://", "udp://a\x1b[31m:1", "a\0b.ts", "~nobody-is-called-so/x.ts"],
)
def test_an_address_that_can_be_none_is_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="bad_source"):
        understand(text)
