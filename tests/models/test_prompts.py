"""Prompts, times of frames, pieces of streams."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.errors import RequestRefused
from models.prompts import frame_metadata, messages, render
from models.streams import strip_pieces

TIMES = st.lists(st.floats(0, 3600, allow_nan=False), min_size=1, max_size=32, unique=True).map(sorted)


def test_pictures_come_before_the_words() -> None:
    content = messages("what?", videos=1, images=2)[0]["content"]
    assert [part["type"] for part in content] == ["video", "image", "image", "text"]


@pytest.mark.parametrize(
    "error", [RuntimeError("access to attribute\n'__init__' is unsafe"), RecursionError(), TypeError("no\nnumber")]
)
def test_a_template_that_fails_is_a_refusal_in_one_line(error: Exception) -> None:
    def failing(*_: object, **__: object) -> str:
        raise error

    tokenizer = SimpleNamespace(added_tokens_decoder={}, all_special_tokens=[], apply_chat_template=failing)
    with pytest.raises(RequestRefused, match="the model's chat template fails: ") as caught:
        render(tokenizer, None, "what?", videos=1, images=0)
    assert "\n" not in str(caught.value)


def test_even_times_give_the_films_own_rate() -> None:
    found = frame_metadata([10.0, 10.5, 11.0, 11.5], 4, 384, 384)
    assert (found["fps"], found["frames_indices"], found["total_num_frames"], found["duration"]) == (2.0, [0, 1, 2, 3], 4, 2.0)
    assert found["do_sample_frames"] is False


def test_uneven_times_are_kept_to_the_millisecond() -> None:
    found = frame_metadata([0.0, 0.7, 3.001], 3, 384, 384)
    assert [index / found["fps"] for index in found["frames_indices"]] == [0.0, 0.7, 3.001]


def test_without_times_there_is_one_frame_a_second() -> None:
    assert frame_metadata([], 3, 10, 10)["frames_indices"] == [0, 1, 2]
    assert frame_metadata([0.0], 1, 10, 10)["frames_indices"] == [0]


@given(TIMES)
@example([0.0, 5e-324])
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
def test_any_times_come_back(times: list[float]) -> None:
    found = frame_metadata(times, len(times), 10, 10)
    for index, time in zip(found["frames_indices"], times, strict=True):
        assert index / found["fps"] == pytest.approx(time - times[0], abs=max(0.001, 0.01 * (times[-1] - times[0])))


@given(st.lists(st.text(alphabet=" \n\tab", max_size=4)))
async def test_stripped_pieces_join_to_the_stripped_text(pieces: list[str]) -> None:
    async def source() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    found = [piece async for piece in strip_pieces(source())]
    assert "".join(found) == "".join(pieces).strip()
    assert all(found)
