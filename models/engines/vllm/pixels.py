"""Pictures as bytes to the engine, normalised on its device: a quarter of what float32 takes, half of what bfloat16 does.

    frames, uint8 --host: nothing to compute--> engine process --copy to the device--> (pixel - mean) / std --> vision tower

The processor's ``do_rescale`` and ``do_normalize`` are switched off, and our class of the architecture (see plugin.py) does both, with
the processor's own formula in float32: the same numbers to the last bit. Only where all of it is sure: see ``as_bytes``.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from models.bounded import MEGABYTE, read_text

UNTOUCHED = {"do_rescale": False, "do_normalize": False}
"""the processor's arguments that leave pixels as they are"""
OTHER_CLASS = frozenset(
    {"mm_processor_kwargs", "model_impl", "hf_overrides", "hf_config_path", "config_format", "tokenizer_mode"}
)
"""vLLM's arguments that may put another processor or another class in the place of those known here"""


@dataclass(frozen=True, slots=True)
class Normalisation:
    """What a processor does with the bytes of a picture: ``(byte * scale - mean) / std`` for each of three channels."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def of(self, pixels: Any, dtype: Any) -> Any:
        """``pixels``, a tensor of bytes with channels third from last, as the vision tower takes them."""
        import torch

        mean = torch.tensor(self.mean, device=pixels.device) * (1.0 / self.scale)  # as the processor fuses them
        std = torch.tensor(self.std, device=pixels.device) * (1.0 / self.scale)
        return pixels.to(torch.float32).sub_(mean[:, None, None]).div_(std[:, None, None]).to(dtype)


def as_bytes(folder: Path, taken: Mapping[str, Any]) -> bool:
    """Whether this model's pictures may go as bytes: it is of a class that normalises them, its processor's settings say all of how,
    and none of the arguments ``taken`` for vLLM puts something else in the place of either.

    Imports vLLM, and registers its plugins in this process as vLLM does.
    """
    from models.engines.vllm.plugin import mended

    kinds = _table(folder / "config.json").get("architectures")
    if OTHER_CLASS & taken.keys() or not isinstance(kinds, list) or len(kinds) != 1:
        return False
    return normalisation(folder, "video") is not None and normalisation(folder, "image") is not None and mended(kinds[0])


def normalisation(folder: Path, kind: str) -> Normalisation | None:
    """What the folder's processor does with a picture of a ``video`` or an ``image``; None where its settings do not say all of it."""
    settings = _settings(folder, kind)
    scale, mean, std = settings.get("rescale_factor"), settings.get("image_mean"), settings.get("image_std")
    if settings.get("do_rescale") is not True or settings.get("do_normalize") is not True or settings.get("do_sample_frames"):
        return None
    if not isinstance(scale, float) or not 0 < scale <= 1 or not _numbers(mean) or not _numbers(std) or 0 in std:
        return None
    return Normalisation(scale, tuple(map(float, mean)), tuple(map(float, std)))


def _settings(folder: Path, kind: str) -> Mapping[str, Any]:
    """From where transformers takes them: the processor's own file, else the files of older folders."""
    found = _table(folder / "processor_config.json").get(f"{kind}_processor")
    if isinstance(found, dict):
        return found
    video = _table(folder / "video_preprocessor_config.json") if kind == "video" else {}
    return video or _table(folder / "preprocessor_config.json")


def _numbers(value: Any) -> TypeGuard[list[float]]:
    """Whether it is one number for each channel."""
    return isinstance(value, list) and len(value) == 3 and all(type(of) in (int, float) and abs(of) < math.inf for of in value)


def _table(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(path, 32 * MEGABYTE))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
