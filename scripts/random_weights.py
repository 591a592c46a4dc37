"""A model folder without weights, whose every token is a word.

vLLM fills such a folder with random weights (``load_format=dummy``), and they draw from the whole vocabulary of config.json: 152,064 ids of
Qwen2. A folder made for measuring may have a tokenizer of a few hundred. Of most tokens nothing is left in the text then, and a
film that the model answers nothing to has failed (``no_window_answered``).
"""

import atexit
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any


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
    words |= {f"Ġqz{number}": number for number in sorted(missing)}  # the letter is a blank to tokenizers of bytes
    (copy / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    return str(copy)
