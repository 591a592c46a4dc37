"""``--report``: one page that holds all of a run, safe whatever models and file names say, and no larger than it may be."""

import asyncio
import base64
import hashlib
import html
import html.parser
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from pipeline import Settings
from pipeline.bench.films import FilmSpec, write
from pipeline.engine.engine import Engine
from pipeline.errors import OutputError, ScenescribeError
from pipeline.frames import Frame
from pipeline.inputs import Film, find_films
from pipeline.observing import Observer, Result
from pipeline.report import Recorder, check, flow, page, plot, recorder
from pipeline.run import describe_all, plan_outputs
from pipeline.studio import Studio
from pipeline.types import Notice

NASTY = "<script>alert(1)</script> \"'> </title><img src=x onerror=alert(2)> \u202eevil & {{ 7*7 }} <|im_end|>"


class Nasty(EchoCaptioner):
    """Answers with what a sign in the picture made the model say."""

    async def caption(self, request: Request) -> Reply:
        return replace(await super().caption(request), text=NASTY)


class Silent:
    """A RunObserver that does nothing."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def observer(self, film: Film) -> Observer:
        return Observer()

    def finished(self, film: Film, result: Result) -> None:
        self.told.append(f"{film.path.name} {result.state}")

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        self.told.append(f"{os.path.basename(name)} {error.code}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write(folder / "film.mp4", FilmSpec(seconds=6, width=160, height=90, fps=10, gop=10))
    (folder / "b<b>roken&.mp4").write_text("no film")
    return folder


def record(folder: Path, out: Path, captioner: EchoCaptioner) -> Recorder:
    async def main() -> Recorder:
        settings = Settings(engine="echo", output_dir=out, windows="fixed:seconds=2", format="srt")
        studio, found = (
            Studio(settings, captioner=captioner),
            find_films([str(folder), "nope.mp4", "no*such.mp4"], recursive=False),
        )
        kept = Recorder(Silent(), studio, found.errors)
        async with studio:
            await describe_all(found.films, plan_outputs(found.films, studio), studio, kept)
        kept.stop()
        return kept

    return asyncio.run(main())


@pytest.fixture(scope="module")
def kept(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    return record(folder, tmp_path_factory.mktemp("out"), Nasty())


class Tags(html.parser.HTMLParser):
    """All tags with their attributes, and that each is closed."""

    VOID = frozenset({"meta", "input", "img", "br", "rect", "line", "path", "wbr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_shows_every_film_window_cue_and_warning(kept: Recorder) -> None:
    text = page.render(kept)
    tags = Tags(text).found
    pictures = [attrs["src"] or "" for tag, attrs in tags if tag == "img"]
    assert len(pictures) == 3
    assert all(src.startswith("data:image/jpeg;base64,/9j/") for src in pictures)
    assert [attrs["id"] for tag, attrs in tags if tag == "li"] == ["f3w1", "f3w2", "f3w3"]
    assert len([tag for tag, attrs in tags if tag == "section"]) == 5, "four films and the run"
    for said in ("nope.<wbr>mp4", "not_found", "unsupported_or_corrupt", "0:02 to 0:04", "1 done", "3 failed", "held back by"):
        assert said in text, said
    assert sorted(kept.inner.told) == ["b<b>roken&.mp4 unsupported_or_corrupt", "film.mp4 done", "nope.mp4 not_found"]  # type: ignore[attr-defined]


def test_the_table_counts_warnings_as_the_screen_does(kept: Recorder) -> None:
    """A text that is shown fast stands with its film, and is no warning."""
    film = next(one for one in kept.films if one.result is not None)
    assert film.result is not None
    taste = Notice(code="too_fast", message="read fast", start=0.0)
    fault = Notice(code="answer_repeated", message="cut", start=0.0)
    for notices, shown in (((taste, taste), ""), ((taste, fault), "1")):
        run, record = copy(kept), copy(film)
        record.result = replace(film.result, notices=notices)
        run.films = [record, record]  # of one film there is no table
        text = page.render(run)
        assert re.findall(r'data-what="warnings">([^<]*)<', text) == [shown, shown]
        assert text.count('class="warn">too_fast<') == 2 * notices.count(taste)


def test_the_films_come_first_and_the_run_s_numbers_last(kept: Recorder) -> None:
    text = page.render(kept)
    body = text[text.index("<main>") :]
    marks = (
        "<h1>",
        '<table class="films">',
        '<section class="film',
        '<section class="run"',
        '<dl class="facts">',
        'class="plot"',
    )
    order = [body.index(mark) for mark in marks]
    assert order == sorted(order)
    assert text.count('class="film short"') == 3, "a browser holds a screen free for each film that it has not drawn yet"
    assert "overflow-wrap: anywhere" not in text, "no word is broken inside"


def test_a_name_may_be_broken_after_its_separators_alone() -> None:
    assert page.breakable("a-b/c_d.mp4") == "a-<wbr>b/<wbr>c_<wbr>d.<wbr>mp4"
    assert page.breakable("<b>--x") == "&lt;b&gt;--<wbr>x"


def test_nothing_in_a_page_acts_and_nothing_comes_from_elsewhere(kept: Recorder) -> None:
    text = page.render(kept)
    tags = Tags(text).found
    assert not {"iframe", "object", "link", "base"} & {tag for tag, _ in tags}
    assert [tag for tag, _ in tags].count("script") == 1, "ours, which the policy names by its hash"
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{hashed}'" in html.unescape(text)
    for _, attrs in tags:
        assert not [name for name in attrs if name.startswith("on")]
        for name in ("src", "href"):
            assert (attrs.get(name) or "#").startswith(("#", "data:image/jpeg")), attrs
    assert "default-src 'none'" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{ 7*7 }}" in text
    assert "\u202e" not in text
    assert "b&lt;b&gt;roken&amp;.<wbr>mp4" in text


def test_on_the_command_line_the_page_takes_a_free_name_or_that_of_an_older_report(
    run: Callable[..., "subprocess.CompletedProcess[str]"], folder: Path, tmp_path: Path
) -> None:
    film = shutil.copy(folder / "film.mp4", tmp_path / "film.mp4")
    words = ("caption", film, "--engine", "echo", "-o", tmp_path / "out", "--report")
    assert run(*words, tmp_path / "new/report.html").returncode == 0
    first = (tmp_path / "new/report.html").read_text()
    assert "1 done" in first
    assert run(*words, tmp_path / "new/report.html").returncode == 0
    assert "1 skipped" in (tmp_path / "new/report.html").read_text()
    (tmp_path / "mine.html").write_text("mine")
    refused = run(*words, tmp_path / "mine.html")
    assert (refused.returncode, "output_exists" in refused.stderr) == (1, True)
    assert (tmp_path / "mine.html").read_text() == "mine"


def test_where_a_report_cannot_be_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file/report.html"):
        with pytest.raises(OutputError, match="unwritable"):
            check(path, overwrite=True)


def test_pictures_are_bounded_and_the_rest_is_said(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "ALL_THUMBNAILS", 5_000)
    kept = record(folder, tmp_path, EchoCaptioner())
    film = next(film for film in kept.films if film.result)
    assert film.without_room > 0
    assert sum(map(len, film.thumbnails.values())) <= 5_000
    assert f"{film.without_room} windows have no picture" in page.render(kept)


def test_windows_are_bounded_and_how_each_film_ended_is_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "ALL_WINDOWS", 2)
    kept = record(folder, tmp_path, EchoCaptioner())
    text = page.render(kept)
    assert "Its 3 windows are not shown" in text
    assert "<li " not in text
    assert "1 done" in text


@pytest.mark.parametrize(("shape", "size"), [((640, 480), (240, 180)), ((90, 160), (135, 240)), ((4000, 2), (240, 1))])
def test_a_thumbnail_has_the_shape_of_the_film_and_not_of_the_model(shape: tuple[int, int], size: tuple[int, int]) -> None:
    import base64
    import io

    from PIL import Image

    uri = recorder.thumbnail(Frame(image=np.full((384, 384, 3), 90, np.uint8), time=0, index=0), shape)
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as picture:
        assert (picture.size, picture.format) == (size, "JPEG")


async def test_what_was_in_flight_is_noted_as_it_changes() -> None:
    engine = Engine(EchoCaptioner(), in_flight=2, memory_bytes=1000)
    seen = flow.Flow(engine)
    places = [await engine.admit(10), await engine.admit(10)]
    third = asyncio.create_task(engine.admit(10))
    await asyncio.sleep(0)
    places[0].leave()
    await third
    for place in (places[1], third.result()):
        place.leave()
    seen.close()
    assert [count for _, count, _ in seen.points] == [1, 2, 2, 2, 1, 0, 0]
    assert engine.on_change == []


def test_a_days_run_takes_no_more_room_than_a_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MOST", 64)
    seen = flow.Flow(Engine(EchoCaptioner()))
    for at in range(100_000):
        seen.add(at / 10, 9 if at == 77_777 else at % 8, 0)
    assert len(seen.points) < 128
    assert max(count for _, count, _ in seen.points) == 9, "a peak is never thinned away"
    assert [at for at, _, _ in seen.points] == sorted(at for at, _, _ in seen.points)
    assert seen.points[-1][0] > 9_000


@pytest.mark.parametrize("seconds", [0.0, 0.03, 1, 59, 86_400])
@pytest.mark.parametrize("limit", [1, 8, 100_000])
def test_the_plot_stays_in_its_picture(seconds: float, limit: int) -> None:
    drawn = plot.plot([(0, 1, 0), (seconds / 2, 8, 3), (seconds, 0, 0)], seconds, limit, [(-3, -1), (-1, seconds / 4 + 0.0001)])
    [(x, width)] = drawn.loading
    assert 0 <= x <= x + width <= plot.SIDE
    for x, y in re.findall(r"M([\d.]+),([\d.]+)", drawn.area):
        assert 0 <= float(x) <= plot.SIDE
        assert 0 <= float(y) <= plot.SIDE
    assert len(drawn.ticks_x) <= 7, "labels have room on a telephone"
    assert all(0 <= place <= plot.SIDE for place, _ in (*drawn.ticks_x, *drawn.ticks_y)), "as the drawing, so its labels"
    assert 2 <= len(drawn.ticks_y) <= 8
    assert "nan" not in drawn.area + drawn.waiting


def test_times_are_told_as_players_tell_them() -> None:
    assert [page.clock(value) for value in (0, 59.6, 3599.7, 3725)] == ["0:00", "1:00", "1:00:00", "1:02:05"]
    assert [page.clock(value, 1) for value in (0, 59.96, 3.25)] == ["0:00.0", "1:00.0", "0:03.2"]
