"""A stream as HLS: every state on the disk keeps the rules, and words stand over the picture that they are about."""

import asyncio
import gc
import json
import shutil
import subprocess
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hls_rules import Checker
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE
from shown_stream import MODEL, RATE, Kept, watched

from pipeline.captioning.recipe import Recipe
from pipeline.errors import OutputError
from pipeline.live.events import Event, stretch
from pipeline.live.outputs import m3u8
from pipeline.live.outputs.hls import Hls
from pipeline.live.outputs.rendition import BEHIND, SHOWN, Rendition
from pipeline.live.pieces import Piece
from pipeline.types import Cue


def piece(start: float, end: float, *, epoch: int = 1, keyed: bool = True) -> Piece:
    return Piece(
        stream="cam", epoch=epoch, start=start, end=end, utc=1.7e9 + start, stamp=start + 95440, keyed=keyed, data=b"x" * 188
    )


def line(start: float, end: float, text: str) -> tuple[Cue, ...]:
    return (Cue(start=start, end=end, lines=(text,)),)


MASTER = m3u8.master(language="en", bandwidth=1, codecs="", size=(384, 96), rate=10.0)


def begun(place: Path, master: str | None) -> list[str]:
    """What is left in the folder of a stream when a run begins in it."""
    place.mkdir()
    for name in ("video-1700000000.ts", "desc-1700000000.vtt", "video-2.ts", "notes.txt", "video.m3u8"):
        (place / name).write_text("x")
    if master is not None:
        (place / "live.m3u8").write_text(master)
    hls = Hls(place.parent, Recipe(model="echo"), MODEL, lambda _: {}, seconds=2.0, late=False, patience=1.0)
    hls.take({"event": "source", "stream": place.name, "state": "connecting"})
    return sorted(file.name for file in place.iterdir())


