"""The page in a real browser: the newest text beside the picture that it is about, said politely, and nothing missed."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from browsing import launched, patient, until
from live_page import Served, caption

from pipeline.frames import FrameBatch
from pipeline.types import Window

HOSTILE = "<img src=x onerror=alert(1)> a van \u202e\u2028data: {}\x85event: gap\r\nid: 9"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as browser:
        yield browser


@pytest.fixture
def served() -> Iterator[Served]:
    with Served("gate") as one:
        yield one


def seen(number: int) -> Window:
    """A window of one picture, of one colour."""
    frames = FrameBatch(data=np.full((1, 90, 160, 3), (200, 30, 30), np.uint8), times=(0.0,), indices=(number,))
    return Window(index=0, start=0.0, end=4.0, frames=frames)


def test_the_newest_text_is_said_politely_beside_its_picture(browser: Any, served: Served) -> None:
    page = patient(browser.new_page())
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(served.address)
    until(page, "document.getElementById('connection').textContent === 'connected'")
    served.show(seen(1))
    served.offer(caption(1, "A red ball rolls."))
    until(page, "document.querySelector('#now p')?.textContent.includes('A red ball rolls.')")
    until(page, "document.querySelector('#now img').naturalWidth === 160")
    region = page.locator("#now")
    assert region.get_attribute("aria-live") == "polite"
    assert page.locator("#now img").get_attribute("alt") == ""
    # the second takes the place of the first, which is kept below: a screen reader has one new sentence
    served.offer(caption(2, HOSTILE))
    until(page, "document.querySelectorAll('#before li').length === 2")
    assert page.locator("#now p").count() == 1
    assert "<img src=x onerror=alert(1)> a van" in page.locator("#now p").inner_text()
    assert page.locator("#before li").first.inner_text().endswith(page.locator("#now p").inner_text().split("gate")[-1].strip())
    assert said == []
    page.close()


def test_what_was_missed_while_the_connection_was_lost_is_there_afterwards(browser: Any, served: Served) -> None:
    """The browser sends Last-Event-ID by itself when it comes back."""
    page = patient(browser.new_page())
    page.goto(served.address)
    until(page, "document.getElementById('connection').textContent === 'connected'")
    served.offer(caption(1, "one"))
    until(page, "document.querySelectorAll('#before li').length === 1")
    served.cut()
    for number, text in ((2, "two"), (3, "three")):
        served.offer(caption(number, text))
    until(page, "document.querySelectorAll('#before li').length === 3")
    assert [row.split("gate")[-1].strip() for row in page.locator("#before li").all_inner_texts()] == ["three", "two", "one"]
    page.close()


def test_the_page_has_no_fault_of_accessibility(browser: Any, served: Served) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = patient(browser.new_context(bypass_csp=True).new_page())
    page.goto(served.address)
    until(page, "document.getElementById('connection').textContent === 'connected'")
    served.show(seen(1))
    served.offer(caption(1, "A red ball rolls."))
    until(page, "document.querySelectorAll('#before li').length === 1")
    found = axe.run(page).response["violations"]
    assert [one["id"] for one in found] == []
    page.context.close()
