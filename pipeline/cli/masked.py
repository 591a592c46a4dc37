"""Settings as they may be shown: keys, tokens and passwords are not, wherever in a value they stand."""

import re
from typing import Any
from urllib.parse import urlsplit

SET = "(set)"
_SECRET = re.compile(r"api_?key|secret|token|passw|credential", re.IGNORECASE)
_WORD = "(?:key|secret|token|password|passwd)"
_GIVEN = re.compile(rf"([A-Za-z_-]{{0,40}}{_WORD}[=:] ?|--[A-Za-z_-]{{0,40}}{_WORD} |Bearer )(\S+)", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s'\"]+", re.IGNORECASE)


def masked(name: str, value: Any) -> Any:
    """A setting's value without what is secret in it: ``https://me:pw@host/hook?token=x`` is ``https://***@host/***``."""
    if isinstance(value, (list, tuple)):
        return [masked(name, item) for item in value]
    if isinstance(value, dict):
        return {key: masked(key, item) for key, item in value.items()}
    if not isinstance(value, str) or not value:
        return value
    if _SECRET.search(name) and not name.startswith("max_"):
        return SET
    if name == "webhook":  # what stands behind the host is often the key itself
        return _address(value, path=False)
    return _GIVEN.sub(r"\1***", _URL.sub(lambda found: _address(found.group(), path=True), value))


def _address(url: str, *, path: bool) -> str:
    try:
        parts = urlsplit(url)
        host, user = parts.netloc.rpartition("@")[2], "***@" if "@" in parts.netloc else ""
    except ValueError:
        return SET
    behind = parts.path if path else "/***" if parts.path.strip("/") or parts.query else parts.path
    return f"{parts.scheme}://{user}{host}{behind}{'?***' if parts.query and path else ''}"
