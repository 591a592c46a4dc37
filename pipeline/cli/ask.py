"""``scenescribe ask``: questions about films and pictures, answered as the words come."""

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import console
from pipeline.cli.answer_line import answer_line, show
from pipeline.cli.help import MOST
from pipeline.cli.logs import beside_the_screen
from pipeline.cli.options import with_options
from pipeline.cli.signs_of_life import Waiting, earlier
from pipeline.cli.summary import clock
from pipeline.cli.talk_record import TalkRecord
from pipeline.errors import EnvironmentFault, InputError, RequestError, UsageError
from pipeline.options import names
from pipeline.options.ask import AskSettings
from pipeline.options.base import load

if TYPE_CHECKING:
    from pipeline.api.asking import Conversation
    from pipeline.asking.choosing import Leave
    from pipeline.asking.inputs import Opened


@with_options(AskSettings, most=("model", "at", "frames", "mode", "caption", "sure"))
def ask(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILM... [QUESTION]", help="Films, pictures, folders; then questions.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an answer on stdout.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also keep the talk as JSON in this file.", rich_help_panel=MOST)
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Also one HTML page of the talk, with the frames that were looked at.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into the folders' folders too.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also what the engine says, and what each answer cost.")
    ] = False,
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file of options.", dir_okay=False)] = None,
    flags: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Ask about a film or a picture: the answer as it comes, with the times that it rests on, [0:12-0:15].

    What exists as a file is asked about; the rest are questions, asked in turn as one talk. Without a question it is a
    conversation: an empty line or Ctrl-D ends it, Ctrl-C ends an answer. Exit code: 0 answered, 1 a question got no answer.

    Examples:
        scenescribe ask movie.mp4 "What is the woman in red doing?"
        scenescribe ask movie.mp4 "When does the door open?" --at 1:20-1:40
        scenescribe ask movie.mp4                           (a conversation)
        scenescribe ask films "Which one has a boat in it?" --json
    """
    from pipeline.api.asking import Conversation

    settings = load(AskSettings, flags, config, known=names).settings
    inputs, questions = _told_apart(words or [])
    for path in (output, report):
        _check(path)
    talking = not questions
    if talking and as_json and sys.stdin.isatty():
        raise UsageError("no_input", "with --json name a question, or give questions on the standard input, one a line")
    _note_on_model(settings)
    beside_the_screen(verbose=verbose, file=settings.log_file)
    failed, waits = False, list[Waiting]()
    try:
        with Conversation(inputs, settings=settings, recursive=recursive, leave=_leave_of(waits), verbose=verbose) as talk:
            record = TalkRecord(talk)
            if talking:
                talk.warm().add_done_callback(lambda done: None if done.cancelled() else done.exception())
            try:
                for question in _typed() if talking else questions:
                    engine = talk.talk.host.engine
                    with Waiting(engine, engine.captioner.engine, earlier(talk.talk.recipe, settings.engine)) as waiting:
                        waits[:] = [waiting]
                        failed |= not _answered(
                            talk, question, record, as_json=as_json, verbose=verbose, talking=talking, comes=waiting.stop
                        )
            finally:
                record.write(output, report)
    except InputError as error:
        console.fail(str(error.data.get("path") or inputs[0]), error)
        sys.exit(1)
    sys.exit(1 if failed else 0)


def _told_apart(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Films and questions. Raises UsageError ``no_input``."""
    from glob import has_magic

    from pipeline.inputs import VIDEO_SUFFIXES
    from pipeline.sources.still import SUFFIXES

    films: list[str] = []
    for word in words:
        looks = Path(word).suffix.lower() in VIDEO_SUFFIXES | SUFFIXES and not word.rstrip().endswith("?")
        there = "\0" not in word and len(os.fsencode(word)) < 4096 and os.path.lexists(word)
        if not (there or looks or (not films and has_magic(word) and " " not in word)):
            break
        films.append(word)
    questions = list(words[len(films) :])
    if not films:
        first = f"{console.name_of(words[0])} is no file; " if words else ""
        raise UsageError("no_input", f"{first}name a film, a picture or a folder to ask about (scenescribe ask --help)")
    return films, questions


