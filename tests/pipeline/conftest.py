"""The browser of this machine."""

import shutil

import pytest


@pytest.fixture(scope="session")
def chromium() -> str:
    """A chromium that plays H.264 (Debian's); Playwright's own does not."""
    pytest.importorskip("playwright", reason="playwright is not installed (the extra dev)")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("there is no chromium on this machine (apt install chromium)")
    return found
