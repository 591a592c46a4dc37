"""An exception that nobody foresaw, as the failure of the one input that it met."""

from pathlib import Path

from pipeline import log as logs
from pipeline.errors import InputError

log = logs.get(__name__)


def internal_error(path: Path, error: Exception) -> InputError:
    """An accident of one film, with its traceback in the log: whatever it was, it is that film's alone."""
    log.error("internal error", path=path, exc_info=error)
    text = f"a fault of ours ({type(error).__name__}: {error}); please report it with the traceback, which -v or --log-file shows"
    return InputError("internal_error", text)
