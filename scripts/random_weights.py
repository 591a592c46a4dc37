"""A model folder without weights, whose every token is a word.

vLLM fills such a folder with random weights (``load_format=dummy``), and they draw from the whole vocabulary of config.json: 152,064 ids of
Qwen2. A folder made for measuring may have a tokenizer of a few hundred. Of most tokens nothing is left in the text then, and a
film that the model answers nothing to has failed (``no_window_answered``).

What was written is read again where a summary is made of captions, so a word is one token both ways, and about as long as a token of English
(5 bytes with its blank): made of syllables that only join as they were made to.

    Ġ B a D e  ->  Ġ Ba De  ->  ĠBa De  ->  ĠBaDe        consonant and vowel first, then the blank, then the second syllable
"""

import atexit
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SYLLABLES = tuple("".join(both) for both in itertools.product("bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ", "aeiouAEIOU"))
"""400; two of them are a word"""
BLANK = "\u0120"
"""a blank to tokenizers of bytes: the letter Ġ"""


def word(number: int) -> str:
    """One of 160,000 words; the first ones differ in their second syllable."""
    first, second = divmod(number, len(SYLLABLES))
    return SYLLABLES[first % len(SYLLABLES)] + SYLLABLES[second]


def _merges() -> Iterator[tuple[str, str]]:
    """What joins to what, in the order in which it does; enough for any vocabulary."""
    yield from ((syllable[0], syllable[1]) for syllable in SYLLABLES)
    yield from ((BLANK, syllable) for syllable in SYLLABLES)
    yield from ((BLANK + first, second) for first, second in itertools.product(SYLLABLES, repeat=2))
    yield from ((BLANK + first + second, third) for first, second, third in itertools.product(SYLLABLES, repeat=3))


def with_words(folder: str) -> str:
    """The folder where its tokenizer has all ids, else a copy that has a word for each; it is removed when the program ends.

    Raises OSError, and ValueError for a folder that is no model's.
    """
    config = json.loads(Path(folder, "config.json").read_text())
    size = (config.get("text_config") or config)["vocab_size"]
    tokenizer: dict[str, Any] = json.loads(Path(folder, "tokenizer.json").read_text())
    words = tokenizer["model"].get("vocab")
    if not isinstance(words, dict):
        return folder
    missing = set(range(size)) - set(words.values()) - {added["id"] for added in tokenizer["added_tokens"]}
    if not missing:
        return folder
    place = Path(tempfile.mkdtemp(prefix="scenescribe-words-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    copy = place / Path(folder).name
    shutil.copytree(folder, copy)
    ids, joined = iter(sorted(missing)), list[tuple[str, str]]()
    for pair in _merges():
        if "".join(pair) not in words and (number := next(ids, None)) is not None:
            words["".join(pair)] = number
        elif "".join(pair) not in words:
            break
        joined.append(pair)
    if "merges" in tokenizer["model"]:  # ours first: one of the folder's own would take a word's letters apart
        own = [tuple(pair.split(" ") if isinstance(pair, str) else pair) for pair in tokenizer["model"]["merges"]]
        tokenizer["model"]["merges"] = list(dict.fromkeys((*joined, *own)))
    (copy / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    return str(copy)
