"""What a bench needs and this machine lacks: one line before anything is made or loaded."""

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

PACKAGES = {
    "PIL": "pillow", "cv2": "opencv-python-headless", "imageio_ffmpeg": "imageio-ffmpeg", "moto": "moto[server]", "multipart": "python-multipart",
    "scenedetect": "scenedetect-headless",
}  # fmt: skip
"""what pip calls them, where that is another name"""


def needed(*modules: str) -> None:
    """End the program where a module can't be imported (``a|b``: one of them will do), or vLLM's processes would run without what is ours:
    the class that takes pictures as bytes, the leash that ends an engine with its owner. They find these by an installation."""
    missing = [one for one in modules if not any(map(_there, one.split("|")))]
    if missing:
        _end("pip install " + " ".join(PACKAGES.get(name, name) for name in (one.split("|")[0] for one in missing)))
    if "vllm" in modules and not entry_points(group="vllm.general_plugins", name="scenescribe"):
        _end("Scenescribe itself: pip install --no-deps -e . (vLLM's processes find by it what users have)")


def needed_model(name: str | None, *, random_weights: bool) -> None:
    """End the program where a model of random weights is no folder that holds what is not random."""
    if not random_weights:
        return
    folder = Path(name or "")
    lacks: Sequence[str] = [file for file in ("config.json", "tokenizer_config.json") if not (folder / file).is_file()]
    if name is None or lacks:
        _end(f"--random-weights wants --model FOLDER with configuration and tokenizer; {name} has no {' and no '.join(lacks)}")


def _there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:
        return False


def _end(what: str) -> None:
    raise SystemExit(f"scripts/bench {Path(sys.argv[0]).stem}: missing here: {what}")
