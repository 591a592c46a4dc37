"""The frames that a question is shown: of all of a short film, of a part of it, of passages that its captions led to.

film       |----|---------|------|     windows as captions have them, shots where they are
frames      x x   x  x  x   x  x       so many of each that all together are as many as the model is shown
"""

import asyncio
import hashlib
import itertools
import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import numpy as np

from pipeline import families
from pipeline.asking.inputs import Opened
from pipeline.asking.types import Passage, Shown
from pipeline.captioning.recipe import Recipe
from pipeline.entering import entered
from pipeline.errors import InputError
from pipeline.frames import FrameBatch
from pipeline.sources.base import Source
from pipeline.sources.still import fitted
from pipeline.types import Span, Window
from pipeline.windows.base import Bounded, Rule

TOGETHER = 4
"""passages that are read at once"""
GUESS = 10.0
"""seconds of a window where a rule does not say"""


class TooLong(Exception):
    """The film has more passages than can be looked at at once."""


async def whole(
    films: Sequence[Opened],
    recipe: Recipe,
    *,
    frames: int,
    each: int,
    at: Span | None,
    force: bool,
    size: tuple[int, int],
    exact: bool = False,
) -> Shown:
    """All of these films, or the seconds ``at`` of each, by ``frames`` frames.

    ``each``: frames of a passage, at least; raises TooLong where there are more passages than that leaves room for, unless
    ``force`` says that fewer frames are enough. Eight frames of a passage are enough, unless ``exact`` says that so many were asked
    for. Raises InputError.
    """
    most = frames if force else max(1, frames // each)
    windows_at_most = 4 * frames if force else most
    found: list[tuple[Opened, list[Window]]] = []
    for film in films:
        if film.source is None:
            found.append((film, []))
            continue
        length = film.duration if at is None else min(at[1], film.duration) - at[0]
        rule = families.parse("windows", recipe.windows)
        longest = _longest(rule, length)
        if not force and length / longest > 2 * most:  # a still slide may be one long window
            raise TooLong
        count = math.ceil(frames / len(films)) if length <= longest / 2 else max(each, 8)
        windows, shots = await _read(film.source, replace(recipe, sampler=f"uniform:count={count}"), at, most=windows_at_most)
        if film.document is None:
            film.cuts = shots
        found.append((film, windows))
    if exact:
        found = await _denser(found, recipe, frames, at, most=windows_at_most)
    passages = [
        (Passage(film=film.path, start=window.start, end=window.end, text=""), window.frames)
        for film, windows in found
        for window in windows
    ] + [(_still(film), _batch_of(film, size)) for film, _ in found if film.source is None]
    if len(passages) > most and not force:
        raise TooLong
    return _shown(_merged(passages, frames), frames, recipe)


def _longest(rule: Rule, length: float) -> float:
    """Seconds of the longest windows that a rule makes of so much film; a guess where only the cuts tell."""
    if isinstance(rule, Bounded):
        return rule.longest
    if rule.needs_cuts:
        return GUESS
    return max((end - start for start, end in rule.splitter(0.0).finish(length)), default=GUESS)


async def _denser(
    found: list[tuple[Opened, list[Window]]], recipe: Recipe, frames: int, at: Span | None, *, most: int
) -> list[tuple[Opened, list[Window]]]:
    """The same windows, read once more with so many frames each that all together are as many as were asked for."""
    wanted = frames - sum(film.source is None for film, _ in found)
    windows = [window for _, of_one in found for window in of_one]
    if not windows or sum(len(window.frames) for window in windows) >= wanted:
        return found
    asked = replace(recipe, sampler=f"uniform:count={math.ceil(wanted / len(windows))}")
    return [(film, (await _read(film.source, asked, at, most=most))[0] if film.source is not None else []) for film, _ in found]


async def passages(
    films: Sequence[Opened], wanted: Sequence[Passage], recipe: Recipe, *, frames: int, size: tuple[int, int]
) -> Shown:
    """These passages, by ``frames`` frames in all. Raises InputError."""
    by_path = {film.path: film for film in films}
    turn = asyncio.Semaphore(TOGETHER)
    count = max(1, frames // max(1, len(wanted)))

    async def one(passage: Passage) -> tuple[Passage, FrameBatch]:
        film = by_path[passage.film]
        if film.source is None:
            return passage, _batch_of(film, size)
        async with turn:
            seconds = min(max(passage.end - passage.start, 0.1), 3600)
            asked = replace(recipe, windows=f"fixed:seconds={2 * seconds:g}", sampler=f"uniform:count={count}")
            windows, _ = await _read(film.source, asked, (passage.start, passage.end), most=4)
        return passage, _joined([window.frames for window in windows])

    return _shown([found for found in await asyncio.gather(*map(one, wanted)) if len(found[1])], frames, recipe)


async def _read(source: Source, recipe: Recipe, at: Span | None, *, most: int) -> tuple[list[Window], tuple[float, ...]]:
    """Windows of a film, and its cuts. Raises TooLong past ``most`` windows, InputError."""
    with ExitStack() as held:  # leaving it ends the thread's iteration
        reading = await entered(held, partial(source.windows, recipe, between=at))
        windows = await asyncio.to_thread(lambda: list(itertools.islice(reading, most + 1)))
        if len(windows) > most:
            raise TooLong
        return windows, reading.shots


def _merged(found: list[tuple[Passage, FrameBatch]], frames: int) -> list[tuple[Passage, FrameBatch]]:
    """Neighbours of one film joined, two by two, until each passage has a frame."""
    while len(found) > frames:
        joined: list[tuple[Passage, FrameBatch]] = []
        for pair in (found[n : n + 2] for n in range(0, len(found), 2)):
            if len({passage.film for passage, _ in pair}) == len(pair):  # of one film each, or one alone
                joined += pair
            else:
                joined.append((replace(pair[0][0], end=pair[1][0].end), _joined([batch for _, batch in pair])))
        if len(joined) == len(found):
            raise TooLong  # more films than frames
        found = joined
    return found


def _shown(found: Sequence[tuple[Passage, FrameBatch]], frames: int, recipe: Recipe) -> Shown:
    if not found:
        raise InputError("no_decodable_frames", "no picture of it can be decoded")
    counts = _shares([len(batch) for _, batch in found], frames)
    chosen = [
        (batch.data[places], tuple(batch.times[place] for place in places))
        for (_, batch), count in zip(found, counts, strict=True)
        for places in [_spread(len(batch), count)]
    ]
    data = np.ascontiguousarray(np.concatenate([data for data, _ in chosen]))
    times = tuple(time for _, times in chosen for time in times)
    digest = hashlib.blake2b(data.data, digest_size=20)
    digest.update(repr((data.shape, times, recipe.model, recipe.revision, recipe.frames)).encode())
    return Shown(
        passages=tuple(passage for passage, _ in found), counts=tuple(counts), data=data, times=times, key=digest.hexdigest()
    )


def _shares(have: Sequence[int], most: int) -> list[int]:
    """How many frames of each, ``most`` in all, as even as may be."""
    shares = [0] * len(have)
    left = most
    while left > 0 and any(share < had for share, had in zip(shares, have, strict=True)):
        for number, had in enumerate(have):
            if shares[number] < had and left > 0:
                shares[number] += 1
                left -= 1
    return [max(1, share) for share in shares]


def _spread(have: int, wanted: int) -> list[int]:
    """Places of so many of ``have`` frames, each in the middle of its share."""
    return [int((n + 0.5) * have / wanted) for n in range(wanted)] if wanted < have else list(range(have))


def _joined(batches: Sequence[FrameBatch]) -> FrameBatch:
    batches = [batch for batch in batches if len(batch)]
    if not batches:
        return FrameBatch.of(())
    return FrameBatch(
        data=np.concatenate([batch.data for batch in batches]),
        times=tuple(time for batch in batches for time in batch.times),
        indices=tuple(index for batch in batches for index in batch.indices),
    )


def _still(film: Opened) -> Passage:
    return Passage(film=film.path, start=0.0, end=0.0)


def _batch_of(film: Opened, size: tuple[int, int]) -> FrameBatch:
    assert film.picture is not None
    return FrameBatch(data=fitted(film.picture, size)[None], times=(0.0,), indices=(0,))
