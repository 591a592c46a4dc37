"""What a picture's caption depends on beside the picture: equal recipes, equal captions."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from models.base import Request, Sampling
from models.preset import Detail, FrameSize, Preset
from pipeline.captioning.context import given
from pipeline.captioning.prompt import RETRY_TEMPERATURE
from pipeline.languages import answered_in, check_tag
from pipeline.options.annotate import AnnotateSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRecipe:
    """Pure data."""

    model: str
    """hub id or folder; the embedded model goes by its name"""
    revision: str
    engine: str
    prompt: str
    language: str
    sampling: Sampling
    detail: Detail
    size: FrameSize
    frames: Literal["video", "images"]
    """``video``: the picture goes as a video of one frame"""

    @classmethod
    def of(cls, settings: AnnotateSettings, preset: Preset) -> Self:
        """``preset``: of pictures (``Preset.of_pictures``). Raises UsageError."""
        from models.presets import EMBEDDED

        language = check_tag(settings.language)
        prompt = settings.prompt or preset.prompt
        if known := given(settings.context):
            prompt = f"What is known of these pictures, to call people and places by their names; tell only what is seen: {known}\n\n{prompt}"
        return cls(
            model=preset.name if preset.name == EMBEDDED else preset.id,
            revision=preset.revision,
            engine=settings.engine,
            prompt=answered_in(prompt, language),
            language=language,
            sampling=Sampling(
                temperature=settings.temperature, top_p=settings.top_p, max_tokens=settings.max_tokens or preset.max_tokens,
                seed=settings.seed,
            ),
            detail=settings.detail,
            size=preset.size,
            frames=preset.frames,
        )  # fmt: skip

    def key(self) -> dict[str, Any]:
        """As JSON: what a data set keeps, and refuses to be gone on with where it differs."""
        found = asdict(self)
        return {**{name: found[name] for name in found if name != "sampling"}, **found["sampling"]}

    def request(self, image: NDArray[np.uint8], *, attempt: int = 0) -> Request:
        """What is asked; ``attempt`` 1 is the second try after an empty answer."""
        sampling = self.sampling
        if attempt:
            sampling = replace(sampling, seed=sampling.seed + attempt, temperature=max(sampling.temperature, RETRY_TEMPERATURE))
        if self.frames == "video":
            return Request(prompt=self.prompt, video=image[np.newaxis], times=(0.0,), sampling=sampling)
        return Request(prompt=self.prompt, images=(image,), sampling=sampling)
