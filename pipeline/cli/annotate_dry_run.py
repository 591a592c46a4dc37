"""What an annotate run would do: how many pictures of which sources, and about how many tokens."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.cli import console

if TYPE_CHECKING:
    from models.preset import Preset
    from pipeline.cli.screen import Screen
    from pipeline.imagesources.base import Wishes
    from pipeline.options.annotate import AnnotateSettings

TOLD = 20
"""sources that are told one by one"""


def dry_run(
    screen: "Screen", names: Sequence[str], settings: "AnnotateSettings", wishes: "Wishes", preset: "Preset", *, as_json: bool
) -> int:
    """What a run would do; blocks."""
    import itertools

    from pipeline.annotating.flow import Problem
    from pipeline.imagesources.listing import Listing

    problems: list[Problem] = []
    listing = Listing(
        names, wishes, lambda name, error: problems.append(Problem(name=name, error=error)), without=settings.output_dir or ""
    )
    sources, reasons = Counter[str](), Counter[str]()
    for item in itertools.islice(listing, settings.limit):
        sources[item.source] += 1
        reasons[item.reason] += 1
    for one in problems:
        screen.fail(f"{console.name_of(one.name)}: {one.error.code}: {console.one_line(one.error.message)}")
    count = sum(sources.values())
    view = preset.pictures if settings.detail == "low" else preset.pictures.high
    tokens = view.tokens if view is not None else 0
    for name, pictures in sources.most_common(TOLD):
        screen.say(f"{console.name_of(name)}: {pictures:,} pictures")
    if len(sources) > TOLD:
        screen.say(f"and {len(sources) - TOLD:,} more sources")
    cost = f"; about {count * tokens:,} prompt tokens ({tokens:,} a picture)" if tokens else ""
    lost = sum(number for reason, number in reasons.items() if reason)
    screen.say(f"{count:,} pictures, {lost:,} of them can't be read{cost}; nothing was done")
    if as_json:
        console.data({"items": count, "unreadable": lost, "sources": dict(sources), "tokens_each": tokens})
    return 1 if problems or lost else 0
