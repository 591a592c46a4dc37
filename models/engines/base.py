"""What a file of ``models/engines`` (or of somebody's package, by an entry point) has: ``open``.

    def open(preset: Preset, options: EngineOptions, access: Access) -> Captioner: ...

It is quick: no model is loaded, no heavy library imported, nobody called; that is the captioner's ``start``. It raises
BadEngineOption for what can't be and EngineMissing where its package is not installed. What the captioner does is models/base.py's;
tests/models/test_contract.py is the contract.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.base import Captioner
from models.options import EngineOptions
from models.preset import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How an engine is reached and where it speaks; each engine takes what it has a use for."""

    base_url: str | None = None
    """of a server, such as http://localhost:8000/v1"""
    api_key: str | None = None
    log_path: Path | None = None
    """file for what the engine's libraries say; None: the user's state folder"""
    verbose: bool = False
    """they speak on the screen instead"""


class Opener(Protocol):
    """The ``open`` of an engine's file."""

    def __call__(self, preset: Preset, options: EngineOptions, access: Access) -> Captioner: ...
