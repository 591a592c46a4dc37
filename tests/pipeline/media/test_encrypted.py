"""Encrypted films are refused as what they are, before grey squares are described, burned or copied without their keys."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.media import burn, mux
from pipeline.media.preview import preview
from pipeline.types import Cue, Track
from pipeline.video.encrypted import refuse_encrypted
from pipeline.video.probe import probe

Make = Callable[..., Path]
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=160x120:d=2:r=25,format=yuv420p")
SOUND = ("-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", 10)
VP9 = ("-c:v", "libvpx-vp9", "-cpu-used", 8, "-b:v", "300k")
KEY = ("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
CENC = ("-encryption_scheme", "cenc-aes-ctr", *KEY)
ONE = Track(cues=(Cue(start=0.2, end=1.0, lines=("One",)),))
AES, NO_KEY_TOLD = bytes.fromhex("47e18105" + "47e2843031323347e78447e88101"), bytes.fromhex("47e18105")
"""ContentEncAlgo AES; with a key's id and how it is used, and without"""


def element(kind: str, inside: bytes) -> bytes:
    """An element of EBML."""
    return bytes.fromhex(kind) + (len(inside) | 1 << 28).to_bytes(4, "big") + inside


def number(data: bytes, at: int, *, marked: bool) -> tuple[int, int]:
    """(a number of EBML, where it ends); an id keeps the mark of its length."""
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big")
    return value if marked else value & (1 << 7 * width) - 1, at + width


def found(data: bytes, at: int, kind: int) -> tuple[int, int, int]:
    """(where the first element of this kind begins, from ``at`` on, and where its contents begin and end)."""
    while True:
        name, length_at = number(data, at, marked=True)
        length, inside = number(data, length_at, marked=False)
        if name == kind:
            return at, inside, inside + length
        at = inside + length


def coded(film: Path, coding: bytes) -> Path:
    """The WebM with a ContentEncoding in its track, as a packager writes it. What lies behind moves: its index is no longer right."""
    data = film.read_bytes()
    segment, inside, _ = found(data, 0, 0x18538067)
    tracks, first, end = found(data, inside, 0x1654AE6B)
    _, begins, ends = found(data, first, 0xAE)
    track = data[begins:ends] + element("6d80", element("6240", coding))
    made = data[:tracks] + element("1654ae6b", element("ae", track) + data[ends:end]) + data[end:]
    film.write_bytes(made[: segment + 4] + b"\x01" + b"\xff" * 7 + made[inside:])
    return film


def sample_aes(film: Path) -> Path:
    """The transport stream with the stream_type of SAMPLE-AES in its tables."""
    data = bytearray(film.read_bytes())
    for at in range(0, len(data), 188):
        if data[at + 1] & 0x40 and (data[at + 1] & 0x1F) << 8 | data[at + 2] == 4096:
            begin = at + 5
            end = begin + 3 + ((data[begin + 1] & 15) << 8 | data[begin + 2])
            assert data[begin + 12] == 0x1B
            data[begin + 12] = 0xDB
            data[end - 4 : end] = crc(data[begin : end - 4]).to_bytes(4, "big")
    film.write_bytes(data)
    return film


def crc(data: bytes) -> int:
    """The sum of a table (ISO/IEC 13818-1 annex A)."""
    found = 0xFFFFFFFF
    for byte in data:
        found ^= byte << 24
        for _ in range(8):
            found = (found << 1 ^ (0x04C11DB7 if found & 1 << 31 else 0)) & 0xFFFFFFFF
    return found


def renamed(film: Path, **names: str) -> Path:
    data = film.read_bytes()
    for old, new in names.items():
        assert old.encode() in data
        data = data.replace(old.encode(), new.encode())
    film.write_bytes(data)
    return film


def fragments(make: Make, path: Path) -> Path:
    return make(path, *PICTURE, *SOUND, *X264, *CENC, "-movflags", "+frag_keyframe+empty_moov")


