"""Stretches of a film with cuts: together they give the windows of one process, with the same pictures, wherever they meet."""

import itertools
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import families
from pipeline.samplers.base import Sampler
from pipeline.stretch import Stretch
from pipeline.types import Span
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.handover import Handover
from pipeline.video.limits import Limits
from pipeline.video.probe import probe
from pipeline.windows.base import Divisible
from pipeline.windows.scenes import Rule as Scenes

END = 400.0


def events(cuts: list[float], stands: list[float], step: float) -> list[tuple[float, bool]]:
    """(time, whether a shot begins) as a film tells them: a picture stands from each of ``stands`` for half a minute."""
    samples = [time for time in np.arange(0.0, END, step).tolist() if not any(at < time < at + 30.0 for at in stands)]
    return sorted(
        [(time, False) for time in samples] + [(time, True) for time in cuts], key=lambda event: (event[0], not event[1])
    )


def whole(rule: Scenes, told: list[tuple[float, bool]]) -> list[Span]:
    splitter = rule.splitter(0.0)
    found = [span for time, is_cut in told for span in (splitter.cut(time) if is_cut else splitter.sample(time))]
    return found + list(splitter.finish(END))


def part(rule: Scenes, told: list[tuple[float, bool]], marks: list[float], number: int) -> list[Span]:
    """What the host of a stretch makes of it, told what comes from its mark on; a border's own cut is not seen there."""
    handover = Handover(marks[number:], from_start=number == 0, shortest=rule.shortest, end=END)
    mine = told if number == 0 else [event for event in told if event[0] > marks[number] or event == (marks[number], False)]
    splitter, found = rule.splitter(0.0) if number == 0 else None, list[Span]()
    until = marks[number + 1] if number + 1 < len(marks) else END
    for time, is_cut in mine:
        if not handover.begun and time >= until:
            return []
        if is_cut:
            if splitter is None:
                continue
            found += [span for span in splitter.cut(time) if span[0] >= handover.begin]
            handover.cut(time, splitter)
            if handover.over:
                return found + [span for span in splitter.finish(time) if span[0] >= handover.begin]
        else:
            handover.frame(time)
            splitter = splitter or rule.splitter(time)
            found += [span for span in splitter.sample(time) if span[0] >= handover.begin]
    return found + [span for span in splitter.finish(END) if span[0] >= handover.begin] if splitter else found


times = st.floats(0.3, END - 0.3).map(lambda time: round(time, 2))


@given(
    cuts=st.lists(times, max_size=120, unique=True), stands=st.lists(times, max_size=3), step=st.sampled_from([0.2, 0.5, 1.7]),
    borders=st.lists(times, min_size=1, max_size=6, unique=True), least=st.floats(0.3, 4), factor=st.floats(2, 6),
)  # fmt: skip
def test_stretches_together_are_the_film_wherever_cuts_are(
    cuts: list[float], stands: list[float], step: float, borders: list[float], least: float, factor: float
) -> None:
    rule, told = Scenes(min=least, max=least * factor), events(cuts, stands, step)
    marks = [-np.inf, *sorted(borders)]
    parts = [part(rule, told, marks, number) for number in range(len(marks))]
    assert list(itertools.chain(*parts)) == whole(rule, told)


def test_a_film_with_cuts_is_shared_out_and_one_without_is_not() -> None:
    rule, marks = Scenes(), [-np.inf, 100.0, 200.0, 300.0]
    even = events([time + 0.1 for time in range(5, 400, 5)], [], 0.5)
    assert [len(part(rule, even, marks, number)) for number in range(4)] == [21, 20, 20, 19]
    assert [len(part(rule, events([], [], 0.5), marks, number)) for number in range(4)] == [40, 0, 0, 0], "no cut, no handover"


def test_a_cut_soon_after_another_is_no_handover() -> None:
    splitter = Scenes(min=2, max=10).splitter(0.0)
    assert isinstance(splitter, Divisible)
    splitter.sample(0.0)
    splitter.cut(5.0)
    assert splitter.independent_of(3.0)
    assert not splitter.independent_of(3.5), "what came before that may be 1.5 s ago"
    splitter.cut(6.0)
    assert not splitter.independent_of(0.0)


@pytest.fixture(scope="module", params=["usual", "blind"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tools: ModuleType) -> Path:
    """A minute and a half with hard cuts at odd places, some close together; coded with keyframes at cuts, or blind to them."""
    path, shots = tmp_path_factory.mktemp("shots") / f"{request.param}.mp4", [3.1, 1.2, 7.3, 0.9, 25.0, 4.4, 2.1, 12.6, 5.5, 1.1]
    rng = np.random.default_rng(3)
    pictures = []
    for shot in itertools.islice(itertools.cycle(shots), 13):
        ground = np.repeat(np.repeat(rng.integers(0, 256, (9, 16, 3), np.uint8), 10, axis=0), 10, axis=1)
        for number in range(round(shot * 10)):
            image = ground.copy()
            image[20:40, (number * 3) % 140 : (number * 3) % 140 + 20] = 255
            pictures.append(image.tobytes())
    codec = ["-g", "30"] if request.param == "usual" else ["-sc_threshold", "0", "-g", "25", "-bf", "3"]
    words = [tools.FFMPEG, "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x90", "-r", "10", "-i", "-"]
    words += ["-c:v", "libx264", "-preset", "veryfast", *codec, "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(words, input=b"".join(pictures), check=True)
    return path


@pytest.mark.parametrize("sampler", ["uniform:count=4", "keyframes:count=4", "keyframes:fill=no"])
def test_windows_and_pictures_of_all_stretches_are_those_of_the_film(film: Path, pool: WorkerPool, sampler: str) -> None:
    info, parsed = probe(film), families.parse("samplers", sampler)

    def read(stretch: Stretch | None, rule: str = "scenes") -> Any:
        how: dict[str, Any] = {
            "rule": families.parse("windows", rule),
            "sampler": parsed,
            "size": (32, 32),
            "pool": pool,
            "workers": 2,
        }
        with open_film(info, **how, limits=Limits(ring=1), stretch=stretch) as opened:
            return list(opened), opened.shots

    assert isinstance(parsed, Sampler)
    borders = tuple(float(at) for at in range(18, 90, 18))
    (alone, shots), parts = read(None), [read(Stretch(number, borders)) for number in range(len(borders) + 1)]
    joined = [window for windows, _ in parts for window in windows]
    assert parsed.keyframes_only or sum(bool(windows) for windows, _ in parts) > 1, "several had some"
    assert [(window.start, window.end, window.frames.times) for window in joined] == [
        (window.start, window.end, window.frames.times) for window in alone
    ]
    assert all(np.array_equal(a.frames.data, b.frames.data) for a, b in zip(joined, alone, strict=True))
    found: list[float] = []
    for _, more in parts:
        found += [shot for shot in more if not found or shot > found[-1]]
    assert tuple(found) == shots
