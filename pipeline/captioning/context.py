"""What is known of a film before it is seen: its title, a synopsis, names. It becomes part of the prompt, and so of the recipe."""

import os
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.safe_open import read_text

MOST = 4000
"""characters; it is read with each window, and a window's pictures are some hundred to some thousand tokens"""
LARGEST = 64 * 1024
"""bytes of a file"""


def with_context(prompt: str, given: str | None) -> str:
    """The prompt with what ``--context`` gives: a text, or the text of a file of that name.

    Raises UsageError ``bad_context``: a file that can't be read, or too long a text.
    """
    if given is None or not (text := _text(given)):
        return prompt
    if len(text) > MOST:
        raise UsageError(
            "bad_context", f"--context has {len(text):,} characters; {MOST:,} are the most, since each window is asked with it"
        )
    text = text.replace("{words}", "{ words }")  # the prompt's own placeholder
    return f"What is known of this video, to call people and places by their names; tell only what is seen: {text}\n\n{prompt}"


def _text(given: str) -> str:
    name = os.path.expanduser(given)
    if len(os.fsencode(name)) > 4096 or "\n" in name or not os.path.lexists(name):
        if "\n" not in given and " " not in given.strip() and given.endswith((".txt", ".md")):
            raise UsageError("bad_context", f"--context {given}: there is no such file")
        return given.strip()
    try:
        return read_text(Path(name), LARGEST).strip()
    except UnicodeDecodeError:
        raise UsageError("bad_context", f"--context {given}: the file is no UTF-8 text") from None
    except OSError as error:
        raise UsageError("bad_context", f"--context {given}: {(error.strerror or str(error)).lower()}") from None