async def test_a_run_removes_what_a_run_of_ours_left_and_nothing_else(tmp_path: Path) -> None:
    assert begun(tmp_path / "ours", MASTER) == ["notes.txt", "video-2.ts"]
    for number, master in enumerate((None, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo.m3u8\n")):
        with pytest.raises(OutputError, match="output_exists"):
            begun(tmp_path / str(number), master)
        assert len(list((tmp_path / str(number)).iterdir())) == 5 + (master is not None)


async def test_without_the_picture_there_are_the_words_alone_and_the_next_run_begins_there(tmp_path: Path) -> None:
    def hls(video: bool) -> Hls:
        return Hls(tmp_path, Recipe(model="echo"), MODEL, lambda _: {}, seconds=2.0, late=False, patience=30.0, video=video)

    async def shown(one: Hls) -> set[str]:
        await one.open()
        for number in range(3):
            await one.write({"event": "piece", "stream": "cam", "_piece": piece(2.0 * number, 2.0 * number + 2)})
            await one.write(said(2.0 * number, 2.0 * number + 2))
        await one.close()
        return {file.name for file in (tmp_path / "cam").iterdir()}

    found = await shown(hls(False))
    rows = (tmp_path / "cam/desc.m3u8").read_text().splitlines()
    named = [row for row in rows if not row.startswith("#")]
    assert found == {"desc.m3u8", *named}
    assert (len(named), rows[-1]) == (3, "#EXT-X-ENDLIST")
    for name in named:  # a run that does not end in this second has other numbers
        (tmp_path / "cam" / name).rename(tmp_path / "cam" / "desc-1600000000.vtt")
    assert "desc-1600000000.vtt" not in await shown(hls(False))
    (tmp_path / "cam/notes.txt").write_text("of somebody else")
    with pytest.raises(OutputError, match="output_exists"):
        hls(False).take({"event": "source", "stream": "cam", "state": "connecting"})


@pytest.mark.parametrize("now", [5.0, 1.5e9, 1.9e9])
def test_numbers_of_segments_never_go_back_whatever_the_clock_is_set_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: float
) -> None:
    """A player that knows a playlist waits for higher ones: it was shown nothing more. In 1970 they were too short to be known again."""
    monkeypatch.setattr("pipeline.live.outputs.hls.time.time", lambda: now)

    def numbers(hls: Hls, first: int) -> list[int]:
        for number in range(first, first + 2):
            hls.take({"event": "piece", "stream": "cam", "_piece": piece(2.0 * number, 2.0 * number + 2)})
            hls.take(said(2.0 * number, 2.0 * number + 2))
        return sorted(int(file.stem.split("-")[1]) for file in (tmp_path / "cam").glob("video-*.ts"))

    def run() -> Hls:
        return Hls(tmp_path, Recipe(model="echo"), MODEL, lambda _: {}, seconds=2.0, late=False, patience=30.0)

    hls, told = run(), list[list[int]]()
    for number in range(3):
        if number == 1:
            shutil.rmtree(tmp_path / "cam")
        if number == 2:
            monkeypatch.setattr("pipeline.live.outputs.hls.time.time", lambda: 7.0)
            hls = run()
        told.append(numbers(hls, 2 * number))
    begins = max(int(now), 10**8)
    assert told == [[begins + 2 * number, begins + 2 * number + 1] for number in range(3)]


async def test_a_stream_that_cannot_be_ended_costs_no_other_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hls = Hls(tmp_path, Recipe(model="echo"), MODEL, lambda _: {}, seconds=2.0, late=False, patience=30.0)
    await hls.open()
    for stream in ("cam", "gate"):
        await hls.write({"event": "piece", "stream": stream, "_piece": replace(piece(0.0, 2.0), stream=stream)})
        await hls.write({**said(0.0, 2.0), "stream": stream})
    show = hls._show
    monkeypatch.setattr(hls, "_show", lambda stream, rendition: 1 / 0 if stream == "cam" else show(stream, rendition))
    await hls.close()
    assert (tmp_path / "gate/video.m3u8").read_text().endswith("#EXT-X-ENDLIST\n")
    assert hls.failures == 1


async def test_a_folder_that_is_taken_away_is_begun_anew(tmp_path: Path) -> None:
    """Somebody clears it in the middle of a run: it was missed until the next start of the command."""
    folder = tmp_path / "shown"
    hls = Hls(folder, Recipe(model="echo"), MODEL, lambda _: {}, seconds=2.0, late=False, patience=30.0)
    await hls.open()
    for number in range(6):
        if number == 3:
            shutil.rmtree(folder)
        await hls.write({"event": "piece", "stream": "cam", "_piece": piece(2.0 * number, 2.0 * number + 2)})
        await hls.write(said(2.0 * number, 2.0 * number + 2))
    assert len(list(folder.glob("cam/video-*.ts"))) == 3
    assert "video.m3u8" in (folder / "cam/live.m3u8").read_text()
    named = [row for row in (folder / "cam/video.m3u8").read_text().splitlines() if row.endswith(".ts")]
    assert all((folder / "cam" / name).exists() for name in named)
    shutil.rmtree(folder)
    await hls.close()


def rendition(*, late: bool = False, patience: float = 30.0) -> Rendition:
    return Rendition(first=100, late=late, patience=patience, layout=line)


def said(start: float, end: float, text: str = "A ball.") -> Event:
    return stretch("caption", "cam", 1, start, end, text=text)


def test_a_piece_waits_until_what_happens_in_it_is_described() -> None:
    shown = rendition()
    shown.picture(piece(0.0, 2.0), 10.0)
    shown.picture(piece(2.0, 4.0), 12.0)
    assert shown.due(12.0).write == []
    shown.told(said(0.0, 3.0))
    ((first, _),) = shown.due(13.0).write
    assert (first.number, [cue.start for cue in first.cues]) == (100, [0.0])
    shown.told(stretch("gap", "cam", 1, 3.0, 6.0, reason="engine_slow"))
    ((second, _),) = shown.due(13.0).write
    assert [(cue.start, cue.end) for cue in second.cues] == [(0.0, 3.0)]  # in each that it touches, with its full time


def test_an_engine_that_says_nothing_holds_the_picture_up_for_so_long() -> None:
    shown = rendition(patience=5.0)
    shown.picture(piece(0.0, 2.0), 10.0)
    assert not shown.due(14.9).write
    assert shown.due(15.1).write
    shown.told(said(0.0, 2.0))
    shown.told(stretch("gap", "cam", 1, 2.0, 4.0, reason="engine_slow"))
    shown.picture(piece(2.0, 4.0), 16.0)
    ((second, _),) = shown.due(16.0).write
    assert second.number == 101
    assert not second.cues  # what came too late is not said beside another picture


def test_late_words_come_after_their_picture_which_does_not_wait() -> None:
    shown = rendition(late=True)
    shown.picture(piece(0.0, 2.0), 10.0)
    assert shown.due(10.0).write
    shown.told(said(0.0, 2.0))
    shown.told(said(2.0, 2.5))
    shown.picture(piece(2.0, 4.0), 12.0)
    ((second, _),) = shown.due(12.0).write
    assert [(cue.start, cue.end) for cue in second.cues] == [(2.0, 4.0)]


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60), st.floats(1.0, 8.0))
def test_late_words_are_never_far_behind_however_long_texts_are(lengths: list[int], span: float) -> None:
    cues: list[Cue] = []

    def layout(start: float, end: float, text: str) -> tuple[Cue, ...]:
        cues.extend(line(start, end, text))
        return line(start, end, text)

    shown = Rendition(first=100, late=True, patience=30.0, layout=layout)
    for number, length in enumerate(lengths):
        shown.told(said(number * span, (number + 1) * span, "x" * (length + 1)))
    assert len(cues) == len(lengths)
    for number, (cue, after) in enumerate(zip(cues, [*cues[1:], None], strict=True)):
        assert 0 <= cue.start - (number + 1) * span <= BEHIND + 1e-6
        assert cue.end - cue.start >= 1.0 - 1e-6
        assert after is None or after.start >= cue.end - 1e-6


