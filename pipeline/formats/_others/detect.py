"""Which format a text is, by its first words, where its name says another of those that are read."""

import re

_BEGINNINGS = {
    "vtt": re.compile(r"WEBVTT"),
    "ass": re.compile(r"\[script info\]", re.IGNORECASE),
    "ttml": re.compile(
        r"(?:<\?xml[^>]{0,200}\?>\s{0,20})?(?:<!--(?:(?!-->).){0,300}-->\s{0,20})?<(?:\w{1,20}:)?tt[\s>]", re.DOTALL
    ),
    "smi": re.compile(r"(?:<!--(?:(?!-->).){0,300}-->\s{0,20})?<sami[\s>]", re.IGNORECASE | re.DOTALL),
    "sub": re.compile(r"\{\d{1,9}\}\{\d{1,9}\}|\[\d{1,9}\]\[\d{1,9}\]"),
    "sbv": re.compile(r"\d{1,4}:\d\d:\d\d\.\d{3},\d{1,4}:\d\d:\d\d\.\d{3}\s"),
    "lrc": re.compile(r"(?:\[[A-Za-z]{2,8}:[^\]\n]{0,200}\]\s{0,4}){0,20}\[\d{1,3}:\d\d(?:[.:]\d{1,3})?\]"),
}
_SRT = re.compile(r"\d:\d\d:\d\d[,.]\d{1,3}[ \t]{0,4}-->")
_READ = frozenset({"srt", *_BEGINNINGS})


def really(name: str, text: str) -> str:
    """The format of a text that is called ``name``; ``name`` itself where nothing speaks against it."""
    begins = text[:1000].lstrip()
    if name not in _READ or not begins:
        return name
    for other, beginning in _BEGINNINGS.items():
        if beginning.match(begins):
            return other
    if name == "ass":
        return "srt" if "-->" in text and "[events]" not in text[:100_000].lower() else name
    return "srt" if name != "vtt" and _SRT.search(text[:4000]) else name
