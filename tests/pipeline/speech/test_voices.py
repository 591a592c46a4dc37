"""The contract of voices, each in its process."""

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking_film import piper_voice

from pipeline.errors import OutputError, ScenescribeError, UsageError
from pipeline.speech.speaking import voice_spec
from pipeline.speech.voice import Speaker, speaker
from pipeline.voices.piper import Voice as Piper

TEXT = "Two people walk along the beach, and a dog follows them."


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {"espeak": "espeak", "piper": f"piper:file={piper_voice(tmp_path_factory.mktemp('voices') / 'tone.onnx')}"}


@pytest.mark.parametrize("name", ["espeak", "piper"])
def test_a_voice_says_a_text_and_faster_takes_less_time(specs: dict[str, str], name: str, tmp_path: Path) -> None:
    with speaker(specs[name], "en", tmp_path) as voice:
        usual, again, faster = voice.say(TEXT), voice.say(TEXT), voice.say(TEXT, faster=1.25)
        short = voice.say("A dog.")
    assert usual.file.stat().st_size == usual.samples * 2
    assert abs(usual.seconds - again.seconds) < 0.1
    assert 0.7 < faster.seconds / usual.seconds < 0.88
    assert short.seconds < usual.seconds / 2
    assert usual.seconds > 1


def test_languages_that_espeak_has_other_names_for(tmp_path: Path) -> None:
    for language in ("de", "pt-BR", "zh-Hans", "und", "en-US"):
        with speaker("espeak", language, tmp_path) as voice:
            assert voice.say("1 2 3").samples


@pytest.mark.parametrize(
    ("spec", "language", "code"),
    [
        ("espeak", "xx", "bad_voice"),
        ("espeak:name=nobody", "en", "bad_voice"),
        ("piper:file=/nowhere/voice.onnx", "en", "bad_voice"),
    ],
)
def test_what_can_not_speak_says_so(spec: str, language: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(ScenescribeError) as caught, speaker(spec, language, tmp_path):
        pass
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("given", "code"), [("nobody", "unknown_plugin"), ("espeak:loud=1", "unknown_option"), ("espeak:words=9", "bad_value")]
)
def test_a_voice_that_is_none_is_said_before_anything_is_done(given: str, code: str) -> None:
    with pytest.raises(ScenescribeError) as caught:
        voice_spec(given)
    assert caught.value.code == code


def test_a_file_that_is_no_model_and_a_process_that_dies(tmp_path: Path) -> None:
    (tmp_path / "rubbish.onnx").write_bytes(b"rubbish")
    (tmp_path / "rubbish.onnx.json").write_text("{}")
    spec = voice_spec(str(tmp_path / "rubbish.onnx"))
    with pytest.raises(ScenescribeError, match="no voice that Piper can load") as caught, speaker(spec, "en", tmp_path):
        pass
    assert caught.value.code == "bad_voice"
    with speaker("espeak", "en", tmp_path) as voice:
        voice.say("one")
        os.kill(voice._process.pid, signal.SIGKILL)
        voice._process.wait()  # gone for sure: what is said now stays in a buffer, which is written once more where it is closed
        with pytest.raises(OutputError) as died:
            voice.say("two")
    assert died.value.code == "voice_failed"


def _settings(file: Path, **changed: Any) -> None:
    settings = Path(f"{file}.json")
    settings.write_text(json.dumps(json.loads(settings.read_text()) | changed))


REFUSED: dict[str, Callable[[Path], object]] = {
    "a pipe for its settings": lambda file: (Path(f"{file}.json").unlink(), os.mkfifo(f"{file}.json")),
    "a device": lambda file: (file.unlink(), file.symlink_to("/dev/zero")),
    "two gigabytes of nothing": lambda file: os.truncate(file, 2 << 30),
    "settings without end": lambda file: os.truncate(f"{file}.json", 5 << 20),
    "settings in each other": lambda file: Path(f"{file}.json").write_text("[" * 100_000),
    "a rate that is no number": lambda file: _settings(file, audio={"sample_rate": math.nan}),
    "words of hours": lambda file: _settings(file, inference={"length_scale": 1e9}),
    "letters that Piper would fetch a model for": lambda file: _settings(file, phoneme_type="pinyin"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_voice_from_elsewhere_that_is_none(what: str, tmp_path: Path) -> None:
    file = piper_voice(tmp_path / "voice.onnx")
    REFUSED[what](file)
    with pytest.raises(UsageError) as caught:
        Piper(file=file).start("en")
    assert caught.value.code == "bad_voice"


def test_a_voice_that_takes_all_memory_is_one_error_and_its_process_may_do_little(tmp_path: Path) -> None:
    import onnx
    from onnx import helper

    file = piper_voice(tmp_path / "voice.onnx")
    model = onnx.load(str(file))
    size = helper.make_tensor("size", onnx.TensorProto.INT64, [3], [1, 1, 3 * 10**9])
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.initializer.append(size)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["size"], ["output"]))
    onnx.save(model, str(file))
    with speaker(f"piper:file={file}", "en", tmp_path) as voice:
        status = Path(f"/proc/{voice._process.pid}/status").read_text()
        for _ in range(2):  # and it is there to be asked again
            with pytest.raises(OutputError, match="can't say a text") as caught:
                voice.say(TEXT)
            assert caught.value.code == "voice_failed"
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert not list(tmp_path.glob("*.pcm"))


def test_what_stands_in_a_text_is_words_to_a_voice(specs: dict[str, str], tmp_path: Path) -> None:
    """No phonemes between brackets, no markup."""
    with speaker(specs["piper"], "en", tmp_path) as piper:
        assert piper.say("[[aaaaaaaaaaaaaaaaaaaaaaaa]]").samples == piper.say("[ [aaaaaaaaaaaaaaaaaaaaaaaa]]").samples
    with speaker("espeak", "en", tmp_path) as espeak:
        pause = espeak.say('A dog.<break time="9s"/>')
        assert pause.seconds < 8


@pytest.mark.parametrize(
    "line", [b"[]", b"[" * 60_000, b"x" * 70_000, b'{"samples": 99999999999, "rate": 22050}', b'{"samples": true}']
)
def test_nonsense_of_the_process_is_one_error(line: bytes, tmp_path: Path) -> None:
    answer = (
        f"import sys; sys.stdin.readline(); sys.stdout.write({line.decode()!r} + chr(10)); sys.stdout.flush(); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", answer], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        with pytest.raises(OutputError) as caught:
            Speaker(process, tmp_path).say("A dog.")
        process.kill()
    assert caught.value.code == "voice_failed"
