"""Windows that a server refused: what is made of the others says so, and the next run asks for these alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stub_server import Stub, answer, content, picky, status

Run = Callable[..., Any]
REFUSES = status(400, "content policy: this picture is refused")
WINDOWS = 3
"""of the film, which has two cuts"""


def pictures(stub: Stub) -> int:
    """How many windows were asked about."""
    return sum(content(said, "image_url") + content(said, "video_url") > 0 for _, _, said, _ in stub.requests)


def server(stub: Stub) -> tuple[str, ...]:
    return "--engine", "openai", "--base-url", stub.url, "--model", "tiny"


@pytest.fixture
def partly(run: Run, film: Path, tmp_path: Path) -> Path:
    """A film of which ``summarize`` got one window refused."""
    copy = tmp_path / "films/film.mp4"
    copy.parent.mkdir()
    copy.write_bytes(film.read_bytes())
    return copy


def test_a_summary_is_made_anew_when_what_was_refused_is_answered(run: Run, partly: Path) -> None:
    with Stub([REFUSES], always=answer("A thing.")) as stub:
        first = run("summarize", partly, *server(stub))
        assert first.returncode == 0, first.stderr
        assert f"partial: 1 of {WINDOWS} windows has no description" in first.stderr
        asked = pictures(stub)
        assert asked == WINDOWS
        alone = run("summarize", partly.with_name("film.descriptions.json"), *server(stub))
        assert alone.returncode == 0, alone.stderr
        assert "partial: 1 of" in alone.stderr
        assert pictures(stub) == asked, "of captions alone there is no film to ask about"
        old = json.loads(partly.with_name("film.summary.json").read_text())["captions"]
        again = run("summarize", partly, *server(stub))
        assert again.returncode == 0, again.stderr
        assert "asked again first" in again.stderr
        assert "partial" not in again.stderr
        assert pictures(stub) == asked + 1
        assert json.loads(partly.with_name("film.summary.json").read_text())["captions"] != old
        assert "it is summarized" in run("summarize", partly, *server(stub)).stderr
        assert pictures(stub) == asked + 1


def test_captions_of_other_settings_are_summarized_as_they_are(run: Run, partly: Path) -> None:
    with Stub([REFUSES], always=answer("A thing.")) as stub:
        assert run("caption", partly, *server(stub)).returncode == 0
    done = run("summarize", partly, "--engine", "echo")
    assert done.returncode == 0, done.stderr
    document = json.loads(partly.with_name("film.descriptions.json").read_text())
    assert (document["model"]["engine"], len(document["captions"])) == ("openai", WINDOWS)
    assert partly.with_name("film.summary.json").exists()


def test_an_answer_says_that_its_captions_have_holes_and_caption_fills_them(run: Run, partly: Path) -> None:
    with Stub([REFUSES], always=answer("A thing.")) as stub:
        words = ("ask", partly, "What is it?", "--mode", "read", "--json", *server(stub))
        first = run(*words, "--caption")
        assert first.returncode == 0, first.stderr
        assert [one["code"] for one in json.loads(first.stdout)["warnings"]] == ["partial"]
        asked = pictures(stub)
        assert asked == WINDOWS
        without = run(*words)
        assert "partial: 1 of" in without.stderr
        assert pictures(stub) == asked
        again = run(*words, "--caption")
        assert again.returncode == 0, again.stderr
        assert "partial" not in again.stdout + again.stderr
        assert pictures(stub) == asked + 1


def test_what_is_exported_says_what_it_lacks(run: Run, partly: Path, tmp_path: Path) -> None:
    with Stub([REFUSES], always=answer("A thing.")) as stub:
        assert run("caption", partly, *server(stub)).returncode == 0
    words = ("export", partly.with_name("film.descriptions.json"), "-f", "txt", "-o", tmp_path / "out.txt", "--overwrite")
    done = run(*words)
    assert (done.returncode, "partial: 1 of" in done.stderr) == (0, True), done.stderr
    assert run(*words, "--strict").returncode == 1
    (tmp_path / "empty.srt").write_text("")
    empty = run("export", tmp_path / "empty.srt", "-f", "vtt", "-o", tmp_path / "empty.vtt")
    assert (empty.returncode, "empty.srt: warning: no_cues: " in empty.stderr) == (0, True), empty.stderr
    assert (tmp_path / "empty.vtt").read_text().startswith("WEBVTT")


@pytest.mark.parametrize("refused", [1, WINDOWS])
def test_a_data_set_of_a_film_counts_its_windows(refused: int, run: Run, partly: Path, tmp_path: Path) -> None:
    with Stub([REFUSES] * refused, always=answer("A thing.")) as stub:
        words = ("annotate", partly, "-o", tmp_path / "out", *server(stub))
        done = run(*words)
        assert done.returncode == 1, done.stderr
        assert f"{WINDOWS - refused} of {WINDOWS} rows described, of 1 of 1 items; {refused} failed" in done.stderr
        assert run("dataset", tmp_path / "out", "retry").returncode == 0
        again = run(*words)
        assert again.returncode == 0, again.stderr
        assert "1 of 1 items described" in again.stderr


GOOD = json.dumps({"title": "A heading", "sentences": [{"text": "A thing is seen.", "captions": [1]}]})
REFINED = "\n".join(f"{number}. A refined thing." for number in range(1, WINDOWS + 1))


def asked_for(words: str, said: Any) -> bool:
    return words in json.dumps(said["messages"])


def test_a_second_step_that_was_refused_is_asked_again_alone(run: Run, partly: Path) -> None:
    answers = iter([REFUSES, answer(REFINED)])
    with Stub([], always=picky(lambda said: next(answers) if asked_for("numbered descriptions", said) else None)) as stub:
        words = ("caption", partly, "--refine", *server(stub))
        first = run(*words)
        assert first.returncode == 0, first.stderr
        assert "refine_refused" in first.stderr
        assert "content policy" in first.stderr, "the server's words"
        asked = pictures(stub)
        again = run(*words)
        assert again.returncode == 0, again.stderr
        assert "refine_refused" not in again.stderr
        assert pictures(stub) == asked, "what was described is not asked again"
        captions = json.loads(partly.with_name("film.descriptions.json").read_text())["captions"]
        assert {one["text"] for one in captions} == {"A refined thing."}
        assert "it is finished" in run(*words).stderr


def test_a_summary_that_was_refused_has_failed_and_is_asked_again(run: Run, partly: Path) -> None:
    answers = iter([REFUSES, answer(GOOD)])
    with Stub([], always=picky(lambda said: next(answers) if asked_for("numbered notes", said) else None)) as stub:
        words = ("caption", partly, "--summarize", *server(stub))
        first = run(*words)
        assert first.returncode == 1, first.stderr
        assert "summary_refused: " in first.stderr
        assert "content policy" in first.stderr
        assert not partly.with_name("film.summary.json").exists()
        again = run(*words)
        assert again.returncode == 0, again.stderr
        assert json.loads(partly.with_name("film.summary.json").read_text())["method"] == "written"
        assert pictures(stub) == WINDOWS
