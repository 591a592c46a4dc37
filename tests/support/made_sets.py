"""Data sets for the tests: items, rows that tell of them, and hosts that work like processes and can be ended anywhere."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from pipeline.datasets.grants import Grants
from pipeline.datasets.items import Item, Row
from pipeline.datasets.ledger import Ledger
from pipeline.errors import InputError
from pipeline.storage import Entry, Storage
from pipeline.types import Outcome

SETTINGS = {"model": "echo", "prompt": "Describe."}


def items(count: int, **values: Any) -> list[Item]:
    return [Item(key=f"k{n:06}", source="made", locator={"path": f"{n}.jpg"}, **values) for n in range(count)]


def row(item: Item, caption: str = "", **values: Any) -> Row:
    return Row(
        **{
            "key": item.key,
            "source": item.source,
            "content": blake2b(item.key.encode(), digest_size=16).digest(),
            "width": 640,
            "height": 480,
            "caption": caption or f"what {item.key} shows",
            "outcome": Outcome.OK,
            "prompt_tokens": 90,
            "completion_tokens": 12,
            "model": "echo",
            "kept": item.kept,
            **values,
        }
    )


def ledger(storage: Storage, count: int = 100, size: int = 10) -> Ledger:
    found = Ledger.open(storage, SETTINGS)
    found.plan(items(count), size)
    return found


@dataclass
class Told:
    """What one host was given and did."""

    keys: list[str] = field(default_factory=list)
    won: int = 0
    lost: int = 0


async def work(found: Ledger, host: str = "h", told: Told | None = None, **options: Any) -> Told:
    """Be a host until nothing is left."""
    told = told or Told()
    async with Grants(found, host=host, **{"poll": (0.01, 0.05), **options}) as grants:
        async for grant in grants:
            told.keys += [item.key for item in grant.items]
            if await grant.commit(rows_of(grant.items)):
                told.won += 1
            else:
                told.lost += 1
    return told


def rows_of(given: Sequence[Item]) -> Iterable[Row]:
    return [row(item) for item in given]


class MemoryStorage(Storage):
    """Files in a dictionary: what every storage promises, at no cost."""

    url = "memory"

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._lock = threading.Lock()

    @classmethod
    def opened(cls, url: str, options: Mapping[str, str]) -> Self:
        return cls()

    def get(self, name: str) -> bytes:
        try:
            return self.files[name]
        except KeyError:
            raise InputError("not_found", name) from None

    def get_range(self, name: str, start: int, size: int) -> bytes:
        return self.get(name)[start : start + size]

    def head(self, name: str) -> Entry:
        return Entry(name=name, size=len(self.get(name)), modified=0.0)

    def put(self, name: str, data: bytes) -> None:
        self.files[name] = data

    def put_file(self, name: str, path: Path) -> None:
        self.put(name, path.read_bytes())

    def create(self, name: str, data: bytes, *, durable: bool = True) -> bool:
        with self._lock:
            return self.files.setdefault(name, data) is data

    def list(self, prefix: str = "") -> Iterator[Entry]:
        yield from [self.head(name) for name in sorted(self.files) if name.startswith(prefix)]

    def delete(self, name: str) -> None:
        self.files.pop(name, None)


class Killed(BaseException):
    """The process is gone: nothing that it would do after this reaches the storage."""


class Mortal(MemoryStorage):
    """A storage as a process sees it that is killed at its N-th side effect: just before it, or just after."""

    def __init__(self, storage: Storage, life: int, *, after: bool) -> None:
        super().__init__()
        self._storage, self.left, self._after = storage, life, after

    def __getattribute__(self, name: str) -> Any:
        if name in ("get", "get_range", "head", "list"):
            if self.left < 0:
                raise Killed
            return getattr(self._storage, name)
        return super().__getattribute__(name)

    def put(self, name: str, data: bytes) -> None:
        self._effect(lambda: self._storage.put(name, data))

    def create(self, name: str, data: bytes, *, durable: bool = True) -> bool:
        return bool(self._effect(lambda: self._storage.create(name, data, durable=durable)))

    def delete(self, name: str) -> None:
        self._effect(lambda: self._storage.delete(name))

    def _effect(self, do: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            if self._after and self.left == -1:
                do()
            raise Killed
        return do()


async def ray_host(arguments: Mapping[str, Any], stopping: Any) -> None:
    """A host as an actor has it: some time for each unit, and an item that ends the process. ``crowd``: so many hosts must have got a
    unit, those that died too, before the last ones are done; ``waits``: the units that are done before."""
    import asyncio
    import importlib.metadata
    import os

    from pipeline.errors import UsageError
    from pipeline.storage import open_storage

    if arguments.get("refuse") or importlib.metadata.version("scenescribe") == arguments.get("not_with"):
        raise UsageError("bad_value", "not like this")
    found = Ledger.open(open_storage(arguments["out"]), SETTINGS)
    here, crowd = Path(f"{arguments['out']}-hosts"), arguments.get("crowd", 0)
    if crowd:
        here.mkdir(exist_ok=True)
    async with Grants(
        found, host=f"ray-{arguments['number']}", poll=(0.05, 0.2), slow=9e9, lease=arguments.get("lease", 60.0)
    ) as grants:
        async for grant in grants:
            if any(item.key == arguments.get("deadly") for item in grant.items):
                os._exit(9)
            if crowd:
                (here / str(arguments["number"])).touch()
            await asyncio.sleep(arguments.get("pause", 0.0))
            while crowd and grant.unit.number >= arguments["waits"] and len(os.listdir(here)) < crowd:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await grant.commit(rows_of(grant.items))
            if stopping.is_set():
                grants.stop()


def ray_node(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a node tells of itself."""
    import os

    return {"pid": os.getpid(), "niceness": os.nice(0), **arguments}
