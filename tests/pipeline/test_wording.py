"""Errors say what may have been meant: the nearest file, option, language."""

from pathlib import Path

import pytest

from pipeline.errors import InputError, OutputError, UsageError
from pipeline.families import parse
from pipeline.files import explained
from pipeline.languages import check_tag
from pipeline.missing import missing
from pipeline.subtitles import load as load_subtitles


def test_the_nearest_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "holiday.mp4").touch()
    (tmp_path / "link.mp4").symlink_to("nowhere")
    assert missing(tmp_path / "holidya.mp4") == "there is no such file; did you mean 'holiday.mp4'?"
    assert missing(tmp_path / "other.mp4") == "there is no such file"
    assert missing(tmp_path / "no/folder.mp4") == "there is no such file"
    assert missing(tmp_path / "link.mp4") == "it is a link to nothing"
    with pytest.raises(InputError, match=r"did you mean 'holiday\.mp4'"):
        load_subtitles(tmp_path / "holday.mp4", form="srt")


def test_a_file_where_a_folder_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    for folder in (tmp_path / "out", tmp_path / "out/deeper"):
        with pytest.raises(OSError) as caught:
            folder.mkdir()
        error = explained(folder, caught.value)
        assert isinstance(error, OutputError)
        assert "a file has the name of this folder" in error.message


def test_a_film_where_captions_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").touch()
    with pytest.raises(UsageError, match="called like a film"):
        load_subtitles(tmp_path / "film.mp4")


@pytest.mark.parametrize(("name", "tag"), [("german", "de"), ("Deutsch", "de"), ("french", "fr")])
def test_the_name_of_a_language_is_no_tag(name: str, tag: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean '{tag}'"):
        check_tag(name)


def test_an_option_of_a_plugin_without_its_name() -> None:
    with pytest.raises(UsageError, match="'8' wants a name or a value"):
        parse("windows", "fixed:8")
