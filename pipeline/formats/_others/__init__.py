"""Subtitle formats of other people that are read and never written: a function from text to Parsed for each.

SRT, WebVTT, ASS, TTML and JSON are read where they are written, one file each in ``pipeline.formats``.
"""

from collections.abc import Callable

from pipeline.formats._heads import Parsed
from pipeline.formats._others import lrc, microdvd, sami, sbv

READERS: dict[str, Callable[[str], Parsed]] = {"sbv": sbv.parse, "sub": microdvd.parse, "lrc": lrc.parse, "smi": sami.parse}
"""suffix without its dot -> reader"""
ALIASES = {
    "ssa": "ass",
    "dfxp": "ttml",
    "itt": "ttml",
    "xml": "ttml",
    "webvtt": "vtt",
    "mpl": "sub",
    "mpl2": "sub",
    "sami": "smi",
}
"""other suffixes of formats that are read"""
