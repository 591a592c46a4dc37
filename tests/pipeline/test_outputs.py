"""Names of outputs: as the contract has them, and never two films with one name."""

import os
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.described_before import place_of
from pipeline.errors import UsageError
from pipeline.filenames import check_sidecars
from pipeline.formats import json
from pipeline.inputs import Film
from pipeline.options.base import load
from pipeline.options.caption import Settings
from pipeline.outputs import plan, stems
from pipeline.types import Document, Model, Source


def films(*names: str) -> list[Film]:
    return [Film(Path(name), Path(Path(name).name)) for name in names]


def planned(*names: str, folder: Path | None = None, burn: bool = True, mux: bool = True) -> list[list[str]]:
    outputs = plan(films(*names), folder=folder, language="en", formats=("json", "srt", "vtt"), burn=burn, mux=mux)
    return [[str(path) for path in outputs[Path(name)].all] for name in names]


def test_names_of_the_contract() -> None:
    sidecars = ["a/movie.descriptions.json", "a/movie.descriptions.en.srt", "a/movie.descriptions.en.vtt"]
    assert planned("a/movie.mp4", mux=False) == [[*sidecars, "a/movie.described.mp4"]]
    assert planned("a/movie.mkv") == [[*sidecars, "a/movie.described.mkv", "a/movie.described.soft.mkv"]]
    assert planned("movie.mp4", mux=False)[0][-1] == "movie.described.mp4"
    assert planned("movie.mp4", burn=False)[0][-1] == "movie.described.mp4"
    assert planned("movie.avi", burn=False)[0][-1] == "movie.described.mkv"
    assert planned("x/movie.mp4", folder=Path("out"), burn=False, mux=False)[0][0] == "out/movie.descriptions.json"


def test_burned_and_muxed_of_one_film_have_two_names() -> None:
    for name in ("movie.mp4", "movie.mkv", "movie.webm", "movie.avi", "movie"):
        names = planned(name)[0]
        assert len(set(names)) == len(names) == 5, names


def test_films_that_would_collide_keep_their_extension_or_their_folder() -> None:
    (a,), (b,) = ([names[0]] for names in planned("a.mp4", "a.mkv", burn=False, mux=False))
    assert (a, b) == ("a.mp4.descriptions.json", "a.mkv.descriptions.json")
    one, two = planned("x/a.mp4", "y/a.mp4", folder=Path("out"), burn=False, mux=False)
    assert (one[0], two[0]) == ("out/x.a.mp4.descriptions.json", "out/y.a.mp4.descriptions.json")


@given(st.sets(st.from_regex(r"\A(?:[ab]/){1,2}[ab](?:\.[ab]){0,2}\.(?:mp4|mkv|MP4)\Z"), max_size=12), st.booleans())
def test_no_output_is_that_of_another_film(names: set[str], together: bool) -> None:
    every = [path.casefold() for one in planned(*sorted(names), folder=Path("out") if together else None) for path in one]
    assert len(set(every)) == len(every)


def test_films_that_come_one_by_one_never_run_out_of_names() -> None:
    first = list(islice(stems(Path("/in/a/b.mp4")), 6))
    assert first == ["b", "b.mp4", "a.b.mp4", "in_a_b.mp4", "b.mp4~2", "b.mp4~3"]


def test_sidecars_are_called_as_the_pattern_says() -> None:
    film = Film(Path("a/movie.mp4"), Path("movie.mp4"))
    made = plan([film], folder=None, language="pt-BR", formats=("srt",), burn=False, mux=False, sidecars="{name}.{language}.sdh")
    assert [path.name for path in made[film.path].all] == ["movie.descriptions.json", "movie.pt-BR.sdh.srt"]


@pytest.mark.parametrize(
    "pattern",
    ["{name}", "{language}", "{name}/{language}", "{name}.{language}.{x}", "../{name}.{language}", "{name}.{language}\n", ""],
)
def test_a_pattern_that_cannot_be_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\{name\}"):
        check_sidecars(pattern)
    with pytest.raises(UsageError, match="--sidecar-name"):
        load(Settings, {"sidecar_name": pattern})


