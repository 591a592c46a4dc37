"""Which keyframes a decoder can go on at: closed and open groups of H.264 and HEVC, in MP4 and in MPEG-TS, and rubbish."""

import subprocess
from pathlib import Path
from types import ModuleType

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.video.decode.nal import Framing, framing, is_idr

CODERS = {
    "h264": "-c:v libx264 -x264-params keyint=12:min-keyint=12:scenecut=0:bframes=3:open-gop={open}",
    "hevc": "-c:v libx265 -x265-params log-level=none:keyint=12:min-keyint=12:scenecut=0:bframes=3:open-gop={open}",
    "mpeg4": "-c:v mpeg4 -g 12",
}


@pytest.mark.parametrize("container", ["mp4", "ts"])
@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("codec", list(CODERS))
def test_idr_pictures_of_real_films(codec: str, closed: bool, container: str, tmp_path: Path, tools: ModuleType) -> None:
    """Every keyframe of closed groups is one, of open groups only the first; nothing else ever is."""
    path = tmp_path / f"film.{container}"
    options = CODERS[codec].format(open=int(not closed)).split()
    source = ["-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=2"]
    subprocess.run([tools.FFMPEG, "-v", "error", *source, *options, "-pix_fmt", "yuv420p", str(path)], check=True)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        units = framing(codec, bytes(stream.codec_context.extradata or b""))
        found = [(packet.is_keyframe, is_idr(packet, units)) for packet in film.demux(stream) if packet.size]
    keys = [idr for key, idr in found if key]
    assert len(keys) == 5
    assert not any(idr for key, idr in found if not key)
    if codec == "mpeg4":
        assert units is None
        assert not any(keys)
    else:
        assert keys == ([True] * 5 if closed else [True] + [False] * 4)


@given(st.binary(max_size=300), st.builds(Framing, st.booleans(), st.sampled_from([0, 1, 2, 3, 4])))
def test_rubbish_ends(data: bytes, units: Framing) -> None:
    assert is_idr(data, units) in (True, False)


@given(st.sampled_from(["h264", "hevc", "vp9"]), st.binary(max_size=40))
def test_rubbish_in_the_head(codec: str, extradata: bytes) -> None:
    found = framing(codec, extradata)
    assert (found is None) == (codec == "vp9")
    assert found is None or (0 <= found.length <= 4 and found.hevc == (codec == "hevc"))
