"""A command line that can't be understood: one line with its reason code, as every other error, and the page that helps.

scenescribe: unknown_option: there is no --modle; near it: --model (scenescribe caption --help)
"""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from pipeline.cli import console
from pipeline.errors import UsageError


def misused(error: Exception) -> bool:
    """Whether the parser raised this."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def no_files(words: Sequence[str]) -> None:
    """See that no word is a film whose name begins with a dash, as a pattern of a shell gives it: it would be read as options, or be
    passed over as the value of one.

    Raises UsageError ``bad_value``.
    """
    options = words[: words.index("--")] if "--" in words else words
    for word in options:
        if word.startswith("-") and "." in word and os.path.isfile(word):
            raise UsageError(
                "bad_value", f"the file {word!r} would be read as an option: write {f'./{word}'!r}, or ./* for all here"
            )


def answer(error: Any, commands: Sequence[str]) -> NoReturn:
    """Say what is wrong and end the program: 2. Without any word the whole page of help is the answer."""
    context: Any = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(context.get_help(), file=sys.stderr)
        sys.exit(error.exit_code)
    called = context.command_path if context is not None else _called(commands)
    console.end(_explained(error, f" ({called} --help)"))


def _explained(error: Any, help_at: str) -> UsageError:
    """Our error of the parser's, told by the name of its class, since typer moved those once."""
    message = error.format_message().strip().rstrip(".")
    sentence = f"{message[:1].lower()}{message[1:]}{help_at}"
    match type(error).__name__:
        case "NoSuchOption":
            near = ", ".join(get_close_matches(error.option_name, error.possibilities or (), 2))
            return UsageError("unknown_option", f"there is no {error.option_name}{f'; near it: {near}' if near else ''}{help_at}")
        case "MissingParameter" if error.param is not None:
            return UsageError("no_input", f"name {error.param.metavar or error.param.name.upper()}{help_at}")
    if message.startswith("No such command"):
        return UsageError("unknown_command", sentence)
    return UsageError("bad_value", sentence)


def _called(commands: Sequence[str]) -> str:
    """The command of this run, where the parser does not tell it."""
    return " ".join(["scenescribe", *(word for word in sys.argv[1:2] if word in commands)])
