"""What is made once is made by one thread: with a real tokenizer eight that make it at once kept a GPU waiting for 48 s."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from models.base import Request
from models.engines.vllm.direct import DirectInputs
from models.engines.vllm.preparing import Preparer
from models.presets import preset

AT_ONCE = 8


class Busy:
    """How many are inside at once, and how often somebody came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.inside = self.most = self.times = 0

    @contextmanager
    def entered(self) -> Iterator[int]:
        with self._lock:
            self.inside += 1
            self.times += 1
            self.most, count = max(self.most, self.inside), self.times
        try:
            yield count
        finally:
            with self._lock:
                self.inside -= 1


class Tokenizer:
    """As much of one as the prompt's text takes."""

    added_tokens_decoder: dict[int, Any] = {}  # noqa: RUF012
    all_special_tokens: list[str] = []  # noqa: RUF012

    def __init__(self) -> None:
        self.busy = Busy()

    def apply_chat_template(self, said: list[dict[str, Any]], **named: Any) -> str:
        with self.busy.entered():
            time.sleep(0.002)
            return f"V {said[-1]['content'][-1]['text']}"


class Renderer:
    """vLLM's: what it needs for its first prompt it makes then, seconds long, once for each thread that comes meanwhile."""

    def __init__(self) -> None:
        self.first, self.all = Busy(), Busy()
        self._made = False

    def __call__(self, prompt: dict[str, Any]) -> dict[str, Any]:
        with self.all.entered():
            if not self._made:
                with self.first.entered():
                    time.sleep(0.1)
                    self._made = True
            time.sleep(0.01)
            return {"prompt": prompt["prompt"]}


def request(number: int, frames: int = 2) -> Request:
    return Request(
        prompt=f"describe {number}", video=np.full((frames, 8, 8, 3), number, np.uint8), times=tuple(map(float, range(frames)))
    )


def preparer(renderer: Callable[[dict[str, Any]], Any], tokenizer: Tokenizer, *, direct: bool) -> Preparer:
    inputs = DirectInputs(lambda text: [7 if char == "V" else ord(char) for char in text]) if direct else None
    return Preparer(preset("shapes"), tokenizer, None, renderer, kept=None, direct=inputs)


def at_once(one: Preparer, requests: list[Request]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(one.prepare, requests))


@pytest.mark.parametrize("direct", [True, False])
def test_what_vllm_makes_for_its_first_prompt_is_made_once(direct: bool) -> None:
    renderer, tokenizer = Renderer(), Tokenizer()
    one = preparer(renderer, tokenizer, direct=direct)
    found = at_once(one, [request(n) for n in range(3 * AT_ONCE)])
    assert [made["prompt"] for made in found] == [f"V describe {n}" for n in range(3 * AT_ONCE)]
    assert renderer.first.times == 1
    assert renderer.all.most > 1, "all the others go beside each other"
    assert tokenizer.busy.most == 1, "vLLM copies its tokenizer for each that comes meanwhile"


def test_an_engine_that_was_warmed_up_has_it_before_the_first_request() -> None:
    renderer = Renderer()
    one = preparer(renderer, Tokenizer(), direct=True)
    one.warm()
    assert renderer.first.times == renderer.all.times == 1
    at_once(one, [request(n) for n in range(AT_ONCE)])
    assert renderer.first.times == 1


def test_a_first_prompt_that_fails_is_said_to_who_asked_and_the_next_one_is_served() -> None:
    good = Renderer()

    def failing(prompt: dict[str, Any]) -> dict[str, Any]:
        if "describe 0" in prompt["prompt"] or "describe" not in prompt["prompt"]:
            raise ValueError("a damaged processor")
        return good(prompt)

    for direct in (True, False):
        one = preparer(failing, Tokenizer(), direct=direct)
        one.warm()  # it says nothing: the first request is told
        with pytest.raises(ValueError, match="damaged processor"):
            one.prepare(request(0))
        assert one.prepare(request(1)) == {"prompt": "V describe 1"}


def test_threads_learn_a_shape_once_and_wait_for_no_other_shape_that_is_known() -> None:
    renderer = Renderer()
    one = preparer(renderer, Tokenizer(), direct=True)
    at_once(one, [request(n, frames=1 + n % 2) for n in range(AT_ONCE)])
    times = renderer.all.times
    # nothing could be learned of what this renderer makes: all go the long way, and none waits for another to learn it
    at_once(one, [request(n, frames=1 + n % 2) for n in range(AT_ONCE)])
    assert renderer.all.times == times + AT_ONCE
    assert renderer.all.most > 1
