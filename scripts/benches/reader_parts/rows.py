"""What is compared: each function yields the rows of one table."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.video.children.pool import WorkerPool

from . import films
from .measure import Memory, Works, best, columns, ratio, timed
from .readers import OTHERS, Given, by_ours, looks, ours, reading

Row = dict[str, Any]
CODECS = ("h264", "hevc")


def against_others(found: dict[str, dict[str, float]]) -> Row:
    """How many times faster than the fastest of the others we are, by the clock and by processor time."""
    ratios: Row = {}
    for unit in ("seconds", "cpu"):
        fastest = min(OTHERS, key=lambda name: found[name][unit])
        ratios |= {f"best_{unit}": fastest, f"ratio_{unit}": round(found[fastest][unit] / found["ours"][unit], 2)}
    return ratios


def exact(folder: Path, seconds: int, repeats: int, pool: WorkerPool, everys: list[float]) -> Iterator[Row]:
    """One frame every so many seconds; after the first round the two fastest of the others go on."""
    for codec in CODECS:
        for gop in (30, 250):
            path = films.film(folder, codec, gop, seconds)
            for every in everys:
                times = looks(seconds, every)
                works: Works = {name: functools.partial(work, path, times) for name, work in OTHERS.items()} | {
                    "ours": functools.partial(by_ours, path, times, pool=pool)
                }
                found = best(works, repeats, finalists=2)
                yield {"what": "exact", "codec": codec, "gop": gop, "every": every, **against_others(found), **columns(found)}


def keyframes(folder: Path, seconds: int, repeats: int, pool: WorkerPool) -> Iterator[Row]:
    """Keyframes alone against one exact frame a second."""
    for codec in CODECS:
        for path, length in (
            (films.film(folder, codec, 250, seconds), seconds),
            (films.twice(films.film(folder, codec, 250, seconds)), 2 * seconds),
        ):
            alone: Works = {
                "exact": functools.partial(by_ours, path, looks(length, 1), pool=pool),
                "keyframes": functools.partial(
                    ours, path, pool=pool, rule="fixed:seconds=8", sampler="keyframes:count=8,fill=no"
                ),
            }
            found = best(alone, repeats)
            yield {"what": "keyframes", "codec": codec, "seconds": length, **ratio(found, "exact", "keyframes"), **columns(found)}


def scenes(folder: Path, seconds: int, repeats: int, pool: WorkerPool) -> Iterator[Row]:
    """Windows that begin at cuts, against sampling alone at the same places, the windows being known."""
    for codec in CODECS:
        for gop in (250, 30):
            path = films.film(folder, codec, gop, seconds)
            sampler = "uniform:count=8"
            with reading(path, pool=pool, rule="scenes:min=2,max=10", sampler=sampler) as film:
                spans = [(window.start, window.end) for window in film]
                cuts = len(film.shots)
            works: Works = {
                "alone": functools.partial(ours, path, pool=pool, rule=Given(spans), sampler=sampler),
                "scenes": functools.partial(ours, path, pool=pool, rule="scenes:min=2,max=10", sampler=sampler),
            }
            found = best(works, repeats)
            row = {"what": "scenes", "codec": codec, "gop": gop, "cuts": cuts, "cuts_made": (seconds - 1) // 5}
            yield {**row, **ratio(found, "scenes", "alone"), **columns(found)}


def ways(folder: Path, seconds: int, repeats: int, pool: WorkerPool) -> Iterator[Row]:
    """Through OpenCV, with a child of its own, and with two children at once, one decoding thread each."""
    for codec in CODECS:
        path = films.film(folder, codec, 250, seconds)
        through = functools.partial(by_ours, path, looks(seconds, 1))
        works: Works = {
            "usual": functools.partial(through, pool=pool),
            "opencv": functools.partial(through, pool=pool, reader="opencv"),
            "cold": through,
        }
        found = best(works, repeats)
        yield {
            "what": "ways",
            "codec": codec,
            **ratio(found, "opencv", "usual"),
            **ratio(found, "cold", "usual"),
            **columns(found),
        }
    for codec in CODECS:
        path = films.twice(films.film(folder, codec, 250, seconds))
        children: Works = {
            f"{count} children": functools.partial(by_ours, path, looks(2 * seconds, 1), pool=pool, workers=count)
            for count in (1, 2)
        }
        found = best(children, repeats)
        yield {"what": "children", "codec": codec, **ratio(found, "1 children", "2 children"), **columns(found)}


def short(folder: Path, seconds: int, repeats: int, pool: WorkerPool, clips: int, length: int) -> Iterator[Row]:
    """Many short films against each other's way, and against one long one."""
    whole = films.film(folder, "h264", 30, seconds)
    have = films.clips(whole, folder / f"short_{length}s_of_{seconds}", length)
    files = [have[i % len(have)] for i in range(clips)]
    times = looks(length, 1)
    works: Works = {name: functools.partial(_all, work, files, times) for name, work in OTHERS.items()} | {
        "ours": lambda: sum(by_ours(path, times, pool=pool) for path in files),
        "ours_one_film": lambda: by_ours(whole, looks(seconds, 1), pool=pool),
    }
    found = best(works, repeats, finalists=2)
    one = {unit: found["ours_one_film"][unit] / seconds * clips * length for unit in ("seconds", "cpu")}
    speed = {f"of_one_film_{unit}": round(one[unit] / found["ours"][unit], 2) for unit in one}
    yield {"what": "short", "clips": clips, "length": length, **against_others(found), **speed, **columns(found)}


def _all(work: Any, files: list[Path], times: list[float]) -> int:
    return sum(work(path, times) for path in files)


def memory(folder: Path, seconds: int) -> Iterator[Row]:
    """Ten minutes against ten hours at one frame a second, and 1080p: with children of their own."""
    for rule in ("fixed:seconds=8", "scenes"):
        held = {}
        for name, length in (("10min", 600), ("10h", 36000)):
            held[name], spent = _held(films.slow(folder, name, length), rule)
        megabytes = {f"{name}_MB": round(value / 1e6) for name, value in held.items()}
        yield {"what": "memory", "rule": rule, **megabytes, "ratio": round(held["10h"] / held["10min"], 3), "10h_seconds": spent}
        most, _ = _held(films.film(folder, "h264", 250, seconds), rule)
        yield {"what": "memory", "rule": rule, "1080p_MB": round(most / 1e6)}


def _held(path: Path, rule: str) -> tuple[int, float]:
    with Memory() as watch:
        seconds, _, _ = timed(lambda: ours(path, rule=rule))
    return watch.most, round(seconds, 1)
