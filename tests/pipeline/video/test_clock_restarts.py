"""A transport stream of parts is as long as its parts, whatever its container says; it is known without reading all of it."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from pipeline.video import clock_restarts
from pipeline.video.clock_restarts import length_across_restarts
from pipeline.video.transport import shown


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """20 seconds of a transport stream, with sound that lasts longer than the picture."""
    path = tmp_path_factory.mktemp("parts") / "part.ts"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=20", "-f", "lavfi", "-i", "sine=d=23"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", *picture, *coded, str(path)], check=True)
    return path.read_bytes()


@pytest.mark.parametrize(("looks", "packets"), [(64, 2000), (12, 60)])
def test_parts_are_added_up(part: bytes, looks: int, packets: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_restarts, "LOOKS", looks)
    monkeypatch.setattr(clock_restarts, "PACKETS", packets)
    film = tmp_path / "film.ts"
    film.write_bytes(part)
    assert length_across_restarts(film) is None, "its container is right"
    film.write_bytes(part * 2)
    assert length_across_restarts(film) == pytest.approx(40, rel=0.02 if packets == 2000 else 0.25)


def test_what_is_no_transport_stream_is_left_to_its_container(tmp_path: Path) -> None:
    for content in (b"", b"G", b"\x00" * 4000, b"G" * 4000):
        (tmp_path / "film.ts").write_bytes(content)
        assert length_across_restarts(tmp_path / "film.ts") is None


def _packets(stream: bytes) -> list[bytearray]:
    return [bytearray(stream[at : at + 188]) for at in range(0, len(stream), 188)]


def _shifted(packet: bytearray, pid: int, seconds: float) -> bytes:
    """The packet, of another stream whose clock is so much ahead: as _timed reads it, only where a picture begins."""
    packet[1], packet[2] = (packet[1] & 0xE0) | pid >> 8, pid & 255
    at = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    if packet[1] & 0x40 and packet[at : at + 3] == b"\0\0\1" and packet[at + 7] & 0x80:
        ticks = shown(bytes(packet)) or 0.0
        new = round((ticks + seconds) * 90_000)
        packet[at + 9] = (packet[at + 9] & 0xF1) | (new >> 30 & 7) << 1
        packet[at + 10], packet[at + 12] = new >> 22 & 255, new >> 7 & 255
        packet[at + 11] = (new >> 15 & 127) << 1 | 1
        packet[at + 13] = (new & 127) << 1 | 1
    return bytes(packet)


def test_programs_of_a_multiplex_have_a_clock_each(part: bytes, tmp_path: Path) -> None:
    film = tmp_path / "multiplex.ts"
    other = [_shifted(packet, 300 if packet[1] & 31 == 1 and packet[2] == 0 else 0x1FFF, 40_000) for packet in _packets(part)]
    film.write_bytes(b"".join(one + two for one, two in zip(map(bytes, _packets(part)), other, strict=True)))
    assert length_across_restarts(film) is None, "neither clock begins anew"
    film.write_bytes(film.read_bytes() * 2)
    assert length_across_restarts(film) == pytest.approx(40, rel=0.05)


def test_one_wild_time_is_no_hour_of_film(part: bytes, tmp_path: Path) -> None:
    packets = _packets(part)
    begins = [at for at, one in enumerate(packets) if shown(bytes(one), picture=True) is not None]
    packets[begins[100]] = bytearray(_shifted(packets[begins[100]], 256, 3600))
    (tmp_path / "film.ts").write_bytes(b"".join(packets))
    assert length_across_restarts(tmp_path / "film.ts") is None
