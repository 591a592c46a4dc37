"""Inputs made from good ones: bytes changed, pieces cut, doubled, moved, words of a dictionary put in, things repeated very often."""

import json
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


VALUES: list[object] = [
    10**400, -(10**400), 2**63, -1, 1e308, float("inf"), float("nan"), 0.1, True, None, "", "\ud800", "a\x00b", [], [[]], {},
]  # fmt: skip
"""what may stand in JSON where another value is meant; all of it is found by changing bytes only after years"""


LONGEST = 2_000_000
"""bytes of an input"""


def mutants(seeds: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """``count`` inputs, the same ones for the same ``seed``."""
    chance = random.Random(seed)
    for _ in range(count):
        seed_ = chance.choice(seeds)
        if chance.randrange(4) == 0 and (changed := _otherwise(seed_, chance)) is not None:
            yield changed
            continue
        data = bytearray(seed_)
        for _ in range(chance.choice((1, 1, 2, 3, 5, 12))):
            _change(data, seeds, chance)
        yield bytes(data[:LONGEST])


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
            word = chance.choice(WORDS)
            data[at:at] = word * min(chance.choice((2, 10, 300, 20_000)), 1 + LONGEST // len(word))
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


def _otherwise(data: bytes, chance: random.Random) -> bytes | None:
    """JSON, or one of its lines, with another value somewhere in it; None where it is no JSON."""
    lines = [data] if data[:1] in b"[{" and data.count(b"\n{") == 0 else data.split(b"\n")
    number = chance.randrange(len(lines))
    try:
        whole = [json.loads(lines[number])]
    except (ValueError, RecursionError):
        return None
    at, key = whole, 0
    while isinstance(inside := at[key], dict | list) and inside and chance.randrange(8):
        at, key = inside, chance.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))  # type: ignore[assignment]
    at[key] = chance.choice(VALUES)
    lines[number] = json.dumps(whole[0]).encode()
    return b"\n".join(lines)
