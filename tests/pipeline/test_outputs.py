"""Names of outputs: as the contract has them, and never two films with one name."""

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.filenames import check_sidecars
from pipeline.inputs import Film
from pipeline.options.base import load
from pipeline.options.caption import Settings
from pipeline.outputs import plan, stems


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
