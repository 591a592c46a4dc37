"""What ``export``, ``burn`` and ``mux`` do alike: where to write, how far it is, what is said, how a signal ends it."""

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal

from pipeline.accident import ours, refused
from pipeline.cli import console, notices
from pipeline.cli.signals import NUMBERS, let_the_next_end
from pipeline.errors import OutputError, ScenescribeError, UsageError
from pipeline.filenames import fitted, name_in
from pipeline.storage import not_here
from pipeline.unfinished import give_up, writer_of

if TYPE_CHECKING:
    from pipeline.types import Notice

Place = Literal["window", "gaps", "auto"]
"""what ``--place`` takes (pipeline.cues.pauses), where a command has no class of options"""
CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
"""suffixes of films that are written"""


def target_of(source: Path, output: str | None, name: str, *, only: bool) -> Path:
    """Where an output goes: beside its source, into the folder ``output``, or under that very name if it is the only one."""
    if output is None:
        return name_in(source.parent, name, "")
    if elsewhere := not_here(output):
        raise elsewhere
    path = Path(output)
    if path.is_dir() or output.endswith(os.sep) or not only:
        return name_in(path, name, "")
    return path


def video_target(video: Path, output: str | None, suffix: str, *, overwrite: bool, mark: str = "described") -> Path:
    """The name of a written film. Raises UsageError ``bad_container``, ``same_file``, OutputError ``output_exists``."""
    target = target_of(video, output, f"{fitted(video.stem)}.{mark}{suffix}", only=True)
    check_target(target, video, CONTAINERS, "container", overwrite=overwrite)
    return target


def check_target(target: Path, video: Path, suffixes: Sequence[str], kind: str, *, overwrite: bool) -> None:
    """Whether something made from a film may have this name; ``kind``: what the suffixes are of, in a word for people.

    Raises UsageError ``bad_container``, ``same_file``, OutputError ``output_exists``.
    """
    if target.suffix.lower() not in suffixes:
        says = f"'{target.suffix or target.name}' is no {kind} that we write; name a {', '.join(suffixes)}"
        raise UsageError("bad_container", says)
    if target.exists() and video.exists() and target.samefile(video):
        raise UsageError("same_file", "the output would replace the film; name another with -o")
    if os.path.lexists(target) and not overwrite:
        raise OutputError("output_exists", f"{target} exists; name another with -o, or --overwrite replaces it")
    if not overwrite and (writer := writer_of(target)) is not None:
        raise OutputError("output_exists", f"process {writer} writes {target} now; wait for it, or name another with -o")


def notices_of(path: Path, found: "Sequence[Notice]", *, strict: bool, quiet: bool = False) -> int:
    """Say the warnings, one line a film; the number of failures that they are."""
    for line in notices.lines(path, found, quiet=quiet):
        console.say(line)
    return 1 if strict and notices.faults(found) else 0


@dataclass(slots=True)
class About:
    """The file that an error is said of."""

    path: Path
    told: "Sequence[Notice]" = ()
    """what was found before it, which may be its cause"""


@contextlib.contextmanager
def failures(path: Path, *, quiet: bool) -> Iterator[About]:
    """Its block reads and writes one film: what fails is one line about the file at hand, and ends the program.

    UsageError passes: it is about no file.
    """
    about = About(path)
    try:
        if elsewhere := not_here(path):
            raise elsewhere
        yield about
    except UsageError:
        raise
    except ScenescribeError as error:
        end_line(quiet=quiet)
        notices_of(about.path, about.told, strict=False, quiet=quiet)
        told = (error.code == "not_found" and not_here(about.path)) or error
        console.fail(told.data["path"] if told.code == "not_here" else about.path, told)
        sys.exit(error.exit_code)
    except Exception as error:
        end_line(quiet=quiet)
        accident(about.path, error)
        sys.exit(1)
    end_line(quiet=quiet)


def accident(path: Path, error: Exception) -> None:
    """An accident is a failure of the file at hand: one line as of every failure; of a fault of ours after its traceback."""
    if (wrong := refused(error, path)) is None:
        sys.stderr.write(console.plain("".join(traceback.format_exception(error))))
        wrong = ours(error, "please report it with the traceback above")
    console.fail(path, wrong)


@contextlib.contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; after the block the program ends with 130 or 143, and says so where nothing was written."""
    cancel, caught = threading.Event(), []

    def stop(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        cancel.set()
        let_the_next_end()
        give_up()

    before = {number: signal.signal(number, stop) for number in NUMBERS}
    written = False
    try:
        yield cancel
        written = True
    except OutputError as error:
        if error.code != "cancelled":
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if caught:
            if not written:  # whatever the block failed with: a terminal's Ctrl-C ends the ffmpeg that it waits for too
                end_line(quiet=False)
                console.say("stopped: nothing was written")
            sys.exit(128 + caught[0])


def progress(what: str, total: Callable[[], float], *, quiet: bool) -> Callable[[float], None]:
    """Tells how much is done: a line that is written over on a terminal, a plain line every ten seconds elsewhere."""
    started, last, live = time.monotonic(), [0.0 if sys.stderr.isatty() else time.monotonic()], sys.stderr.isatty()

    def tell(seconds: float) -> None:
        now = time.monotonic()
        if quiet or seconds < 0.5 or now - last[0] < (0.2 if live else 10.0):
            return
        last[0] = now
        length = total()
        share = f"{min(seconds / length, 1.0):4.0%} " if length > 0 else ""
        speed = seconds / max(now - started, 0.001)
        line = f"{what}: {share}{seconds:.0f} s of film, {speed:.{1 if speed >= 0.1 else 2}f}x"
        sys.stderr.write(f"\r\x1b[K{line}" if live else line + "\n")
        sys.stderr.flush()

    return tell


def end_line(*, quiet: bool) -> None:
    """Clear the live line."""
    if not quiet and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
