"""What is asked of a live window: the recipe's instruction, with fewer words where the engine is slow, and what was said before.

What was said before is forgotten at a loss, a jump, a gap and after MEMORY seconds: a model that is shown its own words for ever
ends up in a loop. It goes into the prompt cleaned, as anything that a model has read off a picture.
"""

from collections import deque
from dataclasses import replace

from models.base import Request
from pipeline.captioning.prompt import words_for
from pipeline.captioning.recipe import Recipe
from pipeline.frames import FrameBatch
from pipeline.sanitize import clean

MEMORY = 60.0
"""seconds after which it starts anew"""
WORDS = 60
"""of what was said before, at most"""
SAME = "unchanged"
"""the model's own word for a scene that is still as it was said before"""
FEWEST_TOKENS = 16


class Before:
    """What a stream's last windows were described as."""

    def __init__(self, most: int) -> None:
        self._texts: deque[str] = deque(maxlen=max(most, 0))
        self._since: float | None = None

    def said(self, text: str, time: float) -> None:
        if self._texts.maxlen and text:
            self._since = time if self._since is None else self._since
            self._texts.append(text)

    def forget(self) -> None:
        self._texts.clear()
        self._since = None

    def at(self, time: float) -> str:
        """What a question at this time may be told, or an empty text."""
        if self._since is not None and time - self._since > MEMORY:
            self.forget()
        words = " ".join(clean(text).replace("\n", " ") for text in self._texts).split()
        return " ".join(words[-WORDS:])


def request_for(batch: FrameBatch, seconds: float, recipe: Recipe, *, words: float, before: str, prompt: str | None) -> Request:
    """The request for a window of so many seconds. ``words``: the share of its words that it may have."""
    count = max(4, round(words_for(seconds) * words))
    text = (prompt or recipe.prompt).replace("{words}", str(count))
    if before:
        text += (
            f' It goes on from what was described before: "{before}" Tell only what is new or has changed; '
            f"answer '{SAME}' where nothing has."
        )
    sampling = replace(recipe.sampling, max_tokens=max(FEWEST_TOKENS, round(recipe.sampling.max_tokens * words)))
    times = tuple(time - batch.times[0] for time in batch.times)
    if recipe.frames == "images":
        return Request(prompt=text, images=tuple(batch.data), sampling=sampling, priority=-1)
    return Request(prompt=text, video=batch.data, times=times, sampling=sampling, priority=-1)


def says_unchanged(text: str) -> bool:
    """Whether an answer is the word for nothing new."""
    return text.strip().strip("'\"“”.!").casefold() == SAME
