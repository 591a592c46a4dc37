"""A bucket in place of the watched folder, and descriptions that go to one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from buckets import S3, moto
from watched import HURRY, Runs, until

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from pipeline.errors import UsageError
from pipeline.options.watch import WatchSettings
from pipeline.storage import Storage, open_storage
from pipeline.store.database import Database
from pipeline.store.queue import Queue
from pipeline.watch.daemon import Daemon
from pipeline.watch.elsewhere import watched
from scripts.soaks.madeup import MadeUp


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with moto() as server:
        yield server


class Counting(EchoCaptioner):
    def __init__(self) -> None:
        super().__init__(capacity=4)
        self.asked = 0

    async def caption(self, request: Request) -> Reply:
        self.asked += 1
        return await super().caption(request)


class Far(Runs):
    """A watched bucket, and the daemon's state folder."""

    def __init__(self, s3: S3, state: Path) -> None:
        self.state, self.bucket = state, s3.bucket()
        self.storage: Storage = open_storage(self.bucket, s3.options)
        self.echo = Counting()
        self.settings = WatchSettings(
            engine="echo", model="shapes", output_dir=f"{self.bucket}/out", state_dir=state, poll=0.05, once=True, include=("*.txt",),
            format="srt", decode_workers=2, storage_option=[f"{name}={value}" for name, value in s3.options.items()],
        )  # fmt: skip

    def daemon(self, **changed: Any) -> Daemon:
        root, address = watched(f"{self.bucket}/films", self.state)
        settings = self.settings.changed(**changed)
        return Daemon(
            root, settings, make_studio=lambda s, host: MadeUp(s, captioner=self.echo, host=host), timings=HURRY, address=address
        )

    def there(self, prefix: str) -> list[str]:
        return sorted(entry.name for entry in self.storage.list(prefix))

    def jobs(self) -> dict[str, str]:
        database = Database(self.state)
        try:
            queue = Queue(database)
            return {str(queue.called(job.path)): job.state for job in queue.jobs()}
        finally:
            database.close()

    def lying_about(self) -> list[Path]:
        return [path for path in (self.state / "elsewhere").rglob("*") if path.is_file()]


@pytest.fixture
def far(s3: S3, tmp_path: Path) -> Far:
    return Far(s3, tmp_path / "state")


async def test_films_of_a_bucket_are_described_into_a_bucket_once(far: Far) -> None:
    far.storage.put("films/a.txt", b"one")
    far.storage.put("films/b.txt", b"two")
    far.storage.put("films/deep/c.txt", b"not recursive")
    far.storage.put("films/notes.md", b"no film")
    assert await far.once() == 0
    assert far.jobs() == {f"{far.bucket}/films/a.txt": "done", f"{far.bucket}/films/b.txt": "done"}
    assert far.there("out/") == [f"out/{name}.descriptions.{end}" for name in "ab" for end in ("en.srt", "json")]
    assert json.loads(far.storage.get("out/a.descriptions.json"))["source"]["name"] == "a.txt"
    assert far.lying_about() == []
    asked = far.echo.asked
    assert await far.once() == 0
    assert far.echo.asked == asked, "the queue knows them"


async def test_a_new_version_is_described_anew_and_what_is_written_beside_films_is_none(far: Far) -> None:
    far.settings = far.settings.changed(output_dir=None, recursive=True)
    far.storage.put("films/deep/a.txt", b"one")
    far.storage.put("films/skipped/.scenescribe-skip", b"")
    far.storage.put("films/skipped/b.txt", b"two")
    async with far.running():
        await until(lambda: f"{far.bucket}/films/deep/a.txt" in done(far))
        first = far.storage.get("films/deep/a.descriptions.json")
        far.storage.put("films/deep/a.txt", b"another")
        await until(lambda: far.storage.get("films/deep/a.descriptions.json") != first)
        far.storage.put("films/late.txt", b"late")
        await until(lambda: f"{far.bucket}/films/late.txt" in done(far))
    assert set(far.jobs()) == {f"{far.bucket}/films/deep/a.txt", f"{far.bucket}/films/late.txt"}
    assert far.lying_about() == []


async def test_what_caption_wrote_there_is_not_described_again(far: Far) -> None:
    """Another state folder knows nothing; the JSON beside the film is of that film and these settings."""
    far.storage.put("films/a.txt", b"one")
    assert await far.once() == 0
    asked = far.echo.asked
    far.settings = far.settings.changed(state_dir=far.state.with_name("other"))
    far.state = far.state.with_name("other")
    assert await far.once() == 0
    assert (far.echo.asked, list(far.jobs().values())) == (asked, ["skipped"])


async def test_a_journal_that_a_killed_daemon_left_goes_on_and_other_remains_go(far: Far) -> None:
    root, _ = watched(f"{far.bucket}/films", far.state)
    root.mkdir(parents=True)
    (root / "gone.txt").write_text("of a daemon that was killed")
    (root / ".a.descriptions.journal").write_text("kept")
    assert await far.once() == 0
    assert [path.name for path in far.lying_about()] == [".a.descriptions.journal"]


async def test_a_bucket_that_can_not_be_reached_is_waited_for(far: Far) -> None:
    far.storage.put("films/a.txt", b"one")
    far.settings = far.settings.changed(output_dir=f"s3://not-yet-{far.bucket.removeprefix('s3://')}/out")
    other = far.bucket.replace("s3://", "s3://not-yet-")
    async with far.running() as daemon:
        await until(lambda: daemon.state.breaker.fault is not None)
        assert list(far.jobs().values()) != ["failed"]
        make(far, other)
        await until(lambda: list(far.jobs().values()) == ["done"])


async def test_what_can_not_be(far: Far, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--done-dir"):
        await far.once(done_dir=tmp_path / "done")
    for name in ("s3://bucket/a/../b", "s3://"):
        with pytest.raises(UsageError, match="no address"):
            watched(name, tmp_path)


def done(far: Far) -> list[str]:
    return [name for name, state in far.jobs().items() if state == "done"]


def make(far: Far, bucket: str) -> None:
    from pipeline.storage.objects import door

    endpoint = next(word.partition("=")[2] for word in far.settings.storage_option if word.startswith("endpoint="))
    store = door().store.HTTPStore.from_url(endpoint, client_options={"allow_http": "true"})
    door().put(store, bucket.removeprefix("s3://"), b"")
