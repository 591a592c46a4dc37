"""What the user named, as films."""

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.inputs import find_films, is_described
from pipeline.video.source import open_source


def found(folder: Path, *names: str) -> list[str]:
    return [film.path.name for film in find_films([str(folder / name) for name in names], recursive=False).films]


def test_what_a_star_brings_along_is_left_out(tmp_path: Path) -> None:
    films = ("a.mp4", "b.mkv")
    ours = (
        "a.descriptions.json", "a.descriptions.en.srt", "a.described.mp4", "a.described.soft.mp4", "b.mkv.descriptions.pt-BR.vtt",
        "a.chaptered.mp4", "a.chapters.vtt", "a.summary.md",
    )  # fmt: skip
    for name in (*films, *ours):
        (tmp_path / name).touch()
    assert found(tmp_path, *films, *ours) == list(films)
    assert found(tmp_path, "*") == list(films)
    assert found(tmp_path, ".") == list(films)


def test_films_with_a_word_of_ours_in_their_names_are_films(tmp_path: Path) -> None:
    """We write a summary and chapters as text alone."""
    names = ["a.mp4", "a.summary.mp4", "a.chapters.mkv", "a.descriptions.mov"]
    for name in (*names, "a.spoken.mp4", "a.chaptered.mp4"):
        (tmp_path / name).touch()
    assert sorted(found(tmp_path, *(path.name for path in tmp_path.iterdir()))) == sorted(names)
    inputs = find_films([str(tmp_path)], recursive=False)
    assert sorted(film.path.name for film in inputs.films) == sorted(names)


def test_an_output_that_is_named_without_its_film_is_taken(tmp_path: Path) -> None:
    for name in ("a.described.mp4", "b.mp4"):
        (tmp_path / name).touch()
    assert found(tmp_path, "a.described.mp4", "b.mp4") == ["a.described.mp4", "b.mp4"]


@pytest.mark.parametrize(
    ("name", "beside", "ours"),
    [
        ("a.described.mp4", "a.descriptions.json", True), ("a.described.soft.mp4", "a.MKV", True), ("a.Described.MKV", "a.mp4", True),
        ("described.mp4", "a.mp4", False), ("a.mp4", "a.descriptions.json", False), ("a.described.mp4", "b.mp4", False),
        ("Film.2019.Audio.Described.mp4", "Film.2019.mp4", False), ("Film.Described.2019.mp4", "Film.mp4", False),
        ("Film.2019.Audio.Described.mp4", "Film.2019.Audio.descriptions.json", True), (".described.mp4", "a.mp4", False),
        ("a.spoken.mp4", "a.mp4", True), ("Film.2019.Spoken.mkv", "Film.2019.descriptions.json", True), ("Spoken.mp4", "a.mp4", False),
        ("a.chaptered.webm", "a.webm", True), ("Film.Chaptered.2019.mp4", "Film.mp4", False),
    ],
)  # fmt: skip
def test_films_that_we_wrote(name: str, beside: str, ours: bool, tmp_path: Path) -> None:
    """A name alone says nothing: the film or its captions must be beside."""
    for one in (name, beside):
        (tmp_path / one).touch()
    assert is_described(tmp_path / name) is ours
    assert (name in found(tmp_path, ".")) is (not ours and not name.startswith("."))


def test_a_row_of_pictures_is_told_where_to_go(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"img{number:04d}.png").write_bytes(b"\x89PNG\r\n\x1a\n and so on")
    [(_, error)] = find_films([str(tmp_path)], recursive=False).errors
    assert (error.code, error.message) == (
        "no_videos",
        "no video in this folder, and 3 pictures: scenescribe annotate describes these",
    )
    (tmp_path / "movie.descriptions.json").touch()
    [(_, error)] = find_films([str(tmp_path)], recursive=False).errors
    assert (error.code, "only captions of some" in error.message) == ("no_videos", True)
    for name, code, words in (
        ("img%04d.png", "not_found", "ffmpeg -framerate 25 -i img%04d.png"),
        ("img0001.png", "not_a_video", "scenescribe annotate describes pictures"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            open_source(tmp_path / name)
        assert caught.value.code == code
