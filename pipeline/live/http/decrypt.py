"""Encrypted segments in the clear. A cryptography door (extra ``live``).

The key is fetched under the rule of all that a playlist names (``hosts``), once for many segments.
"""

import asyncio
from collections import OrderedDict

from models.installed import adding
from pipeline.errors import InputError
from pipeline.live.http.fetch import KEY, Fetch
from pipeline.live.http.keys import Key

KEPT = 16
"""keys: a channel that changes its key names a new address"""
BLOCK = 16
"""bytes of a key, and of what is encrypted at once"""


class Decrypt:
    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._keys: OrderedDict[str, bytes] = OrderedDict()

    async def clear(self, data: bytes, key: Key) -> bytes:
        """The content of a segment. Raises InputError: what ``Fetch.whole`` raises of the key, ``stream_encrypted``, ``source_lost``."""
        if not data or len(data) % BLOCK:
            raise InputError("source_lost", "an encrypted segment of the source was cut off")
        known = key.url in self._keys
        found = await asyncio.to_thread(_opened, data, await self._key(key.url), key.iv)
        if found is None and known:  # another key at the same address
            del self._keys[key.url]
            found = await asyncio.to_thread(_opened, data, await self._key(key.url), key.iv)
        if found is None:
            raise InputError("stream_encrypted", "the key that the playlist names does not open its segments")
        return found

    async def _key(self, url: str) -> bytes:
        if url not in self._keys:
            key, _ = await self._fetch.whole(url, KEY)
            if len(key) != BLOCK:
                raise InputError("stream_encrypted", f"the key that the playlist names has {len(key)} bytes and not {BLOCK}")
            self._keys[url] = key
            while len(self._keys) > KEPT:
                self._keys.popitem(last=False)
        return self._keys[url]


def _opened(data: bytes, key: bytes, iv: bytes) -> bytes | None:
    """None: the key is another. Raises InputError ``stream_encrypted`` where the package is missing."""
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import CBC
        from cryptography.hazmat.primitives.padding import PKCS7
    except ImportError:
        raise InputError(
            "stream_encrypted",
            f"the segments of this playlist are encrypted (AES-128), which needs cryptography: {adding('live')}",
        ) from None
    opener = Cipher(AES(key), CBC(iv)).decryptor()
    padding = PKCS7(8 * BLOCK).unpadder()
    try:
        return padding.update(opener.update(data) + opener.finalize()) + padding.finalize()
    except ValueError:
        return None
