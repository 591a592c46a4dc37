"""What is known of one job's film: by its content in the document store, else by the JSON that ``caption`` left at its place."""

import asyncio
import contextlib
import json as plain_json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.file_version import FileVersion
from pipeline.outputs import Outputs
from pipeline.store.documents import DocumentStore
from pipeline.store.identity import Opened
from pipeline.store.job_row import Job
from pipeline.store.lookup import Earlier, FileLookup, refuse_strangers
from pipeline.types import Document, VideoInfo


class ContentLookup(FileLookup):
    """A job's lookup; see pipeline.describe. An asynchronous context manager around one description."""

    def __init__(
        self,
        job: Job,
        outputs: Outputs,
        opened: Opened,
        sample: str,
        documents: DocumentStore,
        threads: ThreadPoolExecutor,
        *,
        overwrite: bool,
    ) -> None:
        super().__init__(outputs, overwrite=overwrite)
        self.job, self.documents = job, documents
        self.written = ""
        """key of the document that the outputs are made from; see Job.written"""
        self.like: Path | None = None
        """the film whose captions were used"""
        self._opened, self._sample, self._threads = opened, sample, threads
        self._settings = ""
        self._hash: asyncio.Future[str] | None = None

    async def find(self, key: Mapping[str, Any], info: VideoInfo) -> Earlier | None:
        """Raises OutputError where an output's name is somebody else's, InputError where the film can't be read."""
        self._settings = settings_key(key)
        if self.job.ours and self.outputs.json.exists():  # it may have been described under other names
            await asyncio.to_thread(refuse_strangers, self.outputs, overwrite=self.overwrite)
        if not self.job.ours:
            earlier = await super().find(key, info)
            written = FileVersion.at(self.outputs.json)
            if earlier is not None and written is not None and written.mtime_ns >= self.job.stamp.mtime_ns:
                return earlier
        if self.documents.has_sample(self._sample):
            content = await self._content()
            stored = self.documents.find(content, self._settings)
            if stored is not None:
                return self._from(stored.text, stored.path, content, info)
        self._begin()  # runs beside the decoder
        return None

    async def keep(self, document: Document) -> Document:
        """Put a new document into the store. What is written is made of its text: after a crash that is what there is."""
        from pipeline.formats import json

        content = await self._content()
        if self.job.stamp.change_at(self.job.path) == "changed":  # its content is not that which was described, or may not be
            raise InputError(
                "source_changed", "another version took its name while it was described; it is described in its turn"
            )
        text = json.to_text(document)
        self.documents.keep(self.job, content, self._settings, self._sample, text)
        self.written = f"{content} {self._settings}"
        return json.from_text(text)

    async def __aenter__(self) -> "ContentLookup":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._hash is not None:
            self._opened.cancel.set()
            with contextlib.suppress(InputError, asyncio.CancelledError):
                await asyncio.shield(self._hash)

    def _from(self, text: str, path: Path, content: str, info: VideoInfo) -> Earlier:
        from pipeline.formats import json

        document = json.from_text(text)
        name = info.path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        document = replace(document, source=replace(document.source, name=name))
        self.like = path if path != self.job.path else None
        self.written = f"{content} {self._settings}"
        current = self.job.written == self.written
        if not current:
            self.documents.rewriting(self.job)
        return Earlier(document, current=current)

    def _begin(self) -> "asyncio.Future[str]":
        if self._hash is None:
            self._hash = asyncio.get_running_loop().run_in_executor(self._threads, self._opened.whole)
        return self._hash

    async def _content(self) -> str:
        return await asyncio.shield(self._begin())


def settings_key(key: Mapping[str, Any]) -> str:
    """Recipe.key in few letters."""
    return blake2b(plain_json.dumps(key, sort_keys=True, ensure_ascii=True).encode(), digest_size=12).hexdigest()
