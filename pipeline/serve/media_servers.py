"""Jellyfin, Emby and Plex: where a film is that they tell of, and telling them that it is described.

Their servers are asked with httpx, at the address that an option gives and no other; what they say is looked at, not trusted.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.proxies import proxy_fault
from pipeline.options.serve import ServeSettings
from pipeline.serve.faults import HttpError

TIMEOUT = 10.0
"""seconds between two bytes"""
WHOLE = 30.0
"""seconds for an answer: a server may trickle"""
LARGEST = 1_000_000
"""bytes of an answer, which is asked for and read as it is: packed ones can be a thousand times as large"""
_ITEM = re.compile(r"[A-Za-z0-9-]{1,64}")
"""a number at a server: it becomes part of addresses that are called with the server's token"""
SERVERS = ("jellyfin", "emby", "plex")


@dataclass(frozen=True, slots=True)
class Told:
    """What an event tells: the item's number at the server, and its path where the event has one."""

    item: str
    path: str | None


def read_event(server: str, body: Mapping[str, Any]) -> Told | None:
    """The film that was added; None for an event of another kind (playback, a test). Raises HttpError 400 ``bad_event``.

    Jellyfin's webhook plugin: ``NotificationType`` ItemAdded, ``ItemId``. Emby: ``Event`` library.new, ``Item``. Plex: ``event``
    library.new, ``Metadata``.
    """
    if server == "jellyfin":
        kind, right, item = body.get("NotificationType"), "ItemAdded", body
        number, path = item.get("ItemId"), item.get("ItemPath") or item.get("Path")
        film = item.get("ItemType") in ("Movie", "Episode", "Video", "MusicVideo", None)
    elif server == "emby":
        kind, right = body.get("Event"), "library.new"
        item = _object(body.get("Item"))
        number, path = item.get("Id"), item.get("Path")
        film = item.get("Type") in ("Movie", "Episode", "Video", "MusicVideo", None)
    else:
        kind, right = body.get("event"), "library.new"
        item = _object(body.get("Metadata"))
        number, path = item.get("ratingKey"), None
        film = item.get("type") in ("movie", "episode", "clip")
    if not isinstance(kind, str):
        raise HttpError(400, "bad_event", f"this is no event of {server}: see docs/serve.md for how its webhook is set up")
    if kind != right or not film:
        return None
    if path is not None and not isinstance(path, str):
        path = None
    number = str(number) if isinstance(number, str) or type(number) is int else ""
    if _ITEM.fullmatch(number) is None and (number or not path):
        raise HttpError(400, "bad_event", "the event names no item: letters, digits and '-', 64 at most")
    return Told(number, path or None)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


async def path_of(settings: ServeSettings, server: str, item: str) -> str:
    """Where the server says that an item's file is. Raises HttpError 400 ``no_server``, 502 ``server_failed``."""
    base, token = _access(settings, server)
    if base is None:
        raise HttpError(400, "no_server", f"the event names no path, and without --{server}-url nobody can be asked for it")
    if server == "plex":
        found = await _get(f"{base}/library/metadata/{item}", {"X-Plex-Token": token or "", "Accept": "application/json"})
        places = [
            part.get("file")
            for entry in _list(_object(found.get("MediaContainer")).get("Metadata"))
            for media in _list(entry.get("Media"))
            for part in _list(media.get("Part"))
        ]
    else:
        found = await _get(f"{base}/Items?Ids={item}&Fields=Path", {"X-Emby-Token": token or ""})
        places = [entry.get("Path") for entry in _list(found.get("Items"))]
    path = next((place for place in places if isinstance(place, str) and place), None)
    if path is None:
        raise HttpError(502, "server_failed", f"{server} does not know where item {item} is")
    return path


async def refresh(settings: ServeSettings, told: str) -> str:
    """Tell a server that an item has new subtitles. An empty text, or why it could not be told."""
    server, _, item = told.partition(" ")
    base, token = _access(settings, server)
    if base is None or not item:
        return ""  # it finds them by itself, at its next scan
    try:
        if server == "plex":
            await _send("PUT", f"{base}/library/metadata/{item}/refresh", {"X-Plex-Token": token or ""})
        else:
            await _send("POST", f"{base}/Items/{item}/Refresh", {"X-Emby-Token": token or ""})
    except HttpError as error:
        return error.message
    return ""


def mapped(settings: ServeSettings, path: str) -> str:
    """The server's path as this machine's, by the first of --map that fits, the longest first."""
    plain = path.replace("\\", "/")
    for pair in sorted(settings.map, key=lambda pair: -len(pair.partition("=")[0])):
        there, _, here = pair.partition("=")
        there = there.replace("\\", "/").rstrip("/")
        if plain == there or plain.startswith(there + "/"):
            return here.rstrip("/") + plain[len(there) :]
    return plain


def _access(settings: ServeSettings, server: str) -> tuple[str | None, str | None]:
    base = getattr(settings, f"{server}_url")
    return (base.rstrip("/") if base else None), getattr(settings, f"{server}_token")


def _list(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


async def _get(url: str, headers: Mapping[str, str]) -> Mapping[str, Any]:
    import json

    try:
        return _object(json.loads(await _send("GET", url, headers)))
    except (ValueError, RecursionError):
        raise HttpError(502, "server_failed", "the media server did not answer in JSON") from None


async def _send(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    import httpx

    read = bytearray()
    try:
        made = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False)
    except (ValueError, ImportError) as error:
        raise HttpError(502, "server_failed", proxy_fault(error)) from None
    try:
        async with (
            asyncio.timeout(WHOLE),
            made as client,
            client.stream(method, url, headers={"Accept-Encoding": "identity", **headers}) as answer,
        ):
            if answer.status_code >= 300:
                raise HttpError(502, "server_failed", f"the media server answered {answer.status_code}")
            async for piece in answer.aiter_raw():
                read += piece
                if len(read) > LARGEST:
                    raise HttpError(502, "server_failed", f"the media server answered more than {LARGEST:,} bytes")
    except TimeoutError:
        raise HttpError(502, "server_failed", f"the media server did not answer within {WHOLE:.0f} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise HttpError(502, "server_failed", f"the media server can't be reached: {error or type(error).__name__}") from None
    return bytes(read)
