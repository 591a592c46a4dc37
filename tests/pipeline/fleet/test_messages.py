"""What coordinator and host say to each other comes out as it went in; what is no message is the end of the other side."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import Reply, Request, Sampling, Schema, Turn
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.tally import Tally
from pipeline.errors import InputError, OutputError, RequestError, UsageError
from pipeline.fleet import messages
from pipeline.fleet.codec import LENGTHS, HungUp, encode, raised, receive, told
from pipeline.fleet.messages import FROM_HOST, TO_HOST
from pipeline.fleet.requests import packed, plain, reply_of, unpacked
from pipeline.fleet.units import Unit
from pipeline.types import Caption, Notice, Outcome, VideoInfo

SECONDS = st.floats(0, 1e7, allow_nan=False)
CAPTIONS = st.builds(
    Caption, start=SECONDS, end=SECONDS, text=st.text(), outcome=st.sampled_from(Outcome), frames=st.tuples(SECONDS, SECONDS)
)


def came(data: bytes, known: Any) -> Any:
    async def read() -> Any:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await receive(reader, known)

    return asyncio.run(read())


def info(path: bytes = b"/films/\xff caf\xc3\xa9.mp4") -> VideoInfo:
    return VideoInfo(
        path=Path(os.fsdecode(path)), size=1, container="mov", codec="h264", duration=9.5, start=0, fps=25, width=64, height=36,
        notices=(Notice(code="partial", message="a part", start=1.0, end=2.0),),
    )  # fmt: skip


@given(CAPTIONS, st.binary(min_size=1).filter(lambda name: b"/" not in name and b"\0" not in name))
def test_a_unit_arrives_whatever_its_film_is_called(caption: Caption, name: bytes) -> None:
    unit = Unit(info=info(b"/films/" + name), recipe=Recipe(model="shapes", sampling=Sampling(seed=3)), known=(caption,))
    assert came(encode(messages.Grant(number=7, unit=unit)), TO_HOST) == messages.Grant(number=7, unit=unit)


@given(CAPTIONS, st.binary())
def test_what_a_host_says_arrives(caption: Caption, picture: bytes) -> None:
    done = messages.Done(
        number=1,
        spans=((0.0, 1.5), (1.5, 2.0)),
        shots=(1.5,),
        notices=info().notices,
        decode_seconds=0.25,
        reader="nvdec",
        tally=Tally(windows=2),
    )
    shown = messages.Shown(number=1, index=0, start=0.0, end=1.0, time=0.5, rank=12, height=2, width=2, payload=picture)
    pulse = messages.Pulse(
        in_flight=1,
        waiting=2,
        peak=(3, 4),
        deaths=0,
        hungry=1.0,
        fed=2.0,
        full=0.5,
        gauges={"running": 1, "gpu_memory_used_gb": [1.5]},
    )
    for message in (messages.Captioned(number=1, caption=caption, position=2.5), done, shown, pulse, messages.Read(number=4)):
        assert came(encode(message), FROM_HOST) == message


@pytest.mark.parametrize(
    "raw",
    [
        b"{}", b"[]", b"null", b"not json",
        b'{"kind": "exec", "number": 1}', b'{"kind": "wants", "places": "many"}',
        b'{"kind": "done", "number": 1}',
        json.dumps({"kind": "captioned", "number": 1, "position": 0, "caption": {"start": "x"}}).encode(),
    ],
)  # fmt: skip
def test_nonsense_is_the_end_of_the_other_side(raw: bytes) -> None:
    with pytest.raises(HungUp):
        came(LENGTHS.pack(len(raw), 0) + raw, FROM_HOST)


def test_a_message_cut_short_or_of_any_size_is_the_end_too() -> None:
    whole = encode(messages.Wants(places=3))
    for data in (whole[:5], whole[:-1], b"", LENGTHS.pack(4, 1 << 40) + b"null"):
        with pytest.raises(HungUp):
            came(data, FROM_HOST)
    with pytest.raises(HungUp):
        came(whole, TO_HOST)


@pytest.mark.parametrize("kind", [InputError, OutputError, UsageError, RequestError])
def test_errors_keep_their_kind_and_their_values(kind: Any) -> None:
    error = raised(json.loads(json.dumps(told(kind("some_code", "a sentence", path="a.mp4", seconds=1.5)))))
    assert (type(error), error.code, error.message, error.data) == (
        kind,
        "some_code",
        "a sentence",
        {"path": "a.mp4", "seconds": 1.5},
    )


def test_a_request_and_its_reply_cross_whole() -> None:
    video = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    image = np.full((5, 6, 3), 9, np.uint8)
    request = Request(
        prompt="What?", video=video, times=(0.0, 1.0), images=(image,), sampling=Sampling(max_tokens=5), key="k", priority=2,
        history=(Turn(role="user", text="Who?"), Turn(role="assistant", text="A man.")), schema=Schema(choices=("yes", "no")),
    )  # fmt: skip
    values, payload = packed(request)
    again = unpacked(json.loads(json.dumps(values)), payload)
    assert again.video is not None
    assert np.array_equal(again.video, video)
    assert np.array_equal(again.images[0], image)
    assert (again.prompt, again.times, again.sampling, again.key, again.priority) == (
        "What?",
        (0.0, 1.0),
        request.sampling,
        "k",
        2,
    )
    assert (again.history, again.schema) == (request.history, request.schema)
    reply = Reply(text="yes", finish="stop", prompt_tokens=3, completion_tokens=1, cached_tokens=2)
    assert reply_of(json.loads(json.dumps(plain(reply)))) == reply


@pytest.mark.parametrize("carried", [{}, {"kind": []}, {"kind": "InputError", "code": 5, "message": None, "data": [1]},
    {"kind": "UsageError", "code": "a", "message": "b", "data": {"code": "c", "message": "d", "path": "e"}}])  # fmt: skip
def test_an_error_that_carries_nonsense_is_still_one(carried: dict[str, Any]) -> None:
    error = raised(carried)
    assert error.code
    assert error.data.get("path") in (None, "e")


def test_a_message_of_brackets_alone_is_the_end_of_the_other_side() -> None:
    head = b"[" * 100_000
    with pytest.raises(HungUp):
        came(LENGTHS.pack(len(head), 0) + head, FROM_HOST)
