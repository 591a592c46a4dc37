"""A picture that stands is shown in the windows that it stands in, whatever the rule."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.families import parse
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.probe import probe


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame every 7 s, each a little brighter than the one before, so that none is a cut; the last one ends at 28 s."""
    path = tmp_path_factory.mktemp("standing") / "slides.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1000)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate((0, 7000, 14000, 21000, 27960)):
            picture = np.full((180, 320, 3), 100 + 2 * min(number, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("sampler", ["uniform:count=8", "rate:fps=1", "uniform:count=1"])
@pytest.mark.parametrize("rule", ["scenes", "scenes:min=2,max=4", "fixed:seconds=10", "fixed:seconds=4"])
def test_a_window_begins_with_what_is_on_screen(rule: str, sampler: str, slides: Path, pool: WorkerPool) -> None:
    with open_film(
        probe(slides, pool=pool), rule=parse("windows", rule), sampler=parse("samplers", sampler), size=(96, 54), pool=pool
    ) as film:
        windows = list(film)
    assert len(windows) > 1
    for window in windows:
        looks = parse("samplers", sampler).times(window.start, window.end)
        first = max(time for time in (0.0, 7.0, 14.0, 21.0) if time <= looks[0] + 1e-6)
        assert window.frames.times[0] <= max(first, window.start), (window, first)
        if sampler == "uniform:count=8":
            seen = [time for time in (0.0, 7.0, 14.0, 21.0) if time < window.end - 1 and time + 7 > window.start + 1]
            assert set(seen) <= set(window.frames.times), window


@pytest.mark.parametrize("before", [125, 126, 127, 128, 129])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_pause_in_a_film_of_25_pictures_a_second_is_no_damage(
    suffix: str, before: int, tmp_path: Path, pool: WorkerPool
) -> None:
    """A phone whose recording was paused: whichever kind of picture stands in the pause (B-pictures on which nothing is built are
    not decoded otherwise), it is shown, and nothing is called lost."""
    path = tmp_path / f"paused.{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=25, options={"bf": "3", "x264-params": "b-adapt=0:b-pyramid=none:scenecut=0"}
        )
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(250):
            picture = np.full((180, 320, 3), 90, np.uint8)
            picture[40:80, number : number + 40] = 160
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number + (200 if number >= before else 0), Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with open_film(
        probe(path, pool=pool),
        rule=parse("windows", "scenes"),
        sampler=parse("samplers", "uniform:count=8"),
        size=(96, 54),
        pool=pool,
    ) as film:
        windows = list(film)
        assert film.notices == ()
    stands = pytest.approx((before - 1) / 25, abs=0.002)
    assert [window.frames.times[0] for window in windows if before / 25 < window.start < before / 25 + 7] == [stands]