def described(
    folder: Path, name: str, *, size: int, out: Path | None = None, stem: str | None = None, placed: bool = False
) -> Film:
    """A film of so many bytes; ``stem``: what its finished captions are called, None where it has none; ``placed``: they tell its folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    if stem is not None:
        where = place_of(path) if placed else ""
        source = Source(name=path.name, size=size, duration=1.0, fps=1.0, width=2, height=2, start=0.0, place=where)
        model = Model(name="m", id="m", revision="1", engine="echo", engine_version="1")
        document = Document(source=source, model=model, settings={}, captions=())
        place = out or folder
        place.mkdir(exist_ok=True)
        (place / f"{stem}.descriptions.json").write_text(json.to_text(document))
    return Film(path, Path(path.name))


def stems_of(found: list[Film], out: Path | None = None) -> list[str]:
    made = plan(found, folder=out, language="en", formats=("srt",), burn=False, mux=False)
    return [made[film.path].stem for film in found]


@pytest.mark.parametrize("beside", [True, False])
def test_a_film_keeps_its_name_whoever_comes_beside_it(beside: bool, tmp_path: Path) -> None:
    out = None if beside else tmp_path / "out"
    first = described(tmp_path, "a.mp4", size=10, out=out, stem="a")
    second = described(tmp_path, "a.mkv", size=20)
    assert stems_of([first, second], out) == ["a", "a.mkv"]
    third = described(tmp_path, "A.mp4", size=30)
    assert stems_of([first, second, third], out)[0] == "a"
    assert len(set(map(str.casefold, stems_of([first, second, third], out)))) == 3


def test_a_film_keeps_its_name_when_the_other_one_is_gone(tmp_path: Path) -> None:
    film = described(tmp_path, "a.mkv", size=20, stem="a.mkv")
    described(tmp_path, "gone.mp4", size=10, stem="a")
    (tmp_path / "gone.mp4").unlink()
    assert stems_of([film]) == ["a.mkv"]


def test_films_of_one_name_and_size_in_two_folders_are_not_taken_for_each_other(tmp_path: Path) -> None:
    """The JSON tells the film's name and not its folder: the captions of y's would be called those of x's, and x's finished."""
    out = tmp_path / "out"
    described(tmp_path / "y", "a.mp4", size=10, out=out, stem="a")
    found = [described(tmp_path / folder, "a.mp4", size=10) for folder in ("x", "y")]
    assert stems_of(found, out) == ["x.a.mp4", "y.a.mp4"]


def test_of_films_of_one_name_in_one_run_each_keeps_what_it_has(tmp_path: Path) -> None:
    """The first card was described before the second one was there: it is not described again because both are named."""
    out = tmp_path / "out"
    first = described(tmp_path / "day 1", "C0001.MP4", size=10, out=out, stem="C0001", placed=True)
    second = described(tmp_path / "day 2", "C0001.MP4", size=10)
    second.path.write_bytes(b"y" * 10)
    assert stems_of([first, second], out) == ["C0001", "day 2.C0001.MP4"]


def test_two_cards_of_a_camera_into_one_folder(tmp_path: Path) -> None:
    """Each card begins with the same name: the second one's captions took the place of the first one's without a word."""
    out = tmp_path / "out"
    described(tmp_path / "day 1", "C0001.MP4", size=10, out=out, stem="C0001", placed=True)
    assert stems_of([described(tmp_path / "day 2", "C0001.MP4", size=20)], out) == ["C0001.MP4"]
    described(tmp_path / "day 2", "C0001.MP4", size=20, out=out, stem="C0001.MP4", placed=True)
    assert stems_of([Film(tmp_path / "day 2" / "C0001.MP4", Path("C0001.MP4"))], out) == ["C0001.MP4"]
    assert stems_of([described(tmp_path / "day 3", "C0001.MP4", size=30)], out) == ["day 3.C0001.MP4"]
    assert stems_of([described(tmp_path / "archive", "C0001.MP4", size=10)], out) == ["C0001"], "the same film, moved"
    assert stems_of([described(tmp_path / "day 1", "C0001.MP4", size=11)], out) == ["C0001"], "the same name, encoded anew"
    assert stems_of([described(tmp_path / "day 2", "C0002.MP4", size=9)], out) == ["C0002"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "C0001.MP4").write_bytes(b"y" * 10)  # as long as the first: uncompressed, or made in advance
    assert stems_of([Film(tmp_path / "other" / "C0001.MP4", Path("C0001.MP4"))], out) == ["other.C0001.MP4"]


def test_twins_in_case_keep_their_numbers(tmp_path: Path) -> None:
    films = [described(tmp_path, name, size=size, stem=f"{name}~{number}") for number, (name, size) in enumerate(TWINS, 2)]
    found = [described(tmp_path, "FILM.mp4", size=9), *films]
    assert stems_of(found)[1:] == [f"{name}~{number}" for number, (name, _) in enumerate(TWINS, 2)]
    assert len(set(map(str.casefold, stems_of(found)))) == 4


TWINS = [("Film.mp4", 11), ("film.mp4", 12), ("film.MP4", 13)]


def test_the_captions_of_a_film_that_is_still_there_are_not_replaced(tmp_path: Path) -> None:
    described(tmp_path, "a.mp4", size=10, stem="a")
    assert stems_of([described(tmp_path, "a.mkv", size=20)]) == ["a.mkv"]
    (tmp_path / "a.mp4").unlink()
    assert stems_of([described(tmp_path, "a.mkv", size=20)]) == ["a"], "one that was encoded anew takes the place of what it was"


def test_a_film_that_was_written_anew_under_its_name_is_described_under_its_old_one(tmp_path: Path) -> None:
    described(tmp_path, "a.mp4", size=10, stem="a")
    assert stems_of([described(tmp_path, "a.mp4", size=11)]) == ["a"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"source": {"name": "a.mp4", "size": 1', '{"source": {"name": "\\ud800", "size": 10}}', "\0" * 9000],
)
def test_what_is_no_document_of_ours_holds_no_name(content: str, tmp_path: Path) -> None:
    film = described(tmp_path, "a.mp4", size=10)
    (tmp_path / "a.descriptions.json").write_text(content)
    (tmp_path / "a.mp4.descriptions.json").mkdir()
    os.mkfifo(tmp_path / f"{tmp_path.name}.a.mp4.descriptions.json")
    assert stems_of([film]) == ["a"]


@given(
    names=st.lists(st.sampled_from(["a.mp4", "a.mkv", "A.mp4", "A.mkv", "a.MP4", "b.mp4"]), unique=True, min_size=1),
    data=st.data(),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_in_whatever_order_films_come_none_is_described_twice(
    names: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("films")
    known: dict[str, str] = {}
    for name in data.draw(st.permutations(names)):
        described(folder, name, size=10 + len(known))
        here = sorted(path for path in folder.iterdir() if path.suffix != ".json")
        now = stems_of([Film(path, Path(path.name)) for path in here])
        assert len(set(map(str.casefold, now))) == len(now)
        for path, stem in zip(here, now, strict=True):
            assert known.setdefault(path.name, stem) == stem
            described(folder, path.name, size=path.stat().st_size, stem=stem)
