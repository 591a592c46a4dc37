"""What is known of a film before it is seen: its title, a synopsis, names. It becomes part of the prompt, and so of the recipe.

    --context TEXT|FILE         of all films of a run
    movie.context.txt           of movie.mp4, which it lies beside

A file beside a film may be a stranger's: no link is followed (it could name a private file, which would be sent to the model and
written into the JSON), and nothing in it reads as a mark of a prompt's form.
"""

import errno
import os
import unicodedata
from pathlib import Path

from pipeline.errors import InputError, UsageError
from pipeline.safe_open import read_text

ENDING = ".context.txt"
MOST = 4000
"""characters; it is read with each window, and a window's pictures are some hundred to some thousand tokens"""
LARGEST = 64 * 1024
"""bytes of a file"""
_NO_MARKS = str.maketrans({"<": "\u2039", ">": "\u203a", "{": "(", "}": ")"})
"""``<image>`` is a picture to many models, ``{words}`` is the prompt's own"""


def with_context(prompt: str, *known: str) -> str:
    """The prompt with what is known of its film."""
    text = "\n".join(part for part in known if part)
    return (
        f"What is known of this video, to call people and places by their names; tell only what is seen: {text}\n\n{prompt}"
        if text
        else prompt
    )


def given(context: str | None) -> str:
    """The text of ``--context``: itself, or what stands in a file of that name.

    Raises UsageError ``bad_context``: a file that can't be read, or too long a text.
    """
    try:
        return _checked(_text(context), "--context") if context is not None else ""
    except _Bad as bad:
        raise UsageError("bad_context", str(bad)) from None


def beside(film: Path) -> str:
    """The text of the file beside a film, ``movie.context.txt`` for ``movie.mp4``; nothing where there is none.

    Raises InputError ``bad_context``.
    """
    path = film.with_name(film.stem + ENDING)
    try:
        return _checked(_read(path, follow=False), path.name)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except _Bad as bad:
        raise InputError("bad_context", str(bad), path=str(path)) from None


class _Bad(Exception):
    """Why a context can't be taken."""


def _text(given: str) -> str:
    name = os.path.expanduser(given)
    if len(os.fsencode(name)) > 4096 or "\n" in name or not os.path.lexists(name):
        if "\n" not in given and " " not in given.strip() and given.endswith((".txt", ".md")):
            raise _Bad(f"--context {given}: there is no such file")
        return given
    try:
        return _read(Path(name), follow=True)
    except OSError:
        raise _Bad(f"--context {given}: there is no such file") from None


def _read(path: Path, *, follow: bool) -> str:
    """Raises FileNotFoundError, NotADirectoryError, and _Bad for all else."""
    try:
        return read_text(path, LARGEST, follow=follow)
    except UnicodeDecodeError:
        raise _Bad(f"{path}: it is no UTF-8 text") from None
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise FileNotFoundError from None
        if error.errno == errno.ELOOP and not follow:
            raise _Bad(f"{path}: it is a link, and a text beside a film may not lead elsewhere") from None
        said = error.strerror or str(error)
        raise _Bad(f"{path}: {said[:1].lower()}{said[1:]}") from None


def _checked(text: str, what: str) -> str:
    text = "".join(map(_plain, text)).strip().translate(_NO_MARKS)
    if len(text) > MOST:
        raise _Bad(f"{what} has {len(text):,} characters; {MOST:,} are the most, since each window is asked with it")
    return text


def _plain(character: str) -> str:
    """The character, or nothing for one that nobody sees and a model reads: controls, private ones, tags."""
    if character in "\n\t":
        return character
    hidden = unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") or "\U000e0000" <= character <= "\U000e007f"
    return "" if hidden or character == "\ufeff" else character
