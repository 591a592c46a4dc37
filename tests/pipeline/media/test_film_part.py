"""A part of a film in a storage is fetched without the rest of it, and is seen as it is seen in the whole film."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline import families
from pipeline.errors import InputError
from pipeline.media import film_feed
from pipeline.media.film_feed import while_read
from pipeline.media.film_part import by_ranges
from pipeline.storage import Storage, open_storage
from pipeline.storage.spool import Remote, Spool
from pipeline.stretch import Arriving
from pipeline.types import Span, Window
from pipeline.video.children import segments
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.probe import probe

Make = Callable[..., Path]
PART = (61.0, 73.5)
SCENES = "testsrc2,mandelbrot=maxiter=50,testsrc,cellauto=rule=18,testsrc2,rgbtestsrc,life=mold=10,smptebars".split(",")


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool() as children:
        yield children


@pytest.fixture(scope="module")
def source(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes with cuts, hard to compress, and sound."""
    inputs = [
        word for n, name in enumerate(SCENES * 4) for word in ("-f", "lavfi", "-t", f"{3 + n % 3 * 0.7}", "-i", sized(name))
    ]
    joined = "".join(f"[{n}:v]setsar=1,noise=alls=8:allf=t[v{n}];" for n in range(len(SCENES) * 4))
    joined += "".join(f"[v{n}]" for n in range(len(SCENES) * 4)) + f"concat=n={len(SCENES) * 4}:v=1:a=0"
    path = tmp_path_factory.mktemp("whole") / "source.mp4"
    return make(path, *inputs, "-f", "lavfi", "-i", "sine=d=110", "-filter_complex", joined, *H264, "-g", 50, "-c:a", "aac")


def sized(name: str) -> str:
    return f"{name}{':' if '=' in name else '='}s=160x120:r=12"


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-bf", "2", "-pix_fmt", "yuv420p")
COPIES: dict[str, tuple[object, ...]] = {
    "index last": ("-c", "copy"),
    "index first": ("-c", "copy", "-movflags", "+faststart"),
    "QuickTime, starts late": ("-c", "copy", "-output_ts_offset", "5", "-f", "mov"),
    "groups that end open": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "open-gop=1:keyint=40:log-level=none", "-c:a", "copy"),
}  # fmt: skip


@pytest.fixture(scope="module", params=COPIES)
def film(request: pytest.FixtureRequest, source: Path, make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("copies") / "film.mp4"
    return make(path, "-i", source, *COPIES[request.param])


class Counting:
    """A storage that counts the bytes that are read of it."""

    def __init__(self, storage: Storage) -> None:
        self._storage, self.url, self.read = storage, storage.url, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._storage, name)

    def get_range(self, name: str, start: int, size: int) -> bytes:
        data = self._storage.get_range(name, start, size)
        self.read += len(data)
        return data


def remote(path: Path) -> tuple[Remote, Counting]:
    counting = Counting(open_storage(path.parent))
    return Remote(storage=counting, entry=counting.head(path.name)), counting  # type: ignore[arg-type]


def seen(
    path: Path, pool: WorkerPool, rule: str, sampler: str, *, between: Span | None = PART, arriving: Arriving | None = None
) -> tuple[list[Window], list[str]]:
    info = probe(path, pool=pool)
    reading = open_film(
        info,
        rule=families.parse("windows", rule),
        sampler=families.parse("samplers", sampler),
        size=(64, 48),
        between=between,
        pool=pool,
        workers=2 if arriving is not None else 1,
        arriving=arriving,
    )
    with reading as film:
        return list(film), [notice.code for notice in film.notices]


@pytest.mark.parametrize(("rule", "sampler"), [("scenes", "keyframes"), ("scenes", "uniform"), ("fixed:seconds=4", "uniform")])
async def test_a_part_is_seen_as_in_the_whole_film(film: Path, pool: WorkerPool, rule: str, sampler: str, tmp_path: Path) -> None:
    found, counting = remote(film)
    here = tmp_path / "film.mp4"
    async with Spool(found.entry.size).here(found, here, by_ranges(PART, pool)):
        assert counting.read < 0.4 * found.entry.size, "12 of 112 seconds, their neighbours, and the index"
        assert here.stat().st_blocks * 512 < 0.5 * found.entry.size
        parts, said = seen(here, pool, rule, sampler)
    whole, said_of_it = seen(film, pool, rule, sampler)
    assert len(whole) > 2
    assert said == said_of_it
    assert [(one.start, one.end, one.frames.times, one.frames.indices) for one in parts] == [
        (one.start, one.end, one.frames.times, one.frames.indices) for one in whole
    ]
    assert all(np.array_equal(one.frames.data, other.frames.data) for one, other in zip(parts, whole, strict=True))
    assert not here.exists()


