"""MP4 that can't be opened says what is missing: the commonest is a recording whose battery ran out."""

from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.media import mux
from pipeline.types import Cue, Track
from pipeline.video.children.pool import WorkerPool
from pipeline.video.headless import A_PIECE, NO_INDEX, UNKNOWN
from pipeline.video.probe import probe

ONE = Track(cues=(Cue(start=0.0, end=0.5, lines=("One",)),))


def recorded(path: Path, **options: str) -> bytes:
    """A second of grey, with the index at its end or in fragments."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in range(25):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 9 * level, np.uint8), format="rgb24")))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("no index", NO_INDEX),
        ("index alone damaged", NO_INDEX),
        ("a piece", A_PIECE),
        ("noise", UNKNOWN),
        ("a bare head", UNKNOWN),
    ],
)
def test_what_is_missing_is_told(kind: str, sentence: str, pool: WorkerPool, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    whole = recorded(film)
    pieces = recorded(tmp_path / "pieces.mp4", movflags="frag_keyframe+empty_moov+default_base_moof")
    film.write_bytes(
        {
            "no index": whole[: whole.index(b"moov") - 400],
            "index alone damaged": whole[: whole.index(b"moov") - 4] + b"\0\0\0\x10xxxxabcdefgh",
            "a piece": pieces[pieces.index(b"moof") - 4 :],
            "noise": bytes(range(1, 251)) * 40,
            "a bare head": whole[: whole.index(b"mdat") - 4],
        }[kind]
    )
    for opened in (lambda: probe(film, pool=pool), lambda: mux(film, [ONE], tmp_path / "out.mkv")):
        with pytest.raises(InputError) as caught:
            opened()
        assert (caught.value.code, caught.value.message) == ("unsupported_or_corrupt", sentence)
    assert not (tmp_path / "out.mkv").exists()
