"""EXT-X-KEY: by which key a segment is encrypted, where that is one that we read (RFC 8216 4.3.2.4). Pure.

METHOD=NONE                                       none
METHOD=AES-128, KEYFORMAT absent or "identity"    16 bytes behind an address; the IV from the tag, else the segment's number
anything else (SAMPLE-AES, a DRM's own format)    refused, unless a key of the kind above stands beside it
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.live.http.addresses import Addresses

_IV = re.compile(r"0[xX][0-9a-fA-F]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """AES-128 in CBC mode with PKCS7 padding."""

    url: str
    iv: bytes


class KeyTags:
    """The tags of one playlist, as they come; several in a row are ways to open the same segments."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._url, self._iv, self._locked = "", None, ""
        self._in_row = False

    _iv: bytes | None

    def tag(self, told: Mapping[str, str]) -> None:
        """One EXT-X-KEY, its attributes."""
        if not self._in_row:
            self._url, self._iv, self._locked = "", None, ""
        self._in_row = True
        method, form = told.get("METHOD", "NONE"), told.get("KEYFORMAT", "identity")
        if method == "NONE":
            return
        if method != "AES-128" or form != "identity" or "URI" not in told:
            self._locked = method if form == "identity" else f"{method}, {form}"
            return
        self._url = self._addresses.whole(told["URI"])
        iv = told.get("IV")
        if iv is not None and not _IV.fullmatch(iv):
            raise InputError("bad_playlist", "the IV of an EXT-X-KEY is no number of 128 bits")
        self._iv = None if iv is None else int(iv, 16).to_bytes(16)

    def key(self, number: int | None) -> Key | None:
        """That of the segment of this number, or of an EXT-X-MAP (None). Raises InputError ``stream_encrypted``, ``bad_playlist``."""
        if number is not None:
            self._in_row = False
        if not self._url:
            if self._locked:
                raise InputError(
                    "stream_encrypted", f"the segments of this playlist are encrypted in a way that is not read ({self._locked})"
                )
            return None
        if self._iv is None and number is None:
            raise InputError("bad_playlist", "an encrypted EXT-X-MAP of the playlist has no IV")
        return Key(url=self._url, iv=self._iv if self._iv is not None else (number or 0).to_bytes(16))
