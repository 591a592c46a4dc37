"""What is said of how a file's bytes were read as text."""

from pipeline.encoding import Decoded
from pipeline.types import Notice


def about(read: Decoded) -> tuple[Notice, ...]:
    """``encoding_guessed``, ``text_damaged``; none where the file told it, and all of it could be read."""
    notices = []
    if read.guessed:
        sentence = f"the file is not UTF-8 and was read as {read.encoding}; --encoding names another"
        if read.twice:
            sentence = f"the file is UTF-8 of a text that somebody had read as {read.encoding}, which was undone; --encoding utf-8 leaves it"
        notices.append(Notice(code="encoding_guessed", message=sentence))
    if read.broken:
        places = "1 place" if read.broken == 1 else f"{read.broken} places"
        notices.append(Notice(code="text_damaged", message=f"{places} of it can't be read as {read.encoding}: shown as \ufffd"))
    return tuple(notices)