@pytest.mark.parametrize("late", [False, True])
def test_a_stream_whose_picture_is_never_shown_keeps_no_texts(late: bool) -> None:
    def cues() -> int:
        return sum(type(one) is Cue for one in gc.get_objects())

    shown, before = Rendition(first=100, late=late, patience=30.0, layout=line), cues()
    for number in range(2000):
        shown.told(said(number * 4.0, number * 4.0 + 4.0, "x" * 200))
        shown.due(number * 4.0)
    assert cues() - before <= (30 + 60) / 4 + 5


@settings(max_examples=30)
@given(st.data())
def test_whatever_comes_in_any_order_the_list_goes_on(data: st.DataObject) -> None:
    shown, now, at, epoch, names, last = rendition(patience=8.0), 0.0, 0.0, 1, [], None
    edge = 0.0
    for _ in range(data.draw(st.integers(1, 30))):
        now += data.draw(st.floats(0, 4))
        match data.draw(st.sampled_from(["piece", "say", "break"])):
            case "piece":
                end = at + data.draw(st.floats(0.5, 2))
                shown.picture(piece(at, end, epoch=epoch), now)
                at = end
            case "say" if at > edge + 0.1:
                end = data.draw(st.floats(edge + 0.05, at + 2))
                shown.told(said(edge, end))
                edge = end
            case "break":
                at, epoch = at + 3.0, epoch + 1
        step = shown.due(now)
        names += [segment.number for segment, _ in step.write]
        assert len(shown.segments) <= SHOWN
        listed = [segment.number for segment in shown.segments]
        assert listed == names[-len(listed) :] if listed else True
        if last is not None and listed:
            assert shown.breaks >= last
        last = shown.breaks
        for segment in step.delete:
            assert segment.number < listed[0] - 3
    assert names == list(range(100, 100 + len(names)))
    assert all(one.end <= now + at for one in shown.segments)


def test_a_clock_that_wraps_and_days_that_pass() -> None:
    segment = m3u8.Segment(
        number=7, start=400_000.0015, end=400_002.0, utc=1.7e9, ticks=2**33 - 400_000_002 * 90 + 90, run=5, broken=False, keyed=True,
        cues=line(399_999.0, 400_001.0, "a --> b & <c>"),
    )  # fmt: skip
    text = m3u8.subtitles(segment, "en")
    assert text.startswith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:111:06:40.002,MPEGTS:90\n")
    assert "\n\n5-399999000\n111:06:39.000 --> 111:06:41.000\na --&gt; b &amp; &lt;c&gt;\n" in text


async def test_a_source_that_begins_anew_is_a_discontinuity_and_every_write_keeps_the_rules(tmp_path: Path) -> None:
    checker = Checker(tmp_path / "cam")
    run, _ = await watched(tmp_path, checker, lose=True)
    assert run.told.of("caption", epoch=2)
    assert checker.checks > 4
    text = (tmp_path / "cam/desc.m3u8").read_text()
    assert "#EXT-X-DISCONTINUITY\n" in text
    assert text.endswith("#EXT-X-ENDLIST\n")


