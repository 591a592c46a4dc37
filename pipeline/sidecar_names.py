"""Language and flags in the name of a subtitle file, as media servers read them.

    movie.en.srt             English
    movie.en.sdh.srt         English, for the deaf and hard of hearing
    movie.pl.hi.srt          Polish, for the hard of hearing: ``hi`` behind a language is a flag, alone it is Hindi
    movie.forced.de.srt      German, forced
    movie.pt_BR.srt          Brazilian Portuguese
    movie.en.Comments.srt    beside movie.mp4: English, of a title of its own
    Let.It.Be.srt            beside Let.It.Be.mp4: no language, the name is the film's

What stands behind the film's own name counts, read from the end; a word that is neither is a title of the track. Where no film stands
beside it, such a word ends the search, and words that begin with a capital are a title's.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.inputs import VIDEO_SUFFIXES
from pipeline.languages import check_tag

HEARING_IMPAIRED, FORCED, DEFAULT = "hearing_impaired", "forced", "default"
FLAGS = {
    "sdh": HEARING_IMPAIRED, "hi": HEARING_IMPAIRED, "cc": HEARING_IMPAIRED,
    "forced": FORCED, "foreign": FORCED, "default": DEFAULT,
}  # fmt: skip
"""word of a name -> the flag that it is, in ffmpeg's words"""
_OURS = frozenset({"descriptions", "described"})
_WORDY = re.compile(r"hearing[-_. ]impaired", re.IGNORECASE)
"""the flag in full, whose two words would be none apart"""
_SEPARATE = re.compile(r"[._]+|(?<=[\])])|(?=[\[(])")
_REGION = re.compile(
    r"(?<![A-Za-z])([a-z]{2,3})_([A-Z]{2}|[0-9]{3}|[A-Z][a-z]{3})(?![A-Za-z0-9])"
    r"|(?<![A-Za-z])(pt|zh|en|es|fr)_(br|pt|cn|tw|hk|us|gb|uk|mx|ca)(?![A-Za-z0-9])"
)
"""a language and its region or script, as programs write them: pt_BR, zh_Hans, and the usual ones in small letters"""
_WORDS = frozenset({"dub", "sub", "new", "web", "rip", "cut", "raw", "fix", "mix", "pal", "art", "map", "ted", "dir"})
"""of names, though a language has such a code"""
_CODES = {
    "pob": "pt-BR",
    "pb": "pt-BR",
    "ptbr": "pt-BR",
    "chs": "zh-Hans",
    "cht": "zh-Hant",
    "chi": "zh",
    "zht": "zh-Hant",
    "zhs": "zh-Hans",
}
"""what is written and is no tag"""
_SHAPE = re.compile(r"[a-z]{2,3}(?:-(?:[A-Za-z]{4}|[A-Za-z]{2}|[0-9]{3})){0,2}|[A-Z]{2,3}", re.ASCII)
_NAMES = {
    "arabic": "ar", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en", "finnish": "fi", "french": "fr",
    "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "italian": "it", "japanese": "ja", "korean": "ko",
    "norwegian": "no", "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru", "spanish": "es", "swedish": "sv",
    "thai": "th", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
}  # fmt: skip
MOST_NEIGHBOURS = 10_000


@dataclass(frozen=True, slots=True)
class Labels:
    """What a name tells; ``language`` None where it tells none."""

    language: str | None = None
    flags: frozenset[str] = frozenset()


def labels_in(path: Path) -> Labels:
    """Language and flags of a subtitle file by its name, and by the films that stand beside it."""
    film = _film_beside(path)
    named = _WORDY.sub("sdh", path.stem[len(film) :] if film is not None else path.stem)
    words = [word for word in _SEPARATE.split(_REGION.sub(_hyphened, named)) if word]
    if film is None:
        words = words[1:]  # a name has a first word of its own
    flags: set[str] = set()
    language, titled = None, film is None
    while words:
        word = words.pop().strip("[]()- ")
        flag = FLAGS.get(word.lower())
        if word.lower() == "hi" and language is None and not _behind_a_language(words):
            flag = None
        if flag is not None:
            flags.add(flag)
        elif language is None and (found := _language(word, titled=titled)) is not None:
            language = found
        elif word.lower() not in _OURS and not (word.isdecimal() and len(word) < 3 and language is None):
            if film is None or language is not None:
                break
            titled = True  # a title of the track: what stands before it is a language only where it is written as one
    return Labels(language, frozenset(flags))


def _hyphened(found: re.Match[str]) -> str:
    language, region, usual, lower = found.groups()
    if region in ("HI", "CC"):  # flags, as far as a name goes
        return found[0]
    return f"{language or usual}-{region or ('GB' if lower == 'uk' else lower.upper())}"


def _behind_a_language(words: list[str]) -> bool:
    """Whether the words before ``hi`` end in a language, flags between them aside."""
    for word in reversed(words):
        if word.lower() not in FLAGS or word.lower() == "hi":
            return _language(word, titled=True) is not None
    return False


def _language(word: str, *, titled: bool) -> str | None:
    """The tag that a word is. ``titled``: the word may be one of a film's title, so ``Be`` and ``man`` are none."""
    low = word.lower()
    if "&" in low or "+" in low:  # two languages in one file: it is marked as the first
        return next((tag for one in re.split(r"[&+]", word) if (tag := _language(one, titled=titled)) is not None), None)
    if low in _WORDS:
        return None
    if low in _CODES:
        return _CODES[low]
    if low in _NAMES:
        return _NAMES[low]
    word = low if not titled else word
    if not _SHAPE.fullmatch(word.replace("_", "-")):
        return None
    with suppress(UsageError):
        tag = check_tag(word.replace("_", "-"))
        main = tag.split("-")[0]
        return tag if len(main) == 2 or main in ("yue", "cmn", "fil", "ceb", "haw", "nds", "hsb") or not titled else None
    return None


def _film_beside(path: Path) -> str | None:
    """The stem of the film in the same folder whose name this one's begins with, the longest of several."""
    best: str | None = None
    with suppress(OSError), os.scandir(path.parent) as entries:
        for n, entry in enumerate(entries):
            if n >= MOST_NEIGHBOURS:
                break
            stem, suffix = os.path.splitext(entry.name)
            if suffix.lower() in VIDEO_SUFFIXES and path.stem.startswith(stem) and len(stem) > len(best or ""):
                rest = path.stem[len(stem) : len(stem) + 1]
                best = stem if rest in ("", ".", "_", "-", "[", "(", " ") else best
    return best
