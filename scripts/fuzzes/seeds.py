"""Good inputs that are written here, of which mutants are made; others are goldens and the house's own files."""

import json
from collections.abc import Mapping
from typing import Any

ANSWER = json.dumps(
    {"choices": [{"message": {"content": "A dog."}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}
).encode()
PIECES = b'data: {"choices": [{"delta": {"content": "A dog"}}]}\n\ndata: {"choices": [{"finish_reason": "stop", "delta": {}}]}\n\ndata: [DONE]\n\n'
LISTING = b"""Input #0, mov,mp4, from 'file:film.mp4':
  Metadata:
    title           : A dog
  Duration: 00:00:12.00, start: 0.000000, bitrate: 80 kb/s
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 320x180 [SAR 1:1 DAR 16:9], 71 kb/s, 25 fps, 25 tbr
    Side data:
      displaymatrix: rotation of -90.00 degrees
"""
SIZES = b'{"patch_size": 14, "merge_size": 2, "temporal_patch_size": 2, "size": {"height": 384}, "vision_config": {"image_size": 384}}'
MICRODVD = b"{1}{1}25.000\n{25}{75}A dog.|{y:i}It runs.\n{100}{150}A cat.\n{200}{}Last.\n"
MPL = b"[10][35]/A dog.|It runs.\n[40][60]A cat.\n"
LRC = b"[ti:Dogs]\n[offset:+250]\n[00:01.00]A dog.\n[00:02.50][01:02.500]It <00:03.00>runs.\n[00:09]\n"
SBV = b"0:00:01.000,0:00:03.500\nA dog.\nIt runs.\n\n0:01:00.000,0:01:02.000\nA cat.\n"
NAMES = [
    b"movie.en.srt",
    b"Movie.pl.hi.forced.srt",
    "映画.ja.srt".encode(),
    b"x" * 250 + b".mp4",
    b"a\nb\x1b[31m.mp4",
    b"b\xff.zh-Hans.ass",
]


def journal(key: Mapping[str, Any]) -> bytes:
    """A journal of five captions."""
    caption = {"start": 0.0, "end": 1.5, "text": "A dog.", "outcome": "ok", "frames": [0.5], "prompt_tokens": 1,
               "completion_tokens": 2, "reused": False, "original": None}  # fmt: skip
    lines = [
        json.dumps({"journal": 1, "key": key}, sort_keys=True),
        *(json.dumps({**caption, "start": n / 10}) for n in range(5)),
    ]
    return ("\n".join(lines) + "\n").encode()


def toml() -> bytes:
    """A file of options."""
    return (
        b'model = "shapes"\nlanguage = "de"\nmax-line-width = 40\nburn = true\ntemperature = 0.5\nengine-arg = ["a=1", "b=2"]\n'
    )
