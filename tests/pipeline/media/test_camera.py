"""What a phone writes about its film is in the film that is made of it: place, camera, local time; and so is what each film has."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from pipeline.media import Encoding, Ffmpeg, burn, mux
from pipeline.media.binary import newest_ffmpeg
from pipeline.outline import Chapter
from pipeline.types import Track

Make = Callable[..., Path]
PHONE = {
    "com.apple.quicktime.location.ISO6709": "+52.2297+021.0122+113.000/",
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.creationdate": "2024-05-01T12:00:00+0200",
}
PLAIN = {"title": "Trip", "creation_time": "2024-05-01T10:00:00.000000Z"}
QUICK = Encoding(preset="ultrafast", crf=30)


def filmed(make: Make, path: Path, *, by_phone: bool = True) -> Path:
    picture = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=4,format=yuv420p")
    tags = PLAIN | (PHONE if by_phone else {})
    written = [word for key, value in tags.items() for word in ("-metadata", f"{key}={value}")]
    flags = ("-movflags", "use_metadata_tags") if by_phone else ()
    film = make(path, *picture, "-c:v", "libx264", "-preset", "ultrafast", *written, *flags)
    # as phones do it, the time of recording stands in the film's head alone
    film.write_bytes(film.read_bytes().replace(b"mdtacreation_time", b"mdtarecorded_when"))
    return film


def told_by(ffmpeg: Ffmpeg, path: Path) -> dict[str, str]:
    """The film's tags as this ffmpeg reads them; newer ones tell a key that stands there twice in one text."""
    command = [ffmpeg.path, "-v", "error", "-i", path, "-f", "ffmetadata", "-"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    lines = [line.partition("=") for line in said.partition("[")[0].splitlines() if "=" in line]
    listing = subprocess.run([ffmpeg.path, "-hide_banner", "-i", path], capture_output=True, check=False, text=True).stderr
    created = [line.partition(" : ")[2] for line in listing.partition("Stream #")[0].splitlines() if "creation_time" in line]
    return {key: value for key, _, value in lines} | ({"creation_time": created[0]} if created else {})


@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mkv"])
@pytest.mark.parametrize("how", ["mux", "burn"])
def test_what_a_phone_wrote_is_kept(how: str, suffix: str, make: Make, track: Track, tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    film, out = filmed(make, tmp_path / "film.mov"), tmp_path / f"out{suffix}"
    mux(film, [track], out) if how == "mux" else burn(film, track, out, encoding=QUICK)
    for reader in (ffmpeg, newest_ffmpeg()):
        told = {key.lower(): value for key, value in told_by(reader, out).items()}
        assert {key: told.get(key.lower()) for key in PHONE | PLAIN} == PHONE | PLAIN
        if suffix == ".mp4":
            assert told["major_brand"] == "isom"


@pytest.mark.parametrize("how", ["mux", "burn"])
def test_plain_tags_stand_where_players_look_for_them(how: str, make: Make, track: Track, tmp_path: Path) -> None:
    film, out = filmed(make, tmp_path / "film.mp4", by_phone=False), tmp_path / "out.mp4"
    mux(film, [track], out) if how == "mux" else burn(film, track, out, encoding=QUICK)
    data = out.read_bytes()
    assert b"\xa9nam" in data
    assert b"mdta" not in data


def test_chapters_and_a_turned_picture_of_a_phone_are_kept_too(make: Make, track: Track, tmp_path: Path) -> None:
    film, out = filmed(make, tmp_path / "film.mov"), tmp_path / "out.mp4"
    data = bytearray(film.read_bytes())
    at = data.index(b"tkhd") + 44
    quarter = b"".join(value.to_bytes(4, "big", signed=True) for value in (0, 65536, 0, -65536, 0))
    data[at : at + 20] = quarter
    film.write_bytes(data)
    mux(film, [track], out, chapters=[Chapter(start=0, end=2, title="One"), Chapter(start=2, end=4, title="Two")])
    with av.open(str(out)) as container:
        assert [one["metadata"]["title"] for one in container.chapters()] == ["One", "Two"]
        assert container.metadata["com.apple.quicktime.make"] == "Apple"
    listing = subprocess.run([newest_ffmpeg().path, "-i", out], capture_output=True, check=False, text=True).stderr
    assert "rotation of" in listing


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_burned_picture_keeps_its_name(suffix: str, make: Make, track: Track, tmp_path: Path) -> None:
    picture = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=4,format=yuv420p", "-metadata:s:v:0", "title=Camera 2: 'left'")
    film = make(tmp_path / "film.mkv", *picture, "-c:v", "libx264", "-preset", "ultrafast")
    burn(film, track, tmp_path / f"out{suffix}", encoding=QUICK)
    command = [newest_ffmpeg().path, "-hide_banner", "-i", tmp_path / f"out{suffix}"]
    listing = subprocess.run(command, capture_output=True, check=False, text=True).stderr
    assert "Camera 2: 'left'" in listing.partition("Stream #0:0")[2]
