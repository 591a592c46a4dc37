"""What moves and is stored like a picture, or as bare pictures, is refused as what it is; a picture is one."""

from pathlib import Path
from types import ModuleType

import pytest

from pipeline.errors import InputError
from pipeline.video.source import open_source

SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=320x180:d=1:r=10")


@pytest.mark.parametrize(
    ("name", "coding", "says"),
    [
        ("x.webp", ("-c:v", "libwebp_anim"), "an animated WebP"),
        ("x.png", ("-c:v", "apng", "-f", "apng"), "an animated PNG"),
        ("x.mjpeg", ("-c:v", "mjpeg", "-f", "mjpeg"), "raw Motion JPEG"),
        ("x.drc", ("-c:v", "vc2", "-strict", "-1", "-f", "dirac"), "raw Dirac"),
        ("one.webp", ("-frames:v", "1", "-c:v", "libwebp"), "a WebP picture"),
        ("one.png", ("-frames:v", "1", "-update", "1"), "a PNG picture"),
        ("one.jpg", ("-frames:v", "1", "-update", "1"), "a JPEG picture"),
    ],
)
def test_pictures_are_told_apart(name: str, coding: tuple[str, ...], says: str, tmp_path: Path, tools: ModuleType) -> None:
    tools.Kitchen(tmp_path, tmp_path, tmp_path).ffmpeg(*SOURCE, *coding, tmp_path / name)
    for path in (tmp_path / name, (tmp_path / name).with_suffix(".mp4")):
        (tmp_path / name).replace(path) if path.suffix == ".mp4" else None
        with pytest.raises(InputError) as caught:
            open_source(path)
        assert caught.value.code == "not_a_video"
        assert says in caught.value.message
