"""``--help``: what matters first comes first, no name is ever cut, examples that the program takes stand at the end."""

import os
import re
from functools import cache
from pathlib import Path

import pytest
from patience import PATIENCE
from zygote import zygote

from pipeline.cli.app import COMMANDS

ROOT = Path(__file__).parents[2]


@cache
def said(words: str, width: int = 80) -> str:
    """What the command prints into a pipe."""
    done = zygote().run(words.split(), cwd=ROOT, env={**os.environ, "COLUMNS": str(width)}, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [40, 80])
def test_no_name_is_cut_and_no_line_too_long(name: str, width: int) -> None:
    wide, page = said(f"{name} --help", 110), said(f"{name} --help", width)
    names = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
    assert names.findall(page) == names.findall(wide), "each option by its whole name"
    assert "…" not in page
    options, _, examples = page.partition("\nExamples\n")
    too_long = [line for line in options.splitlines() if len(line) > width]
    assert all(len(line.split()) <= 3 for line in too_long), "only a name that is longer than the page"
    assert examples.strip().startswith(f"scenescribe {name}")


def test_the_options_that_matter_first_stand_first() -> None:
    page = said("caption --help")
    titles = [line for line in page.splitlines() if re.fullmatch(r"[A-Z][A-Za-z ]+", line)]
    assert titles[:4] == ["Arguments", "Most used", "Options", "Model"], "then groups"
    assert titles[-2:] == ["Run", "Examples"]
    assert len(titles) == len(set(titles))
    most = page.partition("Most used\n")[2].partition("\n\nOptions")[0]
    found = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", most, re.MULTILINE)
    assert found == ["--recursive", "--model", "--output-dir", "--format", "--language"]


@pytest.mark.parametrize("name", COMMANDS)
def test_where_there_are_many_options_those_that_matter_stand_first_and_are_few(name: str) -> None:
    page = said(f"{name} --help", 110)
    titles = [line for line in page.splitlines() if re.fullmatch(r"[A-Z][A-Za-z ]+", line)]
    options = re.findall(r"^  (?:-\w, )?--[a-z]", page, re.MULTILINE)
    if len(options) > 6:
        assert next(title for title in titles if title != "Arguments") == "Most used"
        most = page.partition("Most used\n")[2].partition("\n\nOptions")[0]
        assert 3 <= len(re.findall(r"^  (?:-\w, )?--[a-z]", most, re.MULTILINE)) <= 9
    assert titles[-1] == "Examples"
    assert not re.findall(r"^  (?:-\w, )?--\S+ .*\brange\b  ", page, re.MULTILINE), "kinds have names for people"


def test_bench_has_no_option_that_does_nothing() -> None:
    """It writes sidecars into a folder of its own: there is nothing to burn, to sum up or to replace."""
    page = said("bench --help", 110)
    assert "--format" in page
    for name in (
        "--output-dir",
        "--burn",
        "--mux",
        "--sink",
        "--overwrite",
        "--strict",
        "--summarize",
        "--chapters",
        "--font",
        "--crf",
    ):
        assert not re.search(rf"{name}\b", page), name


def test_lines_of_a_list_stay_lines() -> None:
    page = said("dataset --help")
    assert "\n  status  how many items are done" in page
    assert "\n  retry   let the next annotate ask again what failed\n" in page


@pytest.mark.parametrize("name", COMMANDS)
def test_no_mark_of_another_language_is_left(name: str) -> None:
    assert "``" not in said(f"{name} --help", 110)


@pytest.mark.parametrize("name", ["list", "show", "retry", "forget"])
def test_the_commands_of_jobs_have_examples_too(name: str) -> None:
    assert f"\nExamples\n  scenescribe jobs {name}" in said(f"jobs {name} --help")


def test_defaults_are_said() -> None:
    assert "[srt,vtt]" in said("export --help")
    assert "[srt,vtt]" in said("caption --help")
    assert "[dim]" not in said("caption --help")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_an_example_is_an_option(name: str) -> None:
    page = said(f"{name} --help", 110)
    groups = [f"{name} {sub}" for sub in ("list", "show", "retry", "forget")] if name == "jobs" else []
    known = set(
        re.findall(r"(?<!\w)--?[a-z][a-z-]*", page.partition("\nExamples\n")[0] + "".join(said(f"{g} --help") for g in groups))
    )
    examples = page.partition("\nExamples\n")[2]
    ours = " ".join(part for line in examples.splitlines() for part in line.split("|") if "scenescribe" in part)
    used = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", ours))
    assert used <= known


def test_the_list_of_commands_says_one_sentence_each() -> None:
    page = said("--help", 200).partition("\nCommands\n")[2]
    assert re.findall(r"^  (\w+)  ", page, re.MULTILINE) == list(COMMANDS)
