"""The journal: what was captioned before a crash is there after it, whatever the crash cut short."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import OutputError
from pipeline.store.journal import Journal
from pipeline.types import Caption, Outcome

KEY = {"file": [10, 20], "model": "m", "prompt": "Wörds \ud800"}


def caption(i: int) -> Caption:
    return Caption(start=i, end=i + 1, text=f"Text {i}\n\u2028 😀 \ud83d", frames=(i + 0.25,), outcome=Outcome.TRUNCATED)


def test_what_was_added_is_read_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", KEY) as journal:
        journal.add(caption(1))
        journal.add(caption(0))
    with Journal(tmp_path / "j", KEY) as again:
        assert [c.text for c in again.captions] == [caption(1).text, caption(0).text]
        assert again.captions[1] == caption(0)
    assert [path.name for path in tmp_path.iterdir()] == ["j"], "it stays for the next run"


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_file_cut_short_anywhere_keeps_its_whole_lines(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j"
    with Journal(path, KEY) as journal:
        for i in range(3):
            journal.add(caption(i))
    whole = path.read_bytes()
    ends = [i for i, byte in enumerate(whole) if byte == 10]
    path.write_bytes(whole[:cut])
    with Journal(path, KEY) as again:
        kept = max(sum(end < cut for end in ends) - 1, 0)  # the first line is the head
        assert [c.start for c in again.captions] == list(range(kept))
        again.add(caption(9))
    with Journal(path, KEY) as third:
        assert third.captions[-1] == caption(9)


def test_other_settings_or_no_resume_start_anew(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", KEY) as journal:
        journal.add(caption(0))
    with Journal(tmp_path / "j", {**KEY, "model": "other"}) as other:
        assert other.captions == ()
    with Journal(tmp_path / "j", KEY, resume=False) as anew:
        assert anew.captions == ()


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError) as caught:
        Journal(tmp_path / "file" / "folder" / "j", KEY)
    assert caught.value.code == "unwritable"


def test_nothing_is_left_of_a_film_that_was_never_captioned_and_of_a_write_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(tmp_path / "j", KEY):
        pass
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OutputError, match="no_space"):
        Journal(tmp_path / "j", KEY)
    assert list(tmp_path.iterdir()) == []


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("there", [_fifo, _device, Path.mkdir, lambda path: path.write_bytes(b"\x00\xff" * 1000)])
def test_what_is_no_journal_is_set_aside_and_told(tmp_path: Path, there: Any) -> None:
    path = tmp_path / "j"
    there(path)
    with Journal(path, KEY) as journal:
        assert journal.captions == ()
        assert [notice.code for notice in journal.notices] == ["journal_damaged"]
        assert "j.damaged" in journal.notices[0].message
        journal.add(caption(0))
    assert os.path.lexists(tmp_path / "j.damaged")
    with Journal(path, KEY) as again:
        assert again.captions == (caption(0),)
        assert again.notices == ()


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000, "{}", "[]", "null", "1", '"x"', "{" * 50, "\x00\x00",
        *(json.dumps({"start": 1, "end": 2, "text": "a", "outcome": "ok", "frames": [], **wrong}) for wrong in (
            {"start": "1"}, {"end": None}, {"text": 5}, {"text": None}, {"outcome": "great"}, {"outcome": []}, {"frames": ["a"]},
            {"frames": 5}, {"frames": {}, "end": True}, {"prompt_tokens": "1"}, {"completion_tokens": 1.5}, {"reused": 1},
            {"original": 3}, {"more": 1}, {"start": float("inf")}, {"end": float("nan")},
        )),
    ],
)  # fmt: skip
def test_a_line_of_wrong_types_or_depth_is_damage(tmp_path: Path, line: str) -> None:
    path = tmp_path / "j"
    with Journal(path, KEY) as journal:
        journal.add(caption(0))
    with path.open("a") as file:
        file.write(line + "\n")
    with Journal(path, KEY) as again:
        assert again.captions == ()
        assert [notice.code for notice in again.notices] == ["journal_damaged"]


def test_a_link_in_the_way_is_never_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "j.tmp").symlink_to(victim)
    (tmp_path / "j").symlink_to(victim)
    with Journal(tmp_path / "j", KEY) as journal:
        journal.add(caption(0))
        assert journal.notices
    assert victim.read_text() == "mine"
