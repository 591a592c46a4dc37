"""Pictures of the pages: small, whole, without scripts, and shown somewhere."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGES = sorted(path for path in (ROOT / "docs/images").iterdir() if path.is_file())


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_an_image_is_small_and_whole(image: Path) -> None:
    assert image.stat().st_size < 500_000
    if image.suffix == ".svg":
        text = image.read_text(encoding="utf-8")
        tree = ElementTree.fromstring(text)
        assert tree.get("viewBox")
        assert tree.get("aria-label") or tree.get("aria-labelledby")
        assert not re.search(r"<script|\son\w+=|href=\"(?!#)|url\((?!#)", text), "it acts, or fetches something"
    else:
        from PIL import Image

        with Image.open(image) as picture:
            picture.load()


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_an_image_is_shown_by_a_page(image: Path) -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    assert any(f"images/{image.name}" in page.read_text(encoding="utf-8") for page in pages)
