"""What a model folder says of itself: enough to show it frames without a preset."""

import json
import re
from pathlib import Path
from typing import Any, Literal

from models.errors import ModelNotFound
from models.preset import FrameSize, Preset

FIT_SIDE = 420
"""a frame of a model that takes any shape has at most so many pixels squared: 225 tokens or so"""


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
    if jinja.is_file():
        return jinja.read_text(encoding="utf-8")
    for name in ("chat_template.json", "processor_config.json", "tokenizer_config.json"):
        found = (_json(folder, name) or {}).get("chat_template")
        if isinstance(found, list):  # several by name: the default one
            found = next((item.get("template") for item in found if item.get("name") == "default"), None)
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
    """The size that the model's processor resizes frames to, from its own settings."""
    config = _json(folder, "config.json") or {}
    processor = _json(folder, "processor_config.json") or {}
    settings = (
        processor.get("video_processor")
        or _json(folder, "video_preprocessor_config.json")
        or processor.get("image_processor")
        or _json(folder, "preprocessor_config.json")
        or {}
    )
    if "merge_size" in settings or ("patch_size" in settings and "temporal_patch_size" in settings):
        multiple = int(settings.get("patch_size", 14)) * int(settings.get("merge_size", 2))
        return FrameSize(mode="fit", multiple=multiple, min_pixels=4 * multiple**2, max_pixels=FIT_SIDE**2)
    size = settings.get("size") or settings.get("crop_size") or {}
    if isinstance(size, int):
        return FrameSize(side=size)
    side = size.get("height") or size.get("shortest_edge") or (config.get("vision_config") or {}).get("image_size") or 384
    return FrameSize(side=int(side))


def _json(folder: Path, name: str) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"{folder / name} can't be read: {error}", path=str(folder / name)) from None
    return found if isinstance(found, dict) else None
