"""Which encoding the bytes of a subtitle file are in, where nothing says so.

byte order mark -> UTF-16 by its zero bytes -> escapes of ISO 2022 -> UTF-8 -> what its XML declares
-> the old code pages, by how likely the text is that each of them gives

A subtitle file may have two short lines, which is too little for statistics over bytes. So each candidate decodes the text, and its
letters are weighed: how frequent they are in the languages that were written in it, whether capitals stand inside words, whether
accented letters stand beside each other. The best average wins; docs/decisions/0070 has what was tried.
"""

import codecs
import re
from dataclasses import dataclass

from pipeline.declared_encoding import by_mark, by_zeros, in_escapes, in_xml
from pipeline.errors import UsageError, nearest
from pipeline.sister_encodings import sister
from pipeline.twice_encoded import joined, undone

SAMPLE = 12_000
"""bytes of lines with something beyond ASCII that are weighed"""

_HIGH = re.compile(rb"[\x80-\xff]")
_AROUND = 400
"""bytes of a line before and behind its first one beyond ASCII that are weighed"""
_RARE = frozenset("©®°№•€£‡†")
"""signs that stand alone, or beside numbers"""
_BEFORE_VOWELS = {"ñ": "aeiouáéíóú", "õ": "e"}
"""letters of Spanish and Portuguese -> what follows them"""
_PUNCTUATION = frozenset("“”‘’‚„…–—«»‹›№°©®™·•€£\u00a0\u200e\u200f")

_BY_FREQUENCY = {
    "cyrillic": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфіїєъёґўјљњђћџ",
    "greek": "αοιετσνηυρπκμλςωδγχθφβξζψάέίόύήώϊΐϋΰ",
    "hebrew": "יוהלאתרבשםמנחעדקכפצטגסזןךףץ",
    "arabic": "اليمنوترهبعدسفقكحةجشصخأءطذىضغزثظئؤإآ،؟",
    "thai": "านรอกเงมลวยทดสตะปบคหจพชแใไขโณ่้ัีิ็์ุูึืำผถฟธศซภญฐษฎฉฮฬฌฒฑๆฯ",
}
_WEIGHT = {
    letter: 1.0 - 0.9 * rank / len(order) for order in _BY_FREQUENCY.values() for rank, letter in enumerate(order)
}  # fmt: skip

