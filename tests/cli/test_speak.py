"""``scenescribe speak`` and ``--place``, as they are typed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from patience import PATIENCE
from talking_film import talking

LINES = "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nA test card.\n\n00:00:05.000 --> 00:00:11.000\nThe picture stays.\n"


def run(*words: object, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["scenescribe", *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("speak")
    talking(made / "movie.mp4")
    (made / "movie.en.vtt").write_text(LINES)
    done = run("caption", "movie.mp4", "--engine", "echo", "--place", "auto", "-q", cwd=made)
    assert done.returncode == 0, done.stderr
    return made


def test_captions_know_when_somebody_speaks(folder: Path) -> None:
    speech = json.loads((folder / "movie.descriptions.json").read_text())["speech"]
    assert [round(start) for start, _ in speech] == [3, 12]
    # with it in the JSON, no film is needed to lay out anew
    shutil.copy(folder / "movie.descriptions.json", folder / "alone.descriptions.json")
    done = run("export", "alone.descriptions.json", "-f", "vtt", "--place", "gaps", "-o", "-", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "-->" in done.stdout


def test_subtitles_of_others_are_spoken(folder: Path) -> None:
    done = run("speak", "movie.mp4", "movie.en.vtt", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["output"] == "movie.spoken.mp4"
    assert (folder / "movie.spoken.mp4").is_file()
    assert [said["text"] for said in told["spoken"]] == ["A test card.", "The picture stays."]
    assert len(told["speech"]) == 2
    again = run("speak", "movie.mp4", "movie.en.vtt", cwd=folder)
    assert again.returncode == 1
    assert "output_exists" in again.stderr


def test_windows_without_a_description_are_said(folder: Path) -> None:
    document = json.loads((folder / "movie.descriptions.json").read_text())
    document["captions"][0] |= {"text": "", "outcome": "failed"}
    (folder / "holes.descriptions.json").write_text(json.dumps(document))
    done = run("speak", "movie.mp4", "holes.descriptions.json", "-o", "holes.mkv", "--extended", cwd=folder)
    assert (done.returncode, f"partial: 1 of {len(document['captions'])} windows" in done.stderr) == (0, True), done.stderr


def test_sound_alone_and_the_line_that_says_what_was_done(folder: Path) -> None:
    done = run("speak", "movie.mp4", "movie.en.vtt", "--audio-only", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip().endswith("movie.spoken.flac: 2 descriptions spoken")
    assert (folder / "movie.spoken.flac").is_file()


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("speak", "missing.mp4"), 1, "no_captions"),
        (("speak", "missing.mp4", "movie.en.vtt"), 1, "not_found"),
        (("speak", "movie.mp4", "movie.en.vtt", "--voice", "nobody"), 2, "unknown_plugin"),
        (("speak", "movie.mp4", "movie.en.vtt", "--voice", "espeak:name=nobody", "-o", "a.mkv"), 2, "bad_voice"),
        (("speak", "movie.mp4", "movie.en.vtt", "-o", "a.webm"), 2, "bad_container"),
        (("speak", "movie.mp4", "movie.en.vtt", "-o", "movie.mp4", "--overwrite"), 2, "same_file"),
        (("export", "movie.en.vtt", "-f", "srt", "--place", "somewhere"), 2, "bad_value"),
        (("mux", "movie.mp4", "movie.en.vtt", "--place", "gaps", "-o", "muxed.mkv"), 0, ""),
    ],
)
def test_what_is_wrong_is_one_line(folder: Path, words: tuple[str, ...], status: int, code: str) -> None:
    done = run(*words, cwd=folder)
    assert done.returncode == status, done.stderr
    assert code in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_film_nobody_can_listen(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "movie.en.vtt", tmp_path / "other.en.vtt")
    done = run("export", "other.en.vtt", "-f", "srt", "--place", "gaps", cwd=tmp_path)
    assert done.returncode == 2
    assert "speech_unknown" in done.stderr


def test_a_sound_that_can_not_be_read_costs_no_caption(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pipeline import caption
    from pipeline.errors import InputError
    from pipeline.speech import listening

    def broken(*_: object, **__: object) -> None:
        raise InputError("unsupported_or_corrupt", "its sound can't be decoded")

    monkeypatch.setattr(listening, "speech_in", broken)
    result = caption(folder / "movie.mp4", engine="echo", place="gaps", output_dir=tmp_path)
    assert "not_listened" in {notice.code for notice in result.notices}
    assert (tmp_path / "movie.descriptions.en.srt").read_text().startswith("1\n00:00:00,000")
    assert "speech" not in json.loads((tmp_path / "movie.descriptions.json").read_text())


def test_a_detector_that_is_not_there_is_said_before_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pipeline import caption
    from pipeline.errors import EnvironmentFault
    from pipeline.speech import listening

    monkeypatch.setattr(listening, "can_listen", lambda: False)
    with pytest.raises(EnvironmentFault) as caught:
        caption(folder / "movie.mp4", engine="echo", place="gaps", output_dir=tmp_path)
    assert caught.value.code == "no_speech_detector"
    assert not list(tmp_path.iterdir())
