"""Texts as the index keeps them, and a person's words as a query of SQLite's FTS5. Pure.

FTS5's tokenizer splits at spaces. Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan have none between words, and Korean glues
particles to nouns: there each character becomes a token of its own and what is asked is a phrase of them, so that any substring is
found, a single character too (FTS5's own ``trigram`` finds none of less than three, and most Chinese words have two).

    "红色的圆 rolls"  ->  body 红 色 的 圆 rolls        asked for "红色"  ->  body "红 色"
    "สีแดง"        ->  pairs สี ีแ แด ดง ง           asked for "แดง"  ->  pairs "แด ดง"

Scripts of few letters are kept by pairs of neighbours too: each letter stands in most captions, so that a phrase of letters is looked for
in most of them, a phrase of pairs in few.
"""

import operator
import re
import unicodedata
from dataclasses import dataclass

from pipeline.errors import UsageError

LONGEST = 1000
"""characters of a query"""
MOST = 64
"""words of a query"""
QUOTE = '"'

_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""characters of scripts that put no spaces between words (Unicode's blocks), or of Hangul"""
_FEW_LETTERS = "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff]"
"""of these, the scripts that have letters and not thousands of characters: Thai, Lao, Tibetan, Burmese, Khmer, kana"""
_LETTERS = re.compile(f"{_FEW_LETTERS}+(?:\\s+{_FEW_LETTERS}+)*")
_SIGNS = "".join(
    sign
    for sign in map(chr, range(0x0E00, 0x3200))
    if re.match(_FEW_LETTERS, sign) and unicodedata.category(sign)[0] not in "LNM"
)
_NO_LETTER = re.compile(f"[\\s{_SIGNS}]+")
"""what stands between such letters and is none"""
_UNTELLABLE = re.compile("[\0\ud800-\udfff]")
"""what SQLite can't be told: its texts end at NUL, and half a pair is no UTF-8"""
_TERM = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')


def indexed(text: str) -> tuple[str, str]:
    """A caption's text as FTS5's tokenizer is given it: compatibility forms and case folded, spaces around spaceless characters (``body``),
    and pairs of neighbours where a script has few letters (``pairs``)."""
    told = _UNTELLABLE.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    # a whole run at a time: with a match for each character a million captions in Chinese took three times as long as in English
    body = _SPACELESS.sub(lambda run: f" {' '.join(run[0])} ", told)
    return body, " ".join(map(_paired, _LETTERS.findall(told)))


def _paired(run: str) -> str:
    """``abc`` -> ``ab bc c``: the last by itself, so that no pair of the next run follows one of this."""
    letters = _NO_LETTER.sub("", run)
    return " ".join([*map(operator.add, letters, letters[1:]), letters[-1:]])


@dataclass(frozen=True, slots=True)
class Query:
    """A person's words as FTS5 is asked for them; each is a phrase of tokens in quotation marks."""

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()

    @property
    def every(self) -> str:
        """MATCH for captions that hold all of the words."""
        return f"({' AND '.join(self.wanted)}){self._but}"

    def only(self, word: str) -> str:
        """MATCH for captions that hold this one of them."""
        return f"({word}){self._but}"

    @property
    def _but(self) -> str:
        return "".join(f" NOT {word}" for word in self.unwanted)


def query_of(text: str) -> Query:
    """What is looked for.

    ``"two words"`` is a phrase, ``-word`` must not be there; everything else is taken as words, whatever FTS5 would make of it.
    Raises UsageError ``bad_value`` where nothing can be looked for.
    """
    if len(text) > LONGEST:
        raise UsageError("bad_value", f"this query has {len(text)} characters; {LONGEST} are the most")
    wanted, unwanted = list[str](), list[str]()
    for minus, phrase, word in _TERM.findall(text):
        body, pairs = (_tokens(kept) for kept in indexed(phrase or word))
        if len(pairs) == len(body) > 1:  # nothing but such letters: by their pairs, and the last of them may go on
            (unwanted if minus else wanted).append(f'pairs : "{" ".join(pairs[:-1])}"')
        elif body:
            (unwanted if minus else wanted).append(f'body : "{" ".join(body).replace(QUOTE, 2 * QUOTE)}"')
    if not wanted:
        raise UsageError(
            "bad_value", f"'{text[:40]}' holds no word to look for" + (", only such as must not be there" * bool(unwanted))
        )
    if len(wanted) + len(unwanted) > MOST:
        raise UsageError("bad_value", f"this query has {len(wanted) + len(unwanted)} words; {MOST} are the most")
    return Query(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))


def _tokens(kept: str) -> list[str]:
    return [token for token in kept.split() if any(map(_is_word, token))]


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM" or unicodedata.category(character) == "Co"