PAGE = """<!doctype html><video id=v muted></video><canvas id=c width=384 height=96></canvas><script src=/hls.js></script>"""
LOOK = """async (rate) => {
  const video = document.getElementById('v'), canvas = document.getElementById('c');
  const hls = new Hls({enableWorker: false, subtitlePreference: {lang: 'en'}});
  const until = (what) => new Promise((done, lost) => {
    const begun = performance.now();
    const look = () => what() ? done() : performance.now() - begun > 20000 ? lost(new Error('not in time: ' + what)) : setTimeout(look, 50);
    look();
  });
  hls.loadSource('/cam/live.m3u8');
  hls.attachMedia(video);
  await until(() => video.readyState >= 2 && hls.subtitleTracks.length);
  hls.subtitleTrack = 0;
  hls.subtitleDisplay = true;
  await until(() => [...video.textTracks].some(t => t.cues && t.cues.length >= 3));
  const track = [...video.textTracks].find(t => t.cues && t.cues.length >= 3);
  const cues = [...track.cues].map(cue => ({start: cue.startTime, end: cue.endTime, text: cue.text}));
  const paint = canvas.getContext('2d', {willReadFrequently: true});
  const found = [];
  for (const cue of cues) {
    const at = cue.start + 0.5 / rate;
    if (at < video.buffered.start(0) || at > video.buffered.end(0)) continue;
    let shown = null;
    video.requestVideoFrameCallback((now, frame) => { shown = frame.mediaTime; });
    video.currentTime = at;
    await until(() => !video.seeking && shown !== null && Math.abs(shown - at) < 1);
    paint.drawImage(video, 0, 0, 384, 96);
    const row = paint.getImageData(0, 72, 384, 1).data;
    let number = 0;
    for (let n = 0; n < 32; n++) number = number * 2 + (row[(n * 12 + 6) * 4] > 128 ? 1 : 0);
    found.push({...cue, number});
  }
  return {found, level: hls.levels.length, tracks: hls.subtitleTracks.map(t => [t.name, t.lang])};
}"""


@pytest.fixture(scope="session")
def hls_js(request: pytest.FixtureRequest) -> Path:
    """hls.js 1.7.4 from npm, kept between runs."""
    place = Path(request.config.cache.mkdir("hls.js"))  # type: ignore[union-attr]
    script = place / "package/dist/hls.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        packed = npm and subprocess.run(
            [npm, "pack", "--silent", "hls.js@1.7.4"], cwd=place, capture_output=True, timeout=PATIENCE
        )
        if not packed or packed.returncode:
            pytest.skip("hls.js can't be had: npm is missing, or does not reach its registry")
        subprocess.run(["tar", "xzf", "hls.js-1.7.4.tgz"], cwd=place, check=True)
    return script


async def test_hls_js_shows_each_text_over_the_picture_that_it_is_about(kept: Kept, chromium: str, hls_js: Path) -> None:
    from playwright.async_api import async_playwright

    tmp_path = kept.folder
    shutil.copy(hls_js, tmp_path / "hls.js")
    (tmp_path / "index.html").write_text(PAGE)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=PATIENCE * 1000)
            page = await browser.new_page()
            page.set_default_timeout(PATIENCE * 1000)
            await page.goto(f"http://127.0.0.1:{server.server_address[1]}/index.html")
            seen = await asyncio.wait_for(page.evaluate(LOOK, RATE), PATIENCE)
            await browser.close()
    finally:
        server.shutdown()
        server.server_close()
    assert seen["tracks"] == [["Descriptions", "en"]]
    captions = kept.run.told.of("caption")
    assert len(seen["found"]) >= 3, json.dumps(seen)
    # the picture that is shown where a text begins is the one that the stream had there, to a frame
    starts = [cue["number"] / RATE - kept.found["offset"] for cue in seen["found"]]
    for start in starts:
        assert min(abs(start - caption["start"]) for caption in captions) <= 1.0 / RATE + 1e-3, (starts, captions)
    assert len({round(start, 3) for start in starts}) == len(starts), "a text that is in two segments is shown once"
