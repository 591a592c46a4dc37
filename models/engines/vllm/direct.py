"""Pictures' way to the engine without the model's processor, where that would only hand on their bytes (see pixels.py).

    processor: pictures -> tensors -> lists -> batches -> copies -> ... the same bytes, 7 to 30 ms of a core
    here:      pictures, as they lie in memory, beside what is the same for all of their shape

A request shows one video, or single pictures of one shape. What is the same is learned from the first request of each shape, which goes
through vLLM's renderer, and only where that one's result is what would have been made here, to the last byte and token; where it is not,
all of that shape go the long way. Text is tokenised for each request, so no prompt is taken for another.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Kind: TypeAlias = Literal["video", "image"]
Pictures: TypeAlias = Sequence[NDArray[np.uint8]]
"""videos (frames x height x width x 3), or single pictures (height x width x 3)"""

OWN = frozenset({"prompt", "prompt_token_ids", "mm_kwargs", "mm_placeholders", "mm_hashes", "arrival_time"})
"""of a rendered input, what is true of its own request alone"""
SHAPES = 1024
"""shapes that are remembered: each is a few hundred bytes"""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What rendered inputs of one shape have in common."""

    kind: Kind
    token: int
    """stands for the video or the picture in the prompt"""
    length: int
    """tokens that it becomes"""
    copies: int
    """how often a single picture goes to the engine: whole, and as its own only tile; 0: a video, as it is"""
    rendered: dict[str, Any]
    """what stands in all of them alike"""
    name: str
    """of the pixels, among the model's arguments"""
    element: Any
    """how vLLM holds them, without data"""
    arguments: dict[str, Any]
    """all arguments in vLLM's order, with the data of those that follow from the shape alone"""
    items: tuple[type, type]
    """vLLM's classes for the arguments of one video or picture, and of a request"""
    place: Any
    """where it stands among the tokens, as vLLM says it"""


class DirectInputs:
    """Patterns by number and shape; threads may share it. ``encode``: text -> tokens, as vLLM's renderer does it."""

    def __init__(self, encode: Callable[[str], Sequence[int]]) -> None:
        self._encode = encode
        self._patterns: dict[tuple[int, ...], Pattern | None] = {}
        """by how many are shown, which vLLM's renderer may refuse, and their shape"""
        self._numbers = itertools.count()

    def knows(self, shown: Pictures) -> bool:
        """Whether it was learned how such pictures go, or that there is nothing to learn of them."""
        return (len(shown), *shown[0].shape) in self._patterns or len(self._patterns) >= SHAPES or not _alike(shown)

    def get(self, shown: Pictures, text: str) -> dict[str, Any] | None:
        """vLLM's input of what is shown and its prompt; None where it has to be rendered."""
        pattern = self._patterns.get((len(shown), *shown[0].shape))
        if pattern is None or not _alike(shown):
            return None
        return _made(pattern, shown, text, list(self._encode(text)), self._numbers)

    def learn(self, shown: Pictures, text: str, rendered: dict[str, Any]) -> None:
        """What vLLM's renderer made of what was shown and its prompt."""
        of = (len(shown), *shown[0].shape)
        if of not in self._patterns and len(self._patterns) < SHAPES and _alike(shown):
            self._patterns[of] = _pattern(shown, text, list(self._encode(text)), rendered)


def encoder_of(tokenizer: Any) -> Callable[[str], Sequence[int]] | None:
    """How a tokenizer of transformers makes tokens, without its Python; it changes no settings, so threads may share it.

    None for one that is Python through and through.
    """
    fast = getattr(tokenizer, "backend_tokenizer", None)
    return (lambda text: list(fast.encode(text).ids)) if fast is not None else None


def _alike(shown: Pictures) -> bool:
    return all(one.shape == shown[0].shape for one in shown)


def _pattern(shown: Pictures, text: str, tokens: list[int], rendered: dict[str, Any]) -> Pattern | None:
    """None where what is made by it would not be what was rendered."""
    import torch

    kind: Kind = "video" if shown[0].ndim == 4 else "image"
    arguments: Any = rendered.get("mm_kwargs")
    if not arguments or list(arguments) != [kind] or len(arguments[kind]) != len(shown):
        return None
    item = arguments[kind][0]
    names = [name for name, of in item.items() if isinstance(of.data, torch.Tensor) and of.data.dtype == torch.uint8]
    if len(names) != 1 or not all(_follows(of.data, shown[0].shape, kind) for name, of in item.items() if name != names[0]):
        return None
    pixels = item[names[0]]
    place = rendered["mm_placeholders"][kind][0]
    found = Pattern(
        kind=kind,
        token=tokens[place.offset] if place.offset < len(tokens) else -1,
        length=place.length,
        copies=0 if kind == "video" else len(pixels.data),
        rendered={key: value for key, value in rendered.items() if key not in OWN},
        name=names[0],
        element=replace(pixels, data=None),
        arguments={name: of if name != names[0] else None for name, of in item.items()},
        items=(type(item), type(arguments)),
        place=place,
    )
    made = _made(found, shown, text, tokens, itertools.count())
    if made is None or made["prompt_token_ids"] != list(rendered["prompt_token_ids"]):
        return None
    if made["mm_placeholders"][kind] != list(rendered["mm_placeholders"][kind]) or place.is_embed is not None:
        return None
    pairs = zip(made["mm_kwargs"][kind], arguments[kind], strict=True)
    return found if all(_same(ours, theirs, names[0]) for ours, theirs in pairs) else None


def _follows(data: Any, shape: tuple[int, ...], kind: Kind) -> bool:
    """Whether an argument beside the pixels says no more than a single picture's height and width."""
    import torch

    return kind == "image" and isinstance(data, torch.Tensor) and data.tolist() == list(shape[:2])


def _same(ours: Any, theirs: Any, name: str) -> bool:
    import torch

    if ours.keys() != theirs.keys():  # vLLM's order is that of a set: another one in another process
        return False
    pixels = ours[name].data.movedim(-1, -3)
    return torch.equal(pixels, theirs[name].data) and all(
        torch.equal(ours[other].data, theirs[other].data) for other in theirs if other != name
    )


def _made(
    pattern: Pattern, shown: Pictures, text: str, tokens: list[int], numbers: "itertools.count[int]"
) -> dict[str, Any] | None:
    """None where the prompt has another number of places than there is to show: vLLM's renderer has something to say of that."""
    if tokens.count(pattern.token) != len(shown):
        return None
    found, places = list[int](), list[Any]()
    for token in tokens:
        if token == pattern.token:
            places.append(replace(pattern.place, offset=len(found)))
            found += [token] * pattern.length
        else:
            found.append(token)
    item, items = pattern.items
    return pattern.rendered | {
        "arrival_time": time.time(),
        "prompt": text,
        "prompt_token_ids": found,
        "mm_kwargs": items({pattern.kind: [item(_arguments(pattern, one)) for one in shown]}),
        "mm_hashes": {pattern.kind: [f"direct-{next(numbers)}" for _ in shown]},
        "mm_placeholders": {pattern.kind: places},
    }


def _arguments(pattern: Pattern, shown: NDArray[np.uint8]) -> dict[str, Any]:
    """The model's arguments."""
    import torch

    if pattern.copies:
        pixels = np.repeat(shown[None], pattern.copies, axis=0)
    else:
        pixels = shown if shown.flags.c_contiguous and shown.flags.writeable else np.array(shown, order="C")
    made = replace(pattern.element, data=torch.from_numpy(pixels))
    return pattern.arguments | {pattern.name: made}
