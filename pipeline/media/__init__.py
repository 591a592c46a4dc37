"""THE ffmpeg door: films with hard and soft subtitles, verified before they take their names.

Each name is imported when it is first used: most runs that name files, or lay cues out, write no film.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.formats.ass import Style
    from pipeline.media.binary import Ffmpeg, find_ffmpeg
    from pipeline.media.burning import burn
    from pipeline.media.encoding import Encoding, encoding_for
    from pipeline.media.fonts import installed_fonts
    from pipeline.media.look import Look, layout_of, look_of
    from pipeline.media.muxing import mux
    from pipeline.media.suffixes import burned_suffix, muxed_suffix

__all__ = [
    "Encoding",
    "Ffmpeg",
    "Look",
    "Style",
    "burn",
    "burned_suffix",
    "encoding_for",
    "find_ffmpeg",
    "installed_fonts",
    "layout_of",
    "look_of",
    "mux",
    "muxed_suffix",
]

_HOMES = {
    "formats.ass": "Style",
    "media.binary": "Ffmpeg find_ffmpeg",
    "media.burning": "burn",
    "media.encoding": "Encoding encoding_for",
    "media.fonts": "installed_fonts",
    "media.look": "Look layout_of look_of",
    "media.muxing": "mux",
    "media.suffixes": "burned_suffix muxed_suffix",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"pipeline.{_HOME_OF[name]}"), name)
