"""What a model folder says of itself: enough to show it frames without a preset."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from models.bounded import MEGABYTE, read_text
from models.errors import ModelNotFound
from models.preset import FrameSize, Preset

FIT_SIDE = 420
"""a frame of a model that takes any shape has at most so many pixels squared: 225 tokens or so"""
LARGEST = 32 * MEGABYTE
"""bytes of one of its files that are read here: a tokenizer's configuration with all its words is 10 MB"""
SIDES = range(8, 4097)
"""pixels: sides of frames that a model can want"""


def folder_preset(folder: Path, *, id: str | None = None, revision: str = "") -> Preset:
    """A preset from ``config.json``, the processor's settings and the chat template.

    Raises ModelNotFound: not a folder, no ``config.json``, or no chat template that takes pictures.
    """
    if not folder.is_dir():
        raise ModelNotFound(f"{folder} is not a folder" if folder.exists() else f"there is no folder {folder}", path=str(folder))
    config = _json(folder, "config.json")
    if config is None:
        raise ModelNotFound(f"{folder} is no model folder: it has no config.json", path=str(folder))
    template = chat_template(folder)
    if template is None:
        raise ModelNotFound(
            f"{folder} has no chat template (chat_template.jinja): the prompt's form is not known", path=str(folder)
        )
    kind = frames_kind(template)
    if kind is None:
        raise ModelNotFound(
            f"{folder} is a model for text alone: its chat template takes neither video nor images", path=str(folder)
        )
    size = folder_size(folder)
    return Preset(
        name=id or folder.resolve().name,
        id=id or str(folder.resolve()),
        revision=revision,
        frames=kind,
        frame_count=8 if kind == "video" else 4,
        sampler="keyframes:count=8" if kind == "video" else "keyframes:count=4",
        size=size,
        engine={"limit_mm_per_prompt": {"video": 1, "image": 0} if kind == "video" else {"image": 4, "video": 0}},
    )


def check_weights(folder: Path) -> None:
    """Raise ModelNotFound where the folder holds no weights in safetensors: other formats can run code when read."""
    if any(folder.glob("*.safetensors")):
        return
    other = [path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.gguf") for path in folder.glob(pattern)]
    has = f"only {other[0]}" if other else "no weights"
    raise ModelNotFound(f"{folder} has {has}: weights in *.safetensors are needed", path=str(folder))


def chat_template(folder: Path) -> str | None:
    """The folder's chat template, from the places where it has lived over the years, the processor's own first."""
    jinja = folder / "chat_template.jinja"
    if (text := _text(jinja)) is not None:
        return text
    for name in ("chat_template.json", "processor_config.json", "tokenizer_config.json"):
        found = (_json(folder, name) or {}).get("chat_template")
        if isinstance(found, list):  # several by name: the default one
            found = next((_table(item).get("template") for item in found if _table(item).get("name") == "default"), None)
        if isinstance(found, str):
            return found
    return None


def frames_kind(template: str) -> Literal["video", "images"] | None:
    """How a chat template takes frames: ``video`` where it knows that kind of content, else ``images``; None: neither."""
    words = set(re.findall(r"[A-Za-z]+", template))
    if "video" in words:
        return "video"
    return "images" if "image" in words else None


def folder_size(folder: Path) -> FrameSize:
    """The size that the model's processor resizes frames to, from its own settings. Raises ModelNotFound where they can't be."""
    config = _json(folder, "config.json") or {}
    processor = _json(folder, "processor_config.json") or {}
    settings = _table(
        processor.get("video_processor")
        or _json(folder, "video_preprocessor_config.json")
        or processor.get("image_processor")
        or _json(folder, "preprocessor_config.json")
    )
    if "merge_size" in settings or ("patch_size" in settings and "temporal_patch_size" in settings):
        multiple = _side(folder, settings.get("patch_size", 14)) * _side(folder, settings.get("merge_size", 2), least=1)
        if multiple not in SIDES:
            raise ModelNotFound(f"{folder}: frames in steps of {multiple} pixels can't be", path=str(folder))
        return FrameSize(mode="fit", multiple=multiple, min_pixels=4 * multiple**2, max_pixels=max(FIT_SIDE, 2 * multiple) ** 2)
    size = settings.get("size") or settings.get("crop_size") or {}
    if not isinstance(size, Mapping):
        return FrameSize(side=_side(folder, size))
    vision = _table(config.get("vision_config"))
    return FrameSize(side=_side(folder, size.get("height") or size.get("shortest_edge") or vision.get("image_size") or 384))


def _side(folder: Path, value: object, *, least: int = SIDES.start) -> int:
    """A number of pixels. Raises ModelNotFound."""
    if isinstance(value, int | float) and least <= value < SIDES.stop:
        return int(value)
    raise ModelNotFound(
        f"{folder}: its processor's settings want frames of {str(value)[:40]} pixels, which can't be", path=str(folder)
    )


def _table(value: object) -> Mapping[str, Any]:
    """The value where it is an object of JSON, else an empty one."""
    return value if isinstance(value, dict) else {}


def _text(path: Path) -> str | None:
    """None where there is no such file. Raises ModelNotFound: it can't be read."""
    try:
        return read_text(path, LARGEST)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ModelNotFound(f"{path} can't be read: {why}", path=str(path)) from None


def _json(folder: Path, name: str) -> dict[str, Any] | None:
    """None where there is no such file, or no object in it. Raises ModelNotFound."""
    if (text := _text(folder / name)) is None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelNotFound(f"{folder / name} can't be read: {error}", path=str(folder / name)) from None
    return found if isinstance(found, dict) else None
