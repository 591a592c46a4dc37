"""A fault of ours in one file is that file's failure: told, with its traceback, exit 1, and the others are written."""

from pathlib import Path

import pytest

from pipeline import formats, media, subtitles, summary_run
from pipeline.cli.app import main
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
