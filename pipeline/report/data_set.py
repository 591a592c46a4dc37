"""A data set as one HTML page: how far it is, who did it, what failed and why, and some of its pictures with their captions.

All of it is read from the data set, whoever made it; no script, no network. Pictures are decoded by the sandboxed children.
"""

import base64
import io
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.preset import FrameSize
from pipeline import __version__
from pipeline.annotating import writing
from pipeline.clock import moment
from pipeline.datasets import results
from pipeline.files import write_whole
from pipeline.sanitize import clean
from pipeline.types import Outcome

if TYPE_CHECKING:
    from pipeline.datasets.layouts.base import Pair
    from pipeline.datasets.ledger import Ledger
    from pipeline.imagesources.base import Wishes

LOOKED_AT = 4000
"""rows, of the first, among which those of the page are chosen"""
SHOWN, FAILED = 48, 24
"""rows with a caption on the page, evenly among those, and rows without"""
SIZE = FrameSize(mode="fit", multiple=2, min_pixels=64, max_pixels=160 * 160)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the data set does not tell of the run that is over."""

    seconds: float
    asked: int
    """items that ended in it"""
    held_back_by: str


def write(path: Path, ledger: "Ledger", wishes: "Wishes", run: Run) -> None:
    """The page of a data set. Blocks. Raises OutputError, InputError ``bad_part``."""
    write_whole(path, render(ledger, wishes, run).encode("utf-8", "replace"))


def render(ledger: "Ledger", wishes: "Wishes", run: Run) -> str:
    """The page as text; all words of people, models and files are escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pipeline.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found, settings = results.status(ledger), ledger.settings
    pairs = list(itertools.islice(writing.pairs(ledger), LOOKED_AT))
    good = _spread([pair for pair in pairs if pair[1].outcome is not Outcome.FAILED], SHOWN)
    pictures = _pictures(good, wishes)
    return environment.get_template("data_set.html.jinja").render(
        version=__version__,
        when=time.strftime("%Y-%m-%d %H:%M:%S %Z"),
        where=clean(ledger.storage.url),
        facts=_facts(found, run),
        settings=[(name, clean(_short(value))) for name, value in sorted(settings.items()) if value not in (None, "", [], {})],
        outcomes=sorted(found.by_outcome.items()),
        reasons=sorted(found.by_reason.items(), key=lambda pair: -pair[1]),
        hosts=[
            (clean(name), int(host["items"]), int(host["units"]), round(host["seconds"], 1)) for name, host in found.hosts.items()
        ],
        rows=[_row(row, picture) for (_, row), picture in zip(good, pictures, strict=True)],
        failed=[_row(row, "") for _, row in pairs if row.outcome is Outcome.FAILED][:FAILED],
    )


def _facts(found: results.Status, run: Run) -> list[tuple[str, str]]:
    rate = f"{run.asked / max(run.seconds, 1e-6):.1f} a second" if run.asked else ""
    facts = [
        ("items", f"{found.items:,}"), ("with a row", f"{found.done:,}"), ("failed", f"{found.failed:,}"),
        ("units", f"{found.units['done']:,} of {found.units['all']:,}"), ("this run", f"{run.asked:,} items in {run.seconds:.0f} s"),
        ("speed", rate), ("held back by", run.held_back_by if run.asked else ""),
    ]  # fmt: skip
    return [(name, value) for name, value in facts if value]


def _row(row: Any, picture: str) -> dict[str, str]:
    when = f"{moment(row.start)} to {moment(row.end)}" if row.start is not None else ""
    said = {"ok": "", "failed": ""}.get(str(row.outcome), str(row.outcome))
    return {
        "key": clean(row.key),
        "when": when,
        "caption": clean(row.caption),
        "said": said,
        "reason": clean(row.reason),
        "picture": picture,
    }


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 500 else f"{text[:500]}…"


def _spread(pairs: "Sequence[Pair]", most: int) -> "list[Pair]":
    """So many of them, evenly over all."""
    if len(pairs) <= most:
        return list(pairs)
    return [pairs[int((n + 0.5) * len(pairs) / most)] for n in range(most)]


def _pictures(pairs: "Sequence[Pair]", wishes: "Wishes") -> list[str]:
    """A data URI of each; empty where there is none to be had any more, and for windows of films."""
    from contextlib import closing

    from pipeline.imagesources.reading import Reader
    from pipeline.video.children.pictures import PictureDecoder
    from pipeline.video.children.pool import WorkerPool

    found = [""] * len(pairs)
    places = [place for place, (item, _) in enumerate(pairs) if "film" not in item.locator]
    with WorkerPool(spare=0, most=1) as pool, closing(Reader(wishes).read([pairs[place][0] for place in places])) as contents:
        decoder = PictureDecoder(pool, SIZE)
        for place, content in zip(places, contents, strict=True):
            if isinstance(content, bytes):
                found[place] = "".join(_uri(one.image) for one in decoder.decode([content]) if hasattr(one, "image"))
    return found


def _uri(image: Any) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=75, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
