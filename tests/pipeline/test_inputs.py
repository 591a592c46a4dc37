"""What the user named, as films."""

from pathlib import Path

import pytest

from pipeline.inputs import find_films, is_described


def found(folder: Path, *names: str) -> list[str]:
    return [film.path.name for film in find_films([str(folder / name) for name in names], recursive=False).films]


def test_what_a_star_brings_along_is_left_out(tmp_path: Path) -> None:
    films = ("a.mp4", "b.mkv")
    ours = (
        "a.descriptions.json", "a.descriptions.en.srt", "a.described.mp4", "a.described.soft.mp4", "b.mkv.descriptions.pt-BR.vtt",
    )  # fmt: skip
    for name in (*films, *ours):
        (tmp_path / name).touch()
    assert found(tmp_path, *films, *ours) == list(films)
    assert found(tmp_path, "*") == list(films)
    assert found(tmp_path, ".") == list(films)


def test_an_output_that_is_named_without_its_film_is_taken(tmp_path: Path) -> None:
    for name in ("a.described.mp4", "b.mp4"):
        (tmp_path / name).touch()
    assert found(tmp_path, "a.described.mp4", "b.mp4") == ["a.described.mp4", "b.mp4"]


@pytest.mark.parametrize(
    ("name", "ours"),
    [("a.described.mp4", True), ("a.described.soft.mp4", True), ("a.Described.MKV", True), ("described.mp4", False), ("a.mp4", False)],
)  # fmt: skip
def test_films_that_we_wrote(name: str, ours: bool) -> None:
    assert is_described(name) is ours
