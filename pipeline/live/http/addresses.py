"""What a playlist names, as whole addresses: each begins with that of the playlist, which may be as long as a server likes. Pure.

100,000 lines of one letter in a playlist whose own address has 80,000 are 8 GB, and minutes of joining.
"""

from urllib.parse import urljoin

from pipeline.errors import InputError

LONGEST = 8192
"""characters of one address: what servers themselves take"""
MOST = 1 << 25
"""characters of all that one playlist names, each with the playlist's own"""


class Addresses:
    """Those of one playlist, counted."""

    def __init__(self, base: str) -> None:
        """``base``: the address that the playlist came from. Raises InputError ``bad_playlist``."""
        self._base, self._left = base, MOST
        short_enough(base)

    def whole(self, name: str) -> str:
        """``name`` as it stands in the playlist -> an address. Raises InputError ``bad_playlist``; ValueError where it is none."""
        short_enough(name)
        self._left -= len(self._base) + len(name)
        if self._left < 0:
            raise InputError("bad_playlist", f"the addresses that the playlist names have more than {MOST} characters")
        return urljoin(self._base, name)


def short_enough(address: str) -> None:
    """Raises InputError ``bad_playlist``."""
    if len(address) > LONGEST:
        raise InputError("bad_playlist", f"an address has {len(address)} characters, more than the {LONGEST} that are followed")
