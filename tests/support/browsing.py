"""Debian's chromium, headless, driven by playwright; a page of the service that is signed in and must keep still: nothing on its
console, nothing asked of another address."""

import base64
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE
from serving import Running

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def launched() -> Iterator[Any]:
    """A browser; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright (extra dev)")
    if not CHROMIUM.exists():
        pytest.skip("the browser tests need Debian's chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            timeout=PATIENCE * 1000,
        )
        yield browser
        browser.close()


def patient(page: Any) -> Any:
    """The page, which waits as long as all tests do and not playwright's 30 seconds."""
    page.set_default_timeout(PATIENCE * 1000)
    return page


@contextmanager
def signed_in(browser: Any, service: Running, **options: Any) -> Iterator[Any]:
    """A page in a context of its own, at the list of films."""
    context = browser.new_context(**options)
    page = patient(context.new_page())
    said: list[str] = []
    elsewhere: list[str] = []
    page.on("console", lambda message: said.append(message.text) if _is_trouble(message) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(service.url) else None)
    page.goto(f"{service.url}/#key={service.key}")
    page.wait_for_selector("h1:has-text('Films')")
    assert service.key not in page.url
    yield page
    context.close()
    assert said == []
    assert elsewhere == []


def _is_trouble(message: Any) -> bool:
    """Whether it is more than a request that was refused, of which browsers tell each."""
    status = "Failed to load resource: the server responded with a status of "
    refused = message.text.startswith((f"{status}4", f"{status}503"))
    return message.type in ("error", "warning") and not refused


def until(page: Any, expression: str, seconds: float = PATIENCE) -> None:
    """Poll: under our Content-Security-Policy playwright's own waiting for functions is refused."""
    from playwright.sync_api import Error

    for _ in range(int(seconds * 20)):
        with contextlib.suppress(Error):  # the page is just being loaded anew
            if page.evaluate(expression):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression}\n{page.inner_text('main')[-1500:]}")


def violations(page: Any) -> list[str]:
    """What axe finds wrong with the page as it is now."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes']]}" for one in found.response["violations"]]


def drop(page: Any, selector: str, path: Path) -> None:
    """Drag a file over an element of the page of films and let it fall; its form shows that it is taken."""
    data = base64.b64encode(path.read_bytes()).decode()
    carried = page.evaluate_handle(
        """([data, name]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)), carried = new DataTransfer();
            carried.items.add(new File([bytes], name, { type: "video/mp4" }));
            return carried;
        }""",
        [data, path.name],
    )
    page.dispatch_event(selector, "dragover", {"dataTransfer": carried})
    assert "over" in page.get_attribute("#upload", "class").split()
    page.dispatch_event(selector, "drop", {"dataTransfer": carried})
