"""``scenescribe summarize``, and ``caption --summarize``, as a person and as a program use them."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from stub_server import Stub, answer, body, picky

Run = Callable[..., Any]
ECHO = ("--engine", "echo")
MODELS = json.dumps({"data": [{"id": "tiny"}, {"id": "a-writer"}]}).encode()
CHAPTER_FILES = {f"film.chapters.{suffix}" for suffix in ("vtt", "json", "txt", "ffmeta")}


@pytest.fixture
def folder(run: Run, film: Path, tmp_path: Path) -> Path:
    """A folder with one described film."""
    folder = tmp_path / "films"
    folder.mkdir()
    shutil.copy(film, folder / "film.mp4")
    assert run("caption", folder / "film.mp4", *ECHO, "-q", "-f", "srt").returncode == 0
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"film.mp4", "film.descriptions.json", "film.descriptions.en.srt"}


def test_a_summary_and_chapters_in_all_their_files(run: Run, folder: Path) -> None:
    done = run("summarize", folder / "film.mp4", "--chapters", "--into-video", *ECHO)
    assert done.returncode == 0, done.stderr
    assert names(folder) == {"film.summary.json", "film.summary.md", "film.chaptered.mp4", *CHAPTER_FILES}
    summary = json.loads((folder / "film.summary.json").read_text())
    assert (summary["kind"], summary["method"]) == ("summary", "composed")
    assert summary["sentences"][0]["captions"] == [1]
    assert summary["sentences"][0]["times"] == [[0.0, 4.0]]
    assert done.stdout.splitlines()[0].endswith("(0:00-0:04)")
    assert "composed summary of" in done.stderr
    with av.open(str(folder / "film.chaptered.mp4")) as container:
        assert [one["metadata"]["title"] for one in container.chapters()] == [one["title"] for one in summary["chapters"]]
    # and none of it is taken for a film by the next run
    again = run("summarize", folder, "--chapters", "--into-video", *ECHO, "--json")
    assert again.returncode == 0, again.stderr
    (told,) = [json.loads(line) for line in again.stdout.splitlines()]
    assert told["state"] == "skipped"


def test_what_was_deleted_is_written_again_and_what_is_there_stays(run: Run, folder: Path) -> None:
    assert run("summarize", folder, "--chapters", *ECHO).returncode == 0
    before = (folder / "film.summary.json").stat().st_mtime_ns
    (folder / "film.chapters.vtt").unlink()
    assert run("summarize", folder, "--chapters", *ECHO).returncode == 0
    assert (folder / "film.chapters.vtt").exists()
    assert (folder / "film.summary.json").stat().st_mtime_ns == before


def test_other_settings_need_overwrite_and_new_captions_do_not(run: Run, folder: Path) -> None:
    assert run("summarize", folder, *ECHO).returncode == 0
    done = run("summarize", folder, *ECHO, "--length", "long")
    assert (done.returncode, "settings_differ" in done.stderr) == (1, True)
    assert run("summarize", folder, *ECHO, "--length", "long", "--overwrite").returncode == 0
    captions = json.loads((folder / "film.descriptions.json").read_text())
    captions["captions"][0]["text"] = "Something else."
    (folder / "film.descriptions.json").write_text(json.dumps(captions))
    assert run("summarize", folder, *ECHO, "--length", "long").returncode == 0
    assert "Something else." in (folder / "film.summary.md").read_text()


def test_a_file_of_others_is_left_alone(run: Run, folder: Path) -> None:
    (folder / "film.summary.md").write_text("mine")
    done = run("summarize", folder, *ECHO)
    assert done.returncode == 1
    assert "output_exists" in done.stderr
    assert names(folder) == {"film.summary.md"}
    (folder / "film.summary.json").write_text("{}")
    assert run("summarize", folder, *ECHO).returncode == 1
    assert (folder / "film.summary.json").read_text() == "{}"


def test_a_film_without_captions_is_described_first(run: Run, film: Path, tmp_path: Path) -> None:
    done = run("summarize", film, "-o", tmp_path / "out", "-f", "srt", *ECHO)
    assert done.returncode == 0, done.stderr
    assert names(tmp_path / "out") == {"film.summary.json", "film.summary.md"}
    assert (tmp_path / "out/film.descriptions.json").exists()


def test_caption_does_it_in_one_go_and_finishes_what_is_missing(run: Run, film: Path, tmp_path: Path) -> None:
    words = ("caption", film, "-o", tmp_path / "out", "-f", "srt", *ECHO, "--summarize", "--chapters")
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert names(tmp_path / "out") == {"film.summary.json", "film.summary.md", *CHAPTER_FILES}
    assert str(tmp_path / "out/film.chapters.vtt") in json.loads(done.stdout)["outputs"]
    for path in (tmp_path / "out").glob("film.chapters.*"):
        path.unlink()
    assert run(*words).returncode == 0
    assert names(tmp_path / "out") >= CHAPTER_FILES
    assert "skipped" in run(*words).stderr


def writer(said: Any) -> Any:
    """A server's model that describes what it sees, and makes JSON of numbered notes."""
    content = said["messages"][-1]["content"]
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    notes = re.findall(r"^(\d+)\. (.*)$", text, re.MULTILINE)
    if "numbered notes" not in text:
        return answer(f"A scene by {said['model']}.")
    assert said["response_format"]["json_schema"]["schema"]["properties"]["sentences"]
    told = {
        "title": "What is seen",
        "sentences": [{"text": f"{said['model']} tells of {len(notes)} notes.", "captions": [1, len(notes)]}],
    }
    return answer(json.dumps(told))


