"""What Scenescribe knows of a model: which frames to show it, how large, what to ask, and what the engine needs for it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from models.errors import ModelNotFound
from models.toml import read_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSize:
    """How large frames should be, so that the model's own processor has nothing left to resize."""

    mode: Literal["stretch", "fit"] = "stretch"
    """``stretch``: a square of ``side``, as processors with a fixed size have it; ``fit``: the picture's own shape, rounded"""
    side: Annotated[int, Field(ge=8, le=4096)] = 384
    """pixels, for ``stretch``"""
    multiple: Annotated[int, Field(ge=1, le=4096)] = 28
    """for ``fit``: both sides are multiples of it (patch size x merge size)"""
    min_pixels: Annotated[int, Field(ge=1, le=1 << 26)] = 3136
    max_pixels: Annotated[int, Field(ge=1, le=1 << 26)] = 176400
    """for ``fit``: bounds on width x height of one frame"""

    def of(self, width: int, height: int) -> tuple[int, int]:
        """Size of a frame of a ``width`` x ``height`` film, as (width, height).

        ``fit`` follows ``smart_resize`` of transformers' Qwen2-VL processors, so that they keep the frame as it comes.
        """
        if self.mode == "stretch":
            return self.side, self.side
        unit = self.multiple
        width, height = max(width, 1), max(height, 1)
        if max(width, height) > 200 * min(width, height):  # the processors refuse such strips: make it the thinnest they take
            width, height = (200 * height, height) if width > height else (width, 200 * width)
        wide, high = max(unit, round(width / unit) * unit), max(unit, round(height / unit) * unit)
        if wide * high > self.max_pixels:
            scale = math.sqrt(width * height / self.max_pixels)
            wide, high = (max(unit, math.floor(side / scale / unit) * unit) for side in (width, height))
        elif wide * high < self.min_pixels:
            scale = math.sqrt(self.min_pixels / (width * height))
            wide, high = (math.ceil(side * scale / unit) * unit for side in (width, height))
        return wide, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a model is asked about a film."""

    frames: int = 32
    """pictures of a film in one question"""
    bare: bool = False
    """the model knows its questions to the letter: no rules and no times are written beside them"""
    engine: Mapping[str, Any] = field(default_factory=dict)
    """vLLM's arguments where questions are asked, on top of the preset's"""


Detail = Literal["low", "high"]
"""how much of a picture a model is shown: one view of it, or (``high``) as much as it can take, which costs several times the tokens"""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a single picture is shown."""

    frames: Literal["video", "images"] = "images"
    """``video``: as a video of one frame, which some models read in a quarter of an image's tokens"""
    size: FrameSize | None = None
    """None: as frames of films"""
    tokens: int = 0
    """of the prompt that a picture takes, at most; 0: not known"""
    engine: Mapping[str, Any] = field(default_factory=dict)
    """vLLM's arguments, on top of the preset's"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures(View):
    """How a model is asked about pictures that are no frames of a film."""

    prompt: str = "Describe this picture in one to three plain sentences. Say what is seen, not what it might mean."
    max_tokens: Annotated[int, Field(ge=1, le=1 << 20)] = 128
    high: View | None = None
    """``--detail high``; None: the model has no finer view"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One model. The TOML files of ``models/presets`` have these fields by these names."""

    name: str
    id: str
    """id on the Hugging Face hub, or the path of a folder"""
    revision: str = "main"
    licence: str = "unknown"
    parameters: str = "unknown"
    """of them all, vision and language, as a person writes it: 8.0B"""
    memory_gb: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """GiB of GPU memory (or main memory) from which it runs well in its default dtype, KV cache included"""
    source: str = ""
    """where licence and limits were read"""
    frames: Literal["video", "images"] = "video"
    """how the chat template takes a window: as one video, or as so many images"""
    frame_count: Annotated[int, Field(ge=1, le=1024)] = 8
    """pictures of a window; a model for images must be started with at least as many as it will be shown"""
    size: FrameSize = field(default_factory=FrameSize)
    sampler: str = "keyframes:count=8"
    windows: str = "scenes"
    prompt: str = "Describe what happens in this video in about {words} words."
    """``{words}``, where it stands, is replaced by the number of words that the window has time for"""
    max_tokens: Annotated[int, Field(ge=1, le=1 << 20)] = 96
    knows: str | None = None
    """what the user should be told once about what the model can and can't describe"""
    engine: Mapping[str, Any] = field(default_factory=dict)
    """vLLM's arguments for it; the user's options come on top"""
    cpu: Mapping[str, Any] = field(default_factory=dict)
    """more of them, where there is no GPU"""
    ask: Asking = field(default_factory=Asking)
    pictures: Pictures = field(default_factory=Pictures)

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """What the reader should resize frames of a ``width`` x ``height`` film to, as (width, height)."""
        return self.size.of(width, height)

    def of_pictures(self, detail: Detail = "low", *, films: bool = False) -> "Preset":
        """The same model, set up to be shown one picture a question; ``films``: windows of films too, in other questions.

        Raises ModelNotFound where ``detail`` is high and the preset knows no finer view.
        """
        view: View | None = self.pictures if detail == "low" else self.pictures.high
        if view is None:
            raise ModelNotFound(
                f"the preset {self.name} knows no finer view of a picture: leave --detail high out", detail=detail
            )
        one = {"video": int(view.frames == "video"), "image": int(view.frames == "images")}
        if films:
            shown = self.engine.get("limit_mm_per_prompt", {"video": 1, "image": self.frame_count})
            one = {kind: max(count, shown.get(kind, 0)) for kind, count in one.items()}
        return replace(
            self, frames=view.frames, frame_count=1, size=view.size or self.size, prompt=self.pictures.prompt,
            max_tokens=self.pictures.max_tokens, engine={**self.engine, "limit_mm_per_prompt": one, **view.engine},
        )  # fmt: skip


def read_preset(path: Path) -> Preset:
    """The preset that a TOML file holds; its name is the file's. Raises ModelNotFound where the file is not one."""
    try:
        table = read_tables(path)
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"{path.name} is not a preset: {error}", path=str(path)) from None
    size = table.get("size", {})
    for found, kind in ((table, Preset), (size if isinstance(size, dict) else {}, FrameSize)):
        unknown = set(found) - {f.name for f in fields(kind)}
        if unknown:
            raise ModelNotFound(f"{path.name}: a preset has no '{sorted(unknown)[0]}'", path=str(path))
    if not isinstance(table.get("id"), str):
        raise ModelNotFound(f"{path.name}: a preset needs an id, of the hub or of a folder", path=str(path))
    try:
        return _reader().validate_python({"name": path.stem, **table})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part)[:40] for part in first["loc"])
        raise ModelNotFound(f"{path.name}: {where}: {first['msg'].lower()}", path=str(path)) from None


@cache
def _reader() -> TypeAdapter[Preset]:
    return TypeAdapter(Preset)
