"""``scenescribe search`` as a person and as a program use it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def described(run: Run, film: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "a film.mp4").write_bytes(film.read_bytes())
    assert run("caption", folder, "--engine", "echo", "-q").returncode == 0
    return folder


def test_a_person_sees_film_time_and_text(run: Run, described: Path) -> None:
    done = run("search", "frames of", described)
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first.startswith("films/a film.mp4  [0:0")
    assert "frames of" in first


def test_a_program_gets_one_object_a_line(run: Run, described: Path) -> None:
    done = run("search", "frames", described, "--json", "-k", "2")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 2
    assert set(lines[0]) == {"film", "start", "end", "text", "score", "kind"}
    assert lines[0]["film"] == str(described / "a film.mp4")
    assert lines[0]["score"] >= lines[1]["score"] >= 0


def test_nothing_found_is_1_and_said(run: Run, described: Path) -> None:
    done = run("search", "zebra", described)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "nothing found in the captions of 1 film"


def test_days_without_captions_are_told_as_that(run: Run, described: Path) -> None:
    done = run("search", "frames", described, "--until", "2001-01-31")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no captions were written in these days; ")


def test_pictures_of_the_results(run: Run, described: Path, tmp_path: Path) -> None:
    from PIL import Image

    assert run("search", "zebra", described, "--frames", tmp_path / "pictures").returncode == 1
    assert not (tmp_path / "pictures").exists(), "nothing was found"
    done = run("search", "frames", described, "-k", "1", "--frames", tmp_path / "pictures", "--json")
    assert done.returncode == 0, done.stderr
    with Image.open(json.loads(done.stdout)["frame"]) as picture:
        assert picture.size == (320, 180)
        assert max(high for _, high in picture.convert("RGB").getextrema()) > 60, "not black"


def test_films_whose_captions_stand_elsewhere_are_named_along_with_them(run: Run, film: Path, tmp_path: Path) -> None:
    films, out = tmp_path / "films", tmp_path / "described"
    (films / "autumn").mkdir(parents=True)
    (films / "autumn" / "a film.mp4").write_bytes(film.read_bytes())
    (films / "a film.mp4").write_bytes(b"of another size")
    (films / "nobody described.mp4").write_bytes(b"")
    assert run("caption", films / "autumn", "-o", out, "--engine", "echo", "-q").returncode == 0
    asked = ("frames", out, "-k", "1", "--json", "--frames", tmp_path / "pictures")

    alone = run("search", *asked)
    assert json.loads(alone.stdout)["frame"] is None
    assert "a film.mp4: no_film: its film is not beside its captions: name it too" in alone.stderr

    for named in (films, films / "autumn" / "a film.mp4"):
        done = run("search", *asked, named)
        assert (done.returncode, done.stderr) == (0, "")
        line = json.loads(done.stdout)
        assert line["film"] == str(films / "autumn" / "a film.mp4")
        assert Path(line["frame"]).is_file()

    other = run("search", *asked, films / "nobody described.mp4")
    assert "nobody described.mp4: no_captions: " in other.stderr


def test_a_text_model_that_is_not_here_is_told_with_what_to_do(run: Run, described: Path) -> None:
    done = run("search", "frames", described, "--by", "meaning", "--embedding-model", "./nothing")
    assert "--embedding-model names a folder that is here" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["***"], "bad_value"),
        (["x" * 10_000], "bad_value"),
        (["frames", "--by", "colour"], "bad_value"),
        (["frames", "--since", "yesterday"], "bad_value"),
        (["frames", "--by", "meaning", "--embedding-model", "./nothing"], "model_not_found"),
    ],
)
def test_what_can_not_be_looked_for_is_one_line(run: Run, described: Path, words: list[str], code: str) -> None:
    done = run("search", words[0], described, *words[1:])
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"scenescribe: {code}: ")


def test_a_film_without_captions_says_how_to_make_them(run: Run, film: Path) -> None:
    done = run("search", "frames", film)
    assert done.returncode == 1
    assert ": no_captions: no captions beside this film; scenescribe caption " in done.stderr


@pytest.mark.parametrize(("start", "end"), [("NaN", "1.0"), ("0.0", "Infinity"), ("-1e300", "1.0"), ("2.0", "1.0")])
def test_times_that_no_film_has_are_one_line_and_the_others_are_found(
    run: Any, film: Path, tmp_path: Path, start: str, end: str
) -> None:
    done = run("caption", film, "-o", tmp_path / "o", "--engine", "echo", "--windows", "fixed:seconds=6")
    assert done.returncode == 0, done.stderr
    good = tmp_path / "o/film.descriptions.json"
    document = json.loads(good.read_text())
    document["captions"][0] |= {"start": "START", "end": "END"}
    (tmp_path / "o/odd.descriptions.json").write_text(json.dumps(document).replace('"START"', start).replace('"END"', end))
    alone = run("search", "frames", tmp_path / "o/odd.descriptions.json")
    assert (alone.returncode, alone.stdout) == (1, "")
    assert "odd.descriptions.json: bad_json: " in alone.stderr
    assert alone.stderr.count("\n") == 1
    both = run("search", "frames", tmp_path / "o")
    assert "[0:00-0:06]" in both.stdout
    assert "bad_json" in both.stderr
