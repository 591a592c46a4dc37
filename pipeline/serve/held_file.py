"""A file as an answer, whole or in ranges, that is open from when it was looked for: whoever removes it meanwhile takes nothing from it.

Starlette opens a file when the answer begins: one that went in between is a fault of ours then, or an answer without its body.
"""

import os
from pathlib import Path

from starlette.responses import FileResponse, MalformedRangeHeader, RangeNotSatisfiable
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

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        """As Starlette, which would answer in plain text; of a unit that nobody here knows all of it (RFC 9110, 14.2). Raises HttpError 400
        ``bad_value``, 416 ``range_past_the_end``."""
        if http_range.partition("=")[0].strip().lower() != "bytes":
            return []
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            raise HttpError(400, "bad_value", "the Range of the request is none; bytes=0-99 is one", param="Range") from None
        except RangeNotSatisfiable:
            said = f"the file has {file_size:,} bytes, and the Range of the request none of them"
            raise HttpError(416, "range_past_the_end", said, param="Range", size=file_size) from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._fd)
