"""Addresses of a server: what a user gives, what a request goes to, and where a redirection may lead.

http://host/v1          http://host/v1/chat/completions
http://host/v1?a=b      http://host/v1/chat/completions?a=b     Azure's api-version
"""

from urllib.parse import urljoin, urlsplit, urlunsplit

CHAT = "/chat/completions"


def address(given: str) -> str:
    """The base of a server's paths, from what people give: with a slash at its end, or with the path of the chat itself. Raises ValueError."""
    parts = urlsplit(given.strip())
    _ = parts.port
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path.removesuffix(CHAT).removesuffix("/completions"), fragment=""))


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
