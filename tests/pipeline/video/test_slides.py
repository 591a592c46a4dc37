"""A slide gives way to the next: found to the frame, whatever it is coded in; a bullet, a pointer, a clock and captions are no slides."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import av
import cv2
import numpy as np
import pytest

from pipeline.families import parse
from pipeline.frames import Image
from pipeline.video.children.pool import WorkerPool
from pipeline.video.cuts.motion import LIVELY, NEAR, STOOD, Standing
from pipeline.video.cuts.rule import NOISE, SMALL, delta
from pipeline.video.cuts.slides import stands, turn_at_border, turn_in, turned
from pipeline.video.film import open_film
from pipeline.video.limits import Limits
from pipeline.video.probe import probe

ALL = np.ones((SMALL[1], SMALL[0]), np.bool_)


def paper(*lines: tuple[float, int], level: int = 255, ink: int = 0) -> Image:
    """A tiny slide: each line stands at a height (0 to 1) and has a text of its own (a seed)."""
    picture = np.full((540, 960, 3), level, np.uint8)
    for height, seed in lines:
        text = "".join(np.random.default_rng(seed).choice(list("abcdefghijklmnop "), 30))
        cv2.putText(picture, text, (60, int(height * 540)), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (ink, ink, ink), 3, cv2.LINE_AA)
    return np.asarray(cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA), np.uint8)


def test_text_for_text_is_a_slide_and_more_text_is_none() -> None:
    one = paper((0.2, 1), (0.4, 2))
    for other in (paper((0.2, 3), (0.4, 4)), paper((0.5, 5)), paper(), paper((0.2, 3), (0.3, 4), (0.4, 6), (0.6, 7))):
        assert turned(one, other, ALL) is not None
        assert turned(other, one, ALL) is not None
    assert turned(one, one, ALL) is None
    assert turned(one, paper((0.2, 1), (0.4, 2), (0.6, 3)), ALL) is None, "a bullet more"
    assert turned(one, paper((0.2, 1), (0.4, 2), (0.93, 3)), ALL) is None, "a caption comes"
    assert turned(paper((0.2, 1), (0.93, 2)), paper((0.2, 1), (0.93, 3)), ALL) is None, "a caption for another"
    assert turned(paper((0.2, 1), level=20, ink=230), paper((0.2, 2), level=20, ink=230), ALL) is not None


def test_what_covers_the_picture_or_moves_is_no_matter_of_slides() -> None:
    random = np.random.default_rng(1)
    photo, other = (random.integers(0, 256, (SMALL[1], SMALL[0], 3), np.uint8) for _ in range(2))
    assert turned(photo, other, ALL) is None
    half = photo.copy()
    half[:14] = other[:14]
    assert turned(photo, half, ALL) is None
    moves = ALL.copy()
    moves[:, :30] = False
    assert turned(paper((0.2, 1)), paper((0.2, 2)), moves) is None, "more moves than stands"
    moves[:, :] = True
    moves[:12] = False
    assert turned(paper((0.2, 1), (0.6, 2)), paper((0.2, 3), (0.6, 2)), moves) is None, "only what moves has changed"


def test_a_slide_comes_at_once_and_stays() -> None:
    one, other = paper((0.2, 1)), paper((0.2, 2))
    changed = turned(one, other, ALL)
    assert changed is not None
    assert turn_in([one, one, other, other], changed) == 2
    assert turn_in([one, other], changed) == 1
    mixed = [np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert turn_in(mixed, changed) is None, "a fade"
    assert turn_in([one], changed) is None
    assert stands(other, other, changed)
    assert not stands(other, one, changed)


def test_what_moved_of_late_does_not_stand() -> None:
    standing = Standing(LIVELY)
    assert not standing.still(5.0).any(), "nothing is known of the shot"
    standing.restart(5.0)
    assert not standing.still(5.0 + STOOD / 2).any()
    assert standing.still(5.0 + STOOD).all()
    one, other = paper(), paper()
    other[3, 4] -= np.uint8(NOISE + 1)
    standing.see(6.0, delta(one, other))
    around = np.zeros_like(ALL)
    around[3 - NEAR : 3 + NEAR + 1, 4 - NEAR : 4 + NEAR + 1] = True
    assert (~standing.still(6.0 + LIVELY) == around).all()
    assert standing.still(6.01 + LIVELY).all()


def test_slides_beside_a_border_between_stretches() -> None:
    one, other, head = paper((0.2, 1)), paper((0.2, 2)), paper((0.2, 1), (0.6, 3))
    sides = [b"".join(picture.tobytes() for picture in pictures) for pictures in ((one, one), (other, other), (head, one))]
    assert turn_at_border(sides[0], sides[1], (False, False))
    assert not turn_at_border(sides[0], sides[0], (False, False))
    assert turn_at_border(sides[2], sides[1], (True, False))
    assert not turn_at_border(b"", sides[1], (True, True))


@pytest.fixture(scope="session")
def decks() -> ModuleType:
    """The recordings of ``scripts/bench cuts --only decks``."""
    return import_module("scripts.benches.reader_parts.decks")


def shots(path: Path, pool: WorkerPool, sampler: str = "uniform:count=8", limits: Limits | None = None) -> list[float]:
    rule, looks = parse("windows", "scenes"), parse("samplers", sampler)
    with open_film(probe(path, pool=pool), rule=rule, sampler=looks, size=(96, 54), pool=pool, limits=limits) as film:
        assert list(film)
    return list(film.shots)


SMALL_DECKS = {
    "lines": {"look": "lines", "fps": 10},
    "blind": {"look": "dark", "fps": 10, "gop": 9999, "moves": ("pointer",), "options": {"sc_threshold": "0"}},
    "head": {"look": "bar", "fps": 10, "gop": 30, "moves": ("head", "clock")},
    "variable": {"look": "white", "moves": ("pointer",), "seconds": 120.0},
    "captions": {
        "look": "gradient",
        "fps": 10,
        "moves": ("captions",),
        "codec": "mpeg4",
        "options": {"q": "5"},
        "suffix": ".avi",
    },
    "photos": {"look": "photos", "seconds": 120.0, "suffix": ".mkv"},
}


@pytest.mark.parametrize("name", SMALL_DECKS)
def test_slides_are_found_to_the_frame(name: str, decks: ModuleType, pool: WorkerPool, tmp_path: Path) -> None:
    deck = decks.Deck(name=name, **{"size": (640, 360), "seconds": 60.0, **SMALL_DECKS[name]})
    made = decks.make(tmp_path / name, deck, 7)
    assert len(made.cuts) >= 4
    assert shots(made.path, pool) == pytest.approx(made.cuts, abs=0.01)
    assert shots(made.path, pool, limits=Limits(ring=1)) == pytest.approx(made.cuts, abs=0.01), "many short stretches"


def test_a_slide_that_comes_back_is_no_flash(decks: ModuleType, pool: WorkerPool, tmp_path: Path) -> None:
    """Each slide is one frame of 13 s, so the sample after the next one shows the same again."""
    path = tmp_path / "back.mp4"
    pictures = [cv2.resize(paper((0.2, seed), (0.4, seed + 1)), (640, 360)) for seed in (1, 3)]
    random = np.random.default_rng(2)
    photos = [cv2.resize(random.integers(0, 256, (9, 16, 3), np.uint8), (640, 360)) for _ in range(2)]
    for pair in (pictures, photos):
        frames = [(13.0 * number, pair[number % 2]) for number in range(6)]
        decks._encode(path, decks.Deck(name="back", size=(640, 360)), iter([*frames, (66.0, pair[1])]))
        assert shots(path, pool) == [13.0, 26.0, 39.0, 52.0, 65.0]
        path.unlink()


def test_only_keyframes(decks: ModuleType, pool: WorkerPool, tmp_path: Path) -> None:
    """Where nothing else is looked at, a slide begins with its first keyframe."""
    deck = decks.Deck(name="keys", look="lines", fps=10, gop=20, options={"sc_threshold": "0"}, size=(640, 360), seconds=60.0)
    made = decks.make(tmp_path / "keys", deck, 3)
    with av.open(str(made.path)) as container:
        keys = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.is_keyframe and p.pts is not None]
    assert shots(made.path, pool, "keyframes:count=8,fill=no") == [
        min(key for key in keys if key >= cut - 0.01) for cut in made.cuts
    ]
