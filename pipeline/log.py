"""Log lines: THE structlog door. For people on a terminal, one JSON object a line for a journal."""

import logging
import os
import sys
from typing import Any, Literal

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


def get(name: str) -> Any:
    """A logger: ``log.info("done", path=..., captions=12)``."""
    return structlog.stdlib.get_logger(name)


def set_up(form: Literal["auto", "text", "json"] = "auto", *, level: int = logging.INFO) -> None:
    """Send what ``pipeline`` and ``models`` log to stderr. ``auto`` is JSON where nobody sits before it."""
    people = sys.stderr.isatty() and "JOURNAL_STREAM" not in os.environ if form == "auto" else form == "text"
    shown: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if people else structlog.processors.JSONRenderer()
    before: list[Any] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _printable,
                shown,
            ],
        )
    )
    for name in ("pipeline", "models"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


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
