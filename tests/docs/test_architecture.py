"""The page about the house names each of its rooms, and its picture is well formed."""

import re
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]


def test_every_room_stands_on_the_page() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / "pipeline").glob("*/__init__.py")}
    assert len(rooms) > 20
    missing = {room for room in rooms if not re.search(rf"\.\./pipeline/{room}\b", page)}
    assert not missing, "a room without a line"


def test_what_the_picture_names_is_there() -> None:
    root = ElementTree.parse(ROOT / "docs/images/architecture.svg").getroot()
    named = [text for one in root.iter("{http://www.w3.org/2000/svg}text") if one.get("class") == "path" and (text := one.text)]
    paths = [path for text in named for path in re.split(r" · ", text)]
    assert len(paths) > 15
    for path in paths:
        inside = path.removeprefix("pipeline/")
        assert (ROOT / path).exists() or (ROOT / "pipeline" / inside).exists(), path
