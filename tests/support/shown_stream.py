"""A stream of numbered pictures that is shown and kept, its folder looked at after each write."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clock_picture
from clock_picture import showing
from hls_rules import Checker
from live_runs import Run, Told
from ports import free_port

from models.engines.echo import EchoCaptioner
from pipeline.captioning.recipe import Recipe
from pipeline.live.outputs.hls import Hls
from pipeline.live.outputs.record import Recording
from pipeline.types import Model

MODEL = Model(name="echo", id="echo", revision="", engine="echo", engine_version="1")
RATE = 10


class Numbers(EchoCaptioner):
    """Answers after a while, so that pictures have to wait."""

    def __init__(self) -> None:
        super().__init__(delay=0.4)


async def watched(folder: Path, checker: Checker, *, lose: bool) -> tuple[Run, dict[str, Any]]:
    """``folder/cam`` is HLS, ``folder/kept`` recordings of 4 s. ``lose``: the sender begins anew in the middle."""
    port = free_port()
    where = ("-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316")
    run = Run(f"udp://127.0.0.1:{port}", window=2.0, fps=2.0, copy=2.0, engine=Numbers())
    hls = Hls(folder, Recipe(model="echo"), MODEL, run.station.shape_of, seconds=2.0, late=False, patience=20.0)
    recipe = Recipe(model="echo", engine="echo")
    kept = Recording(folder / "kept", ("srt",), recipe, MODEL, run.station.shape_of, seconds=4.0, keep_bytes=None, keep_days=None)
    run.station.outputs += [hls, kept]
    show, faults = hls._show, []

    def show_and_look(*given: Any) -> None:
        show(*given)
        try:
            checker.check()
        except (AssertionError, OSError) as error:
            faults.append(error)

    hls._show = show_and_look  # type: ignore[method-assign]
    found: dict[str, Any] = {}
    with contextlib.ExitStack() as senders:
        senders.enter_context(showing(*where, rate=RATE))

        def act(told: Told) -> object:
            captions = told.of("caption")
            if captions and "offset" not in found:
                frames = run.stream.timeline.frames
                known = frames._known[-1]
                batch, _ = frames.copy([known], 0.0)
                found["offset"] = clock_picture.read(batch.data[0])[1] / RATE - known.time
            if lose and len(captions) >= 2 and "lost" not in found:
                found["lost"] = True
                senders.pop_all().close()
                senders.enter_context(showing(*where, rate=RATE))
            return len(captions) >= 5 and (not lose or any(one["epoch"] > 1 for one in captions[:-2]))

        await run.until(act)
    assert not faults, faults[0]
    run.whole()
    return run, found


@dataclass(frozen=True)
class Kept:
    """What was shown and kept of a stream that is over."""

    folder: Path
    run: Run
    found: dict[str, Any]
