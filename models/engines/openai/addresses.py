"""Addresses of a server: what a user gives, what a request goes to, and where a redirection may lead.

http://host/v1          http://host/v1/chat/completions
http://host/v1?a=b      http://host/v1/chat/completions?a=b     Azure's api-version
"""

import re
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from models.errors import BadEngineOption

CHAT = "/chat/completions"
FOUNDRY = (".services.ai.azure.com", ".inference.ai.azure.com")
"""Azure's hosts whose base ends with /models"""


def address(given: str) -> str:
    """The base of a server's paths, from what people give: with a slash at its end, or with the path of the chat itself. Raises ValueError."""
    parts = urlsplit(given.strip())
    _ = parts.port
    host = parts.hostname or ""
    if not host:
        raise ValueError("it names no host")
    if re.search(r"[\x00-\x20\x7f]", host):
        raise ValueError("a space or a sign that can't be seen stands in its host")
    if ".." in host or host.startswith("."):
        raise ValueError(f"a part of the host {host} is empty")
    path = parts.path.rstrip("/")
    ends = (CHAT, "/completions", "/models")
    end = next((one for one in ends if path.endswith(one)), "")
    if end == "/models" and host.endswith(FOUNDRY):  # their chat is at /models/chat/completions
        end = ""
    return urlunsplit(parts._replace(path=path.removesuffix(end), fragment=""))


def parted(base_url: str) -> tuple[str, tuple[str, str] | None]:
    """The address without the name and password of ``http://name:password@host``, and these: an address stands in messages and logs."""
    parts = urlsplit(base_url)
    login, _, host = parts.netloc.rpartition("@")
    name, _, password = login.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (unquote(name), unquote(password)) if name or password else None


def shown(given: str) -> str:
    """What a user gave as an address, without its password, for a message. It may be no address: all before the last @ is taken for one."""
    return re.sub(r"(?<=//).*@", "***@", given)


def elsewhere(base_url: str) -> list[str]:
    """Where a server may answer whose address was given without its version: ``http://host:11434`` and ``http://host:11434/api/chat`` of
    Ollama's own protocol are ``http://host:11434/v1``, ``https://host/api`` may be ``https://host/api/v1``."""
    parts = urlsplit(base_url)
    if parts.query or parts.path.endswith("/models") or re.search(r"/v\d\w*(?:/|$)", parts.path):
        return []
    own = re.fullmatch(r"(.*?)/api(?:/(chat|generate|tags|show|ps))?", parts.path)
    paths = ([own[1]] if own else []) + ([parts.path] if not own or not own[2] else [])
    return [urlunsplit(parts._replace(path=f"{path}/v1")) for path in paths]


def credentials(base_url: str, key: str | None) -> dict[str, str]:
    """The headers that say the key, where there is one; Azure's older doors read ``api-key``, all others ``Authorization``.

    Raises BadEngineOption where the key has a sign that no header can hold (a line break, a letter of a text that was copied with it).
    """
    if not key:
        return {}
    if re.fullmatch(r"[!-~]+", key) is None:
        raise BadEngineOption(
            "the key (--api-key, OPENAI_API_KEY) holds a space, a line break or a sign that no key has: copy it anew"
        )
    parts = urlsplit(base_url)
    azure = "api-version=" in parts.query or (parts.hostname or "").endswith((".azure.com", ".azure-api.net"))
    return {"Authorization": f"Bearer {key}"} | ({"api-key": key} if azure else {})


def place(base_url: str, path: str) -> str:
    """Where a request goes: ``path`` below the base, before its query."""
    parts = urlsplit(base_url)
    return urlunsplit(parts._replace(path=parts.path + path))


def followed(asked: str, location: str) -> str | None:
    """Where a redirection leads if it is the same request of the same host, as with another slash or https; None: elsewhere.

    A key never goes to another host, from https never to http, and a page to log in at is no server.
    """
    try:
        target, source = urlsplit(urljoin(asked, location)), urlsplit(asked)
        ports = target.port, source.port
    except ValueError:
        return None
    if target.hostname != source.hostname or target.scheme not in ("http", "https"):
        return None
    if target.scheme == source.scheme and ports[0] != ports[1]:
        return None
    if source.scheme == "https" and target.scheme != "https":
        return None
    wanted = CHAT if source.path.rstrip("/").endswith(CHAT) else "/models"
    return target.geturl() if target.path.rstrip("/").endswith(wanted) else None
