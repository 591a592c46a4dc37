"""The report's summary, chapters and search box, in a real browser, from a file and without a network."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE

from pipeline.bench.films import FilmSpec, write

NASTY = "<img src=x onerror=document.title='evil'> Pets <b>rest</b>"


@pytest.fixture
def report(run: Callable[..., "subprocess.CompletedProcess[str]"], tmp_path: Path) -> Path:
    """Two films with summaries; the first has a caption and a chapter that say something nasty."""
    for name in ("a", "b"):
        write(tmp_path / f"{name}.mp4", FilmSpec(seconds=8, width=160, height=90, fps=10, gop=10))
    words = (
        "caption",
        "a.mp4",
        "b.mp4",
        "--engine",
        "echo",
        "--summarize",
        "--report",
        "report.html",
        "--windows",
        "fixed:seconds=4",
    )
    assert run(*words).returncode == 0
    path = tmp_path / "a.descriptions.json"
    document = json.loads(path.read_text())
    document["captions"][0]["text"] = f"Café. {NASTY}"
    path.write_text(json.dumps(document))
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return tmp_path / "report.html"


def test_the_box_finds_words_and_nothing_else_runs(report: Path) -> None:
    pytest.importorskip("playwright", reason="playwright is not installed (the extra dev)")
    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("there is no chromium on this machine (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, timeout=PATIENCE * 1000)
        page = browser.new_page(viewport={"width": 900, "height": 1400})
        page.set_default_timeout(PATIENCE * 1000)
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
        page.goto(report.as_uri())
        assert page.locator("ul.summary li").count() >= 2
        assert page.locator("table.chapters tr").count() >= 2
        page.screenshot(path=report.with_name("whole.png"), full_page=True)
        box = page.get_by_label("Find in captions")
        box.fill("CAFE rest")  # an accent less, and another case
        assert page.locator("section.film:visible").count() == 1
        assert page.locator("ol.windows li:visible").count() == 1
        assert page.get_by_role("status").inner_text().endswith("found in 1 film")
        page.screenshot(path=report.with_name("found.png"), full_page=True)
        box.fill("zebra")
        assert page.get_by_role("status").inner_text() == "0 found in 0 films"
        box.fill("")
        assert page.locator("section.film:visible").count() == 2
        href = page.locator("ul.summary a").first.get_attribute("href")
        assert href is not None
        assert page.locator(href).count() == 1
        assert page.title() != "evil"
        assert said == []
        page.set_viewport_size({"width": 400, "height": 800})  # a telephone
        page.add_style_tag(content="section.film { content-visibility: visible !important; }")  # or it cuts off what is too wide
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        film, run = page.evaluate(
            "['film', 'run'].map(name => document.querySelector(`section.${name}`).getBoundingClientRect().top)"
        )
        assert film < run, "films come first"
        sizes = page.evaluate(
            "[...document.querySelectorAll('.plot span')].map(one => parseFloat(getComputedStyle(one).fontSize))"
        )
        assert min(sizes) >= 12
        browser.close()
