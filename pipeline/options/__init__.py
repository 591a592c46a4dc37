"""The options of each command: one file and one class a command, in the order of ``--help``.

To add a command with options of its own, add its file here and a line to ``FAMILY``. All are declarations: nothing heavy is
imported by them; and a command imports its own alone, since making the classes of all takes longer than many a command.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.options.base import Options

FAMILY = {
    "caption": "Settings",
    "watch": "WatchSettings",
    "live": "LiveSettings",
    "serve": "ServeSettings",
    "burn": "BurnSettings",
    "ask": "AskSettings",
    "annotate": "AnnotateSettings",
}
"""command, which is the name of its file -> the class of its options"""


def options_of(command: str) -> "type[Options]":
    """The class of a command's options. Raises KeyError for another command."""
    kind: type[Options] = getattr(import_module(f"pipeline.options.{command}"), FAMILY[command])
    return kind


def names() -> frozenset[str]:
    """All that is an option of any command: what a file or the environment may hold. Imports them all."""
    return frozenset(name for command in FAMILY for name in options_of(command).model_fields)
