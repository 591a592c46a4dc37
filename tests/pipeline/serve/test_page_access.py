"""Who can use the page: by the keyboard alone, enlarged, on a narrow screen, in the dark, read aloud; axe on each page and state."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from browsing import patient, signed_in, until, violations
from serving import Running, running

from models.engines.echo import EchoCaptioner
from models.errors import RequestRefused

SHOTS = os.environ.get("SCENESCRIBE_SHOTS")
"""a folder for screenshots, for eyes"""


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_everything_is_reached_by_the_keyboard(page: Any, served: Running, described: str) -> None:
    page.goto(f"{served.url}/films/{described}")
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("((e) => e.id || e.dataset.start || e.textContent.trim() || e.tagName)(document.activeElement)")
        )
        assert page.evaluate(
            "['BODY', 'VIDEO'].includes(document.activeElement.tagName) || getComputedStyle(document.activeElement).outlineStyle !== 'none'"
        )
    for wanted in ("Skip to content", "q", "video", "read", "pause", "question", "0.0", "2.0", "vtt", "task", "prompt"):
        assert wanted in seen, wanted


PAGES = (("films", "/"), ("film", "/films/{film}"), ("roots", "/films/roots?path=films"), ("search", "/films/search?q=frames"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_a_rule_of_accessibility(scheme: str, page: Any, served: Running, described: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": 1280, "height": 900})
    for name, path in PAGES:
        page.goto(served.url + path.format(film=described))
        assert violations(page) == [], path
        shot(page, f"{name}-{scheme}")


def test_a_narrow_screen_and_text_of_twice_the_size_lose_nothing(page: Any, served: Running, described: str) -> None:
    """320 pixels are a page of 1280 at 400 %; letters alone at 200 % are another matter."""
    for name, path in PAGES:
        page.set_viewport_size({"width": 320, "height": 700})
        page.goto(served.url + path.format(film=described))
        if name == "film":  # what is said makes the page longer, never wider
            page.fill("#question", "point")
            page.keyboard.press("Enter")
            until(page, "document.querySelectorAll('#talk li[aria-busy=false]').length === 1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{path} scrolls sideways"
        assert violations(page) == [], path
        shot(page, f"{name}-320")
        for width in (640, 1280):
            page.set_viewport_size({"width": width, "height": 700})
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} scrolls sideways at {width}"
            cut = page.evaluate(
                "[...document.querySelectorAll('button, a, select, label')].filter((e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1)"
                ".map((e) => e.outerHTML.slice(0, 90))"
            )
            assert cut == [], f"{path}: words that do not fit their button"
            shot(page, f"{name}-200-{width}")


def test_nothing_moves_for_who_does_not_want_it(page: Any, served: Running, described: str) -> None:
    page.goto(f"{served.url}/films/{described}")
    for wanted, kind in (("reduce", "auto"), ("no-preference", "smooth")):
        page.emulate_media(reduced_motion=wanted)
        assert page.evaluate("getComputedStyle(document.getElementById('transcript')).scrollBehavior") == kind


def test_each_state_of_a_film_passes(browser: Any, tmp_path: Path, film: Path) -> None:
    """No film yet, a file that is none, described just now, failed, an answer, an answer that failed."""
    fails = threading.Event()

    def fault(_: Any) -> Exception | None:
        return RequestRefused("a fault of the test") if fails.is_set() else None

    with (
        running(tmp_path / "state", captioner=EchoCaptioner(delay=0.4, capacity=1, fault=fault)) as service,
        signed_in(browser, service) as page,
    ):
        assert page.inner_text("main > p:last-child") == "None yet."
        assert violations(page) == []
        (tmp_path / "no film.mp4").write_bytes(b"nothing of the kind")
        page.set_input_files("#file", str(tmp_path / "no film.mp4"))
        page.click("text=Send and describe")
        until(
            page,
            "document.getElementById('sent').hidden && document.getElementById('said').textContent.includes('known video format')",
        )
        assert violations(page) == []
        shot(page, "refused")
        id = service.upload(film)["id"]
        page.goto(f"{service.url}/films/{id}")
        assert violations(page) == []
        service.job(id)
        page.reload()
        until(page, "document.querySelectorAll('#transcript button').length > 0 && !document.getElementById('progress').hidden")
        assert violations(page) == []
        shot(page, "running")
        until(page, "document.getElementById('progress').hidden")
        for question in ("What?", "And?"):
            page.fill("#question", question)
            page.keyboard.press("Enter")
            until(page, "document.querySelector('#talk li:last-child').ariaBusy === 'false'")
            fails.set()
        assert page.locator("#talk .wrong").count() == 1
        assert violations(page) == []
        shot(page, "answers")
        service.done(service.job(id, overwrite=True, prompt="Anew?")["id"])
        page.reload()
        assert violations(page) == []
        shot(page, "failed")


def test_a_keyboard_is_enough(browser: Any, served: Running, described: str) -> None:
    """From the key to an answer's moment of the film, without a pointer."""
    context = browser.new_context()
    page = patient(context.new_page())
    page.goto(served.url + "/signin")

    def tab_to(what: str) -> None:
        for _ in range(90):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement?.matches({what!r})"):
                return
        raise AssertionError(what)

    tab_to("#key")
    page.keyboard.type(served.key)
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Films')")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to content
    tab_to(f"a[href='/films/{described}']")
    page.wait_for_load_state("load")  # a key that comes while the page before is going is nobody's
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/films/{described}")
    tab_to("#question")
    page.keyboard.type("point")
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('#talk li[aria-busy=false]').length === 1")
    assert page.evaluate("document.activeElement.id") == "question", "the focus stays for the next question"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    until(page, "document.activeElement.id === 'video' && document.getElementById('video').currentTime === 2")
    tab_to("#transcript li:nth-child(3) button")
    page.keyboard.press("Space")
    until(page, "document.getElementById('video').currentTime === 4")
    tab_to("#downloads a")
    with page.expect_download():
        page.keyboard.press("Enter")
    context.close()


VOICE = """
window.spoken = [];
Object.defineProperty(window, "speechSynthesis", { value: { cancel() {}, speak(one) { spoken.push(one.text); window.last = one; } } });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


def test_the_film_waits_while_its_description_is_read_out(browser: Any, served: Running, described: str) -> None:
    with signed_in(browser, served) as page:
        page.add_init_script(VOICE)
        page.goto(f"{served.url}/films/{described}")
        until(page, "document.getElementById('video').readyState > 1")
        page.select_option("#read", "speech")
        page.check("#pause")
        page.evaluate("const v = document.getElementById('video'); v.muted = true; v.currentTime = 1.8; v.play()")
        until(page, "spoken.length > 0 && document.getElementById('video').paused")
        at = page.evaluate("document.getElementById('video').currentTime")
        page.wait_for_timeout(300)
        assert page.evaluate("document.getElementById('video').currentTime") == at
        page.evaluate("last.onend()")
        until(page, f"!document.getElementById('video').paused || document.getElementById('video').currentTime > {at}")
        page.reload()
        assert page.input_value("#read") == "speech"
        assert page.is_checked("#pause")
        page.select_option("#read", "screen")
        page.evaluate("const v = document.getElementById('video'); v.muted = true; v.currentTime = 3.9; v.play()")
        until(page, "document.getElementById('live').textContent === document.getElementById('now').textContent")
        until(page, "document.getElementById('video').paused")
        assert page.get_attribute("#live", "aria-live") == "polite"
        page.select_option("#read", "off")
        until(page, "!document.getElementById('video').paused || document.getElementById('video').ended")
