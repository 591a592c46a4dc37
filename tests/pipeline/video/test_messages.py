"""What goes between us and a decoding child comes back as it went, and nothing else comes through."""

import json
import math
from dataclasses import fields, replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.images.unpack import REASONS
from pipeline.video.children import codec, messages, picture_messages
from pipeline.video.children.segments import Role, Segment

whole = st.integers(-(1 << 63), (1 << 63) - 1)
number = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(int, whole)
st.register_type_strategy(float, number)
SPECIAL: dict[type, st.SearchStrategy[Any]] = {
    messages.Failure: st.builds(
        messages.Failure,
        code=st.sampled_from(messages.FAILURES),
        message=st.text(),
        data=st.dictionaries(st.text().filter(lambda key: key not in ("self", "code", "message")), st.text()),
    ),
    messages.Probed: st.builds(
        messages.Probed,
        width=st.integers(1, 9000),
        height=st.integers(1, 9000),
        films=st.integers(1, 9),
        stream=st.integers(0, 9),
        fps=st.floats(0.1, 1000),
        duration=st.floats(0, 1e6),
        ends=st.floats(0, 1e6),
    ),
    messages.Located: st.builds(
        messages.Located,
        spans=st.lists(st.tuples(st.integers(0, 1 << 40), st.integers(1 << 41, 1 << 42)), max_size=3).map(tuple),
    ),
    messages.Head: st.builds(messages.Head, pictures=st.integers(0, 2).map(lambda count: bytes(messages.TINY * count))),
    messages.Done: st.builds(messages.Done, pictures=st.integers(0, 2).map(lambda count: bytes(messages.TINY * count))),
}


SIDE = st.integers(1, 9000)
STILL = st.builds(picture_messages.Still, width=SIDE, height=SIDE, wide=SIDE, high=SIDE, code=st.sampled_from(("", *REASONS)))
st.register_type_strategy(picture_messages.Still, STILL)


def some(union: Any) -> st.SearchStrategy[Any]:
    return st.one_of([SPECIAL.get(kind, st.builds(kind)) for kind in get_args(union)])


@given(some(messages.Request))
def test_a_request_arrives_as_it_was_sent(message: messages.Request) -> None:
    assert codec.request(*codec.encode(message)) == message


@given(some(messages.Reply))
def test_a_reply_arrives_as_it_was_sent(message: messages.Reply) -> None:
    assert codec.reply(*codec.encode(message)) == message


values = st.recursive(
    st.none() | st.booleans() | whole | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(some(messages.Reply), st.data())
def test_a_field_of_another_type_is_refused(message: messages.Reply, data: st.DataObject) -> None:
    """A child that somebody took over says anything; what comes through is typed as it is written."""
    header, payload = codec.encode(message)
    said = json.loads(header)
    name = data.draw(st.sampled_from(sorted(said)))
    said[name] = data.draw(values)
    try:
        came = codec.reply(json.dumps(said).encode(), payload)
    except codec.Malformed:
        return
    for field in fields(came):
        value = getattr(came, field.name)
        if field.type in (int, float, bool, str):
            assert type(value) is field.type
            assert field.type is not float or math.isfinite(value)


@given(st.binary(max_size=50), st.binary(max_size=5))
def test_any_bytes_are_a_message_or_malformed(header: bytes, payload: bytes) -> None:
    with pytest.raises(codec.Malformed):
        codec.reply(header, payload)


@pytest.mark.parametrize(
    "header",
    [
        b'{"is": "Cut", "rank": 1, "more": 2}',
        b'{"is": "Cut"}',
        b'{"is": "Cut", "rank": true}',
        b'{"is": "Cut", "rank": 1e400}',
        b'{"is": "Cut", "rank": 9223372036854775808}',
        b'{"is": "Tick", "decoded": 1, "seconds": NaN}',
        b'{"is": "Tick", "decoded": 1, "seconds": 1' + b"0" * 400 + b"}",
        b'{"is": "Probe", "streams": 1, "pixels": 1, "cpu": 1}',
        b'{"is": "Failure", "code": "disk_full", "message": "", "data": {}}',
        b'{"is": "Failure", "code": "no_decoder", "message": "", "data": {"code": "x"}}',
        b'{"is": ["Cut"], "rank": 1}',
        b"[" * 100_000,
        b"null",
    ],
)
def test_what_no_child_says(header: bytes) -> None:
    with pytest.raises(codec.Malformed):
        codec.reply(header, b"")


GOOD = messages.TableData(
    number=1,
    frames=2,
    packets=2,
    end=1.0,
    repaired=False,
    depth=0,
    holes=(),
    headers=(),
    arrays=np.array([0.0, 0.5]).tobytes() + np.arange(2).tobytes() * 2 + np.ones(2, np.int32).tobytes() + b"\1\0",
)


@pytest.mark.parametrize(
    "table",
    [
        replace(GOOD, frames=3),
        replace(GOOD, frames=-2, packets=9),
        replace(GOOD, arrays=np.array([0.5, 0.0]).tobytes() + GOOD.arrays[16:]),
        replace(GOOD, arrays=np.array([0.5, math.nan]).tobytes() + GOOD.arrays[16:]),
        replace(GOOD, arrays=GOOD.arrays[:16] + np.array([0, 2]).tobytes() + GOOD.arrays[32:]),
        replace(GOOD, headers=((0, "no hex"),)),
    ],
)
def test_a_table_of_no_film_is_refused(table: messages.TableData) -> None:
    assert GOOD.table().times.tolist() == [0.0, 0.5]
    with pytest.raises(ValueError, match=r".+"):
        table.table()


@given(st.sets(st.integers(0, 1 << 40), min_size=1).map(sorted), st.data())
def test_what_is_left_of_a_segment(ranks: list[int], data: st.DataObject) -> None:
    roles = data.draw(st.lists(st.integers(0, 7), min_size=len(ranks), max_size=len(ranks)))
    segment = Segment(targets=np.array(ranks), roles=np.array(roles, np.uint8))
    again = Segment.unpack(segment.pack())
    assert (again.targets.tolist(), again.roles.tolist()) == (ranks, roles)
    reached = data.draw(st.sampled_from([-1, *ranks]))
    rest = segment.after(reached, again=True)
    left = [(rank, role) for rank, role in zip(ranks, roles, strict=True) if rank > reached]
    seen = [(reached, int(Role.UNSENT))] if reached >= 0 else []
    assert list(zip(rest.targets.tolist(), rest.roles.tolist(), strict=True)) == seen + left
    assert segment.after(reached, again=False).targets.tolist() == [rank for rank, _ in left]
