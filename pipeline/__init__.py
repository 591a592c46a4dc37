"""Scenescribe: from a film to timed descriptions. ``from pipeline import caption`` is what ``scenescribe caption`` runs.

Each name is imported when it is first used: ``import pipeline`` itself is quick. docs/python.md has examples.

Where to look, for who reads the house for the first time (docs/architecture.md has all rooms):

    a source's windows  ->  captioning/captioning.py: captions()  ->  sinks/files.py        joined by describe.py, for one film
                              |
                            engine/engine.py: Engine.ask, the only way to a model

    where a window is asked        captioning/captioning.py
    where a caption is written     sinks/files.py; until its film is over, store/journal.py
    what a new source needs        one file: sources/NAME.py with a class Source (sources/base.py is the contract)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pipeline.api.asking import Conversation, ask, ask_async
    from pipeline.api.films import Run, caption, caption_all, caption_all_async, caption_async, load_settings, probe
    from pipeline.api.tracks import burn, export, make_track, mux, read_document, read_track, speak, write_track
    from pipeline.asking.types import Answer
    from pipeline.errors import EnvironmentFault, InputError, OutputError, ScenescribeError, UsageError
    from pipeline.observing import Result
    from pipeline.options.caption import Settings
    from pipeline.outline import Chapter, Sentence, Summary
    from pipeline.retrieval.find import search
    from pipeline.types import Caption, Cue, Document, Model, Notice, Outcome, Source, Track, VideoInfo

__all__ = [
    "Answer",
    "Caption",
    "Chapter",
    "Conversation",
    "Cue",
    "Document",
    "EnvironmentFault",
    "InputError",
    "Model",
    "Notice",
    "Outcome",
    "OutputError",
    "Result",
    "Run",
    "ScenescribeError",
    "Sentence",
    "Settings",
    "Source",
    "Summary",
    "Track",
    "UsageError",
    "VideoInfo",
    "__version__",
    "ask",
    "ask_async",
    "burn",
    "caption",
    "caption_all",
    "caption_all_async",
    "caption_async",
    "export",
    "load_settings",
    "make_track",
    "mux",
    "probe",
    "read_document",
    "read_track",
    "search",
    "speak",
    "write_track",
]

_HOMES = {
    "api.asking": "Conversation ask ask_async",
    "asking.types": "Answer",
    "api.films": "Run caption caption_all caption_all_async caption_async load_settings probe",
    "api.tracks": "burn export make_track mux read_document read_track speak write_track",
    "options.caption": "Settings",
    "errors": "EnvironmentFault InputError OutputError ScenescribeError UsageError",
    "retrieval.find": "search",
    "describe": "Result",
    "outline": "Chapter Sentence Summary",
    "types": "Caption Cue Document Model Notice Outcome Source Track VideoInfo",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
