"""Buckets of S3, Google and Azure, and plain web servers: the door to obstore (extra ``data``).

Credentials come by the usual chains: AWS_*, the shared files of ~/.aws, an instance's or a pod's role, GOOGLE_APPLICATION_CREDENTIALS,
AZURE_*. ``--storage-option`` names any key of the store's own, and of its client.
"""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from models.errors import first_line
from models.installed import adding
from pipeline.errors import EnvironmentFault, InputError, UsageError
from pipeline.storage.base import LARGEST, MOST_LISTED, Entry, Storage, checked
from pipeline.storage.credentials import shared_aws
from pipeline.storage.explain import refused
from pipeline.storage.pages import pulled

SCHEMES = ("s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss", "http", "https")
CLIENT = frozenset({
    "allow_http", "allow_invalid_certificates", "connect_timeout", "default_content_type", "http1_only", "http2_only",
    "http2_keep_alive_interval", "http2_keep_alive_timeout", "http2_keep_alive_while_idle", "pool_idle_timeout",
    "pool_max_idle_per_host", "proxy_url", "proxy_ca_certificate", "proxy_excludes", "randomize_addresses", "read_timeout",
    "root_certificate", "timeout", "user_agent",
})  # fmt: skip
"""options of the connection; all others are the store's"""
RETRIES = 6
PATIENCE = 90.0
"""seconds for one request with all its retries"""
PIECE = 8 * 1024 * 1024
"""bytes: what is larger goes up in pieces"""
WHOLE = 64 << 20
"""bytes: of a web server that gives no parts of files, what is read from the beginning to have a part of it"""
NO_PARTS = "Range request not supported"
"""obstore's words for such a server"""
PAGE = 1000
"""files of a listing that come together"""
LISTING = 3 * PATIENCE
"""seconds for one page of a listing; a store that sends empty ones is asked on and on inside obstore"""
STREAMED = 1 << 20
"""bytes of an answer that are kept together, at least"""


