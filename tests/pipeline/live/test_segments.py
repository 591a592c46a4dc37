"""An HLS channel whose segments were made beforehand, shown as far as they were fetched: breaks, faults, keys, byte ranges, maps."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from live_runs import Run
from senders import FFMPEG, picture
from sites import Programme, Site

from pipeline.errors import InputError
from pipeline.live.http.decrypt import Decrypt
from pipeline.live.http.keys import Key

pytestmark = pytest.mark.usefixtures("unhurried")


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with segments of 1 s, made beforehand: ``a0.ts``..``a3.ts``, and ``b0.ts``.. with other stamps and another size."""
    folder = tmp_path_factory.mktemp("pieces")
    for name, size, offset in (("a", "320x180", 10), ("b", "160x90", 5000)):
        cut = ("-f", "segment", "-segment_time", "1", "-segment_format", "mpegts", "-output_ts_offset", str(offset))
        arguments = [*picture(size=size, seconds=4)[1:], *cut, str(folder / f"{name}%d.ts")]
        subprocess.run([FFMPEG, "-v", "error", *arguments], check=True, stdin=subprocess.DEVNULL)
    return folder


async def test_a_server_that_fails_now_and_then_is_asked_again(pieces: Path) -> None:
    """503 for the playlist, half of one segment: the stream goes on, nothing is left out, and no connection is lost."""
    site = Site(pieces)
    names = [f"a{number}.ts" for number in range(4)]
    programme = Programme(site, [f"#EXTINF:1,\n{name}" for name in names])
    failed: list[str] = []

    def fault(path: str, body: bytes) -> Any:
        if path.endswith("m3u8") and site.asked.count(path) in (3, 4):
            failed.append("503")
            return 503, {}, b""
        if path == "/a2.ts" and site.asked.count(path) == 1:
            failed.append("half")
            return 200, {"Content-Length": str(len(body))}, body[: len(body) // 2]
        return programme(path, body)

    site.fault = fault
    run = Run(f"{site.url}/live.m3u8")
    await run.until(lambda told: False)
    run.whole()
    site.close()
    assert run.how == {"cam": "ended"}
    assert run.stream.reconnects == 0
    assert sorted(failed) == ["503", "503", "half"]
    assert [path for path in site.asked if path.endswith(".ts")] == ["/a0.ts", "/a1.ts", "/a2.ts", "/a2.ts", "/a3.ts"]


async def test_a_discontinuity_is_an_epoch_and_loses_nothing(pieces: Path) -> None:
    """An encoder that began anew in the middle of the playlist, with other stamps and pictures of another size."""
    site = Site(pieces)
    names = [f"{name}{number}.ts" for name in "ab" for number in range(4)]
    broken = {"b0.ts": "#EXT-X-DISCONTINUITY\n"}
    site.fault = Programme(site, [f"{broken.get(name, '')}#EXTINF:1,\n{name}" for name in names])
    run = Run(f"{site.url}/live.m3u8")
    await run.until(lambda told: False)
    run.whole()
    site.close()
    assert run.how == {"cam": "ended"}
    assert [path for path in site.asked if path.endswith(".ts")] == [f"/{name}" for name in names]  # each once, in order
    assert run.told.of("discontinuity", reason="source")
    assert not run.told.of("source", state="offline")
    for epoch in (1, 2):  # both whole: from the first picture to the last one's begin
        assert run.told.of("caption", epoch=epoch)
        told = [event for kind in ("caption", "gap") for event in run.told.of(kind, epoch=epoch)]
        assert sum(event["end"] - event["start"] for event in told) == pytest.approx(3.9, abs=0.11)


def encrypted(data: bytes, key: bytes, iv: int) -> bytes:
    """AES-128 as HLS has it."""
    padding = PKCS7(128).padder()
    cipher = Cipher(AES(key), CBC(iv.to_bytes(16))).encryptor()
    return cipher.update(padding.update(data) + padding.finalize()) + cipher.finalize()


def fragmented(folder: Path, name: str, size: str) -> list[str]:
    """Two segments of 1 s as byte ranges of one file of fragmented MP4, and their rows; the EXT-X-MAP is a file of its own."""
    film = folder / "film.mp4"
    moves = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
    arguments = [*picture(size=size, seconds=2)[1:], *moves, "-y", str(film)]
    subprocess.run([FFMPEG, "-v", "error", *arguments], check=True, stdin=subprocess.DEVNULL)
    data = film.read_bytes()
    first, second = (found.start() - 4 for found in re.finditer(b"moof", data))
    end = data.rindex(b"mfra") - 4
    (folder / f"{name}.init").write_bytes(data[:first])
    (folder / f"{name}.mp4").write_bytes(data[first:end])
    rows = (
        f"#EXTINF:1,\n#EXT-X-BYTERANGE:{second - first}@0\n{name}.mp4",
        f"#EXTINF:1,\n#EXT-X-BYTERANGE:{end - second}\n{name}.mp4",
    )
    return [f'#EXT-X-MAP:URI="{name}.init"\n{rows[0]}', f'#EXT-X-MAP:URI="{name}.init"\n{rows[1]}']


async def test_encrypted_segments_byte_ranges_and_another_map(pieces: Path) -> None:
    """One channel: two encrypted segments (a key for each), then fragmented MP4 by byte ranges, then MP4 with another EXT-X-MAP."""
    site = Site(pieces)
    for number, key in enumerate((b"k" * 16, b"q" * 16)):
        (pieces / f"key{number}").write_bytes(key)
        (pieces / f"e{number}.ts").write_bytes(encrypted((pieces / f"a{number}.ts").read_bytes(), key, number or 0xABC))
    entries = [
        '#EXT-X-KEY:METHOD=AES-128,URI="key0",IV=0xABC\n#EXTINF:1,\ne0.ts',
        '#EXT-X-KEY:METHOD=AES-128,URI="key1"\n#EXTINF:1,\ne1.ts',
    ]
    clear = fragmented(pieces, "m", "320x180") + fragmented(pieces, "n", "160x90")
    entries += [f"#EXT-X-KEY:METHOD=NONE\n{entry}" for entry in clear]
    entries[2] = f"#EXT-X-DISCONTINUITY\n{entries[2]}"
    site.fault = Programme(site, entries)
    run = Run(f"{site.url}/live.m3u8")
    await run.until(lambda told: False)
    run.whole()
    site.close()
    assert run.how == {"cam": "ended"}
    assert not run.told.of("source", state="offline")
    assert [event["message"] for event in run.told.of("discontinuity", reason="source")] == [
        "the playlist tells of a discontinuity", "the playlist has another EXT-X-MAP",
    ]  # fmt: skip
    for epoch in (1, 2, 3):  # each whole: from the first picture to the last one's begin
        told = [event for kind in ("caption", "gap") for event in run.told.of(kind, epoch=epoch)]
        assert run.told.of("caption", epoch=epoch)
        assert sum(event["end"] - event["start"] for event in told) == pytest.approx(1.9, abs=0.11)


async def test_a_playlist_that_has_ended_is_read_from_its_first_segment_and_is_the_end(pieces: Path) -> None:
    site = Site(pieces)
    rows = "".join(f"#EXTINF:1,\na{number}.ts\n" for number in range(4))
    site.fault = lambda path, body: (200, {}, f"#EXTM3U\n{rows}#EXT-X-ENDLIST".encode()) if path.endswith("m3u8") else None
    run = Run(f"{site.url}/live.m3u8")
    await run.until(lambda told: False)
    run.whole()
    site.close()
    assert run.how == {"cam": "ended"}
    told = [event for kind in ("caption", "gap") for event in run.told.of(kind)]
    assert sum(event["end"] - event["start"] for event in told) == pytest.approx(3.9, abs=0.11)


async def test_a_key_that_is_not_to_be_had_is_told(pieces: Path) -> None:
    """From another host, of another length, one that does not fit: the reason in the state, and no other host asked."""
    site, other = Site(pieces), Site(pieces)
    (pieces / "short").write_bytes(b"k" * 15)
    (pieces / "right").write_bytes(b"r" * 16)
    (pieces / "wrong").write_bytes(b"w" * 16)
    (pieces / "x.ts").write_bytes(encrypted((pieces / "a0.ts").read_bytes(), b"r" * 16, 7))
    for key, reason in (("short", "stream_encrypted"), ("wrong", "stream_encrypted"), (f"{other.url}/right", "host_refused")):
        rows = f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{key}",IV=0x7\n' + "".join(
            f"#EXTINF:1,\nx.ts?{n}\n" for n in range(3)
        )
        site.fault = lambda path, body, rows=rows: (200, {}, f"{rows}#EXT-X-ENDLIST".encode()) if path.endswith("m3u8") else None
        run = Run(f"{site.url}/live.m3u8")
        await run.until(lambda told: told.of("source", state="offline"))
        assert run.told.of("source", state="offline")[0]["reason"] == reason
    assert other.asked == []
    site.close()
    other.close()


