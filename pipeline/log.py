"""Log lines: THE structlog door. For people on a terminal, one JSON object a line for a journal."""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, TextIO

from models.bounded import APPEND, opened

SERVERS = ("uvicorn", "asyncio")
"""libraries whose warnings are lines like ours: without a handler Python would print them as they are"""
LEFT = "socket.send() raised exception."
"""what asyncio says of somebody who left in the middle of an answer: nothing that an operator could do anything about"""


@cache
def _structlog() -> Any:
    """Set up once, when something is logged for the first time: it takes longer to import than a short film to describe."""
    import structlog

    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return structlog


class _Logger:
    """structlog's logger of this name, made when it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        return getattr(_structlog().stdlib.get_logger(self._name), method)


def get(name: str) -> Any:
    """A logger: ``log.info("done", path=..., captions=12)``."""
    return _Logger(name)


def for_people() -> bool:
    """Whether somebody sits before stderr: a terminal that is no journal's."""
    return sys.stderr.isatty() and "JOURNAL_STREAM" not in os.environ


def set_up(
    form: Literal["auto", "text", "json"] = "auto", *, level: int = logging.INFO, say: Callable[[str], None] | None = None
) -> None:
    """Send what ``pipeline`` and ``models`` log to stderr. ``auto`` is JSON where nobody sits before it.

    ``say``: a screen takes the lines instead, as sentences.
    """
    people = for_people() if form == "auto" else form == "text"
    structlog = _structlog()
    shown: Any = structlog.processors.JSONRenderer()
    if say is not None:
        shown = _sentence
    elif people:
        shown = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
    handler: logging.Handler = logging.StreamHandler(sys.stderr) if say is None else _Screen(say)
    handler.setFormatter(_formatter(shown))
    _take([handler], level)


def set_up_beside_a_screen(*, verbose: bool, file: Path | None) -> None:
    """For commands that say themselves how each film ended: warnings are plain lines on stderr, tracebacks and what is worth knowing
    (how a server is spoken to, why it is asked again) come with ``verbose`` alone, and everything goes to the end of ``file`` where
    there is one. Raises OSError where it can't be written."""
    plain = logging.StreamHandler(sys.stderr)
    plain.setLevel(logging.INFO if verbose else logging.WARNING)
    plain.addFilter(lambda record: not isinstance(record.msg, dict))
    handlers: list[logging.Handler] = [plain]
    if verbose:
        traces = logging.StreamHandler(sys.stderr)
        traces.setLevel(logging.WARNING)
        traces.addFilter(lambda record: isinstance(record.msg, dict))
        traces.setFormatter(_formatter(_plain_trace()))
        handlers.append(traces)
    if file is not None:
        kept = _Kept(file)
        kept.setFormatter(_formatter(_plain_trace()))
        handlers.append(kept)
    _take(handlers, logging.INFO)


def _plain_trace() -> Any:
    """A traceback is for people who mend it: plain, not drawn."""
    dev = _structlog().dev
    return dev.ConsoleRenderer(colors=False, exception_formatter=dev.plain_traceback)


def _formatter(shown: Any) -> logging.Formatter:
    structlog = _structlog()
    before: list[Any] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    made: logging.Formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _printable,
            shown,
        ],
    )
    return made


def _take(handlers: list[logging.Handler], level: int) -> None:
    for name in ("pipeline", "models", *SERVERS):
        logger = logging.getLogger(name)
        for old in logger.handlers:
            if isinstance(old, _Kept):
                old.close()
        logger.handlers, logger.propagate = handlers, False
        logger.setLevel(max(level, logging.WARNING) if name in SERVERS else level)
    logging.getLogger("asyncio").addFilter(_no_goodbye)


def _no_goodbye(record: logging.LogRecord) -> bool:
    return record.msg != LEFT


@contextlib.contextmanager
def silenced(name: str) -> Iterator[None]:
    """A library's logger says nothing while the block runs."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


class _Kept(logging.StreamHandler[TextIO]):
    """Adds to a file. One that can't be written any more, as on a full disk, is said once: the work goes on."""

    def __init__(self, file: Path) -> None:
        """Raises OSError: it is a pipe, a device or a folder, or may not be written."""
        super().__init__(io.TextIOWrapper(opened(file, APPEND, True), encoding="utf-8", errors="backslashreplace"))
        self._file, self._said = file, False

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):
            self.stream.close()

    def handleError(self, record: logging.LogRecord) -> None:
        if not self._said:
            self._said = True
            logging.getLogger("pipeline").warning("--log-file %s can't be written any more: %s", self._file, sys.exc_info()[1])


class _Screen(logging.Handler):
    """Hands lines to a screen that has a live part, which others would tear."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._say(self.format(record))
        except Exception:
            self.handleError(record)


def _sentence(_logger: Any, _method: str, event: Any) -> str:
    """``/in/a.mp4: later: errand webhook, in_seconds 10``: the film first, no time and no level."""
    told = {key: value for key, value in event.items() if key not in ("timestamp", "level", "path", "event", "exception")}
    before = f"{event['path']}: " if "path" in event else ""
    after = ": " + ", ".join(f"{key} {value}" for key, value in told.items()) if told else ""
    trace = f"\n{event['exception']}" if "exception" in event else ""
    return f"{before}{event['event']}{after}{trace}"


def _printable(_logger: Any, _method: str, event: Any) -> Any:
    """Names of files may hold anything: what is not text, and what would steer a terminal, is escaped."""
    return {key: _escaped(value) for key, value in event.items()}


def _escaped(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        return value
    text = os.fsencode(value).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
