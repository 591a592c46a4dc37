"""When somebody speaks: Silero's model on a real film, and the rule that makes stretches of its probabilities."""

import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.media import find_ffmpeg
from pipeline.media.sound import samples
from pipeline.speech.listening import PAD, speech_in, stretches

Talk = tuple[Path, list[tuple[float, float]]]


def test_speech_is_found_where_somebody_speaks(talk: Talk) -> None:
    film, spans = talk
    found = speech_in(film)
    assert len(found) == len(spans)
    for (start, end), (begin, stop) in zip(found, spans, strict=True):
        assert abs(start - begin) < 0.4
        assert abs(end - stop) < 0.4


def test_sound_that_begins_late_is_late(talk: Talk, tmp_path: Path) -> None:
    late = tmp_path / "late.mkv"
    command = [
        str(find_ffmpeg().path),
        "-v",
        "error",
        "-i",
        talk[0],
        "-itsoffset",
        "1.5",
        "-i",
        talk[0],
        "-map",
        "0:v",
        "-map",
        "1:a",
    ]
    subprocess.run([*command, "-c", "copy", late], check=True)
    assert [round(span[0] - before[0], 1) for span, before in zip(speech_in(late), speech_in(talk[0]), strict=True)] == [1.5, 1.5]


def test_a_film_without_sound_and_one_that_is_none(tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    subprocess.run(
        [str(find_ffmpeg().path), "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1", "-pix_fmt", "yuv420p", silent], check=True
    )
    assert speech_in(silent) == ()
    rubbish = tmp_path / "rubbish.mp4"
    rubbish.write_bytes(b"rubbish" * 100)
    with pytest.raises(InputError):
        list(samples(rubbish, rate=16000))


@given(st.lists(st.floats(0, 1), max_size=300))
def test_stretches_are_in_order_and_hold_what_was_heard(probabilities: list[float]) -> None:
    chunk = 0.032
    found = list(stretches(probabilities, chunk=chunk))
    for before, after in itertools.pairwise(found):
        assert before[1] <= after[0]
    for start, end in found:
        assert 0 <= start < end <= len(probabilities) * chunk + PAD + 1e-9
    # what is loud for half a second is in a stretch
    for n in range(len(probabilities) - 16):
        if all(probability >= 0.5 for probability in probabilities[n : n + 16]):
            assert any(start <= n * chunk + 1e-9 and (n + 16) * chunk <= end + 1e-9 for start, end in found)
