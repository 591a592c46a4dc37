"""What came of one item, and who hears of it."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.datasets.items import Item
from pipeline.errors import InputError
from pipeline.types import Outcome

LISTED = {
    "key_twice": "its key came before: the first one is described",
    "truncated_shard": "the shard ends before it does",
    "joined_shard": "another tar stands behind its end, and nobody reads that: give each a file of its own",
    "not_found": "a link or a table names it, and it is not there",
    "unreadable": "the folder may not be looked into (ls -ld tells whose it is)",
    "link_not_followed": "it is a link in its tar; hard ones to files before them there are followed, others are not: make the tar with "
    "--dereference --hard-dereference",
}
"""what is told of items that failed when they were listed, by reason"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one picture."""

    width: int | None = None
    height: int | None = None
    text: str = ""
    outcome: Outcome = Outcome.FAILED
    reason: str = ""
    message: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


Told = Callable[[Item, Answer], None]
"""hears of each item's end, in any order"""


def failed(error: InputError) -> Answer:
    return Answer(reason=error.code, message=error.message)