class Keys:
    """In place of Fetch: what is at the key's address, one answer after the other."""

    def __init__(self, *answers: bytes) -> None:
        self.answers, self.asked = list(answers), 0

    async def whole(self, url: str, most: int) -> tuple[bytes, str]:
        self.asked += 1
        return self.answers.pop(0), url


async def test_a_key_is_fetched_once_and_again_where_it_was_changed() -> None:
    keys, first, second = (
        Keys(b"a" * 16, b"b" * 16),
        Key(url="http://x/key", iv=bytes(16)),
        Key(url="http://x/key", iv=bytes(15) + b"\1"),
    )
    decrypt = Decrypt(keys)  # type: ignore[arg-type]
    assert await decrypt.clear(encrypted(b"one", b"a" * 16, 0), first) == b"one"
    assert await decrypt.clear(encrypted(b"two" * 20, b"a" * 16, 1), second) == b"two" * 20
    assert keys.asked == 1
    assert await decrypt.clear(encrypted(b"three", b"b" * 16, 0), first) == b"three"
    assert keys.asked == 2
    with pytest.raises(InputError) as found:
        await decrypt.clear(encrypted(b"four", b"b" * 16, 0)[:-3], first)
    assert found.value.code == "source_lost"


async def test_without_the_extra_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers", None)
    with pytest.raises(InputError, match=r"pip install '.+\[live\]'") as found:
        await Decrypt(Keys(b"a" * 16)).clear(bytes(16), Key(url="http://x/key", iv=bytes(16)))  # type: ignore[arg-type]
    assert found.value.code == "stream_encrypted"
