"""Names of files: never outside their folder, never too long, the same in every run."""

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import OutputError
from pipeline.filenames import NAME_MAX, RESERVE, cut, fitted, name_in
from pipeline.inputs import Film
from pipeline.outputs import plan

names = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=400)


@pytest.mark.parametrize("stem", ["../x", "/etc/passwd", "a/b", "x/../../../../victim/authorized", "nul\0", "..", ""])
def test_no_stem_leaves_its_folder(stem: str) -> None:
    with pytest.raises(OutputError) as caught:
        name_in(Path("out"), stem, "" if stem in ("..", "") else ".srt")
    assert caught.value.code == "bad_name"


@given(names)
def test_a_fitted_stem_leaves_room_is_text_and_stays_what_it_was_where_it_can(stem: str) -> None:
    short = fitted(stem)
    size = len(os.fsencode(short))
    assert size + RESERVE <= NAME_MAX
    assert (short == stem) == (len(os.fsencode(stem)) + RESERVE <= NAME_MAX)
    short.encode()
    assert fitted(stem) == short


@given(names, st.integers(8, 300))
def test_a_cut_is_between_characters(name: str, most: int) -> None:
    kept = cut(name, most)
    assert len(os.fsencode(kept)) <= most
    assert name.startswith(kept)
    assert kept


def test_a_cut_takes_no_accent_from_its_letter() -> None:
    name = "e\u0301" * 100
    assert all(unicodedata.is_normalized("NFC", cut(name, most).replace("e\u0301", "é")) for most in range(10, 30))
    assert all(len(cut(name, most).removesuffix("\u0301")) % 2 for most in range(10, 30))


@pytest.mark.parametrize("letter", ["x", "é", "猫", "👍", os.fsdecode(b"\xff")])
def test_every_output_of_a_film_with_the_longest_name_can_be_written(letter: str, tmp_path: Path) -> None:
    from pipeline.files import write_whole

    size = len(os.fsencode(letter))
    for length in (200, 228, 229, 230, 237, 238, 251):
        one = letter * (length // size) + ".mp4"
        other = letter * (length // size - 1) + "y.mp4"
        films = [Film(Path("in", name), Path(name)) for name in (one, other)]
        made = plan(films, folder=tmp_path, language="zh-Hans", formats=("json", "ttml", "srt"), burn=True, mux=True)
        for outputs in made.values():
            for path in (*outputs.all, outputs.journal):
                write_whole(path, b"x")
                assert path.read_bytes() == b"x"
            assert outputs.shortened == (len(os.fsencode(outputs.stem)) > 200 and "~" in outputs.stem)
            assert [notice.code for notice in outputs.notices] == ["name_shortened"] * outputs.shortened
        every = [path for outputs in made.values() for path in outputs.all]
        assert len(set(every)) == len(every)


def test_a_long_language_still_fits() -> None:
    film = Film(Path("in", "x" * 225 + ".mp4"), Path("x" * 225 + ".mp4"))
    tag = "de-Latn-DE-1996-x-privately"
    outputs = plan([film], folder=None, language=tag, formats=("srt",), burn=False, mux=False)[film.path]
    assert len(outputs.sidecar("srt").name) <= NAME_MAX


def test_two_long_names_that_differ_behind_the_cut_have_two_names() -> None:
    one, two = fitted("x" * 300 + "1"), fitted("x" * 300 + "2")
    assert one != two
    assert one.startswith("xxx")
    assert "~" in one
