"""A form with a file in it, read as it comes: THE python_multipart door. The file goes to the disk piece by piece, fields are short."""

import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.serve.faults import HttpError
from pipeline.serve.uploads import Incoming, Received

LONGEST_FIELD = 1_000_000
"""bytes of a field that is no file"""
MOST_PARTS = 20
LONGEST_PREAMBLE = 65_536
"""bytes before the first part"""


@dataclass(slots=True)
class Form:
    """What was sent: fields by name, and the file where there was one."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Received | None = None


@dataclass(slots=True)
class _Part:
    name: str = ""
    filename: str | None = None
    data: list[bytes] = field(default_factory=list)
    size: int = 0
    ended: bool = False


class _Parts:
    """The parser's callbacks: they note what happened, ``read_form`` does what takes time."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self.count = 0
        self._field, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}

    def on_part_begin(self) -> None:
        self.count += 1
        if self.count > MOST_PARTS:
            raise HttpError(400, "bad_request", f"a form has {MOST_PARTS} parts at most")
        self._headers = {}
        self.parts.append(_Part())

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def on_headers_finished(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        part = self.parts[-1]
        part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            part.filename = options[b"filename"].decode("utf-8", "replace")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self.parts[-1]
        part.data.append(data[start:end])
        part.size += end - start
        if part.filename is None and part.size > LONGEST_FIELD:
            raise HttpError(
                413, "too_large", f"the field {part.name[:40]!r} has more than {LONGEST_FIELD:,} bytes", param=part.name
            )

    def on_part_end(self) -> None:
        self.parts[-1].ended = True


async def read_form(body: AsyncIterator[bytes], content_type: str, place: Path | None, *, most: int) -> Form:
    """The form in a body. ``place``: the folder that its file comes into; None leaves files out.

    Raises HttpError 400 ``bad_request`` (no form, broken, two files), 413, 507.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # what it warns of is what the answer says
    kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise HttpError(400, "bad_request", "send a form: Content-Type: multipart/form-data, as curl -F does")
    form, parts = Form(), _Parts()
    callbacks = {name: getattr(parts, name) for name in dir(_Parts) if name.startswith("on_")}
    with ExitStack() as held:
        incoming: Incoming | None = None
        try:
            parser = MultipartParser(options[b"boundary"], callbacks)  # type: ignore[arg-type]
            before = 0
            async for piece in body:
                parser.write(piece)
                before += 0 if parts.count else len(piece)
                if before > LONGEST_PREAMBLE:
                    raise HttpError(400, "bad_request", "the form does not begin with a part")
                while parts.parts:
                    part = parts.parts[0]
                    if part.filename is not None and part.name == "file" and place is not None:
                        if form.file is not None:
                            raise HttpError(400, "bad_request", "one file a request", param="file")
                        incoming = incoming or held.enter_context(Incoming(place, part.filename, most=most))
                        data, part.data = part.data, []
                        for one in data:
                            await incoming.write(one)
                        if part.ended:
                            form.file = await incoming.finish()
                    elif part.filename is not None:
                        part.data = []
                    elif part.ended:
                        form.fields[part.name] = b"".join(part.data).decode("utf-8", "replace")
                    if not part.ended:
                        break
                    parts.parts.pop(0)
            parser.finalize()
            if parts.parts:
                raise HttpError(400, "bad_request", "the form ends in the middle of a part")
        except FormParserError as error:
            if form.file is not None:
                form.file.discard()
            raise HttpError(400, "bad_request", f"this is no form that can be read: {error}") from None
        except BaseException:
            if form.file is not None:
                form.file.discard()
            raise
    return form
