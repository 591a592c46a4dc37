"""Texts as the index keeps them, and a person's words as a query of SQLite's FTS5. Pure.

FTS5's tokenizer splits at spaces. Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan have none between words, and Korean glues
particles to nouns: there each character becomes a token of its own and what is asked is a phrase of them, so that any substring is
found, a single character too (FTS5's own ``trigram`` finds none of less than three, and most Chinese words have two).

    "红色的圆 rolls"  ->  红 色 的 圆 rolls        asked for "红色"  ->  "红 色"
"""

import re
import unicodedata

from pipeline.errors import UsageError

LONGEST = 1000
"""characters of a query"""
MOST = 64
"""words of a query"""

_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""one character of a script that puts no spaces between words (Unicode's blocks), or of Hangul"""
_UNTELLABLE = re.compile("[\0\ud800-\udfff]")
"""what SQLite can't be told: its texts end at NUL, and half a pair is no UTF-8"""
_TERM = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')


def indexed(text: str) -> str:
    """A caption's text as FTS5's tokenizer is given it: compatibility forms and case folded, spaces around spaceless characters."""
    return _SPACELESS.sub(r" \g<0> ", _UNTELLABLE.sub(" ", unicodedata.normalize("NFKC", text).casefold()))


def match_of(query: str) -> tuple[str, str]:
    """FTS5's MATCH for captions that hold all of the words, and for those that hold any of them.

    ``"two words"`` is a phrase, ``-word`` must not be there; everything else is taken as words, whatever FTS5 would make of it.
    Raises UsageError ``bad_value`` where nothing can be looked for.
    """
    if len(query) > LONGEST:
        raise UsageError("bad_value", f"this query has {len(query)} characters; {LONGEST} are the most")
    wanted, unwanted = list[str](), list[str]()
    for minus, phrase, word in _TERM.findall(query):
        words = " ".join(token for token in indexed(phrase or word).split() if any(map(_is_word, token)))
        if words:
            (unwanted if minus else wanted).append('"' + words.replace('"', '""') + '"')
    if not wanted:
        raise UsageError(
            "bad_value", f"'{query[:40]}' holds no word to look for" + (", only such as must not be there" * bool(unwanted))
        )
    if len(wanted) + len(unwanted) > MOST:
        raise UsageError("bad_value", f"this query has {len(wanted) + len(unwanted)} words; {MOST} are the most")
    but = "".join(f" NOT {term}" for term in unwanted)
    return f"({' AND '.join(wanted)}){but}", f"({' OR '.join(wanted)}){but}"


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM" or unicodedata.category(character) == "Co"
