"""A transport stream of parts is as long as its parts, whatever its container says; it is known without reading all of it."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from pipeline.video import clock_restarts
from pipeline.video.clock_restarts import length_across_restarts


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
