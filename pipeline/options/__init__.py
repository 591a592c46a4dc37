"""The options of each command: one file and one class a command, in the order of ``--help``.

To add a command with options of its own, add its file here and its class to ``FAMILY``. All are declarations: nothing heavy is
imported by them.
"""

from pipeline.options.annotate import AnnotateSettings
from pipeline.options.ask import AskSettings
from pipeline.options.base import Options
from pipeline.options.burn import BurnSettings
from pipeline.options.caption import Settings
from pipeline.options.live import LiveSettings
from pipeline.options.serve import ServeSettings
from pipeline.options.watch import WatchSettings

FAMILY: dict[str, type[Options]] = {
    "caption": Settings,
    "watch": WatchSettings,
    "live": LiveSettings,
    "serve": ServeSettings,
    "burn": BurnSettings,
    "ask": AskSettings,
    "annotate": AnnotateSettings,
}
"""command, which is the name of its file -> its options"""


def names() -> frozenset[str]:
    """All that is an option of any command: what a file or the environment may hold."""
    return frozenset(name for kind in FAMILY.values() for name in kind.model_fields)
