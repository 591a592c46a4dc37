"""What moves is no new slide: discs, a clock, a cursor, a ticker on paper, drifting squares; at two frames a second as at ten."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.bench.films import FilmSpec, write
from pipeline.families import parse
from pipeline.frames import Image
from pipeline.video.children.pool import WorkerPool
from pipeline.video.cuts.motion import FRESH, NEAR, STOOD, Standing, jumped, widened
from pipeline.video.cuts.rule import SMALL, delta
from pipeline.video.film import open_film
from pipeline.video.probe import probe

SECONDS = 30
WORDS = "nothing moves here but what types these words on and on "
Size = tuple[int, int]


def tiny(picture: Image) -> Image:
    return np.asarray(cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA), np.uint8)


def paper(size: Size, level: int = 240) -> Image:
    return np.full((size[1], size[0], 3), level, np.uint8)


def written(picture: Image, text: str, x: float, y: float, scale: float) -> Image:
    height, width = picture.shape[:2]
    place, thick = (round(x * width), round(y * height)), max(1, width // 200)
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale * width / 200, (10, 10, 10), thick, cv2.LINE_AA)
    return picture


def disc(picture: Image, place: tuple[float, float], radius: float, colour: tuple[int, int, int]) -> Image:
    height, width = picture.shape[:2]
    centre = round(place[0] * width), round(place[1] * height)
    return np.asarray(cv2.circle(picture, centre, round(radius * height), colour, -1, cv2.LINE_AA), np.uint8)


def drifting(size: Size, fps: int) -> Iterator[Image]:
    """Four discs that go their ways and bounce off the edges."""
    random = np.random.default_rng(5)
    place, speed, colours = random.uniform(0, 1, (4, 2)), random.uniform(-0.3, 0.3, (4, 2)), random.integers(0, 220, (4, 3))
    while True:
        place += speed / fps
        speed[(place < 0) | (place > 1)] *= -1
        place = place.clip(0, 1)
        picture = paper(size)
        for (x, y), (red, green, blue) in zip(place.tolist(), colours.tolist(), strict=True):
            disc(picture, (x, y), 0.12, (red, green, blue))
        yield picture


def jumping(size: Size, fps: int) -> Iterator[Image]:
    """Three discs, one of which is elsewhere twice a second."""
    random = np.random.default_rng(6)
    place = random.uniform(0.15, 0.85, (3, 2))
    colours = ((200, 30, 30), (30, 120, 30), (40, 40, 200))
    for number in range(10**6):
        if number % max(1, fps // 2) == 0:
            place[2 * number // fps % 3] = random.uniform(0.15, 0.85, 2)
        picture = paper(size)
        for (x, y), colour in zip(place.tolist(), colours, strict=True):
            disc(picture, (x, y), 0.12, colour)
        yield picture


def resting(size: Size, fps: int) -> Iterator[Image]:
    """One disc that rests for four seconds, then is elsewhere."""
    places = ((0.2, 0.3), (0.7, 0.35), (0.4, 0.5), (0.8, 0.2))
    for number in range(10**6):
        yield disc(paper(size), places[number // (4 * fps) % 4], 0.13, (30, 60, 160))


def clock(size: Size, fps: int) -> Iterator[Image]:
    for number in range(10**6):
        yield written(
            written(paper(size), "A title stands", 0.05, 0.4, 0.5),
            f"{number // fps // 60:02}:{number // fps % 60:02}",
            0.7,
            0.2,
            0.35,
        )


def hand(size: Size, fps: int) -> Iterator[Image]:
    """A clock's face, whose one hand is long."""
    middle, reach = (size[0] // 2, size[1] // 2), 0.4 * size[1]
    for number in range(10**6):
        angle, picture = number // fps * np.pi / 30, paper(size)
        cv2.circle(picture, middle, round(reach), (20, 20, 20), max(1, size[1] // 60), cv2.LINE_AA)
        tip = round(middle[0] + 0.9 * reach * np.sin(angle)), round(middle[1] - 0.9 * reach * np.cos(angle))
        yield np.asarray(cv2.line(picture, middle, tip, (200, 0, 0), max(1, size[1] // 40), cv2.LINE_AA), np.uint8)


def cursor(size: Size, fps: int) -> Iterator[Image]:
    """Text that is typed, four letters a second, behind a block that blinks."""
    for number in range(10**6):
        typed = (WORDS * 20)[: 4 * number // fps]
        picture = paper(size)
        for line in range(0, len(typed), 25):
            written(picture, typed[line : line + 25], 0.05, 0.12 + 0.07 * (line // 25), 0.25)
        if 2 * number // fps % 2:
            x, y = (0.05 + len(typed) % 25 * 0.027) * size[0], (0.07 + 0.07 * (len(typed) // 25)) * size[1]
            cv2.rectangle(picture, (int(x), int(y)), (int(x) + size[0] // 40, int(y) + size[1] // 20), (0, 0, 0), -1)
        yield picture


def ticker(size: Size, fps: int) -> Iterator[Image]:
    """A line of large letters that runs through the picture, a fifth of it a second."""
    strip = written(paper((8 * size[0], size[1])), "", 0, 0, 0)
    scale = 0.7 / 8
    written(strip, WORDS * 3, 0, 0.4, scale)
    for number in range(10**6):
        x = round(0.2 * size[0] * number / fps) % (7 * size[0])
        yield strip[:, x : x + size[0]]


def shots(path: Path, pool: WorkerPool) -> list[float]:
    info, rule, sampler = probe(path, pool=pool), parse("windows", "scenes"), parse("samplers", "uniform:count=8")
    with open_film(info, rule=rule, sampler=sampler, size=(64, 36), pool=pool) as film:
        assert list(film)
    return list(film.shots)


@pytest.mark.parametrize(("size", "fps"), [((64, 36), 2), ((320, 180), 10)], ids=["2 fps", "10 fps"])
@pytest.mark.parametrize("moves", [drifting, jumping, resting, clock, hand, cursor, ticker], ids=lambda moves: moves.__name__)
def test_what_moves_is_no_slide(
    moves: Callable[[Size, int], Iterator[Image]], size: Size, fps: int, pool: WorkerPool, tmp_path: Path
) -> None:
    path = tmp_path / "moves.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"preset": "veryfast", "g": "30"}
        for number, picture in enumerate(islice(moves(size, fps), SECONDS * fps)):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert shots(path, pool) == []


def test_squares_that_drift_are_cut_where_they_change(pool: WorkerPool, tmp_path: Path) -> None:
    """Two frames a second of 64x36: a step moves a twentieth of the picture; it is cut every four seconds and nowhere else."""
    path = tmp_path / "squares.mp4"
    write(path, FilmSpec(seconds=240, width=64, height=36, fps=2, gop=20))
    assert shots(path, pool) == [4.0 * number for number in range(1, 60)]


CENTRES = st.tuples(st.floats(0.2, 0.8), st.floats(0.25, 0.75))
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


@given(CENTRES, CENTRES, st.sampled_from([0.1, 0.15, 0.2]), COLOURS, st.integers(0, 255))
def test_what_went_here_and_came_there_jumped(
    one: tuple[float, float], other: tuple[float, float], radius: float, colour: tuple[int, int, int], ground: int
) -> None:
    assume(np.hypot((one[0] - other[0]) * 16 / 9, one[1] - other[1]) > 3 * radius)
    assume(max(abs(level - ground) for level in colour) > 40)
    before, after = (tiny(disc(paper((960, 540), ground), place, radius, colour)) for place in (one, other))
    assert jumped(before, after)
    assert not jumped(before, before)
    assert not jumped(before, tiny(paper((960, 540), ground))), "it went, and nothing came"


def two_texts(seed: int) -> list[Image]:
    random = np.random.default_rng(seed)
    pictures = []
    for _ in range(2):
        picture = paper((960, 540))
        for line in range(int(random.integers(3, 6))):
            words = "".join(random.choice(list("abcdefghijklmnop "), int(random.integers(10, 34))))
            written(picture, words, 0.06, 0.15 + 0.12 * line, 0.25)
        pictures.append(tiny(picture))
    return pictures


def test_text_for_text_did_not_jump() -> None:
    assert sum(jumped(*two_texts(seed)) for seed in range(300)) <= 3


@given(st.sets(st.tuples(st.integers(0, SMALL[1] - 1), st.integers(0, SMALL[0] - 1)), max_size=4))
def test_near_is_a_square_around_each_cell(cells: set[tuple[int, int]]) -> None:
    mask = np.zeros((SMALL[1], SMALL[0]), np.bool_)
    for cell in cells:
        mask[cell] = True
    expected = {
        (y, x) for y in range(SMALL[1]) for x in range(SMALL[0]) if any(max(abs(y - a), abs(x - b)) <= NEAR for a, b in cells)
    }
    assert {(int(y), int(x)) for y, x in np.argwhere(widened(mask))} == expected


def test_a_change_right_after_one_as_large_goes_on() -> None:
    standing = Standing(1.5)
    standing.restart(0.0)
    blank, full = np.full((27, 48, 3), 255, np.uint8), np.full((27, 48, 3), 255, np.uint8)
    full[5:15, 5:15] = 0
    standing.see(STOOD + 1, delta(blank, full))
    assert standing.goes_on(STOOD + 1 + FRESH / 2, 100)
    assert not standing.goes_on(STOOD + 1 + FRESH / 2, 250), "much more than moved"
    assert not standing.goes_on(STOOD + 1 + FRESH, 100), "it stood since"
    standing.restart(5.0, cells=100)
    assert standing.goes_on(5.5, 100), "a slide right after a slide"
