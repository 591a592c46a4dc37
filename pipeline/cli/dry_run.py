"""``caption --dry-run``: which films would be described, and what that will take. Nothing is written and no model is loaded."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.cli import console
from pipeline.cli.console import name_of, one_line
from pipeline.cli.signs_of_life import WAITED_FOR
from pipeline.cli.summary import clock, counted
from pipeline.errors import InputError, ScenescribeError
from pipeline.storage.spool import fetch, fetch_ends
from pipeline.store.past import Past
from pipeline.types import VideoInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.cli.films_elsewhere import Elsewhere
    from pipeline.cli.screen import Screen
    from pipeline.inputs import Film
    from pipeline.outputs import Outputs
    from pipeline.studio import Studio
    from pipeline.windows.base import Rule

TOLD_AT_AN_END = frozenset((".mp4", ".m4v", ".mov", ".mkv", ".webm"))
"""containers that say a film's length and shape in the first or the last megabytes"""


async def look_at(
    on: "Elsewhere", outputs: "Mapping[Path, Outputs]", studio: "Studio", screen: "Screen", past: Past | None, *, as_json: bool
) -> int:
    """Look at each film and say what would be done with it; the exit code: 1 where a film can't be described."""
    from pipeline import families
    from pipeline.run import finished
    from pipeline.store.lookup import FileLookup

    if past is not None and studio.model.engine in WAITED_FOR:  # it loads no model
        past = replace(past, start=0.0)
    rule = families.parse("windows", studio.recipe.windows)
    found = on.found
    length, windows, count, untold, failures = 0.0, 0, 0, 0, len(found.errors)
    for film in found.films:
        name = name_of(film.path if film.remote is None else film.remote.url)
        try:
            if (staging := on.staged.get(film.path)) is not None:
                staging.bring(outputs[film.path].all)
            if film.remote is not None and finished(film, outputs[film.path], studio) is not None:
                screen.say(f"{name}: finished (--overwrite describes it anew)")
                if as_json:
                    console.data({"path": name, "state": "skipped"})
                continue
            info = probed(film, studio)
            seconds = studio.recipe.seconds(_lasting(info, film))
            recipe = studio.recipe_of(film.path)
            lookup = FileLookup(outputs[film.path], overwrite=studio.settings.overwrite)
            earlier = await lookup.find(recipe.key(info), info)
            done = earlier is not None and not earlier.open
        except ScenescribeError as error:
            failures += 1
            screen.fail(f"{name}: {error.code}: {one_line(error.message)}")
            if as_json:
                console.data({"path": name, "state": "failed", "code": error.code, "message": error.message})
            continue
        expected = earlier.unanswered if earlier is not None else (windows_of(seconds, rule, past) if seconds else None)
        if not done:
            length, windows, count = length + seconds, windows + (expected or 0), count + 1
            untold += not seconds
            known = f"{clock(seconds)}, about {counted(expected or 0, 'window')}"
            screen.say(f"{name}: {known if seconds else 'its file tells no length, a run finds out'}")
        else:
            screen.say(f"{name}: finished (--overwrite describes it anew)")
        if as_json:
            state = "skipped" if done else "would_describe"
            console.data({"path": name, "state": state, "seconds": round(seconds, 3) or None, "windows": expected})
    screen.say(total(count, length, windows, past, untold=untold))
    return 1 if failures else 0


def probed(film: "Film", studio: "Studio") -> VideoInfo:
    """What a film is; of one in a storage its two ends are fetched, where its container says it all there, else all of it."""
    if film.remote is None:
        return studio.host.source(film.path).probe()
    try:
        (fetch_ends if film.path.suffix.lower() in TOLD_AT_AN_END else fetch)(film.remote, film.path)
        try:
            return studio.host.source(film.path).probe()
        except InputError:
            fetch(film.remote, film.path)
            return studio.host.source(film.path).probe()
    finally:
        film.path.unlink(missing_ok=True)


def _lasting(info: VideoInfo, film: "Film") -> VideoInfo:
    """With the length that a run will find: a transport stream whose clock begins anew lasts longer than its container says."""
    from pipeline.video.clock_restarts import length_across_restarts

    try:
        length = length_across_restarts(film.path) if film.remote is None else None
    except (InputError, OSError):
        return info
    return replace(info, duration=max(info.duration, length or 0.0))


def windows_of(duration: float, rule: "Rule", past: Past | None) -> int:
    """Windows of a film of this length: counted where the rule needs no cuts, else as dense as in the latest run of this kind; of a
    first run a guess, three times as long as the shortest."""
    if not rule.needs_cuts:
        return max(1, len(rule.splitter(0.0).finish(duration)))
    if past is not None and past.windows and past.film:
        return max(1, round(duration * past.windows / past.film))
    return max(1, math.ceil(duration / (3 * max(rule.shortest, 0.1))))


def total(count: int, length: float, windows: int, past: Past | None, *, untold: int = 0) -> str:
    """The last line: what is expected in all, but of ``untold`` films, of which nobody knows the length."""
    said = f"{counted(count, 'film')} to describe · {clock(length)} · about {counted(windows, 'window')}"
    if untold:
        said += f", and more for {counted(untold, 'film')} of unknown length"
    if not count:
        return f"{said} · nothing was written"
    if past is None or not past.windows or not past.seconds:
        return f"{said} · time and tokens are not known before a first run with this model here · nothing was written"
    takes = windows * past.seconds / past.windows
    loading = f" and {clock(past.start)} for loading the model" if past.start >= 1 else ""
    tokens = ""
    if past.completion_tokens:
        asked, answered = (windows * each // past.windows for each in (past.prompt_tokens, past.completion_tokens))
        tokens = f" · about {asked:,} prompt and {answered:,} output tokens"
    return f"{said} · about {clock(takes)}{loading}{tokens}, by the latest run here · nothing was written"
