"""What earlier runs took, by model and settings: from it a run says how long loading usually takes, and --dry-run what to expect.

One small JSON in the user's state folder. It is a help and never a need: where it can't be read or written, nothing is known.
"""

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from platformdirs import user_state_path

from pipeline.errors import OutputError
from pipeline.files import write_whole
from pipeline.safe_open import MEGABYTE, read_text

MOST = 64
"""kinds of runs that are remembered, the latest last"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The latest run of one kind. Seconds without loading; tokens as the engine counted them."""

    start: float = 0.0
    """seconds that loading the model took; 0 where it was there"""
    film: float = 0.0
    """seconds of film described"""
    seconds: float = 0.0
    """seconds that it took"""
    windows: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


def _file() -> Path:
    return user_state_path("scenescribe") / "past.json"


def kind(model: str, engine: str, windows: str, sampler: str) -> str:
    """What runs must have in common to tell something of each other."""
    return " ".join((engine, model, windows, sampler))


def recall(name: str) -> Past | None:
    """The latest run of this kind, or None."""
    raw = _all().get(name)
    if not isinstance(raw, dict):
        return None
    try:
        return Past(
            start=float(raw["start"]), film=float(raw["film"]), seconds=float(raw["seconds"]), windows=int(raw["windows"]),
            prompt_tokens=int(raw["prompt_tokens"]), completion_tokens=int(raw["completion_tokens"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def remember(name: str, run: Past) -> None:
    """Keep a run; how long loading took is kept from before where nothing was loaded."""
    before = recall(name)
    known = _all()
    known.pop(name, None)
    known[name] = asdict(run) | ({"start": before.start} if before is not None and not run.start else {})
    latest = dict(list(known.items())[-MOST:])
    with contextlib.suppress(OutputError, OSError):
        _file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(_file(), json.dumps(latest, indent=1).encode())


def _all() -> dict[str, object]:
    try:
        found = json.loads(read_text(_file(), MEGABYTE))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