def _answered(
    talk: "Conversation", question: str, record: "TalkRecord", *, as_json: bool, verbose: bool, talking: bool, comes: Callable[[], None]
) -> bool:  # fmt: skip
    """Ask, and print the answer as it comes; whether there was one. ``comes`` is told before anything is printed."""
    from pipeline.asking.types import Answer

    answer: Answer | None = None
    pieces = talk.stream(question)
    try:
        with contextlib.closing(pieces), answer_line() as line:  # type: ignore[type-var]
            for piece in pieces:
                comes()
                if isinstance(piece, Answer):
                    answer = piece
                elif not as_json:
                    line(piece)
    except KeyboardInterrupt:
        comes()
        pieces.close()  # type: ignore[attr-defined]
        if not talking:
            raise
        console.say("... (stopped)") if as_json else show(" ... (stopped)\n")
        return True
    except (UsageError, EnvironmentFault):
        raise
    except (InputError, RequestError) as error:
        comes()
        if not talking and isinstance(error, InputError):
            raise
        console.say(f"scenescribe: {error.code}: {console.one_line(error.message)}")
        return False
    assert answer is not None
    record.add(answer)
    if as_json:
        console.data(answer.to_json())
    else:
        show("\n")
    for notice in answer.notices:
        console.say(f"{notice.code}: {notice.message}")
    if answer.finish == "length":
        console.say(
            "answer_truncated: the answer was cut off; --max-tokens gives it more room, where no filter of a server did it"
        )
    if verbose:
        share = answer.usage.cached_tokens / max(1, answer.usage.prompt_tokens)
        console.say(
            f"({answer.mode}, {len(answer.looked_at)} frames, {answer.usage.prompt_tokens} tokens read, {share:.0%} of them from before,"
            f" first word after {answer.first_token:.2f} s, {answer.total:.2f} s in all)"
        )
    return bool(answer.text)


def _typed() -> Any:
    """Questions that are typed, or come on the standard input, a line each."""
    terminal = sys.stdin.isatty()
    if terminal:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - input() has lines of before, and keys
        console.say("Ask about it; an empty line ends the talk.")
    while True:
        try:
            line = input("> " if terminal else "")
        except EOFError:
            if terminal:
                show("\n")
            return
        except KeyboardInterrupt:  # a line that is not meant
            show("\n")
            continue
        if not line.strip():
            if terminal:
                return
            continue
        yield line


def _leave_of(waits: "Sequence[Waiting]") -> "Leave":
    """What asks whether films are described first; nothing else is said meanwhile."""

    async def leave(films: "Sequence[Opened]") -> bool:
        for waiting in waits:
            waiting.stop()
        return await _leave(films)

    return leave


async def _leave(films: "Sequence[Opened]") -> bool:
    """Ask whether films are described first."""
    import asyncio

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    length = clock(sum(film.duration for film in films))
    which = console.name_of(films[0].path.name) if len(films) == 1 else f"{len(films)} films"
    question = f"{which} ({length}) is too long to be looked at whole. Describe it first, and keep the captions beside it? [y/N] "
    console.say(question)
    loop, typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), typed.set)  # a thread would go on reading after Ctrl-C, beside the next prompt
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _note_on_model(settings: AskSettings) -> None:
    """Say once what the embedded model knows."""
    from pipeline.engine.opening import choose_preset

    preset = choose_preset(settings.describing())
    if settings.engine == "vllm" and preset.knows and settings.model is None:
        console.say(preset.knows)


def _check(path: Path | None) -> None:
    """Find out before the talk whether it can be kept. Raises OutputError."""
    if path is not None:
        from pipeline.report import page

        page.check(path, overwrite=path.suffix == ".json" and _ours(path), otherwise="name another file")


def _ours(path: Path) -> bool:
    from pipeline.safe_open import starts_with

    with contextlib.suppress(OSError):
        return starts_with(path, b'"scenescribe_talk"', 256)
    return False