KINDS: dict[str, Callable[[Make, Path], Path]] = {
    "CENC": lambda make, here: make(here / "film.mp4", *PICTURE, *SOUND, *X264, *CENC),
    "CENC in fragments": lambda make, here: fragments(make, here / "film.mp4"),
    "cbcs": lambda make, here: renamed(fragments(make, here / "film.mp4"), cenc="cbcs"),
    "PIFF": lambda make, here: renamed(fragments(make, here / "film.mp4"), cenc="piff", tenc="uuid", isom="piff"),
    "an old shop's": lambda make, here: renamed(make(here / "film.mov", *PICTURE, *X264), avc1="drmi"),
    "WebM": lambda make, here: coded(
        make(here / "film.webm", *PICTURE, *VP9), bytes.fromhex("503181005032810150338101") + element("5035", AES)
    ),
    "WebM without a key's id": lambda make, here: coded(
        make(here / "film.webm", *PICTURE, *VP9), bytes.fromhex("50338101") + element("5035", NO_KEY_TOLD)
    ),
    "SAMPLE-AES": lambda make, here: sample_aes(make(here / "film.ts", *PICTURE, *X264)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_door_says_that_it_is_encrypted(make: Make, kind: str, tmp_path: Path) -> None:
    film = KINDS[kind](make, tmp_path)
    out = tmp_path / "out.mkv"
    doors: list[Callable[[], object]] = [
        lambda: probe(film), lambda: burn(film, ONE, out), lambda: mux(film, [ONE], out), lambda: preview(film, out),
    ]  # fmt: skip
    for door in doors:
        with pytest.raises(InputError, match="the film is encrypted") as refused:
            door()
        assert refused.value.code == "no_decodable_frames"
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("film.mp4", X264),
        ("fragments.mp4", (*X264, "-movflags", "+frag_keyframe+empty_moov")),
        ("film.mov", X264),
        ("film.mkv", X264),
        ("film.webm", VP9),
        ("film.ts", X264),
        ("film.m2ts", X264),
        ("film.avi", X264),
    ],
)
def test_others_are_not(make: Make, name: str, options: tuple[object, ...], tmp_path: Path) -> None:
    film = make(tmp_path / name, *PICTURE, *options)
    data = film.read_bytes()
    for cut in (len(data), len(data) // 2, 2000, 300, 40, 5, 0):
        film.write_bytes(data[:cut])
        with film.open("rb") as file:
            refuse_encrypted(file.fileno())


def test_a_track_that_is_compressed_is_not_encrypted(make: Make, tmp_path: Path) -> None:
    stripped = bytes.fromhex("50338100") + element("5034", bytes.fromhex("4254810342558100"))  # no bytes are taken off
    film = coded(make(tmp_path / "film.webm", *PICTURE, *VP9), stripped)
    assert probe(film).codec == "vp9"


PLAYLIST = """#EXTM3U
#EXT-X-KEY:METHOD=AES-128,URI="https://example.com/key"
#EXTINF:2.0,
pieces/piece0.ts?token=1
#EXT-X-KEY:METHOD=NONE
#EXTINF:2.0,
piece1.ts
"""


def test_a_piece_of_an_encrypted_stream_is_told_by_its_playlist(tmp_path: Path) -> None:
    closed = bytes((17 * n * n + n) % 251 for n in range(4096))
    for name in ("piece0.ts", "piece1.ts", "else.ts"):
        (tmp_path / name).write_bytes(closed)
    for name, code in (("piece0.ts", "unsupported_or_corrupt"), ("piece1.ts", "unsupported_or_corrupt")):
        with pytest.raises(InputError) as refused:
            probe(tmp_path / name)
        assert refused.value.code == code
    (tmp_path / "list.m3u8").write_text(PLAYLIST)
    with pytest.raises(InputError, match=r"encrypted piece of a stream \(HLS\), by the playlist list\.m3u8") as refused:
        probe(tmp_path / "piece0.ts")
    assert refused.value.code == "no_decodable_frames"
    for name in ("piece1.ts", "else.ts"):
        with pytest.raises(InputError) as refused:
            probe(tmp_path / name)
        assert refused.value.code == "unsupported_or_corrupt"
