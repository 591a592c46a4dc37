"""A film of MP4 or AVI written into Matroska by hand, with the elements that ffmpeg doesn't write (RFC 9559)."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av

UNKNOWN_LENGTH = b"\x01\xff\xff\xff\xff\xff\xff\xff"
CROPS = {"left": 0x54CC, "top": 0x54BB, "right": 0x54DD, "bottom": 0x54AA}
SHOWN = {"width": 0x54B0, "height": 0x54BA, "unit": 0x54B2}


def element(kind: int, content: bytes | int | str) -> bytes:
    """An element of EBML (RFC 8794): its id, the length of its content, its content."""
    if isinstance(content, int):
        content = content.to_bytes(max(1, (content.bit_length() + 7) // 8), "big")
    if isinstance(content, str):
        content = content.encode()
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + (1 << 56 | len(content)).to_bytes(8, "big") + content


def write(source: Path, out: Path, *, codec: str, private: bytes, video: Mapping[int, int] = {}, decoding: bool = False) -> None:
    """The picture of ``source`` as Matroska's codec id ``codec``; ``video``: more elements of its Video.

    ``decoding``: blocks tell when they are decoded and not when they are shown, as those of Video for Windows do.
    """
    with av.open(str(source)) as film:
        stream = film.streams.video[0]
        step = 1 / float(stream.average_rate)
        blocks = []
        for number, packet in enumerate(packet for packet in film.demux(stream) if packet.size):
            at = number * step if decoding else float((packet.pts or 0) * stream.time_base)
            blocks.append((round(at * 1000), packet.is_keyframe, bytes(packet)))
        shape = {0xB0: stream.width, 0xBA: stream.height, **video}
    out.write_bytes(_film(blocks, codec, private, shape))


def _film(blocks: list[tuple[int, bool, bytes]], codec: str, private: bytes, shape: Mapping[int, int]) -> bytes:
    head = element(0x1A45DFA3, element(0x4282, "matroska") + element(0x4287, 4) + element(0x4285, 2))
    info = element(0x1549A966, element(0x2AD7B1, 1_000_000) + element(0x4D80, "by hand") + element(0x5741, "by hand"))
    pictures = element(0xE0, b"".join(element(kind, value) for kind, value in shape.items()))
    track = [element(0xD7, 1), element(0x73C5, 1), element(0x83, 1), element(0x86, codec), element(0x63A2, private), pictures]
    simple = [element(0xA3, b"\x81" + struct.pack(">hB", at, key << 7) + data) for at, key, data in blocks]
    cluster = element(0x1F43B675, element(0xE7, 0) + b"".join(simple))
    return head + b"\x18\x53\x80\x67" + UNKNOWN_LENGTH + info + element(0x1654AE6B, element(0xAE, b"".join(track))) + cluster


def bitmap(fourcc: bytes, width: int, height: int, header: bytes = b"") -> bytes:
    """BITMAPINFOHEADER: the codec's private data under Video for Windows."""
    return struct.pack("<IiiHH4sIiiII", 40 + len(header), width, height, 1, 24, fourcc, width * height * 3, 0, 0, 0, 0) + header


def header(source: Path) -> bytes:
    """The decoder's header of a film's picture."""
    with av.open(str(source)) as film:
        context: Any = film.streams.video[0].codec_context
        return bytes(context.extradata or b"")
