"""THE ffmpeg door: films with hard and soft subtitles, verified before they take their names."""

from pipeline.formats.ass import Style
from pipeline.media.binary import Ffmpeg, find_ffmpeg
from pipeline.media.burn import Encoding, burn, encoding_for
from pipeline.media.containers import burned_suffix, muxed_suffix
from pipeline.media.fonts import installed_fonts
from pipeline.media.look import Look, layout_of, look_of
from pipeline.media.mux import mux

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
