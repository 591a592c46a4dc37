"""Inputs made from good ones: bytes changed, pieces cut, doubled, moved, words of a dictionary put in, things repeated very often."""

import random
from collections.abc import Iterator, Sequence

WORDS = [
    b"-->", b" --> ", b"->", b"<", b">", b"</", b"<i>", b"{", b"}", b"{\\p1}", b"{\\", b"\\N", b"\\", b"&", b"&#", b"&#99999999999;", b"[",
    b"]", b"[[", b'{"a":', b'"', b"'", b",", b":", b";", b"=", b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b"\x00\x00", b"\xff", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xa8", b"\xe2\x81\xa0", b"\xcc\x81", b"<|", b"|>", b"-",
    b"0", b"9" * 20, b"9" * 400, b"0x" + b"f" * 5000, b"1e999", b"-1", b"NaN", b"Infinity", b"null", b"true",
    b"00:00:01,000", b"00:00:01,000 --> 00:00:02,000\n",
    b"99:99:99,999", b"WEBVTT\n", b"NOTE\n", b"STYLE\n", b"[Events]\n", b"Dialogue: ", b"Format: ", b"Style: Default,", b"line:5%",
    b"../", b"/", b"\\u0000", b"\\ud800", b'"""', b"[a]\n", b"[[a]]\n", b"#", b"1\n", b"outcome", b"data: ", b"[DONE]", b"</think>",
]  # fmt: skip


def mutants(seeds: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """``count`` inputs, the same ones for the same ``seed``."""
    chance = random.Random(seed)
    for _ in range(count):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 3, 5, 12))):
            _change(data, seeds, chance)
        yield bytes(data[:2_000_000])


def _change(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((1, 3, 20, 200)))
    match chance.randrange(9):
        case 0 if data:
            data[min(at, len(data) - 1)] = chance.randrange(256)
        case 1:
            del data[at:end]
        case 2:
            data[at:at] = data[at:end]
        case 3:
            data[at:end] = chance.choice(WORDS)
        case 4:
            data[at:at] = chance.choice(WORDS)
        case 5:
            data[at:at] = chance.choice(WORDS) * chance.choice((2, 10, 300, 20_000))
        case 6:
            other = chance.choice(seeds)
            start = chance.randrange(len(other) + 1)
            data[at:end] = other[start : start + chance.choice((5, 50, 500))]
        case 7:
            del data[at:]
        case _:
            piece = bytes(data[at:end])
            del data[at:end]
            to = chance.randrange(len(data) + 1)
            data[to:to] = piece
