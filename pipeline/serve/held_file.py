"""A file as an answer, whole or in ranges, that is open from when it was looked for: whoever removes it meanwhile takes nothing from it.

Starlette opens a file when the answer begins: one that went in between is a fault of ours then, or an answer without its body.
"""

import os
from pathlib import Path

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from pipeline.serve.faults import HttpError


class HeldFile(FileResponse):
    """The file at ``path`` as it is now. Raises HttpError 404 where there is none."""

    def __init__(self, path: Path, *, kind: str, name: str | None = None, headers: dict[str, str] | None = None) -> None:
        """``kind``: its media type. ``name``: what a browser shall keep it as; without one it shows it."""
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            raise HttpError(404, "not_found", "the file is gone; send it, or ask for it, again") from None
        super().__init__(
            f"/proc/self/fd/{self._fd}", media_type=kind, filename=name, headers=headers, stat_result=os.fstat(self._fd)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._fd)
