"""``annotate`` from end to end: what was named becomes a frozen plan, the plan becomes rows, whoever works on it.

prepared(...)   settings -> ledger with its plan (listed once; a second run takes what is there)
work(...)       one host: units of the plan, until nothing is left; any number of processes may do it at once
"""

import itertools
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.base import Captioner
from pipeline.annotating.answer import Told
from pipeline.annotating.films import Films, has_films
from pipeline.annotating.pull import pull
from pipeline.annotating.recipe import PictureRecipe
from pipeline.annotating.worker import Worker
from pipeline.captioning.recipe import Recipe
from pipeline.datasets.arrow import column_name
from pipeline.datasets.grants import Grants
from pipeline.datasets.items import Item
from pipeline.datasets.kept import kind_of
from pipeline.datasets.ledger import SOURCES, Ledger
from pipeline.datasets.results import retry
from pipeline.engine.opening import choose_preset
from pipeline.errors import InputError, ScenescribeError, UsageError
from pipeline.host import Host
from pipeline.imagesources.base import Wishes
from pipeline.imagesources.listing import Listing
from pipeline.options.annotate import AnnotateSettings
from pipeline.storage import Storage, open_storage, parse_options
from pipeline.storage.spool import GIB
from pipeline.video.children.pictures import PictureDecoder

LOOKED_AT = 1000
"""items whose kept values tell what type a column has"""
MOST_NAMED = 3
"""names of which nothing could be listed that are told, where that is so of all"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A name that nothing could be listed of."""

    name: str
    error: ScenescribeError


def wishes_of(settings: AnnotateSettings) -> Wishes:
    """What sources are asked for. Raises UsageError ``bad_storage_option``."""
    return Wishes(
        image_column=settings.image_column, url_column=settings.url_column, key_column=settings.key_column, keep_columns=settings.kept,
        storage=parse_options(settings.storage_option), allowed_hosts=frozenset(settings.allow_host),
    )  # fmt: skip


def storage_of(settings: AnnotateSettings) -> Storage:
    """Where the data set goes. Raises UsageError ``no_output``, ``bad_storage``, ``bad_storage_option``."""
    if not settings.output_dir:
        raise UsageError("no_output", "name the folder that the data set is written to with -o")
    return open_storage(settings.output_dir, parse_options(settings.storage_option))


def prepared(
    storage: Storage,
    names: Sequence[str],
    settings: AnnotateSettings,
    recipe: PictureRecipe,
    *,
    listed: Callable[[int], None] = lambda _: None,
) -> tuple[Ledger, list[Problem]]:
    """The data set with its plan, begun or gone on with, and what could not be listed. Blocks. ``listed`` hears how many items were found.

    Raises UsageError (``settings_differ``, a column that is not there), InputError ``nothing_planned``, and what the storage raises.
    """
    wishes, problems = wishes_of(settings), list[Problem]()
    _refuse_one_name(wishes.keep_columns)

    def problem(name: str, error: ScenescribeError) -> None:
        problems.append(Problem(name=name, error=error))

    there = _existing(storage)
    if there is not None and there.planned:
        ledger = Ledger.open(storage, _key(names, settings, recipe), kept=_names_of(there.kept, wishes))
        if settings.retry_failed:
            try:
                retry(ledger)
            except InputError as error:
                if error.code != "nothing_failed":
                    raise
        return ledger, problems
    items: Iterator[Item] = iter(Listing(list(map(os.fspath, names)), wishes, problem, without=storage.url))
    if settings.limit is not None:
        items = itertools.islice(items, settings.limit)
    first = list(itertools.islice(items, LOOKED_AT if wishes.keep_columns else 0))
    kept = _types(first, wishes.keep_columns) if there is None else _names_of(there.kept, wishes)
    ledger = Ledger.open(storage, _key(names, settings, recipe), kept=kept)
    try:
        ledger.plan(_counted(itertools.chain(first, items), listed), settings.unit)
    except (InputError, UsageError) as error:
        ledger.forget()  # a name or a column that was mistyped binds nobody to it
        if error.code == "nothing_planned" and problems:
            raise _all_of(problems) from None
        raise
    return ledger, problems


