"""The contract of voices, each in its process."""

import os
import signal
from pathlib import Path

import pytest
from talking_film import piper_voice

from pipeline.errors import OutputError, ScenescribeError
from pipeline.speech.speaking import voice_spec
from pipeline.speech.voice import speaker

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
        with pytest.raises(OutputError) as died:
            voice.say("two")
    assert died.value.code == "voice_failed"
