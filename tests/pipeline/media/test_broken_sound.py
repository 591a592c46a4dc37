"""A broadcast that lost packets: its AAC can't be copied past the first that breaks off, and the film went no further."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest

from pipeline.errors import OutputError
from pipeline.media import Encoding, burn, burning, copying, mux
from pipeline.media import broken_sound as broken
from pipeline.media.run import Ended, Place, run_command
from pipeline.types import Cue, Track

Make = Callable[..., Path]
TRACK = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)), Cue(start=4.0, end=5.0, lines=("Late",))))
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=160x120:d=6:r=10,format=yuv420p", "-f", "lavfi", "-i", "sine=d=6")
CODED = ("-c:v", "libx264", "-preset", "ultrafast", "-g", 10, "-c:a", "aac")
SOUND = 0x101
"""ffmpeg's number of the second stream in a transport stream"""
PACKET = 188


@pytest.fixture
def lossy(make: Make, tmp_path: Path) -> Path:
    """Every fourth packet of sound is missing between 1.5 and 2.5 s; the picture is whole."""
    return loses_sound(make(tmp_path / "film.ts", *PICTURE, *CODED))


def loses_sound(film: Path) -> Path:
    """It, without those packets of its first sound."""
    data = film.read_bytes()
    packets = [data[at : at + PACKET] for at in range(0, len(data), PACKET)]
    sound = [n for n, one in enumerate(packets) if int.from_bytes(one[1:3], "big") & 0x1FFF == SOUND]
    gone = set(sound[len(sound) // 4 : len(sound) * 5 // 12 : 4])
    film.write_bytes(b"".join(one for n, one in enumerate(packets) if n not in gone))
    return film


def lasts(path: Path) -> dict[str, float]:
    """When picture and sound end."""
    with av.open(str(path)) as container:
        ends = dict.fromkeys(("video", "audio"), 0.0)
        for packet in container.demux(video=0, audio=0):
            if packet.pts is not None:
                ends[packet.stream.type] = max(
                    ends[packet.stream.type], float((packet.pts + (packet.duration or 0)) * packet.time_base)
                )
        return ends


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("work", ["mux", "burn"])
def test_the_film_goes_on_behind_it(work: str, suffix: str, lossy: Path, tmp_path: Path) -> None:
    out = tmp_path / f"out{suffix}"
    notices = mux(lossy, [TRACK], out) if work == "mux" else burn(lossy, TRACK, out, encoding=Encoding(preset="ultrafast"))
    told = [notice.message for notice in notices if notice.code == "stream_converted"]
    assert told == ["audio stream 1 (aac) was converted to aac: packets of it are missing, and a copy would end there"]
    assert "partial" not in {notice.code for notice in notices}
    assert lasts(out) == pytest.approx({"video": 6.0, "audio": 6.0}, abs=0.2)


def test_whole_sound_is_copied(make: Make, tmp_path: Path) -> None:
    notices = mux(make(tmp_path / "film.ts", *PICTURE, *CODED), [TRACK], tmp_path / "out.mkv")
    assert notices == ()


def test_whole_sounds_are_tried_in_one_read(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording of hours has several languages: a read for each of them was minutes."""
    tried: list[list[str]] = []

    def counted(command: list[str], place: Place) -> Ended:
        tried.append(command)
        return run_command(command, place)

    monkeypatch.setattr(broken, "run_command", counted)
    film = make(tmp_path / "film.ts", *PICTURE, *CODED, "-map", 0, "-map", 1, "-map", 1)
    assert mux(film, [TRACK], tmp_path / "out.mkv") == ()
    assert len(tried) == 1


def test_of_several_sounds_only_the_broken_one_is_converted(make: Make, tmp_path: Path) -> None:
    film = loses_sound(make(tmp_path / "film.ts", *PICTURE, *CODED, "-map", 0, "-map", 1, "-map", 1))
    told = [notice.message for notice in mux(film, [TRACK], tmp_path / "out.mkv") if notice.code == "stream_converted"]
    assert [message.partition(" was")[0] for message in told] == ["audio stream 1 (aac)"]


@pytest.mark.parametrize("work", ["mux", "burn"])
def test_where_ffmpeg_gives_up_nothing_is_written(
    work: str, lossy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was called a source that ends there, with exit code 0."""

    def none(*_: Any) -> frozenset[int]:
        return frozenset()

    for module in (burning, copying):
        monkeypatch.setattr(module, "broken_sound", none)
    out = tmp_path / "out.mkv"
    with pytest.raises(OutputError, match="could not write the film to its end") as wrong:
        mux(lossy, [TRACK], out) if work == "mux" else burn(lossy, TRACK, out, encoding=Encoding(preset="ultrafast"))
    assert wrong.value.code == "ffmpeg_failed"
    assert not out.exists()
