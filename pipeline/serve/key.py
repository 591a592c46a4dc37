"""The service's key: made at the first start, readable by its owner alone, compared without telling how much of it was right."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from pipeline.errors import EnvironmentFault, OutputError, UsageError
from pipeline.files import to_write, whole
from pipeline.safe_open import read_text

FILE = "key"
COOKIE = "scenescribe"
SHORTEST = 16
"""characters of a key that somebody chose"""


class Key:
    """The key, and what is made from it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.session = self._made("page")
        """the cookie's value: it opens what the key opens, and does not tell the key"""
        self.hook = self._made("hooks")
        """opens the hooks alone: media servers can send no header, and what stands in an address stands in logs"""

    def opens(self, given: str) -> bool:
        return _same(given, self.text)

    def is_session(self, given: str) -> bool:
        return _same(given, self.session)

    def is_hook(self, given: str) -> bool:
        return _same(given, self.hook)

    def _made(self, purpose: str) -> str:
        return hmac.new(self.text.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _same(given: str, right: str) -> bool:
    """Hashes are compared: ``compare_digest`` takes no other letters than ASCII, and tells lengths."""
    return secrets.compare_digest(
        hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest(), hashlib.sha256(right.encode()).digest()
    )


def load_key(path: Path) -> Key:
    """The key of a file, which is made where it is not there (mode 0600).

    Raises UsageError ``bad_key`` and EnvironmentFault ``state_unwritable``.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.path.lexists(path):
            _make(path)
        text = read_text(path, 4096).strip()
    except UnicodeDecodeError:
        raise UsageError("bad_key", f"--key-file {path}: the file is no text") from None
    except (OSError, OutputError) as error:
        why = error.message if isinstance(error, OutputError) else error.strerror or error
        raise EnvironmentFault("state_unwritable", f"the key file {path} can't be used: {why}", path=str(path)) from error
    if len(text) < SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError("bad_key", f"--key-file {path}: a key is one word of {SHORTEST} or more plain characters")
    return Key(text)


def _make(path: Path) -> None:
    """A new key, which appears whole: half of one would be a bad key at every later start. Raises OSError, OutputError."""
    try:
        with whole(path, fresh=True) as temporary, to_write(temporary) as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(f"{secrets.token_urlsafe(32)}\n".encode())
    except OutputError as error:
        if error.code != "output_exists":  # a service that was started at once was first: its key counts
            raise
