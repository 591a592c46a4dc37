"""What the engine and the pipeline log, beside a command's own screen."""

from pathlib import Path

from pipeline.errors import UsageError


def beside_the_screen(*, verbose: bool, file: Path | None) -> None:
    """Warnings on stderr, with ``verbose`` also how a server is spoken to; all of it at the end of ``file``.

    Raises UsageError ``unwritable``.
    """
    from pipeline import log

    try:
        log.set_up_beside_a_screen(verbose=verbose, file=file)
    except OSError as error:
        raise UsageError("unwritable", f"--log-file {file}: {(error.strerror or str(error)).lower()}") from None