OTHERS: dict[str, tuple[tuple[object, ...], str]] = {
    "in fragments": (("-c", "copy", "-movflags", "frag_keyframe+empty_moov"), "mp4"),
    "Matroska": (("-c", "copy"), "mkv"),
    "a codec that is looked into": (("-c:v", "mpeg4", "-c:a", "copy"), "mp4"),
    "lines of two times": ((*H264, "-flags", "+ilme+ildct", "-x264opts", "tff=1", "-c:a", "copy"), "mp4"),
}


@pytest.mark.parametrize("other", OTHERS)
async def test_what_can_not_be_had_in_parts_comes_whole(
    other: str, source: Path, make: Make, pool: WorkerPool, tmp_path: Path
) -> None:
    options, suffix = OTHERS[other]
    path = make(tmp_path / f"film.{suffix}", "-t", 90, "-i", source, *options)
    found, _ = remote(path)
    here = tmp_path / f"here/film.{suffix}"
    async with Spool(found.entry.size).here(found, here, by_ranges(PART, pool)):
        assert here.read_bytes() == path.read_bytes()
    async with Spool(found.entry.size).here(found, here, by_ranges((0.0, 1e9), pool)):
        assert here.read_bytes() == path.read_bytes(), "a part that is all of it"
    for way in ({"some": by_ranges(PART, pool)}, {"large": while_read(pool)}):
        with pytest.raises(InputError, match=r"spool_too_small.*ffmpeg -i FILM -c copy"):
            async with Spool(found.entry.size - 1).here(found, here, **way):
                pass


async def test_a_part_of_a_film_larger_than_the_spool(film: Path, pool: WorkerPool, tmp_path: Path) -> None:
    found, _ = remote(film)
    spool = Spool(found.entry.size // 2)
    async with spool.here(found, tmp_path / "film.mp4", by_ranges(PART, pool)):
        assert spool.used == spool.most
    with pytest.raises(InputError, match="spool_too_small"):
        async with spool.here(found, tmp_path / "film.mp4", by_ranges((10.0, 100.0), pool)):
            pass
    assert (spool.used, (tmp_path / "film.mp4").exists()) == (0, False)


class Watched:
    """What arrives, and how much of it was here at most."""

    def __init__(self, arriving: Arriving, path: Path) -> None:
        self._arriving, self._path, self.most = arriving, path, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._arriving, name)

    def need(self, start: float, end: float) -> None:
        self._arriving.need(start, end)
        self.most = max(self.most, self._path.stat().st_blocks * 512)


@pytest.mark.parametrize(("rule", "sampler"), [("scenes", "keyframes"), ("scenes", "uniform"), ("fixed:seconds=4", "uniform")])
async def test_a_film_larger_than_the_spool_comes_while_it_is_read(
    film: Path, pool: WorkerPool, rule: str, sampler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_feed, "BLOCK", 1 << 14)  # the film is small,
    monkeypatch.setattr(segments, "MOST", segments.LEAST)  # and so are its segments
    found, counting = remote(film)
    spool, here = Spool(found.entry.size * 7 // 10), tmp_path / "film.mp4"
    async with spool.here(found, here, large=while_read(pool)) as arriving:
        assert arriving is not None
        watched = Watched(arriving, here)
        parts, said = seen(here, pool, rule, sampler, between=None, arriving=watched)
        again, _ = seen(here, pool, rule, sampler, between=None, arriving=arriving)
    assert 0 < watched.most <= spool.most
    assert counting.read < 2.6 * found.entry.size, "it was read twice"
    whole, said_of_it = seen(film, pool, rule, sampler, between=None)
    assert len(whole) > 20
    assert said == said_of_it
    for windows in (parts, again):
        assert [(one.start, one.end, one.frames.indices) for one in windows] == [
            (one.start, one.end, one.frames.indices) for one in whole
        ]
        assert all(np.array_equal(one.frames.data, other.frames.data) for one, other in zip(windows, whole, strict=True))
    assert (spool.used, here.exists()) == (0, False)


async def test_a_film_that_needs_more_at_once_than_there_is_room_is_told(film: Path, pool: WorkerPool, tmp_path: Path) -> None:
    found, _ = remote(film)
    spool = Spool(film_feed.BLOCK * 3)
    with pytest.raises(InputError, match="spool_too_small"):
        async with spool.here(found, tmp_path / "film.mp4", large=while_read(pool)) as arriving:
            seen(tmp_path / "film.mp4", pool, "scenes", "uniform", between=None, arriving=arriving)
    assert (spool.used, (tmp_path / "film.mp4").exists()) == (0, False)


async def test_a_film_that_is_no_film_comes_whole(pool: WorkerPool, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(300_000))
    found, _ = remote(path)
    async with Spool(10**9).here(found, tmp_path / "here.mp4", by_ranges(PART, pool)):
        assert (tmp_path / "here.mp4").read_bytes() == path.read_bytes()