class ObjectStorage(Storage):
    """One bucket and prefix. obstore retries what failed by itself (5xx, 429, connections that break) and aborts an upload in
    pieces that fails."""

    def __init__(self, url: str, store: Any, options: Mapping[str, str]) -> None:
        self.url, self.options = url.rstrip("/"), dict(options)
        self._store = store

    @classmethod
    def opened(cls, url: str, options: Mapping[str, str]) -> Self:
        obstore = door()
        scheme = url.partition("://")[0]
        given = dict(options)
        if scheme in ("s3", "s3a"):
            given = shared_aws(given) | given
        config = {name: value for name, value in given.items() if name not in CLIENT}
        client: dict[str, Any] = {name: value for name, value in given.items() if name in CLIENT}
        if _plain_http(config) or scheme == "http":
            client.setdefault("allow_http", "true")
        if scheme in ("http", "https") and config:
            raise UsageError("bad_storage_option", f"--storage-option {next(iter(config))}: a web server has no such option")
        retry = {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=PATIENCE)}
        more = {"config": config} if config else {}
        try:
            store = obstore.store.from_url(url, client_options=client or None, retry_config=retry, **more)
        except obstore.exceptions.UnknownConfigurationKeyError as error:
            raise UsageError("bad_storage_option", f"--storage-option: {first_line(error)}") from error
        except Exception as error:
            raise UsageError("bad_storage", f"{url} can't be opened: {first_line(error)}") from error
        return cls(url, store, options)

    def get(self, name: str) -> bytes:
        return self._read(name, LARGEST)

    def get_range(self, name: str, start: int, size: int) -> bytes:
        if size <= 0:
            return b""
        try:
            return self._read(name, size, {"range": (start, start + size)})
        except InputError as error:
            if NO_PARTS not in str(error.__cause__):
                raise
            if start + size > WHOLE and start > 0:
                text = "the server gives no parts of files (Range), and this one is large; fetch it first, and name it here"
                raise InputError("storage_cannot", f"{self.url}/{name}: {text}", place=name) from error
        return self._beginning(name, start + size)[start:]

    def _beginning(self, name: str, size: int) -> bytes:
        """The first bytes of a file, of a server that answers with the whole one only."""
        got, count = list[bytes](), 0
        with self._asked(name):
            for piece in door().get(self._store, checked(name)).stream(min_chunk_size=STREAMED):
                got.append(bytes(piece))
                count += len(got[-1])
                if count >= size:
                    break
        return b"".join(got)[:size]

    def _read(self, name: str, most: int, options: dict[str, Any] | None = None) -> bytes:
        """An answer, a piece at a time: a server may send more than it was asked for, and say that it is a terabyte."""
        got: list[Any] = []
        with self._asked(name):
            for piece in door().get(self._store, checked(name), options=options).stream(min_chunk_size=STREAMED):
                got.append(piece)
                if sum(map(len, got)) > most:
                    raise InputError("storage_failed", f"{self.url}/{name}: the storage sends more than {most} bytes", place=name)
        return b"".join(got)

    def head(self, name: str) -> Entry:
        with self._asked(name):
            return _entry(door().head(self._store, checked(name)))

    def put(self, name: str, data: bytes) -> None:
        with self._asked(name, writing=True):
            door().put(self._store, checked(name), data, chunk_size=PIECE, use_multipart=len(data) > PIECE)

    def put_file(self, name: str, path: Path) -> None:
        with self._asked(name, writing=True):
            door().put(self._store, checked(name), path, chunk_size=PIECE)

    def create(self, name: str, data: bytes, *, durable: bool = True) -> bool:
        with self._asked(name, writing=True):
            try:
                door().put(self._store, checked(name), data, mode="create")
            except (door().exceptions.AlreadyExistsError, door().exceptions.PreconditionError):
                return False
        return True

    def list(self, prefix: str = "") -> Iterator[Entry]:
        # the store compares whole parts of names, so the last and incomplete one is compared here
        folder, _, beginning = prefix.rpartition("/")
        begun: set[str] = set()
        with self._asked(prefix):
            asked_for = door().list(self._store, prefix=folder or None, chunk_size=PAGE)
            for number, page in enumerate(pulled(asked_for, within=LISTING, late=lambda: self._endless(prefix))):
                first = page[0]["path"] if page else ""
                if first in begun or number * PAGE >= MOST_LISTED:
                    why = (
                        f"{first} again and again" if first in begun else f"more than {MOST_LISTED:,} files; name a longer prefix"
                    )
                    raise InputError("storage_failed", f"{self.url}: the storage lists {why}", place=prefix)
                begun.add(first)
                for found in page:
                    entry = _entry(found)
                    if entry.name.removeprefix(f"{folder}/" if folder else "").startswith(beginning):
                        yield entry

    def _endless(self, prefix: str) -> InputError:
        why = f"the storage lists no file within {LISTING:.0f} seconds; name a longer prefix"
        return InputError("storage_failed", f"{self.url}: {why}", place=prefix)

    def delete(self, name: str) -> None:
        with self._asked(name, writing=True), contextlib.suppress(FileNotFoundError):
            door().delete(self._store, checked(name))

    @contextlib.contextmanager
    def _asked(self, name: str, *, writing: bool = False) -> Iterator[None]:
        try:
            yield
        except (door().exceptions.BaseError, OSError, NotImplementedError) as error:
            raise refused(error, f"{self.url}/{name}".rstrip("/"), writing=writing) from error


def door() -> Any:
    """obstore. Raises EnvironmentFault ``data_missing``."""
    try:
        import obstore
        import obstore.exceptions
        import obstore.store
    except ImportError as error:
        raise EnvironmentFault("data_missing", f"object stores need obstore: {adding('data')}") from error
    return obstore


def _entry(found: Mapping[str, Any]) -> Entry:
    return Entry(
        name=found["path"], size=found["size"], modified=found["last_modified"].timestamp(), version=found.get("e_tag") or ""
    )


def _plain_http(config: Mapping[str, str]) -> bool:
    import os

    named = [value for name, value in config.items() if name.lower().endswith(("endpoint", "endpoint_url", "base_url"))]
    named += [os.environ.get(name, "") for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")]
    return any(value.startswith("http://") for value in named)
