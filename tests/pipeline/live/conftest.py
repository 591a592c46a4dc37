"""One stream that was shown and kept, for the tests of what is left of it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from hls_rules import Checker
from patience import PATIENCE
from shown_stream import Kept, watched


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("shown")
    checker = Checker(folder / "cam")
    with ThreadPoolExecutor(1) as thread:  # a loop of its own: that of a test ends with it
        run, found = thread.submit(lambda: asyncio.run(watched(folder, checker, lose=False))).result()
    assert checker.checks > 3
    return Kept(folder, run, found)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No clock closes a window, and none loses a source: a machine may stop for seconds, and what is tested is what the pictures say."""
    for place in (
        "pipeline.live.pace.GRACE", "pipeline.live.stream.NO_FRAME", "pipeline.live.stream.FIRST_FRAME",
        "pipeline.live.connect.OPEN_SECONDS", "pipeline.live.connect.READ_SECONDS", "pipeline.video.live.feed.SILENT",
        "pipeline.live.http.hls.STALE", "pipeline.live.station.HEARTBEAT",
    ):  # fmt: skip
        monkeypatch.setattr(place, PATIENCE)
