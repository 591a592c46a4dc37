"""Keeps the engine's chatter off the screen: its log lines and its child processes' output go to a file.

What writes, and what is done about it:

    vLLM's loggers, in this process and its children      a logging configuration file, which vLLM reads in each of them
    transformers' and others' loggers in this process     their handlers are replaced while the engine lives
    anything in the children (C++, prints, tqdm)          they are started with file descriptors 1 and 2 on the log file

Our own descriptors are never touched, so that a progress display goes on while a model loads.
"""

import contextlib
import json
import logging
import multiprocessing.util
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.bounded import APPEND, opened
from models.errors import BadEngineOption

NOISY = ("vllm", "transformers", "huggingface_hub", "torch", "httpx")
LARGEST = 20_000_000
"""bytes of a log that a start still adds to"""
LINE = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"
READ = 1_000_000
"""bytes, the last of a log, in which an error is looked for"""
_ERROR = re.compile(r"(?<![A-Za-z.])([A-Za-z.]{0,200}(?:Error|Exception)): (.+)")
_handlers: dict[Path, logging.FileHandler] = {}
_starting = threading.local()
_original = multiprocessing.util.spawnv_passfds


def logging_file(log: Path, level: str = "INFO") -> Path:
    """Write, beside ``log``, what VLLM_LOGGING_CONFIG_PATH wants: vLLM's loggers write to ``log`` then."""
    configuration = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": LINE}},
        "handlers": {
            "file": {"class": "logging.FileHandler", "filename": str(log), "formatter": "line", "level": level, "delay": True}
        },
        "loggers": {"vllm": {"handlers": ["file"], "level": level, "propagate": False}},
    }
    path = log.with_name(log.name + ".logging.json")
    # a name of its own, then moved: another engine may start with this log, or read its file, at the same time; and no link is written through
    descriptor, written = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        os.replace(written, path)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise
    return path


def hush(log: Path) -> None:
    """Send what the engine's libraries log in this process to ``log`` instead of the screen; again, and it goes to the new ``log``."""
    handler = _handlers.get(log)
    if handler is None:
        handler = _handlers[log] = logging.FileHandler(log, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter(LINE))
    for name in NOISY:
        logger = logging.getLogger(name)
        for old in [old for old in logger.handlers if old is not handler]:
            logger.removeHandler(old)
            old.close()
        logger.addHandler(handler)
        logger.propagate = False


def last_error(log: Path, since: int) -> str | None:
    """The last exception that processes wrote to ``log`` after its first ``since`` bytes, without its frames; None: there is none.

    An engine that does not start says why in its own process; what reaches ours is only that it failed. The last READ bytes are read.
    """
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(since, file.seek(0, os.SEEK_END) - READ))
        lines = _ERROR.findall(file.read(READ).decode("utf-8", "replace"))
        said = [
            text.strip() for kind, text in lines if "Engine core initialization failed" not in text and "root cause" not in text
        ]
        return said[-1][:300] if said else None
    return None


@contextlib.contextmanager
def children_apart(log: Path | None) -> Iterator[list[int]]:
    """Processes that this thread spawns meanwhile write to ``log`` (None: where we write), read nothing, and are a group of their own.

    The group: Ctrl-C in a terminal reaches every process of the foreground group, and an engine that dies of it takes
    along the windows that a clean end would still write. Other threads' processes are left as they are. Yields the ids of
    the processes, which grows as they start.
    """
    multiprocessing.util.spawnv_passfds = _spawn
    with log.open("ab") if log else contextlib.nullcontext() as file:
        children: list[int] = []
        _starting.output, _starting.children = file, children
        try:
            yield children
        finally:
            _starting.output = _starting.children = None


def _spawn(path: Any, args: Any, passfds: Any) -> int:
    """In place of multiprocessing's: same arguments, same answer (the child's process id)."""
    children = getattr(_starting, "children", None)
    if children is None:
        return int(_original(path, args, passfds))
    output = _starting.output
    child = subprocess.Popen(
        args,
        executable=path,
        pass_fds=sorted(map(int, passfds)),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    child.returncode = 0  # multiprocessing waits for it, not this object
    if any(b"spawn_main" in os.fsencode(arg) for arg in args):  # not multiprocessing's own helper, which outlives the engine
        children.append(child.pid)
    return child.pid


def make_folder(log: Path) -> None:
    """Make the log's folder. Where it is the user's state folder nobody else may look into it: what lies there tells of films. Raises OSError."""
    ours = log.parent == default_log().parent
    log.parent.mkdir(mode=0o700 if ours else 0o777, parents=True, exist_ok=True)
    if ours:
        with contextlib.suppress(OSError):  # somebody else's: its rights are theirs
            log.parent.chmod(0o700)


def make_room(log: Path) -> None:
    """Make the log's folder; a log that grew over LARGEST is set aside as ``NAME.1``, in place of the one set aside before.

    Raises BadEngineOption where it can't be written.
    """
    try:
        make_folder(log)
        if log.is_file() and log.stat().st_size > LARGEST:
            log.replace(log.with_name(log.name + ".1"))
        fresh = not log.exists()
        opened(log, APPEND, True).close()
        if fresh:
            log.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadEngineOption(f"the engine's log {log} can't be written: {reason}; name another file by --log-file") from None


def default_log() -> Path:
    """Where the engine's lines go when nobody says: ``scenescribe/engine.log`` in the user's state folder."""
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "scenescribe" / "engine.log"
