"""The recipe: all that a caption depends on beside its pictures. Equal recipes, equal captions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from models.base import Sampling
from models.preset import FrameSize
from pipeline import families
from pipeline.captioning.context import given, with_context
from pipeline.languages import answered_in, check_tag
from pipeline.part import Part
from pipeline.types import VideoInfo

if TYPE_CHECKING:
    from models.preset import Preset
    from pipeline.options.caption import Describing


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Pure data: it can be compared, hashed, pickled, sent, and stored as JSON."""

    model: str
    """hub id or folder; the embedded model goes by its name, wherever it is installed"""
    revision: str = ""
    engine: str = "vllm"
    """name of ``--engine``"""
    prompt: str = "Describe what happens in this video in about {words} words."
    """``{words}`` stands for the number of words that a window can carry"""
    language: str = "en"
    """BCP 47, of the answer"""
    sampling: Sampling = field(default_factory=Sampling)
    windows: str = "scenes"
    """window rule with its options, as the command line has it"""
    sampler: str = "keyframes:count=8"
    """which frames of a window are shown, likewise"""
    size: FrameSize = field(default_factory=FrameSize)
    """how large frames are"""
    frames: Literal["video", "images"] = "video"
    """``video``: a window's frames go as one video; ``images``: as so many pictures"""
    skip_static: bool = False
    """a window that looks like the one before it gets the same caption"""
    refine: bool = False
    """captions are read a second time, as text"""
    part: Part | None = None
    """what of each film is described; None: all of it"""

    @classmethod
    def of(cls, settings: "Describing", preset: "Preset", known: str = "") -> Self:
        """What the options and the model's preset say together, spelled out. ``known``: what is known of one film.

        Raises UsageError.
        """
        from models.presets import EMBEDDED

        language = check_tag(settings.language)
        prompt = with_context(settings.prompt or preset.prompt, given(settings.context), known)
        return cls(
            model=preset.name if preset.name == EMBEDDED else preset.id,
            revision=preset.revision,
            engine=settings.engine,
            prompt=answered_in(prompt, language),
            language=language,
            sampling=Sampling(
                temperature=settings.temperature,
                top_p=settings.top_p,
                max_tokens=settings.max_tokens or preset.max_tokens,
                seed=settings.seed,
            ),
            windows=families.spec(families.parse("windows", settings.windows or preset.windows)),
            sampler=families.spec(families.parse("samplers", settings.sampler or preset.sampler)),
            size=preset.size,
            frames=preset.frames,
            skip_static=settings.skip_static,
            refine=settings.refine,
            part=settings.part,
        )

    def frame_size(self, info: VideoInfo) -> tuple[int, int]:
        """Size of the frames of this film as the model is shown them, (width, height)."""
        return self.size.of(info.width, info.height)

    def seconds(self, info: VideoInfo) -> float:
        """How much of this film is described. Raises InputError ``range_past_the_end``."""
        return self.part.of_film(info.duration) if self.part is not None else info.duration

    def key(self, info: VideoInfo) -> dict[str, Any]:
        """What the JSON and the journal of a film keep: equal keys, equal captions of equal pictures."""
        return {
            "model": self.model,
            "revision": self.revision,
            "engine": self.engine,
            "prompt": self.prompt,
            "language": self.language,
            "windows": self.windows,
            "sampler": self.sampler,
            "frame": list(self.frame_size(info)),
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "max_tokens": self.sampling.max_tokens,
            "seed": self.sampling.seed,
            "skip_static": self.skip_static,
            "refine": self.refine,
            **({"part": [self.part.start, self.part.end]} if self.part is not None else {}),
        }

    def changed(self, **values: Any) -> Self:
        """A copy with these fields."""
        return replace(self, **values)

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``from_json`` undoes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Raises TypeError where it is no recipe."""
        if not isinstance(raw, Mapping):
            raise TypeError("a recipe is an object")
        part = Part(**raw["part"]) if raw.get("part") is not None else None
        return cls(**{**raw, "sampling": Sampling(**raw["sampling"]), "size": FrameSize(**raw["size"]), "part": part})