@pytest.mark.parametrize("other", [None, "a-writer"])
def test_a_server_writes_with_the_same_model_or_another(other: str | None, run: Run, film: Path, tmp_path: Path) -> None:
    with Stub([], models=body(200, MODELS), always=picky(writer)) as stub:
        more = () if other is None else ("--summary-model", other)
        server = ("--engine", "openai", "--base-url", stub.url, "--model", "tiny")
        done = run("caption", film, "-o", tmp_path, *server, "--summarize", "--style", "as a haiku", *more)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "film.summary.json").read_text())
    assert summary["method"] == "written"
    assert summary["model"]["id"] == (other or "tiny")
    assert summary["settings"]["style"] == "as a haiku"
    assert summary["sentences"][0]["captions"] == [1, 3]
    assert summary["sentences"][0]["text"].startswith(other or "tiny")


def test_another_local_model_writes_when_the_first_is_gone(run: Run, film: Path, tmp_path: Path) -> None:
    """``shapes`` describes nothing here: the captions are there, and the second model is the one that composes."""
    done = run("caption", film, "-o", tmp_path, *ECHO, "--model", "qwen2.5-vl-7b", "--summarize", "--summary-model", "shapes")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "film.summary.json").read_text())["method"] == "composed"


def test_a_film_that_was_renamed_with_its_captions_gets_its_chapters(run: Run, folder: Path) -> None:
    (folder / "film.mp4").rename(folder / "new.mp4")
    captions = (folder / "film.descriptions.json").rename(folder / "new.descriptions.json")
    done = run("summarize", captions, "--into-video", *ECHO)
    assert done.returncode == 0, done.stderr
    assert (folder / "new.chaptered.mp4").is_file()


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["summarize"], 2, "no_input: "),
        (["summarize", "nothing.mp4"], 1, "nothing.mp4: not_found: "),
        (["summarize", "broken.descriptions.json"], 1, "broken.descriptions.json: bad_json: "),
        (["summarize", "newer.descriptions.json"], 1, "newer.descriptions.json: bad_json: schema_version"),
        (["summarize", "film.descriptions.json", "--into-video"], 1, "film.descriptions.json: no_film: "),
        (["summarize", "film.descriptions.json", "--length", "medium"], 2, "bad_value: --length medium"),
        (["caption", "film.mp4", "--summarise"], 2, "--summarize"),
    ],
)
def test_one_line_says_what_is_wrong(words: list[str], code: int, reason: str, run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.descriptions.json").write_text('{"schema_version": 1')
    good = (folder / "film.descriptions.json").read_text()
    (tmp_path / "newer.descriptions.json").write_text(good.replace('"schema_version": 1', '"schema_version": 9'))
    (tmp_path / "film.descriptions.json").write_text(good)
    done = run(*words, env={"SCENESCRIBE_ENGINE": "echo"})
    assert (done.returncode, reason in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("count", [0, 1])
def test_a_film_with_no_caption_or_one_is_summarized_too(count: int, run: Run, folder: Path) -> None:
    captions = json.loads((folder / "film.descriptions.json").read_text())
    captions["captions"] = captions["captions"][:count]
    (folder / "film.descriptions.json").write_text(json.dumps(captions))
    done = run("summarize", folder / "film.descriptions.json", "--chapters", *ECHO)
    assert done.returncode == 0, done.stderr
    assert ("nothing_to_summarize" in done.stderr) is (count == 0)
    assert len(json.loads((folder / "film.summary.json").read_text())["sentences"]) == count
    assert (folder / "film.chapters.txt").read_text().startswith("0:00 ")


def test_a_name_of_raw_bytes_comes_back_whole(run: Run, folder: Path) -> None:
    odd = os.fsencode(folder) + b"/b\xff.mp4"
    os.rename(os.fsencode(folder / "film.mp4"), odd)
    done = run("summarize", odd, *ECHO, "--chapters")
    assert done.returncode == 0, done.stderr
    assert os.path.exists(os.fsencode(folder) + b"/b\xff.summary.json")


def without_asking(done: Any) -> bool:
    return done.returncode == 0 and "described first" not in done.stderr


def test_captions_beside_the_film_are_used_wherever_the_summary_goes(run: Run, folder: Path, tmp_path: Path) -> None:
    assert without_asking(run("summarize", folder / "film.mp4", "-o", tmp_path / "out", *ECHO))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"film.summary.json", "film.summary.md"}
    # those of another film that had this name, or that lack windows, are not taken
    captions = json.loads((folder / "film.descriptions.json").read_text())
    captions["source"]["size"] += 1
    (folder / "film.descriptions.json").write_text(json.dumps(captions))
    done = run("summarize", folder / "film.mp4", "-o", tmp_path / "anew", *ECHO)
    assert (done.returncode, "described first" in done.stderr) == (0, True), done.stderr
    assert (tmp_path / "anew/film.descriptions.json").is_file()


def test_films_that_are_described_first_keep_their_tree(run: Run, film: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "films" / name).mkdir(parents=True)
        shutil.copy(film, tmp_path / "films" / name / "film.mp4")
    words = ("summarize", tmp_path / "films", "-r", "-o", tmp_path / "out", "-f", "srt", *ECHO)
    assert run(*words).returncode == 0
    for name in ("one", "two"):
        assert {path.name for path in (tmp_path / "out" / name).iterdir()} == {
            "film.summary.json", "film.summary.md", "film.descriptions.json", "film.descriptions.en.srt",
        }  # fmt: skip
    assert without_asking(run(*words))


def test_a_folder_of_captions_alone_and_all_that_lies_in_it(run: Run, film: Path, tmp_path: Path) -> None:
    out = tmp_path / "described"
    assert run("caption", film, "-o", out, *ECHO, "-q").returncode == 0
    assert without_asking(run("summarize", out, "--chapters", *ECHO))
    assert (out / "film.summary.md").is_file()
    again = run("summarize", *sorted(out.iterdir()), *ECHO, "--json")  # as a shell's * names them
    assert again.returncode == 0, again.stderr
    assert [json.loads(line)["state"] for line in again.stdout.splitlines()] == ["skipped"]


def test_captions_in_two_languages_have_two_summaries(run: Run, film: Path, tmp_path: Path) -> None:
    """They bear one name; the second was written over the first, without a word."""
    for language in ("en", "de"):
        assert run("caption", film, "-o", tmp_path / language, "--language", language, *ECHO, "-q").returncode == 0
    both = [tmp_path / language / "film.descriptions.json" for language in ("en", "de")]
    assert run("summarize", *both, "-o", tmp_path / "out", *ECHO).returncode == 0
    told = {path.name: json.loads(path.read_text())["language"] for path in (tmp_path / "out").glob("*.summary.json")}
    assert told == {"en.film.summary.json": "en", "de.film.summary.json": "de"}
    found = run("search", "frames", tmp_path / "en", tmp_path / "de", "-k", "20")
    assert {line.split("  ")[0] for line in found.stdout.splitlines()} == {
        "film.mp4 (en/film.descriptions.json)", "film.mp4 (de/film.descriptions.json)",
    }  # fmt: skip
