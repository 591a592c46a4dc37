"""When a picture was taken, against the clock that is drawn in it, over RTSP."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import clock_picture
import pytest
from clock_picture import showing
from live_runs import Run, Told
from rtsp_camera import Camera, Change, stepped

from models.preset import FrameSize
from pipeline.captioning.recipe import Recipe

RATE = 10
RECIPE = Recipe(model="echo", engine="echo", size=FrameSize(side=384))


@contextmanager
def camera(folder: Path, change: Change = lambda kind, packet: packet) -> Iterator[Camera]:
    one = Camera(folder / "cam.sdp", change)
    with showing("-bsf:v", "dump_extra", "-sdp_file", one.sdp, "-f", "rtp", one.rtp, rate=RATE):
        try:
            yield one
        finally:
            one.close()


def errors(run: Run, camera: Camera) -> list[tuple[float, float]]:
    """Of each picture in the ring, seconds: by how much the UTC that is told of it differs from the one that is drawn in it, and by how
    much what its camera says does."""
    timeline = run.stream.timeline
    batch, there = timeline.frames.copy(list(timeline.frames._known), 0.0)
    drawn = [clock_picture.read(image) for image in batch.data]
    first = 1  # number 0 was what ffmpeg probed the format with, and is not sent (nobuffer)
    return [
        (timeline.utc.at(one.time)[0] - utc / 1000, camera.says((number - first) / RATE) - utc / 1000)
        for one, (utc, number) in zip(there, drawn, strict=True)
    ]


async def test_over_rtsp_a_pictures_utc_is_the_one_that_is_drawn_in_it(tmp_path: Path) -> None:
    """The aim: 50 ms and half the time between two pictures.

    A test machine that is busy draws and encodes late, and its ffmpeg says a wrong UTC then: by that alone we may be further off.
    """
    found: list[tuple[float, float]] = []

    def look(told: Told) -> bool:
        found[:] = errors(run, one) if told.of("caption", clock="rtcp") else []
        return len(found) >= 12

    with camera(tmp_path) as one:
        run = Run(one.url, recipe=RECIPE)
        await run.until(look)
    run.whole()
    ours, cameras = median(ours for ours, _ in found), median(theirs for _, theirs in found)
    assert abs(ours) <= 0.050 + 0.5 / RATE + abs(cameras), sorted(found)
    assert abs(ours - cameras) <= 0.050 + 0.5 / RATE, sorted(found)  # its reports differ among themselves where it is busy
    (*_, last) = run.told.of("caption", clock="rtcp")
    assert last["latency"]["transport"] < 3600  # of this hour


async def test_a_camera_that_is_set_two_hours_back_while_it_sends(tmp_path: Path) -> None:
    """The step is told of once, when two reports say the same; from then on our own clock counts, since the camera's is far from it."""
    behind = [0.0]

    def change(kind: str, packet: bytes) -> bytes:
        return stepped(packet, behind[0]) if kind == "rtcp" else packet

    def act(told: Told) -> bool:
        if told.of("caption", clock="rtcp"):
            behind[0] = -7200.0
        return bool(told.of("clock_step")) and told.events[-1]["event"] == "caption" and told.events[-1]["clock"] == "arrival"

    with camera(tmp_path, change) as one:
        run = Run(one.url)
        await run.until(act)
        await asyncio.sleep(0)
    run.whole()
    (step,) = run.told.of("clock_step")
    assert step["seconds"] == pytest.approx(-7200, abs=1)
    assert step["whose"] == "source"
    assert not run.told.of("discontinuity")
