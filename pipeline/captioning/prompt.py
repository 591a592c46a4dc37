"""What is asked of a window: one instruction, the words that the window can carry, the frames and their times."""

from dataclasses import replace

from models.base import Request
from pipeline.captioning.recipe import Recipe
from pipeline.types import Window

WORDS_A_SECOND = 3.0
"""norm of audio description; more can't be read in the time either (17 characters a second are about three words)"""
WORDS = (5, 60)
"""fewest and most words asked for"""

RETRY_TEMPERATURE = 0.4
"""asked again at temperature 0, a model would say the same nothing again"""


def request_for(window: Window, recipe: Recipe, *, attempt: int = 0) -> Request:
    """The request for this window; ``attempt`` 1 is the second try after an empty answer."""
    sampling = recipe.sampling
    if attempt:
        sampling = replace(sampling, seed=sampling.seed + attempt, temperature=max(sampling.temperature, RETRY_TEMPERATURE))
    prompt = recipe.prompt.replace("{words}", str(words_for(window.end - window.start)))
    frames = window.frames
    if recipe.frames == "images" or not len(frames):
        return Request(prompt=prompt, images=tuple(frames.data), sampling=sampling)
    times = tuple(time - frames.times[0] for time in frames.times)
    return Request(prompt=prompt, video=frames.data, times=times, sampling=sampling)


def words_for(seconds: float) -> int:
    """Words that a description may have to be read in this time."""
    return int(min(max(seconds * WORDS_A_SECOND, WORDS[0]), WORDS[1]))
