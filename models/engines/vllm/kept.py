"""What a film's pictures became on their way to the model, kept for the next question about it.

    "<user> [film] frame at 0:01 ... | What is it?<end><assistant>"
     head: pictures prepared, 0.3 s for 64 frames, kept | tail: tokens of this question

A question's tail is what tokenising the whole gives after the head's tokens, so the prompt is to the token what it would have been;
where the two do not meet at a border of tokens, or a template puts pictures last, nothing is kept and all is prepared anew.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MOST = 1 << 30
"""bytes that are kept in all: nine films of 64 frames of 384 x 384"""
Key = tuple[str, str]
"""the request's key, and the head's text"""


class KeptInputs:
    """Rendered heads by their key, the least used go first. Threads may share it: each head is rendered once."""

    def __init__(self, most: int = MOST) -> None:
        self.most, self.nbytes = most, 0
        self._found: OrderedDict[Key, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Key, threading.Lock] = {}

    def get(self, key: Key, make: Callable[[], Any]) -> Any:
        """What is kept under the key, else what ``make`` makes; one that is larger than all room is given and not kept."""
        with self._lock:
            if (found := self._hit(key)) is not None:
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if (found := self._hit(key)) is not None:  # another thread made it meanwhile
                    return found
            try:
                found = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                self._keep(key, found)
            return found

    def __len__(self) -> int:
        return len(self._found)

    def _hit(self, key: Key) -> Any:
        if key not in self._found:
            return None
        self._found.move_to_end(key)
        return self._found[key][0]

    def _keep(self, key: Key, value: Any) -> None:
        size = size_of(value)
        if size > self.most or key in self._found:
            return
        self._found[key] = (value, size)
        self.nbytes += size
        while self.nbytes > self.most:
            _, (_, gone) = self._found.popitem(last=False)
            self.nbytes -= gone


def size_of(value: Any) -> int:
    """Bytes of all arrays and tensors in a rendered input, however deep."""
    if isinstance(value, Mapping):
        return sum(map(size_of, value.values()))
    if isinstance(nbytes := getattr(value, "nbytes", None), int):
        return nbytes
    if (data := getattr(value, "data", None)) is not None and not isinstance(value, str | bytes):
        return size_of(data)
    return sum(map(size_of, value)) if isinstance(value, list | tuple) else 0


def head_of(prompt_with: Callable[[str, bool], str]) -> str | None:
    """The text before the question, the same for every question; None where the pictures do not all stand in it.

    ``prompt_with(question, pictures)`` is the whole prompt's text, with the pictures or without.
    """
    first, second = prompt_with("A", True), prompt_with("B", True)
    bare = prompt_with("A", False)
    head = _shared(first, second)
    bare_head = _shared(bare, prompt_with("B", False))
    return head if first[len(head) :] == bare[len(bare_head) :] else None


def _shared(first: str, second: str) -> str:
    """What two texts begin with alike."""
    length = next((n for n, (one, other) in enumerate(zip(first, second, strict=False)) if one != other), len(first))
    return first[:length]


def tail_of(head: Iterable[int], whole: Iterable[int]) -> list[int] | None:
    """The tokens of ``whole`` after those of ``head``; None where it does not begin with them."""
    before, all_of_it = list(head), list(whole)
    return all_of_it[len(before) :] if all_of_it[: len(before)] == before else None