_WESTERN = ("éèàçêâîôûùïëœæ", "áíóúñéü¿¡", "äöüß", "åäöæøé", "ãõçáéíóúâêôà", "àèéìòù", "áéíóúýðþæö", "éëïóöüè")
_CENTRAL = ("áéíóúýčďěňřšťůž", "ąćęłńóśźż", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "áäčďéíĺľňóôŕšťúýž", "ëç")
_VIETNAMESE = "ăâđêôơưáàéèíóúùý\u0300\u0301\u0303\u0309\u0323"
"""its code page writes tones behind their letters"""
_SINGLE: dict[str, tuple[str, ...]] = {
    "cp1252": _WESTERN, "cp1250": _CENTRAL, "iso8859-2": _CENTRAL,
    "cp1254": ("ğışçöüâîû",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äöõüšž"),
    "cp1251": ("cyrillic",), "koi8-r": ("cyrillic",), "cp866": ("cyrillic",), "iso8859-5": ("cyrillic",), "mac-cyrillic": ("cyrillic",),
    "cp1258": (_VIETNAMESE,),
    "cp1253": ("greek",), "cp1255": ("hebrew",), "cp1256": ("arabic",), "cp874": ("thai",),
    "cp850": _WESTERN, "mac-roman": _WESTERN, "cp852": _CENTRAL,
}  # fmt: skip
"""code page -> the script it was made for, or the letters beyond ASCII of each of its languages; of equals the first wins"""

_COMMON = {
    "gb18030": "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得着下自之年过发后作里好吗谢么什没天很她",
    "big5": "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得著下自之年過發後作裡好嗎謝麼什沒天很她",
    "cp949": "이다는에을가의고하지한를은로도사리대기어니자나아해그요안녕습라네있시",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text, and the encoding that it was read in; ``guessed`` where neither a mark nor UTF-8 told it."""

    text: str
    encoding: str
    guessed: bool = False
    broken: int = 0
    """places that could not be decoded and are shown as U+FFFD"""
    twice: bool = False
    """whether it was encoded twice: first in UTF-8, then in UTF-8 what somebody had read as ``encoding``"""


def check_encoding(name: str) -> str:
    """The encoding's own name. Raises UsageError ``bad_value`` for what is none, or none of text."""
    known = (*_SINGLE, *_COMMON, "utf-8", "utf-16", "cp932", "euc_jp", "iso8859-1", "iso8859-2", "iso8859-15")
    try:
        "a".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError, TypeError):
        hint = nearest(name.lower(), known)
        raise UsageError(
            "bad_value", f"--encoding {name}: there is no such encoding{hint}; write it as cp1251 or shift_jis"
        ) from None


def decoded(data: bytes, encoding: str | None = None) -> Decoded:
    """The text of a file; ``encoding`` overrules what its bytes say, and so does what follows a mark of UTF-8 that is none."""
    if data.startswith(codecs.BOM_UTF8) and (encoding or not _utf8(data)):
        data = data.removeprefix(codecs.BOM_UTF8)  # some editors write it before whatever they were given
    name, declared = encoding or by_mark(data) or by_zeros(data) or in_escapes(data), False
    if name is None:
        try:
            return _once(Decoded(data.decode("utf-8"), "utf-8"))
        except UnicodeDecodeError:
            if (name := in_xml(data)) is None:
                return _old(data)
            declared = True
    text = data.decode(name, "replace")
    unmarked = encoding is None and not declared and by_mark(data) is None
    read = Decoded(text.removeprefix("\ufeff"), name, guessed=unmarked, broken=text.count("\ufffd"))
    return read if encoding else _once(read)


def _utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _once(read: Decoded) -> Decoded:
    """A text in UTF-8 that was encoded twice, as it was before."""
    found = undone(read.text) if read.encoding == "utf-8" else None
    return read if found is None else Decoded(*found, guessed=True, twice=True)


def _old(data: bytes) -> Decoded:
    """The text of bytes that are not all UTF-8: none of them, all but a few, or those of one part of the file."""
    name = _guessed(data)
    text, other = joined(data, _guessed) or (data.decode(name, "replace"), "")
    return Decoded(text, f"utf-8 and {other}" if other else name, guessed=True, broken=text.count("\ufffd"))


def _guessed(data: bytes) -> str:
    """The most likely encoding of bytes that are no UTF-8."""
    lines, size, at = [], 0, 0
    while size < SAMPLE and (found := _HIGH.search(data, at)):
        near = max(at, found.start() - _AROUND)
        begin = data.rfind(b"\n", near, found.start()) + 1 or near
        ends = data.find(b"\n", found.start(), found.start() + _AROUND)
        at = found.start() + _AROUND if ends < 0 else ends + 1
        lines.append(data[begin:at].rstrip(b"\r\n"))
        size += len(lines[-1])
    sample = b"\n".join(lines)
    damaged = sample.decode("utf-8", "replace")
    whole = sum(character > "\x7f" and character != "\ufffd" for character in damaged)
    if whole > 5 * damaged.count("\ufffd"):
        return "utf-8"  # a few broken places in a text that else is
    scores = {name: _single(sample, name) for name in _SINGLE} | {
        name: _double(sample, name) for name in (*_COMMON, "cp932", "euc_jp")
    }
    return sister(max(scores, key=lambda name: scores[name]), sample)


def _strictly(sample: bytes, name: str) -> str | None:
    """The sample's text; None where more than one byte in fifty is no character (one alone may be: the sample is cut)."""
    text = sample.decode(name, "replace")
    wrong = text.count("\ufffd")
    return text if wrong <= 1 + len(sample) // 500 and (wrong == 0 or len(sample) > 200) else None


def _single(sample: bytes, name: str) -> float:
    """How likely a text is in a code page of one byte a character: 0 is chance, 1 the best."""
    text = _strictly(sample, name)
    return -9.0 if text is None else max(_letters(text, language) for language in _SINGLE[name])


def _letters(text: str, language: str) -> float:
    """How well a text's letters beyond ASCII are those of a script or a language, on average."""
    score, count, plain, capitals, before, script = 0.0, 0, 0, 0, " ", _BY_FREQUENCY.get(language)
    for letter, after in zip(text, text[1:] + " ", strict=True):
        low = letter.lower()
        if letter > "\x7f":
            count += 1
            capitals += letter != low
            inside = before.isalpha() or after.isalpha()
            if script is not None:
                score += _WEIGHT[low] if low in script else 0.6 if letter in _PUNCTUATION else -1.0
                score -= 0.8 if letter.isalpha() and _latin(before, after) else 0.0
            elif low in language:
                score += 0.8
                score -= 0.8 if low in _BEFORE_VOWELS and after.lower() not in _BEFORE_VOWELS[low] else 0.0
            elif letter in _PUNCTUATION:
                between = before.isalpha() and after.isalpha() and letter != "’"
                score += (0.1 if inside else 0.4) if letter in _RARE else -0.4 if between else 0.6
            else:
                score -= 0.4 if letter.isalpha() else 1.0
            if script is None:
                score -= 0.7 if letter.isalpha() and before > "\x7f" and before.isalpha() else 0.0
            if letter != low and before.isalpha() and before == before.lower() != before.upper():
                score -= 1.0  # a capital inside a word
        elif letter.isalpha():
            plain += 1
        before = letter
    found = score / max(count, 1)
    if script is not None:  # words of another script are rare in it
        found -= 0.8 * plain / max(1, plain + count)
        if language == "cyrillic":  # its sentences begin with a capital, and end without
            found -= 0.3 if not capitals else 0.11 if capitals == count else 0.0
    return found


def _latin(before: str, after: str) -> bool:
    """Whether a letter stands beside one of ASCII, in one word."""
    return (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha())


def _double(sample: bytes, name: str) -> float:
    """How likely a text is in an encoding of one and two bytes a character."""
    text = _strictly(sample, name)
    if text is None:
        return -9.0
    common, score, count, plain, before = _COMMON.get(name, ""), 0.0, 0, 0, " "
    for letter, after in zip(text, text[1:] + " ", strict=True):
        if letter > "\x7f":
            count += 1
            score += _east_asian(letter, name) + (0.3 if letter in common else 0.0)
            score -= 0.5 if _latin(before, after) else 0.0
        else:
            plain += letter.isalpha()
        before = letter
    # two bytes alone are any two Cyrillic letters too
    return (score - 0.3) / max(count, 1) - 0.8 * plain / max(1, plain + 2 * count)


def _east_asian(letter: str, name: str) -> float:
    try:
        raw = letter.encode(name)
    except UnicodeEncodeError:
        return -1.0
    lead, trail = raw[0], raw[-1]
    if "\uff61" <= letter <= "\uff9f" or len(raw) != 2:
        return -0.7  # half-width katakana, and what GB18030 has four bytes for
    if "\u3041" <= letter <= "\u30ff":
        return 1.0 if name in ("cp932", "euc_jp") else -0.5
    if "\u3000" <= letter <= "\u303f" or "\uff01" <= letter <= "\uff5e":
        return 0.7
    match name:
        case "gb18030":
            frequent, other = 0xB0 <= lead <= 0xD7 and trail >= 0xA1, -0.2 if trail >= 0xA1 else -0.5
            return 0.85 if frequent else 0.6 if letter in _PUNCTUATION else other
        case "big5":
            return 0.85 if 0xA4 <= lead <= 0xC6 else 0.6 if letter in _PUNCTUATION else -0.2
        case "cp949":
            return 0.9 if 0xB0 <= lead <= 0xC8 and trail >= 0xA1 else 0.6 if letter in _PUNCTUATION else -0.5
        case "cp932":
            return 0.75 if 0x88 <= lead <= 0x97 else 0.6 if letter in _PUNCTUATION else -0.3
    return 0.75 if 0xB0 <= lead <= 0xCF else 0.6 if letter in _PUNCTUATION else -0.3
