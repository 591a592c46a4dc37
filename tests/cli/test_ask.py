"""``scenescribe ask`` as a user types it, with the engine that says what it was shown."""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import zlib
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from patience import PATIENCE
from PIL import Image

ECHO = ("--engine", "echo", "--model", "llava-onevision-0.5b")


def test_questions_are_answered_in_turn_as_one_talk(run: Any, film: Path, tmp_path: Path) -> None:
    done = run("ask", film, "What is it?", "And then?", "--json", "-o", "talk.json", "--report", "talk.html", *ECHO)
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["question"], second["question"]) == ("What is it?", "And then?")
    assert first["mode"] == "look"
    assert first["answer"].startswith(f"{len(first['looked_at'])} frames of 384x384 in ")
    assert all(0 <= time < 12 for time in first["looked_at"])
    assert len(first["looked_at"]) == 24  # three shots of eight frames
    assert second["usage"]["prompt_tokens"] > first["usage"]["prompt_tokens"], "what was said before counts"
    kept = json.loads((tmp_path / "talk.json").read_text())
    assert [one["question"] for one in kept["answers"]] == ["What is it?", "And then?"]
    page = (tmp_path / "talk.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2 * 24
    assert "<script" not in page
    again = run("ask", film, "Once more?", "-o", "talk.json", "--report", "talk.html", *ECHO)
    assert again.returncode == 0, "our own files are written anew"
    (tmp_path / "talk.json").write_text("mine")
    said = run("ask", film, "Once more?", "-o", "talk.json", *ECHO).stderr
    assert "output_exists" in said
    assert "name another file" in said, "ask has no --overwrite"


def test_captions_that_are_named_are_used_wherever_they_stand(run: Any, film: Path, tmp_path: Path) -> None:
    """``caption -o described`` puts them elsewhere than beside the film."""
    shutil.copy(film, tmp_path / "one.mp4")
    assert run("caption", "one.mp4", "--engine", "echo", "-q", "-o", "described").returncode == 0
    read = ("--mode", "read", "--json", *ECHO)
    for where in ("described/one.descriptions.json", "described"):
        done = run("ask", "one.mp4", where, "What is it?", *read)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["mode"] == "read"
        alone = run("ask", where, "What is it?", *read)
        assert (alone.returncode, alone.stderr.count("\n"), ": no_film: these are captions" in alone.stderr) == (1, 1, True)
    assert run("ask", "one.mp4", "What is it?", *read).returncode == 1, "beside it there are none"
    (tmp_path / "one.mp4").rename(tmp_path / "described/one.mp4")
    assert run("ask", "described/one.descriptions.json", "What is it?", *read).returncode == 0


def test_a_part_so_many_frames(run: Any, film: Path) -> None:
    done = run("ask", film, "What is it?", "--at", "0:04-0:08", "--frames", "4", "--json", *ECHO)
    answer = json.loads(done.stdout)
    assert len(answer["looked_at"]) == 4
    assert all(4 <= time < 8 for time in answer["looked_at"])


def test_a_film_without_a_question_reads_them_from_the_standard_input(film: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "ask", str(film), "--json", *ECHO], input="What is it?\n\nAnd then?\n",
        capture_output=True, text=True, timeout=PATIENCE, check=False, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert [json.loads(line)["question"] for line in done.stdout.splitlines()] == ["What is it?", "And then?"]


def test_a_long_film_is_described_first_where_that_is_allowed(run: Any, film: Path, tmp_path: Path) -> None:
    (tmp_path / "long.mp4").symlink_to(film)
    short = (*ECHO, "--frames", "2")
    refused = run("ask", "long.mp4", "What is there?", *short)
    assert refused.returncode == 1
    assert refused.stderr.startswith("long.mp4: no_captions: it is too long to be looked at whole")
    allowed = run("ask", "long.mp4", "What frames are there?", "--caption", "--json", *short)
    assert allowed.returncode == 0, allowed.stderr
    assert (tmp_path / "long.descriptions.json").exists()
    answer = json.loads(allowed.stdout)
    assert len(answer["looked_at"]) == 2
    (cited,) = answer["citations"]
    assert 0 <= cited["start"] < cited["end"] <= 12
    when = json.loads(run("ask", "long.mp4", "When are there frames?", "--json", *short).stdout)
    assert when["mode"] == "when", "echo says the first of its choices: yes to each"
    assert [(one["start"], one["end"]) for one in when["citations"]] == [(0.0, 12.0)], "neighbours are one"
    read = json.loads(run("ask", "long.mp4", "What is it?", "--mode", "read", "--json", *short).stdout)
    assert (read["mode"], read["looked_at"]) == ("read", [])


def test_a_folder_says_which_film(run: Any, film: Path, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "films" / name).symlink_to(film)
    answer = json.loads(run("ask", "films", "When is it?", "--json", *ECHO).stdout)
    assert {Path(one["film"]).name for one in answer["citations"]} == {"a.mp4", "b.mp4"}
    assert answer["answer"] == "[a.mp4 0:00-0:12], [b.mp4 0:00-0:12]"
    assert {Path(one["film"]).name for one in answer["looked_at"]} == {"a.mp4", "b.mp4"}


def test_pictures(run: Any, tmp_path: Path) -> None:
    picture = Image.fromarray(np.full((40, 80, 3), (200, 20, 20), np.uint8))
    exif = picture.getexif()
    exif[0x0112] = 6  # lies on its side
    picture.save(tmp_path / "side.jpg", exif=exif)
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    assert "#c8" in run("ask", "side.jpg", "What is it?", *ECHO).stdout
    assert "#ffffff" in run("ask", "clear.png", "What is it?", *ECHO).stdout
    done = run("ask", "bad.png", "What is it?", *ECHO)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bad.png: bad_picture: ")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("nothing.mp4", "What?"), 1, "nothing.mp4: not_found: "),
        (("What is it?",), 2, "no_input: What is it? is no file"),
        ((), 2, "no_input: name a film"),
        (("FILM", " "), 2, "empty_question: "),
        (("FILM", "a " * 40_000), 1, "prompt_too_long: "),
        (("FILM", "What?", "--at", "2:00-1:00"), 2, "--at 2:00-1:00: it ends before it begins"),
        (("FILM", "What?", "--at", "5:00-6:00"), 1, "range_past_the_end: "),
        (("FILM", "What?", "--mode", "dream"), 2, "--mode dream"),
        (("text.mp4", "What?"), 1, "text.mp4: unsupported_or_corrupt: "),
        (("bomb.png", "What?"), 1, "bomb.png: picture_too_large: it has 10,000 million pixels, and 178 million are the most"),
    ],
)
def test_bad_input_is_one_line(words: tuple[str, ...], code: int, says: str, run: Any, film: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("only words")
    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    ends = b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (header, b"IDAT")
    )
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + ends)
    done = run("ask", *(film if word == "FILM" else word for word in words), *ECHO)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def _on_a_terminal() -> None:
    """In the new process: its standard input is its terminal, and Ctrl-C interrupts, though the tests may ignore it (nohup)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A conversation in a terminal of its own."""

    def __init__(self, film: Path, home: Path, *more: str) -> None:
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "ask", str(film), *more, *ECHO], stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, env={**os.environ, "HOME": str(home), "TERM": "dumb"}, close_fds=True,
            preexec_fn=_on_a_terminal,
        )  # fmt: skip
        os.close(theirs)
        self._said = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)

    def type(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def until(self, what: bytes, *, again: bytes = b"") -> None:
        """Until it is on the screen after what was waited for before; ``again``: keys that are typed once more where nothing comes."""
        end = time.monotonic() + PATIENCE
        while what not in self._said and time.monotonic() < end:
            if select.select([self.ours], [], [], 2)[0]:
                self._said += os.read(self.ours, 4096)
            elif again:
                self.type(again)
        assert what in self._said, self._said
        self._said = self._said.partition(what)[2]


def test_a_conversation_on_a_terminal(film: Path, tmp_path: Path) -> None:
    """Ctrl-C at the prompt throws a line away, an empty line ends the talk."""
    with Terminal(film, tmp_path) as talk:
        talk.until(b"> ")
        talk.type(b"not meant\x03")
        talk.until(b"> ", again=b"\x03")  # Python's input() misses a Ctrl-C that comes between its prompt and its first wait
        talk.type(b"What is it?\n")
        talk.until(b" frames of 384x384")
        talk.until(b"> ")
        talk.type(b"\n")
        assert talk.process.wait(PATIENCE) == 0


def test_ctrl_c_stops_the_answer_only_also_where_leave_is_asked(film: Path, tmp_path: Path) -> None:
    """A long film is described first, with leave: Ctrl-C there is no leave, and what is typed next is the next question's."""
    copy = tmp_path / "long.mp4"
    copy.write_bytes(film.read_bytes())
    with Terminal(copy, tmp_path, "--frames", "2") as talk:
        talk.until(b"> ")
        talk.type(b"What is it?\n")
        talk.until(b"[y/N]")
        talk.type(b"\x03")
        talk.until(b"(stopped)", again=b"\x03")
        talk.until(b"> ")
        talk.type(b"And now?\n")
        talk.until(b"[y/N]")
        talk.type(b"n\n")
        talk.until(b"no_captions")
        talk.until(b"> ")
        talk.type(b"\n")
        assert talk.process.wait(PATIENCE) == 1


def test_captions_that_are_damaged_are_called_so(run: Any, film: Path, tmp_path: Path) -> None:
    (tmp_path / "long.mp4").symlink_to(film)
    words = ("ask", "long.mp4", "What is there?", "--mode", "read", *ECHO)
    assert run("caption", "long.mp4", "--engine", "echo").returncode == 0
    assert run(*words).returncode == 0
    captions = tmp_path / "long.descriptions.json"
    captions.write_bytes(captions.read_bytes()[:-100])
    for more in ((), ("--caption",)):
        refused = run(*words, *more)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("long.mp4: bad_json: its captions are damaged: long.descriptions.json: ")
        assert "caption --overwrite" in refused.stderr
    assert run("caption", "long.mp4", "--engine", "echo", "--overwrite").returncode == 0
    assert run(*words).returncode == 0


def test_films_without_captions_are_left_out_and_told(run: Any, film: Path, tmp_path: Path) -> None:
    """Of a folder of long films some are described: they answer, and the others are no reason to say nothing."""
    films = tmp_path / "films"
    films.mkdir()
    for name in ("described.mp4", "other.mp4", "third.mp4"):
        (films / name).symlink_to(film)
    short = (*ECHO, "--frames", "2")
    for words in (("films", "What is there?"), ("films", "What is there?", "--mode", "read")):
        refused = run("ask", *words, *short)
        assert (refused.returncode, refused.stderr.split(": ")[1]) == (1, "no_captions"), "none has any"
    assert run("caption", films / "described.mp4", *ECHO).returncode == 0
    (films / "third.descriptions.json").write_text("{")
    for words in (("What is there?",), ("When are there frames?",), ("What is it?", "--mode", "read")):
        done = run("ask", "films", *words, "--json", *short)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert {Path(one["film"]).name for one in answer["citations"]} <= {"described.mp4"}
        assert all(Path(one["film"]).name == "described.mp4" for one in answer["looked_at"]), (
            "which film is told, though it is one"
        )
        assert "[described.mp4 0:" in answer["answer"] or not answer["citations"], "and in the words"
        assert [one["code"] for one in answer["warnings"]] == ["bad_json", "no_captions"]
        assert "third.descriptions.json" in answer["warnings"][0]["message"]
        assert "left out, for want of captions: other.mp4" in answer["warnings"][1]["message"]
    Image.new("RGB", (32, 32), "red").save(films / "still.png")
    (films / "described.descriptions.json").unlink()
    refused = run("ask", films / "still.png", films / "other.mp4", "Is this in it?", "--mode", "read", *short)
    assert (refused.returncode, "no_captions" in refused.stderr) == (1, True), "a picture is no answer for a film"
