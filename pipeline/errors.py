"""Every error that Scenescribe raises on purpose.

    ScenescribeError            code, message, data; what the command line prints as ``PATH: code: message``
    |-- UsageError              exit 2: an option or a configuration that can't be
    |-- EnvironmentFault        exit 3: this machine lacks something (no ffmpeg, no engine, no memory)
    |-- InputError              exit 1: this film can't be described; the others go on
    |-- OutputError             exit 1: what was made could not be written
    `-- RequestError            exit 1: this one request got no answer; the engine answers others
        `-- DeadlinePassed      its answer did not come in its time

``code`` is one of the reason codes of docs/troubleshooting.md, in snake_case. ``message`` is one sentence that says what
is wrong and what to do next. ``data`` carries the values the sentence was made from.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class ScenescribeError(Exception):
    """Base of the tree."""

    exit_code = 1

    def __init__(self, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process borders with their data."""
        return (_rebuild, (type(self), self.code, self.message, self.data))


def _rebuild(kind: type[ScenescribeError], code: str, message: str, data: dict[str, Any]) -> ScenescribeError:
    return kind(code, message, **data)


class UsageError(ScenescribeError):
    """An option or a configuration that can't be."""

    exit_code = 2


class EnvironmentFault(ScenescribeError):
    """This machine lacks something that the job needs."""

    exit_code = 3


class InputError(ScenescribeError):
    """This film can't be described."""


class OutputError(ScenescribeError):
    """What was made could not be written."""


class RequestError(ScenescribeError):
    """This one request got no answer, and asking again won't help; the engine answers others."""


class DeadlinePassed(RequestError):
    """The answer did not come before its deadline; the request is no longer in the engine."""


def nearest(word: str, words: Iterable[str], *, alike: float = 0.5) -> str:
    """``; did you mean 'x'?`` for the word that is spelled most like this one, or an empty text. ``alike``: 1 is the same."""
    found = get_close_matches(word, list(words), n=1, cutoff=alike)
    return f"; did you mean '{found[0]}'?" if found else ""
