"""A real browser takes our chapters: ``<track kind="chapters">`` of a video that it plays (docs/summaries.md)."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import PATIENCE

from pipeline import chapters
from pipeline.bench.films import FilmSpec, write
from pipeline.outline import Chapter

PAGE = Path(__file__).parents[3] / "docs/summaries.md"
CHAPTERS = (
    Chapter(start=0.0, end=2.0, title="First <b>&amp; bold</b>"),
    Chapter(start=2.0, end=4.5, title="猫 مرحبا"),
    Chapter(start=4.5, end=6.0, title="Last"),
)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The page's own HTML beside a film and our chapters, served."""
    write(tmp_path / "movie.mp4", FilmSpec(seconds=6, width=160, height=90, fps=10, gop=10))
    (tmp_path / "movie.chapters.vtt").write_text(chapters.write("vtt", CHAPTERS))
    found = re.search(r"```html\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    (tmp_path / "index.html").write_text(f"<!doctype html><meta charset=utf-8><title>x</title>{found[1]}")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    server.server_close()


def test_a_browser_shows_the_chapter_that_is_playing(address: str, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, timeout=PATIENCE * 1000)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(address)
        page.wait_for_function(
            "document.querySelector('track').readyState === 2 && document.querySelector('video').readyState >= 1"
        )
        cues = page.evaluate(
            "[...document.querySelector('video').textTracks[0].cues].map(c => [c.startTime, c.endTime, c.getCueAsHTML().textContent])"
        )
        assert cues == [[one.start, one.end, one.title] for one in CHAPTERS]
        assert page.evaluate("document.querySelector('video').textTracks[0].kind") == "chapters"
        active = page.evaluate(
            """async () => { const video = document.querySelector('video'), track = video.textTracks[0];
            const third = () => track.activeCues.length && track.activeCues[0].startTime === 2;
            const changed = new Promise(done => track.addEventListener('cuechange', () => third() && done()));
            // this server knows no ranges, and without them nothing but a blob can be sought in
            video.src = URL.createObjectURL(await (await fetch('movie.mp4')).blob());
            await new Promise(done => video.addEventListener('loadeddata', done));
            track.mode = 'hidden'; video.currentTime = 3; await changed; return track.activeCues[0].text; }"""
        )
        assert active == "猫 مرحبا"
        browser.close()
