"""A fault of ours in one file is that file's failure: told, with its traceback, exit 1, and the others are written."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import formats, media, subtitles, summary_run
from pipeline.cli.app import main
from pipeline.speech import speaking
from pipeline.subtitles import Loaded

SRT = "1\n00:00:01,000 --> 00:00:02,000\nOne\n"


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr("sys.argv", ["scenescribe", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.srt" for name in "abc"]
    for path in paths:
        path.write_text(SRT)
    return paths


@pytest.mark.parametrize("step", ["load", "shifted", "placed", "write", "write_whole"])
def test_export_goes_on_after_an_accident_at_any_step(
    step: str, files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = {"write": formats, "write_whole": __import__("pipeline.files", fromlist=["files"])}.get(step, subtitles)
    real, calls = getattr(home, step), [0]

    def breaks(*values: object, **more: object) -> object:
        calls[0] += 1
        if calls[0] == 2:
            raise RuntimeError("broken at " + step)
        return real(*values, **more)

    monkeypatch.setattr(home, step, breaks)
    assert run(monkeypatch, "export", *files, "-f", "vtt") == 1
    said = capsys.readouterr().err
    assert f"b.srt: internal_error: a fault of ours (RuntimeError: broken at {step})" in said
    assert "Traceback" in said
    assert [path.with_suffix(".vtt").exists() for path in files] == [True, False, True]


@pytest.mark.parametrize("command", ["burn", "mux"])
def test_an_accident_of_a_written_film(
    command: str, files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_: object, **__: object) -> Loaded:
        raise RuntimeError("broken")

    monkeypatch.setattr(media, command, breaks)
    film = files[0].with_name("film.mp4")
    film.write_bytes(b"film")
    assert run(monkeypatch, command, film, files[0]) == 1
    assert "film.mp4: internal_error: a fault of ours (RuntimeError: broken)" in capsys.readouterr().err


@pytest.mark.parametrize("step", ["read_document", "Summarizer.files", "Summarizer.write"])
def test_summarize_goes_on_after_an_accident_of_one_film(
    step: str, files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "export", *files, "-f", "json")
    owner, name = (summary_run, step) if "." not in step else (summary_run.Summarizer, step.partition(".")[2])
    real, broken = getattr(owner, name), list[str]()

    def breaks(*values: object, **more: object) -> object:
        if not broken:
            broken.append(step)
            raise RuntimeError(f"broken at {step}")
        return real(*values, **more)

    monkeypatch.setattr(owner, name, breaks)
    assert run(monkeypatch, "summarize", *(path.with_suffix(".json") for path in files), "--engine", "echo") == 1
    assert f"internal_error: a fault of ours (RuntimeError: broken at {step})" in capsys.readouterr().err
    assert len(list(files[0].parent.glob("*.summary.json"))) == 2


@pytest.mark.parametrize("accident", [RuntimeError("broken"), OSError(28, "No space left on device")], ids=["bug", "full"])
@pytest.mark.parametrize("step", ["lasts", "temporary_folder", "speaker", "write_script", "_write", "spoken"])
def test_an_accident_of_a_spoken_film(
    step: str, accident: Exception, files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is called spoken, nothing is left, and the next run does it. The voice and the film are made up."""
    film, place = files[0].with_name("film.mp4"), files[0].with_name("temporary")
    film.write_bytes(b"film")
    place.mkdir()
    said = SimpleNamespace(text="One", at=1.0, utterance=SimpleNamespace(rate=8000))
    for name, made in {
        "lasts": 3.0, "speaker": nullcontext(SimpleNamespace(say=None)), "_write": None, "spoken": (),
        "write_script": SimpleNamespace(said=[said], holds=(), notices=(), later=float),
    }.items():  # fmt: skip
        monkeypatch.setattr(speaking, name, lambda *_, made=made, **__: made)
    monkeypatch.setattr("tempfile.tempdir", str(place))

    def breaks(*_: object, **__: object) -> object:
        raise accident

    with monkeypatch.context() as patch:
        patch.setattr(speaking, step, breaks)
        assert run(monkeypatch, "speak", film, files[0], "--place", "window") == 1
    told = capsys.readouterr()
    full = isinstance(accident, OSError)
    says = "no_space: a disk is full" if full else "internal_error: a fault of ours (RuntimeError: "
    assert f"film.mp4: {says}" in told.err
    assert ("Traceback" in told.err, "spoken" in told.out) == (not full, False)
    assert (list(place.iterdir()), list(film.parent.glob("*.spoken*"))) == ([], [])
    assert run(monkeypatch, "speak", film, files[0], "--place", "window") == 0
