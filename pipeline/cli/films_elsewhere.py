"""Films at addresses (``s3://bucket/films``) and descriptions that go to one: what stands here for them while a command runs."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.inputs import Film, Inputs
    from pipeline.options.caption import Settings
    from pipeline.storage import Storage
    from pipeline.storage.staging import Staging


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a run works on."""

    found: "Inputs"
    spool: Path | None = None
    """the folder of films that are fetched; None where all are files of this machine"""
    output: Path | None = None
    """the folder that stands for ``-o`` where that is an address"""
    staged: "Mapping[Path, Staging]" = field(default_factory=dict)
    """film -> the storage that its descriptions go to"""

    def called(self, film: Path, output: Path) -> Path | str:
        """What an output of a film is called where it ends up."""
        staging = self.staged.get(film)
        return output if staging is None else staging.address(output)


@contextlib.contextmanager
def elsewhere(
    addresses: list[str], found: "Inputs", settings: "Settings", options: Iterable[str], *, recursive: bool, dry: bool
) -> Iterator[Elsewhere]:
    """All films, those at addresses too. ``dry``: nothing is going to be written.

    Raises UsageError ``no_output``, ``bad_storage``, ``bad_storage_option``, ``bad_value``; OutputError ``storage_denied``: descriptions may not
    be written there, which is tried out before a model is loaded.
    """
    place = settings.output_dir
    if addresses and settings.cluster is not None:
        raise no_addresses()
    if not addresses and not isinstance(place, str):
        yield Elsewhere(found)
        return
    from models.temporary import temporary_folder
    from pipeline.inputs import Inputs, find_remote
    from pipeline.storage import open_storage, parse_options
    from pipeline.storage.staging import Staging, listing
    from pipeline.summarizer import needs_its_own_engine

    given = parse_options(options)
    for name in addresses if place is None else (place,):
        if str(name).lower().startswith(("http://", "https://")):
            raise UsageError("no_output", f"nothing can be written to {name}: name another place for descriptions with -o")
    with temporary_folder() as folder:
        there = find_remote(addresses, folder / "films", recursive=recursive, options=given)
        every = Inputs((*found.films, *there.films), (*found.errors, *there.errors))
        staged: dict[Path, Staging] = {}
        if isinstance(place, str):
            storage = open_storage(place, given)
            staging = Staging(storage, folder / "out", listing(storage))
            staged = {film.path: staging for film in every.films}
        elif place is None:
            staged = _beside(there.films)
        if staged and settings.wants_summary and needs_its_own_engine(settings):
            text = "the summary of films in a storage is written by the captions' model, or by another of the same server"
            raise UsageError("bad_value", f"--summary-model: {text}; scenescribe summarize takes any, with files of this machine")
        for staging in {id(staging): staging for staging in staged.values()}.values():
            _ = dry or staging.conditional  # a storage that may not be written says so here, and not after an hour
        yield Elsewhere(
            every, folder / "films" if there.films else None, folder / "out" if isinstance(place, str) else None, staged
        )


def _beside(films: "Iterable[Film]") -> "dict[Path, Staging]":
    """Descriptions beside their films: one staging for each storage, in the folder where its films will lie."""
    from pipeline.storage.staging import Staging, listing

    groups: dict[Path, list[Film]] = {}
    for film in films:
        groups.setdefault(film.path.parents[len(film.relative.parts) - 1], []).append(film)
    staged: dict[Path, Staging] = {}
    for root, group in groups.items():
        assert group[0].remote is not None
        storage: Storage = group[0].remote.storage
        # one film's files are asked for by name, those of many are listed once
        staged |= dict.fromkeys(
            (film.path for film in group), Staging(storage, root, listing(storage) if len(group) > 1 else None)
        )
    return staged


def no_addresses() -> UsageError:
    """Films at addresses and hosts of a cluster."""
    text = "films at addresses are fetched by the machine that describes them, and hosts of a cluster are told paths"
    return UsageError("bad_value", f"--cluster: {text}; run the command on each machine with --shard I/N", option="cluster")
