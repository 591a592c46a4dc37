"""A video's way to the engine without the model's processor, where that would only hand on its bytes (see pixels.py).

    processor: frames -> tensors -> lists -> batches -> copies -> ... the same bytes, 7 to 30 ms of a core
    here:      frames, as they lie in memory, beside what is the same for all videos of their shape

What is the same is learned from the first video of each shape, which goes through vLLM's renderer, and only where that one's result is
what would have been made here, to the last byte and token; where it is not, all videos of that shape go the long way. Text is tokenised
for each request, so no prompt is taken for another.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

OWN = frozenset({"prompt", "prompt_token_ids", "mm_kwargs", "mm_placeholders", "mm_hashes", "arrival_time"})
"""of a rendered input, what is true of its own request alone"""
SHAPES = 1024
"""shapes of videos that are remembered: each is a few hundred bytes"""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What rendered inputs of one shape of video have in common."""

    token: int
    """stands for the video in the prompt"""
    length: int
    """tokens that it becomes"""
    rendered: dict[str, Any]
    """what stands in all of them alike"""
    name: str
    """of the pixels, among the model's arguments"""
    element: Any
    """how vLLM holds them, without data"""
    items: tuple[type, type]
    """vLLM's classes for the arguments of one video, and of a request"""
    place: Any
    """where the video stands among the tokens, as vLLM says it"""


class DirectInputs:
    """Patterns by the shape of the video; threads may share it. ``encode``: text -> tokens, as vLLM's renderer does it."""

    def __init__(self, encode: Callable[[str], Sequence[int]]) -> None:
        self._encode = encode
        self._patterns: dict[tuple[int, ...], Pattern | None] = {}
        self._numbers = itertools.count()

    def get(self, video: NDArray[np.uint8], text: str) -> dict[str, Any] | None:
        """vLLM's input of a video and its prompt; None where it has to be rendered."""
        pattern = self._patterns.get(video.shape)
        return _made(pattern, video, text, list(self._encode(text)), next(self._numbers)) if pattern is not None else None

    def learn(self, video: NDArray[np.uint8], text: str, rendered: dict[str, Any]) -> None:
        """What vLLM's renderer made of a video and its prompt."""
        if video.shape not in self._patterns and len(self._patterns) < SHAPES:
            self._patterns[video.shape] = _pattern(video, text, list(self._encode(text)), rendered)


def encoder_of(tokenizer: Any) -> Callable[[str], Sequence[int]] | None:
    """How a tokenizer of transformers makes tokens, without its Python; it changes no settings, so threads may share it.

    None for one that is Python through and through.
    """
    fast = getattr(tokenizer, "backend_tokenizer", None)
    return (lambda text: list(fast.encode(text).ids)) if fast is not None else None


def _pattern(video: NDArray[np.uint8], text: str, tokens: list[int], rendered: dict[str, Any]) -> Pattern | None:
    """None where what is made by it would not be what was rendered."""
    import torch

    arguments: Any = rendered.get("mm_kwargs")
    if not arguments or list(arguments) != ["video"] or len(arguments["video"]) != 1 or len(arguments["video"][0]) != 1:
        return None
    [(name, element)] = arguments["video"][0].items()
    if not isinstance(element.data, torch.Tensor) or element.data.dtype != torch.uint8:
        return None
    [place] = rendered["mm_placeholders"]["video"]
    found = Pattern(
        token=tokens[place.offset] if place.offset < len(tokens) else -1,
        length=place.length,
        rendered={key: value for key, value in rendered.items() if key not in OWN},
        name=name,
        element=replace(element, data=None),
        items=(type(arguments["video"][0]), type(arguments)),
        place=place,
    )
    made = _made(found, video, text, tokens, 0)
    if made is None or made["prompt_token_ids"] != list(rendered["prompt_token_ids"]) or place.is_embed is not None:
        return None
    ours = made["mm_kwargs"]["video"][0][name].data.movedim(-1, -3)
    same = made["mm_placeholders"]["video"][0].offset == place.offset and torch.equal(ours, element.data)
    return found if same else None


def _made(pattern: Pattern, video: NDArray[np.uint8], text: str, tokens: list[int], number: int) -> dict[str, Any] | None:
    """None where the video does not stand once in the prompt: vLLM's renderer has something to say of that."""
    import torch

    if tokens.count(pattern.token) != 1:
        return None
    offset = tokens.index(pattern.token)
    pixels = video if video.flags.c_contiguous and video.flags.writeable else np.array(video, order="C")
    item, items = pattern.items
    return pattern.rendered | {
        "arrival_time": time.time(),
        "prompt": text,
        "prompt_token_ids": [*tokens[:offset], *[pattern.token] * pattern.length, *tokens[offset + 1 :]],
        "mm_kwargs": items({"video": [item({pattern.name: replace(pattern.element, data=torch.from_numpy(pixels))})]}),
        "mm_hashes": {"video": [f"direct-{number}"]},
        "mm_placeholders": {"video": [replace(pattern.place, offset=offset)]},
    }
