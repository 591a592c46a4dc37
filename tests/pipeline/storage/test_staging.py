"""What is made on this machine and belongs in a storage: seen before, put there after, by one of two programs alone."""

import asyncio
from pathlib import Path

import pytest
from buckets import S3

from pipeline.errors import OutputError
from pipeline.storage import Storage, open_storage
from pipeline.storage.staging import Staging, listing


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, s3: S3, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return open_storage(tmp_path / "there")
    return open_storage(s3.bucket(), s3.options)


def write(*paths: Path, text: str) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)


def test_what_is_there_is_seen_and_what_is_new_is_put_there(storage: Storage, tmp_path: Path) -> None:
    storage.put("a/film.json", b"known")
    storage.put("a/film.mp4", b"x" * 100)
    storage.put("a/.film.journal", b"half")
    staging = Staging(storage, tmp_path / "here", listing(storage))
    json, video, journal, srt = paths = [
        tmp_path / "here/a" / name for name in ("film.json", "film.mp4", ".film.journal", "film.srt")
    ]

    async def work() -> str:
        assert json.read_bytes() == b"known"
        assert video.read_bytes() == b"", "that it is there is all that has to be known"
        assert journal.read_bytes() == b"half"
        assert not srt.exists()
        write(srt, text="new")
        journal.unlink()
        return "done"

    assert asyncio.run(staging.around(paths, work, overwrite=False)) == "done"
    found = {entry.name: storage.get(entry.name) for entry in storage.list("a/")}
    assert found == {"a/film.json": b"known", "a/film.mp4": b"x" * 100, "a/film.srt": b"new"}
    assert not any(path.exists() for path in paths), "nothing is left here"


def test_work_that_fails_keeps_its_journal_and_names_addresses(storage: Storage, tmp_path: Path) -> None:
    staging = Staging(storage, tmp_path / "here")
    json, journal = paths = [tmp_path / "here/film.json", tmp_path / "here/.film.journal"]

    async def work() -> None:
        write(journal, text="half")
        raise OutputError("output_exists", f"{json} is there", path=json)

    with pytest.raises(OutputError) as caught:
        asyncio.run(staging.around(paths, work, overwrite=False))
    assert caught.value.message == f"{storage.url}/film.json is there"
    assert storage.get(".film.journal") == b"half"
    assert not storage.exists("film.json")


def test_of_two_that_make_the_same_one_wins_and_the_other_finds_it(storage: Storage, tmp_path: Path) -> None:
    """Both look before the other has written; the second to write does its work once more and sees the first one's."""

    async def main() -> list[str]:
        looked, seen = asyncio.Barrier(2), list[str]()

        async def one(name: str) -> None:
            staging = Staging(storage, tmp_path / name)
            path = tmp_path / name / "film.json"
            first = True

            async def work() -> None:
                nonlocal first
                if first:
                    first = False
                    await looked.wait()
                    write(path, text=name)
                else:
                    seen.append(path.read_text())

            await staging.around([path], work, overwrite=False)

        await asyncio.gather(one("one"), one("two"))
        return seen

    seen = asyncio.run(main())
    assert seen == [storage.get("film.json").decode()]
