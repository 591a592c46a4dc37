"""Names of outputs: as the contract has them, and never two films with one name."""

from itertools import islice
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.inputs import Film
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
