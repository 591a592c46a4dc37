"""Films that were trimmed, cut or put together without encoding: what was cut out stays out, and what begins anew is not piled up."""

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import pytest

from pipeline.errors import InputError, OutputError
from pipeline.families import parse
from pipeline.media import Encoding, burn, mux, muxed_suffix
from pipeline.types import Cue, Track
from pipeline.video.film import open_film
from pipeline.video.probe import probe

QUICK = Encoding(preset="ultrafast", crf=10)
Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))
PICTURE = ("-f", "lavfi", "-i", "testsrc=s=160x120:d=6:r=25,format=yuv420p")
SOUND = ("-f", "lavfi", "-i", "sine=d=6")
BOTH = (*PICTURE, *SOUND, "-c:v", "libx264", "-c:a", "aac")


def shown(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def inside(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, start, start + size
        start += size


def edited(film: Path, out: Path, edits: Sequence[tuple[float, float]]) -> Path:
    """The film with other edits of its tracks, (seconds, from second) each, as an editor that does not encode writes them."""
    data = bytearray(film.read_bytes())
    ((_, moov, end),) = [box for box in inside(data, 0, len(data)) if box[0] == b"moov"]
    assert end == len(data), "what is moved is not pointed at"
    for kind, trak, _ in reversed([box for box in inside(data, moov + 8, end) if box[0] == b"trak"]):
        assert kind == b"trak"
        parts = {name: (a, b) for name, a, b in inside(data, trak + 8, trak + int.from_bytes(data[trak : trak + 4], "big"))}
        clock = {name: a for name, a, _ in inside(data, parts[b"mdia"][0] + 8, parts[b"mdia"][1])}[b"mdhd"]
        ticks = int.from_bytes(data[clock + 20 : clock + 24], "big")
        table = b"".join(struct.pack(">IiI", round(lasts * 1000), round(first * ticks), 1 << 16) for lasts, first in edits)
        entries = struct.pack(">I4sII", 16 + len(table), b"elst", 0, len(edits)) + table
        a, b = parts[b"edts"]
        data[a:b] = struct.pack(">I4s", 8 + len(entries), b"edts") + entries
        for at in (trak, moov):
            data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + 8 + len(entries) - (b - a)).to_bytes(4, "big")
    head = next(a for name, a, _ in inside(data, moov + 8, len(data)) if name == b"mvhd")
    data[head + 24 : head + 28] = round(sum(lasts for lasts, _ in edits) * 1000).to_bytes(4, "big")
    out.write_bytes(data)
    return out


@pytest.fixture(scope="module")
def whole(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 s of one group of pictures, without pictures out of order, and sound."""
    return make(tmp_path_factory.mktemp("whole") / "whole.mp4", *BOTH, "-preset", "ultrafast", "-g", 9999)


def codes(made: object) -> set[str]:
    return {notice.code for notice in made} - {"default_track"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
def test_an_end_that_was_trimmed_stays_away(suffix: str, whole: Path, tmp_path: Path) -> None:
    film = edited(whole, tmp_path / "film.mp4", [(2.0, 0.0)])
    mux(film, [ONE], tmp_path / f"soft{suffix}")
    assert len(shown(tmp_path / f"soft{suffix}")) == 50
    with av.open(str(tmp_path / f"soft{suffix}")) as container:
        assert container.duration / 1e6 == pytest.approx(2, abs=0.1)
        assert sum(frame.samples for frame in container.decode(audio=0)) / 44100 == pytest.approx(2, abs=0.1)


def test_a_beginning_that_was_trimmed_is_hidden_or_refused(whole: Path, tmp_path: Path) -> None:
    film = edited(whole, tmp_path / "film.mp4", [(2.0, 3.0)])
    mux(film, [ONE], tmp_path / "soft.mp4")
    assert len(shown(tmp_path / "soft.mp4")) == 50
    with pytest.raises(OutputError) as caught:
        mux(film, [ONE], tmp_path / "soft.mkv")
    assert caught.value.code == "edit_hides"
    assert not (tmp_path / "soft.mkv").exists()


def test_a_trimmed_mov_is_copied_into_one_by_itself(whole: Path, make: Make, tmp_path: Path) -> None:
    film = edited(whole, tmp_path / "film.mov", [(2.0, 3.0)])
    assert muxed_suffix(film) == ".mov"
    mux(film, [ONE], tmp_path / "soft.mov")
    assert len(shown(tmp_path / "soft.mov")) == 50
    intra = edited(make(tmp_path / "intra.mov", *BOTH[:-3], "mjpeg", "-c:a", "aac"), tmp_path / "cut.mov", [(2.0, 3.0)])
    usual = make(tmp_path / "usual.mov", *BOTH, "-bf", 3)
    key = edited(make(tmp_path / "key.mp4", *BOTH, "-g", 25, "-bf", 0), tmp_path / "at_a_key.mov", [(2.0, 3.0)])
    text = tmp_path / "text.mov"
    text.write_bytes(b"\0\0\0\x10moov" + b"moov of nothing" * 9)
    for other in (intra, usual, key, tmp_path / "not_there.mov", text):
        assert muxed_suffix(other) == ".mkv", other
    assert muxed_suffix(edited(whole, tmp_path / "film.3gp", [(2.0, 3.0)])) == ".mp4"
    assert muxed_suffix(edited(whole, tmp_path / "film.m4v", [(2.0, 3.0)])) == ".m4v"


@pytest.mark.parametrize("edits", [[(1.0, 1.0), (2.0, 4.0)], [(1.0, 5.0), (2.0, 0.0), (1.0, 2.0)]])
def test_edits_that_can_be_followed_are_no_repair(edits: list[tuple[float, float]], whole: Path, tmp_path: Path) -> None:
    film = edited(whole, tmp_path / "film.mp4", edits)
    with open_film(probe(film), rule=parse("windows", "fixed"), sampler=parse("samplers", "uniform"), size=(64, 48)) as reading:
        windows = list(reading)
    assert windows[-1].end == pytest.approx(sum(lasts for lasts, _ in edits), abs=0.05)
    assert reading.notices == ()


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_what_was_cut_out_of_the_middle_is_neither_burned_nor_copied(suffix: str, whole: Path, tmp_path: Path) -> None:
    film = edited(whole, tmp_path / "film.mp4", [(1.0, 1.0), (2.0, 4.0)])
    with pytest.raises(OutputError) as caught:
        mux(film, [ONE], tmp_path / f"soft{suffix}")
    assert caught.value.code == "edit_hides"
    assert codes(burn(film, ONE, tmp_path / f"burned{suffix}", encoding=QUICK)) == {"stream_converted"}
    assert len(shown(tmp_path / f"burned{suffix}")) == 75
    with av.open(str(tmp_path / f"burned{suffix}")) as container:
        assert container.duration / 1e6 == pytest.approx(3, abs=0.1)


def test_parts_in_another_order_are_burned(whole: Path, tmp_path: Path) -> None:
    film = edited(whole, tmp_path / "film.mp4", [(1.0, 5.0), (2.0, 0.0), (1.0, 2.0)])
    assert codes(burn(film, ONE, tmp_path / "burned.mkv", encoding=QUICK)) == {"stream_converted"}
    assert len(shown(tmp_path / "burned.mkv")) == 100


def test_the_edit_of_a_usual_film_hides_nothing(make: Make, tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", *BOTH, "-bf", 3)
    for suffix in (".mkv", ".mp4"):
        assert codes(mux(film, [ONE], tmp_path / f"soft{suffix}")) == set()
        assert len(shown(tmp_path / f"soft{suffix}")) == 150


def flv_tags(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 13
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        yield data[at], int.from_bytes(data[at + 4 : at + 7], "big"), data[at + 11 : at + 11 + size]
        at += size + 15


def continued(data: bytes, offset: int) -> bytes:
    """A recording that is begun again in its file, its headers too, ``offset`` milliseconds later."""
    out = bytearray(data[:13])
    for late in (0, offset) if offset else (0, 0):
        for kind, time, body in flv_tags(data):
            if kind != 18 and not (kind == 9 and body[1] == 2):
                head = bytes([kind]) + len(body).to_bytes(3, "big") + (time + late).to_bytes(3, "big") + bytes(4)
                out += head + body + (len(head) + len(body)).to_bytes(4, "big")
    return bytes(out)


@pytest.fixture(scope="module")
def flv(make: Make, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make(tmp_path_factory.mktemp("flv") / "part.flv", *BOTH, "-preset", "ultrafast", "-g", 25).read_bytes()


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_headers_that_come_again_as_they_were(suffix: str, flv: bytes, tmp_path: Path) -> None:
    film = tmp_path / "film.flv"
    film.write_bytes(continued(flv, 6100))
    converted = {"stream_converted"} if suffix == ".mkv" else set()
    assert codes(mux(film, [ONE], tmp_path / f"soft{suffix}")) == converted
    assert codes(burn(film, ONE, tmp_path / f"burned{suffix}", encoding=QUICK)) == converted
    for name in ("soft", "burned"):
        assert len(shown(tmp_path / f"{name}{suffix}")) == 300
        with av.open(str(tmp_path / f"{name}{suffix}")) as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) / 44100 == pytest.approx(12.1, abs=0.2)


def test_a_clock_that_begins_anew_is_told(flv: bytes, make: Make, tmp_path: Path) -> None:
    joined = tmp_path / "joined.flv"
    joined.write_bytes(continued(flv, 0))
    part = make(tmp_path / "part.mkv", *BOTH, "-preset", "ultrafast", "-g", 25).read_bytes()
    chained = tmp_path / "chained.mkv"
    chained.write_bytes(part + part)
    for film in (joined, chained):
        for suffix in (".mkv", ".mp4"):
            for write in (
                lambda out, film=film: mux(film, [ONE], out),
                lambda out, film=film: burn(film, ONE, out, encoding=QUICK),
            ):
                with pytest.raises(OutputError) as caught:
                    write(tmp_path / f"out{suffix}")
                assert caught.value.code == "clock_restarts"
    assert not list(tmp_path.glob("out*"))


def test_broadcasts_whose_clock_begins_anew_go_on(make: Make, tmp_path: Path) -> None:
    part = make(tmp_path / "part.ts", *BOTH, "-preset", "ultrafast", "-g", 25).read_bytes()
    film = tmp_path / "film.ts"
    film.write_bytes(part + part)
    for write in (lambda out: mux(film, [ONE], out), lambda out: burn(film, ONE, out, encoding=QUICK)):
        assert codes(write(tmp_path / "out.mkv")) == set()
        assert shown(tmp_path / "out.mkv")[-1] == pytest.approx(12, abs=0.2)


@pytest.mark.parametrize("pictures", [0, 3])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_slides_keep_their_length_in_every_container(pictures: int, suffix: str, make: Make, tmp_path: Path) -> None:
    slides = "testsrc=s=160x120:r=1:d=66,select='not(mod(n,13))',format=yuv420p"
    film = make(
        tmp_path / "film.mkv", "-f", "lavfi", "-i", slides, "-fps_mode", "passthrough", "-c:v", "libx264", "-bf", pictures
    )
    assert codes(mux(film, [ONE], tmp_path / f"soft{suffix}")) == set()
    assert shown(tmp_path / f"soft{suffix}") == pytest.approx([0, 13, 26, 39, 52, 65], abs=0.01)
    with av.open(str(tmp_path / f"soft{suffix}")) as container:
        assert container.duration / 1e6 == pytest.approx(66, abs=1.0)
        if suffix == ".mp4":
            picture = container.streams.video[0]
            assert float(picture.duration * picture.time_base) == pytest.approx(66, abs=1.0)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_burned_picture_keeps_its_time_code_and_language(suffix: str, make: Make, tmp_path: Path) -> None:
    tags = ("-timecode", "01:00:00:00", "-metadata:s:v:0", "language=ger")
    film = make(tmp_path / "film.mov", *PICTURE, "-t", 1, "-c:v", "libx264", *tags)
    assert burn(film, ONE, tmp_path / f"burned{suffix}", encoding=QUICK) == ()
    with av.open(str(tmp_path / f"burned{suffix}")) as container:
        told = {name.lower(): value for name, value in container.streams.video[0].metadata.items()}
        assert (told["timecode"], told["language"]) == ("01:00:00:00", "ger")


def test_what_comes_after_the_film_is_not_burned_without_a_word(film: Path, tmp_path: Path) -> None:
    late = Track(cues=(*ONE.cues, Cue(start=30, end=31, lines=("Late",))))
    assert codes(burn(film, late, tmp_path / "burned.mp4", encoding=QUICK)) == {"past_the_end"}
    with pytest.raises(InputError) as caught:
        burn(film, Track(cues=late.cues[1:]), tmp_path / "none.mp4", encoding=QUICK)
    assert caught.value.code == "no_cues"
    with pytest.raises(InputError, match="no cue is in it") as caught:
        burn(film, Track(cues=()), tmp_path / "empty.mp4", encoding=QUICK)
    assert caught.value.code == "no_cues"


HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:open-gop=1:keyint=50")


@pytest.mark.parametrize("codec", [HEVC, ("-c:v", "libx264", "-g", "50"), ("-c:v", "mpeg2video", "-g", "25", "-bf", "2")])
def test_a_broadcast_cut_inside_a_group_begins_with_its_first_whole_picture(
    codec: Sequence[str], make: Make, tmp_path: Path
) -> None:
    """What is left of the group before it can't be decoded: no grey pictures are made of it, and it is no end that is missing."""
    data = make(tmp_path / "whole.ts", *PICTURE, *codec, "-f", "mpegts").read_bytes()
    film = tmp_path / "cut.ts"
    film.write_bytes(data[len(data) // 8 // 188 * 188 :])
    with av.open(str(film)) as container:
        first = float(container.start_time) / 1e6
        entered = next(packet.pts * packet.time_base for packet in container.demux(video=0) if packet.is_keyframe) - first
    assert float(entered) > 0.2
    for notice in (*burn(film, ONE, tmp_path / "burned.mkv", encoding=QUICK), *mux(film, [ONE], tmp_path / "muxed.mkv")):
        assert "could not be decoded" in notice.message, notice
    assert shown(tmp_path / "burned.mkv")[0] >= float(entered) - 0.09


def test_fragments_that_begin_late_end_when_they_end(make: Make, tmp_path: Path) -> None:
    """A stream that was recorded from its middle on: what its last fragment ends at is no length."""
    pieces = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-g", "50", "-c:v", "libx264")
    data = make(tmp_path / "whole.mp4", *PICTURE, *pieces).read_bytes()
    boxes = list(inside(data, 0, len(data)))
    at = [start for kind, start, _ in boxes if kind == b"moof"]
    film = tmp_path / "late.mp4"
    film.write_bytes(data[: at[0]] + data[at[1] : boxes[-1][1]])
    info = probe(film)
    assert info.duration == pytest.approx(4.0, abs=0.1)
    with open_film(
        info, rule=parse("windows", "fixed:seconds=2"), sampler=parse("samplers", "uniform:count=2"), size=(64, 48)
    ) as told:
        assert [round(window.end) for window in told] == [2, 4]
        assert told.notices == ()
    assert [notice.code for notice in mux(film, [ONE], tmp_path / "out.mkv")] == []
    assert [notice.code for notice in burn(film, ONE, tmp_path / "out.mp4", encoding=QUICK)] == []
