"""What the model is asked: the order of a prompt is film, constant text, earlier turns, question, so that what stands before the
question is read once (docs/decisions/0081)."""

from collections.abc import Sequence
from dataclasses import replace

from models.base import Request, Sampling, Schema, Turn
from models.preset import Preset
from pipeline.asking import wording
from pipeline.asking.types import Passage, Shown
from pipeline.captioning.context import given
from pipeline.captioning.recipe import Recipe
from pipeline.errors import RequestError
from pipeline.options.ask import AskSettings

LONGEST = 256
"""tokens of an answer where nobody says"""


def hinted(error: RequestError) -> RequestError:
    """A prompt that is too long, with what to do."""
    return RequestError(error.code, f"{error.message}; ask in fewer words, show fewer --frames, or ask about a part with --at")


class Requests:
    """One conversation's."""

    def __init__(
        self, preset: Preset, recipe: Recipe, settings: AskSettings, *, instructions: str = "", schema: Schema | None = None
    ) -> None:
        """``instructions``: how to answer, the same for all questions; ``schema``: of an answer that is no text.

        Raises UsageError ``bad_context``.
        """
        self.preset, self.recipe, self.settings = preset, recipe, settings
        self.instructions, self.schema = instructions, schema
        self.context = given(settings.context)
        self.bare = preset.ask.bare
        self.several = False
        """whether more than one film or picture is asked about: parts are told with their names then"""

    def about(self, shown: Shown, question: str, history: Sequence[Turn]) -> Request:
        preamble = "" if self.bare else self._over_frames(shown)
        return self._pictured(shown, self._request(preamble, question, history))

    def one_of(self, shown: Shown, number: int, question: str) -> Request:
        """A question about one passage alone."""
        data, times = shown.part(number)
        key = f"{shown.key}/{number}"
        one = replace(shown, passages=(shown.passages[number],), counts=(len(data),), data=data, times=times, key=key)
        return self._pictured(one, Request(prompt=question, sampling=Sampling(max_tokens=8)))

    def _pictured(self, shown: Shown, request: Request) -> Request:
        preset = self.preset
        takes_images = preset.frames == "images" or preset.engine.get("limit_mm_per_prompt", {}).get("image", 0) >= len(
            shown.data
        )
        if takes_images and (preset.frames == "images" or all(passage.still for passage in shown.passages)):
            return replace(request, images=tuple(shown.data), key=shown.key)
        times = tuple(time - shown.times[0] for time in shown.times) if len(shown.films) == 1 and len(shown.times) > 1 else ()
        return replace(request, video=shown.data, times=times, key=shown.key)

    def reading(self, passages: Sequence[Passage], question: str, history: Sequence[Turn]) -> Request:
        told = wording.over_captions(passages, self.recipe.language, self.context, several=self.several)
        return self._request(told, question, history)

    def _over_frames(self, shown: Shown) -> str:
        return wording.over_frames(shown, self.recipe.language, self.context, several=self.several)

    def _request(self, preamble: str, question: str, history: Sequence[Turn]) -> Request:
        if self.instructions and self.bare:  # it reads no preamble
            question = f"{self.instructions}\n\n{question}"
        elif self.instructions:
            preamble = f"{preamble}\n{self.instructions}"
        return Request(prompt=question, preamble=preamble, history=tuple(history), sampling=self._sampling(), schema=self.schema)

    def _sampling(self) -> Sampling:
        settings = self.settings
        return Sampling(
            temperature=0.0 if settings.sure else settings.temperature,
            top_p=settings.top_p,
            max_tokens=settings.max_tokens or (self.preset.max_tokens if self.bare else LONGEST),
            seed=settings.seed,
        )
