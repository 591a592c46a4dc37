"""What a stream's container cuts off of its pictures the model is not shown, as of a film."""

import os
import subprocess
import threading
import time
from pathlib import Path

import clean_aperture
import matroska
import numpy as np
import pytest
from cropped_films import OFF, REST, SIDES, whole_film

from pipeline.live.address import STREAMED
from pipeline.media.binary import newest_ffmpeg
from pipeline.video.decode.live_decoding import LiveDecoding
from pipeline.video.decode.live_demux import Backlog, demux
from pipeline.video.decode.live_input import open_stream, picture_stream, shown_part
from pipeline.video.live.messages import Opened, Opening

PIPE = Opening(
    url="pipe:", format="", formats=STREAMED, protocols="", options={}, open_seconds=60, read_seconds=60, pipe=True, whole=True
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 320x240 pixels of which all is shown."""
    return whole_film(tmp_path_factory.mktemp("films") / "whole.mp4")


def seen(film: Path) -> tuple[Opened, np.ndarray]:
    """What a stream is that comes through a pipe, and its first picture in its own size."""
    out, into = os.pipe()
    sender = threading.Thread(target=send, args=(film.read_bytes(), into))
    sender.start()
    container, head = open_stream(PIPE, out)
    stream, backlog = picture_stream(container), Backlog(1.0, whole=True)
    decoding = LiveDecoding(stream, backlog, 25.0, 0.0, 1 << 20, crop=shown_part(head, container, stream))
    demux(container, stream, backlog, time.monotonic(), pipe=True)
    kept = next(one for one in decoding.pictures() if one is not None)
    assert decoding.shape is not None
    picture = decoding.picture(kept.frame, decoding.shape.size).astype(int)
    sender.join()
    container.close()
    os.close(out)
    return decoding.shape, picture


def send(data: bytes, into: int) -> None:
    with open(into, "wb") as file:
        file.write(data)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_the_model_is_shown_what_players_show(suffix: str, whole: Path, tmp_path: Path) -> None:
    film, all_of_it = tmp_path / f"film.{suffix}", tmp_path / "whole.mkv"
    matroska.write(whole, all_of_it, codec="V_MPEG4/ISO/AVC", private=matroska.header(whole))
    if suffix == "mkv":
        video = {matroska.CROPS[side]: value for side, value in SIDES.items()}
        matroska.write(whole, film, codec="V_MPEG4/ISO/AVC", private=matroska.header(whole), video=video)
    else:
        aperture = clean_aperture.write(whole, tmp_path / "aperture.mp4", REST, OFF)
        first = ("-movflags", "frag_keyframe+empty_moov")
        subprocess.run([newest_ffmpeg().path, "-v", "error", "-i", aperture, "-c", "copy", *first, film], check=True)
    (before, whole_picture), (shape, shown) = seen(all_of_it), seen(film)
    assert (before.size, shape.size) == ((320, 240), REST)
    assert np.abs(shown - whole_picture[8:220, 16:288]).mean() < 1


def test_the_form_is_that_of_what_is_shown(whole: Path, tmp_path: Path) -> None:
    video = {matroska.CROPS[side]: value for side, value in SIDES.items()}
    video |= {matroska.SHOWN["width"]: 544, matroska.SHOWN["height"]: 212}
    matroska.write(whole, tmp_path / "film.mkv", codec="V_MPEG4/ISO/AVC", private=matroska.header(whole), video=video)
    shape, _ = seen(tmp_path / "film.mkv")
    assert shape.size == (544, 212)