def host_of(
    settings: AnnotateSettings, ledger: Ledger, *, captioner: Captioner | None = None, verbose: bool = False, sharing: int = 1
) -> Host:
    """A host for what is in the plan: an engine that need not take films is given more room for pictures. Raises as ``Host`` does."""
    films = has_films(ledger)
    return Host(
        settings.describing(), captioner=captioner, verbose=verbose, pictures=settings.detail, films=films, sharing=sharing
    )


async def work(
    host: Host,
    ledger: Ledger,
    recipe: PictureRecipe,
    wishes: Wishes,
    *,
    told: Told,
    name: str = "",
    shard: tuple[int, int] = (1, 1),
    spool_gb: float = 50.0,
    on_grants: Callable[[Grants], None] = lambda _: None,
) -> None:
    """Do units of the data set until none is left, as the host ``name``.

    ``spool_gb``: GiB of films of storages that lie here at once. ``told`` hears of each item that ends, ``on_grants`` once of who
    gives units, and can be told to stop.

    Raises OutputError where rows can't be written, EnvironmentFault or UsageError where the engine can't go on.
    """
    decoder, settings = PictureDecoder(host.pool, recipe.size), host.settings
    films = None
    if has_films(ledger):
        films = Films(host, Recipe.of(settings, choose_preset(settings)), wishes, recipe.model, most=int(spool_gb * GIB))
    async with (
        Worker(
            host.engine, decoder, recipe, wishes, workers=host.decode_workers, told=told, model=recipe.model, films=films
        ) as worker,
        Grants(ledger, host=name or host_name(), shard=shard) as grants,
    ):
        on_grants(grants)
        await pull(grants, worker.unit)


def host_name(number: int = 0) -> str:
    """What a host is called in the ledger: its machine, its process, and which it is there."""
    return f"{socket.gethostname()}-{os.getpid()}{f'-{number}' if number else ''}"


def _all_of(problems: Sequence[Problem]) -> ScenescribeError:
    """One error for several names of which nothing could be listed: the first's, and each by its name."""
    first = problems[0].error
    says = [one.error.message if one.name in one.error.message else f"{one.name}: {one.error.message}" for one in problems]
    more = f"; and {len(says) - MOST_NAMED} more" if len(says) > MOST_NAMED else ""
    return type(first)(first.code, "; ".join(says[:MOST_NAMED]) + more, **first.data)


def _existing(storage: Storage) -> Ledger | None:
    try:
        return Ledger.existing(storage)
    except InputError as error:
        if error.code != "no_dataset":
            raise
        return None


def _key(names: Sequence[str], settings: AnnotateSettings, recipe: PictureRecipe) -> dict[str, Any]:
    """All that the plan and its captions depend on."""
    columns = {name: getattr(settings, f"{name}_column") for name in ("image", "url", "key")}
    given = {f"{name} column": value for name, value in columns.items() if value is not None}
    limit = {"limit": settings.limit} if settings.limit is not None else {}
    return {**recipe.key(), SOURCES: list(map(os.fspath, names)), **given, **limit}


def _names_of(there: Mapping[str, str], wishes: Wishes) -> dict[str, str]:
    """Types of the columns to keep: those of the data set that is there, where its columns are these."""
    return dict(there) if set(there) == set(wishes.keep_columns) else dict.fromkeys(wishes.keep_columns, "string")


def _refuse_one_name(names: Sequence[str]) -> None:
    """Raise UsageError ``bad_value`` where two columns would have one name in the rows: of one of them nothing would be kept."""
    for name in names:
        if (called := column_name(name)) != name and called in names:
            text = f"the column '{name}' is called '{called}' in the rows, and so is another one; rename one of them in the table"
            raise UsageError("bad_value", f"--keep-columns {','.join(names)}: {text}")


def _types(items: Sequence[Item], names: Iterable[str]) -> dict[str, str]:
    """Column -> type."""
    return {name: kind_of(item.kept.get(name) for item in items) for name in names}


def _counted(items: Iterable[Item], listed: Callable[[int], None]) -> Iterator[Item]:
    count = 0
    for item in items:
        count += 1
        if count % 1000 == 0:
            listed(count)
        yield item
    listed(count)
