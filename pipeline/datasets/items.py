"""What a data set is made of: an item that is to be described, and the row that comes of it.

Item   where its bytes are, before anything was read       Row   how it ended: exactly one for each item
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.types import Outcome

Locator = Mapping[str, str | int]
"""Where inside its source an item's bytes are, as plain JSON. The source that lists items reads them by it; the forms in use:

    {"path": "birds/1.jpg"}                                     a file
    {"shard": "1.jpg", "offset": 1536, "size": 48213, "head": 512}      a member of a tar: its bytes, and how many stand before them
    {"file": "a.parquet", "group": 3, "row": 17, "footer": "9f..."}     a value of a Parquet file's column, while its footer is that one
    {"url": "https://..."}                                      an address
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One picture or film that is to be described, as the listing found it."""

    key: str
    """its name in the data set, unique in it"""
    source: str
    """what it was found in, as the user named it: a folder, a shard, a Parquet file"""
    locator: Locator
    weight: float = 1.0
    """how much work it is beside others: 1 for a picture, its seconds for a film"""
    kept: Mapping[str, Any] = field(default_factory=dict)
    """columns of the source that go through to its row; values as JSON has them"""
    reason: str = ""
    """a reason code where the listing itself found that it can't be read (a shard that is cut off): it is not asked, and its row
    says so"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How one item ended. Of a film each window is a row, with its times."""

    key: str
    source: str
    content: bytes | None
    """BLAKE2b of its bytes, 16 bytes; None where they could not be read"""
    width: int | None
    """pixels as it is shown: after its EXIF orientation"""
    height: int | None
    caption: str
    """empty where ``outcome`` is empty or failed"""
    outcome: Outcome
    reason: str = ""
    """reason code of what went wrong; empty where nothing did"""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)
    start: float | None = None
    """of a film's window: seconds on the player's clock, half-open [start, end)"""
    end: float | None = None
    frames: tuple[float, ...] = ()
    """seconds of the frames that the model was shown"""

    @classmethod
    def failed(cls, item: Item, reason: str, *, model: str = "", content: bytes | None = None) -> "Row":
        """The row of an item that got no caption."""
        return cls(
            key=item.key, source=item.source, content=content, width=None, height=None, caption="",
            outcome=Outcome.FAILED, reason=reason, model=model, kept=item.kept,
        )  # fmt: skip
