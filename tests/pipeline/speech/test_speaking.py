"""A described track in real films: where the voice is heard, how the film's sound steps back, how the film waits."""

import subprocess
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from talking_film import loudness, talking

from pipeline import speak
from pipeline.errors import InputError
from pipeline.media.binary import find_ffmpeg
from pipeline.speech import speaking
from pipeline.speech.speaking import describe_aloud, levelled
from pipeline.types import Caption, Document, Model, Source

Talk = tuple[Path, list[tuple[float, float]]]
LONG = "Nothing else happens here at all, but this sentence is rather long, longer than any pause that it might stand in, by far."
CAPTIONS = (
    Caption(start=0, end=5, text="A test card."),
    Caption(start=5, end=11, text="The picture stays the same."),
    Caption(start=11, end=20, text=LONG),
)


def shown(path: Path) -> list[float]:
    """When each picture is shown, in seconds after the first."""
    with av.open(str(path)) as container:
        times = sorted(float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.pts is not None)
    assert times[0] < 0.05  # Matroska begins with the samples that coders of sound put before the first, all streams alike
    return [time - times[0] for time in times]


def own_sound(path: Path) -> list[bytes]:
    """The packets of the film's first sound track."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_voice_is_heard_in_the_pauses_and_the_picture_is_copied(talk: Talk, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    made = describe_aloud(talk[0], CAPTIONS, out, language="de", film_end=20.0)
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio", "audio"]
        described = container.streams.audio[1]
        assert described.disposition & av.stream.Disposition.visual_impaired
        assert not described.disposition & av.stream.Disposition.default
        assert described.metadata["language"] in ("ger", "deu", "de")
    assert shown(out) == pytest.approx(shown(talk[0]), abs=0.002)
    before, after = loudness(talk[0]), loudness(out, "0:a:1")
    assert own_sound(out) == own_sound(talk[0])
    assert [said.text for said in made.script.said] == [caption.text for caption in CAPTIONS[:2]]
    assert [notice.code for notice in made.notices] == ["no_pause"]
    for said in made.script.said:
        first, last = round(said.at * 10) + 1, round((said.at + said.utterance.seconds) * 10) - 1
        assert np.median(after[first:last]) > -35
        assert np.median(before[first:last]) < -50
    quiet = [
        k
        for k in range(190)
        if before[k] < -50 and not any(s.at - 0.3 < k / 10 < s.at + s.utterance.seconds + 0.3 for s in made.script.said)
    ]
    assert np.median(after[quiet]) < -50


def test_the_films_sound_steps_back_for_the_voice(tmp_path: Path) -> None:
    film, out = tmp_path / "tone.mp4", tmp_path / "out.mkv"
    talking(film, at=(12.0,), seconds=18.0, tone=True)
    made = describe_aloud(film, CAPTIONS[1:2], out, language="en", film_end=18.0, speech=[(12.0, 17.0)])
    (said,) = made.script.said
    tone = loudness(out, "0:a:1", below=110)
    during = tone[round(said.at * 10) + 3 : round((said.at + said.utterance.seconds) * 10) - 3]
    before, after = tone[10 : round(said.at * 10) - 2], tone[round((said.at + said.utterance.seconds) * 10) + 12 : 118]
    assert np.median(during) < np.median(before) - 6
    assert np.median(after) == pytest.approx(np.median(before), abs=1.0)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_extended_the_film_waits_and_nothing_is_encoded_again(talk: Talk, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    made = describe_aloud(talk[0], CAPTIONS, out, language="en", film_end=20.0, extended=True)
    assert [said.text for said in made.script.said] == [caption.text for caption in CAPTIONS]
    (hold,) = made.script.holds
    times, before = shown(out), shown(talk[0])
    expected = [time + (hold.seconds if time >= hold.at else 0.0) for time in before]
    assert times == pytest.approx(expected, abs=0.003)
    sound = loudness(out)
    assert len(sound) / 10 == pytest.approx(20.0 + hold.seconds, abs=0.3)
    # what is said in the film is heard later by as much as the film has waited by then
    for start, stop in talk[1]:
        first, last = made.script.later(start) * 10, made.script.later(stop) * 10
        assert np.median(sound[round(first) + 2 : round(last) - 2]) > -35
    long = made.script.said[-1]
    while_it_waits = sound[
        round(made.script.later(long.at) * 10) + 2 : round((made.script.later(long.at) + long.utterance.seconds) * 10) - 2
    ]
    assert np.median(while_it_waits) > -35


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".mp3", ".m4a", ".opus"])
def test_sound_alone(talk: Talk, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    made = describe_aloud(talk[0], CAPTIONS[:1], out, language="en", film_end=20.0, speech=talk[1])
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
    first = round(made.script.said[0].at * 10) + 1
    assert np.median(loudness(out)[first : first + 8]) > -35


def test_a_film_without_sound_is_described_by_the_voice_alone(make_silent: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    describe_aloud(make_silent, CAPTIONS[:1], out, language="en", film_end=6.0)
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
    assert loudness(out)[3:8].max() > -35


def test_nothing_to_say_is_one_line_and_no_file(talk: Talk, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    for captions, speech in (((), None), ((Caption(start=0, end=5, text=" "),), None), (CAPTIONS, [(0.0, 20.0)])):
        with pytest.raises(InputError) as caught:
            describe_aloud(talk[0], captions, out, language="en", film_end=20.0, speech=speech)
        assert caught.value.code == "no_cues"
    assert not list(tmp_path.iterdir())


def test_what_stands_after_the_film_is_left_out_and_told(talk: Talk, tmp_path: Path) -> None:
    late = Caption(start=20, end=25, text="Of a longer cut.")
    with pytest.raises(InputError, match="1 description would be said after the film") as caught:
        describe_aloud(talk[0], [late], tmp_path / "out.flac", language="en", film_end=20.0, speech=talk[1])
    assert caught.value.code == "no_cues"
    assert not list(tmp_path.iterdir())
    made = describe_aloud(talk[0], [*CAPTIONS[:1], late], tmp_path / "out.flac", language="en", film_end=20.0, speech=talk[1])
    assert [notice.code for notice in made.notices if notice.fault] == ["past_the_end"]
    assert len(made.script.said) == 1


@pytest.fixture
def make_silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("silent") / "silent.mp4"
    command = [
        str(find_ffmpeg().path),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=320x240:d=6",
        "-pix_fmt",
        "yuv420p",
        str(path),
    ]
    subprocess.run(command, check=True)
    return path


def test_far_more_than_a_film_has_room_for_is_refused_before_it_is_spoken(tmp_path: Path) -> None:
    """20,000 cues of two thousand characters each were spoken one after the other, for days."""
    many = [Caption(start=n / 1000, end=n / 1000 + 2, text="alpha beta. " * 160) for n in range(200)]
    with pytest.raises(InputError, match="would be spoken for 7 hours") as caught:
        describe_aloud(tmp_path / "none.mp4", many, tmp_path / "out.mp4", language="en", film_end=35.0, voice="none:of=these")
    assert caught.value.code == "bad_subtitles"
    assert not (tmp_path / "out.mp4").exists()


def test_levels() -> None:
    quiet = (np.sin(np.arange(22050) * 0.1) * 300).astype("<i2").tobytes()
    wave = np.frombuffer(levelled(quiet), "<i2") / 32768
    assert np.sqrt((wave**2).mean()) == pytest.approx(0.1, rel=0.02)
    assert levelled(b"") == b""
    assert levelled(bytes(200)) == bytes(200)
    peaky = np.zeros(22050, "<i2")
    peaky[100] = 20000
    assert np.abs(np.frombuffer(levelled(peaky.tobytes()), "<i2")).max() <= 0.9 * 32768


def test_a_film_of_joined_parts_is_described_to_its_end(tmp_path: Path) -> None:
    """Its container tells the length of one part."""
    sources = ("-f", "lavfi", "-i", "testsrc=s=64x48:d=6:r=25", "-f", "lavfi", "-i", "sine=d=6")
    part = subprocess.run(
        [find_ffmpeg().path, "-v", "error", *sources, "-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob", "-"],
        capture_output=True,
        check=True,
    ).stdout
    film, texts = tmp_path / "film.vob", tmp_path / "film.srt"
    film.write_bytes(2 * part)
    texts.write_text("1\n00:00:01,000 --> 00:00:03,000\nOne.\n\n2\n00:00:08,000 --> 00:00:11,000\nTwo.\n")
    for name in ("out.mkv", "out.flac"):
        assert not [one for one in speak(film, texts, tmp_path / name, place="window") if one.code == "past_the_end"]
        with av.open(str(tmp_path / name)) as container:
            heard = container.streams.audio[-1]
            end = max(
                float((packet.pts + packet.duration) * packet.time_base) for packet in container.demux(heard) if packet.size
            )
        assert end == pytest.approx(12, abs=0.3)


def test_signs_alone_are_no_description_and_no_film_of_silence(talk: Talk, tmp_path: Path) -> None:
    out, signs = tmp_path / "out.mp4", Caption(start=0, end=5, text="...")
    with pytest.raises(InputError, match="no sound") as failed:
        describe_aloud(talk[0], [signs], out, language="en", film_end=20.0)
    assert failed.value.code == "no_cues"
    assert not out.exists()
    made = describe_aloud(talk[0], [signs, CAPTIONS[1]], out, language="en", film_end=20.0)
    assert [said.text for said in made.script.said] == [CAPTIONS[1].text]
    assert [notice.code for notice in made.notices if notice.code == "not_spoken"] == ["not_spoken"]


def test_the_json_of_a_part_is_spoken_within_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = Source(name="a.mp4", size=1, duration=60.0, fps=25.0, width=1920, height=1080, start=0.0)
    film = Document(
        source=source, model=Model(name="m", id="m", revision="", engine="echo", engine_version=""), language="en",
        settings={"part": [20.0, 24.0]}, captions=(Caption(start=20, end=24, text="A man waits."),),
    )  # fmt: skip
    parts: list[object] = []
    monkeypatch.setattr(speaking, "lasts", lambda _film, _wanted: 60.0)
    monkeypatch.setattr(speaking, "describe_aloud", lambda *_, part, **more: parts.append(part))
    for one in (film, replace(film, settings={"part": None})):
        speaking.speak_captions(tmp_path / "a.mp4", one, tmp_path / "out.mp4", voice="espeak", place="gaps", extended=False)
    assert parts == [(20.0, 24.0), (0.0, 60.0)]
