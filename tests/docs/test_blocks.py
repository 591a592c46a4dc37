"""Every code block of README.md, CONTRIBUTING.md and docs/*.md runs as it stands, or says why it can't.

A page's blocks run one after the other in one folder with ``movie.mp4``, ``films/``, ``samples/`` and ``scripts/camera``; the
environment names the echo engine, so that a block without ``--engine`` runs no model. A comment before a block takes it out:

    <!-- not run: needs a GPU -->        <!-- run by: tests/models/test_custom_models.py -->
"""

import json
import re
import shutil
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
from blocks import MARKS, PAGES, ROOT, SHELL, SHOWN, Block, blocks, run

from pipeline.bench.films import FilmSpec, write


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages' readers have in their folder."""
    place = tmp_path_factory.mktemp("reader")
    write(place / "movie.mp4", FilmSpec(seconds=6, width=160, height=90, fps=10, gop=10))
    (place / "films/more").mkdir(parents=True)
    shutil.copy(place / "movie.mp4", place / "films/one.mp4")
    shutil.copy(place / "movie.mp4", place / "films/more/two.mp4")
    (place / "samples").mkdir()
    shutil.copy(ROOT / "samples/first.mp4", place / "samples")
    (place / "scripts").mkdir()
    (place / "scripts/camera").symlink_to(ROOT / "scripts/camera")
    (place / "home").mkdir()
    return place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_runs_from_top_to_bottom(page: Path, place: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    todo = [block for block in blocks(page) if not block.mark and (block.kind in SHELL or block.kind == "python")]
    if todo:
        shutil.copytree(place, folder, symlinks=True)
    for block in todo:
        run(block, folder)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_run_or_read_or_says_why_not(page: Path) -> None:
    for block in blocks(page):
        if block.mark:
            assert block.mark in MARKS, block
            assert len(block.why) > 10, block
            assert block.mark != "run by" or (ROOT / block.why.split()[0]).exists(), f"{block}: there is no {block.why}"
        elif block.kind == "toml":
            tomllib.loads(block.text)
        elif block.kind == "json":
            json.loads(block.text)
        else:
            assert block.kind in SHELL | SHOWN | {"python"}, f"{block}: a block of '{block.kind}' is run by nothing; mark it"


def anchors(page: Path) -> set[str]:
    """What links into a page may name."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "docs/decisions").glob("*.md"))], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_a_mark_belongs_to_the_block_after_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# x\n\n<!-- not run: needs a GPU -->\n```bash\na\n```\n\n```bash\nb\n```\n")
    assert [(block.mark, block.why, block.text, block.line) for block in blocks(page)] == [
        ("not run", "needs a GPU", "a\n", 4),
        ("", "", "b\n", 8),
    ]


def test_a_block_that_fails_is_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    with pytest.raises(AssertionError, match=r"page.md:7 exits with 3"):
        run(Block(page, 7, "bash", "exit 3\n", "", ""), tmp_path)
