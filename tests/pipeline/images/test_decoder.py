"""Pictures through the decoding children."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import picture_files
import pytest
from patience import PATIENCE

from models.preset import FrameSize
from pipeline.errors import InputError
from pipeline.images.unpack import Picture, unpack
from pipeline.video.children import pictures
from pipeline.video.children.child import Child
from pipeline.video.children.pictures import PictureDecoder, batches
from pipeline.video.children.pool import WorkerPool
from pipeline.video.limits import Limits

SIZE = FrameSize(side=64)


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(spare=1) as pool:
        yield pool


def test_good_and_bad_files_in_their_order(pool: WorkerPool) -> None:
    good, bad = picture_files.good(), picture_files.bad()
    files = [
        (data, code)
        for pair in zip([(one, "") for one in good.values()], list(bad.values()) * 3, strict=False)
        for data, code in pair
    ]
    decoder = PictureDecoder(pool, SIZE)
    found = list(decoder.decode([data for data, _ in files]))
    assert len(found) == len(files)
    for (data, code), picture in zip(files, found, strict=True):
        if code:
            assert isinstance(picture, InputError)
            assert picture.code == code
        else:
            assert isinstance(picture, Picture)
            assert np.array_equal(picture.image, unpack(data, SIZE.of).image)
            assert picture.image.flags.writeable
    assert decoder.seconds > 0


def test_pictures_keep_their_own_shape_where_the_model_takes_it(pool: WorkerPool) -> None:
    size = FrameSize(mode="fit", multiple=28, min_pixels=784, max_pixels=40_000)
    strip = picture_files.encoded(picture_files.corners(1000, 4))
    wide, thin = PictureDecoder(pool, size).decode([picture_files.good()["plain.png"], strip])
    assert isinstance(wide, Picture)
    assert wide.image.shape == (56, 84, 3)
    assert isinstance(thin, Picture)
    assert thin.image.shape[0] == 28


def test_a_file_that_kills_its_child_costs_itself_only(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture_files.good()["plain.png"]
    deadly = b"deadly" + data
    asked: list[int] = []
    ask = PictureDecoder._asked

    def asked_of(self: PictureDecoder, files: list[bytes], patience: float) -> list[Picture | InputError]:
        asked.append(len(files))
        if deadly in files:
            acquire = pool.acquire

            def doomed(table: int = 0) -> object:
                child = acquire(table)
                os.kill(child.pid, signal.SIGKILL)
                return child

            with monkeypatch.context() as patch:
                patch.setattr(WorkerPool, "acquire", lambda self, table=0: doomed(table))
                return ask(self, files, patience)
        return ask(self, files, patience)

    monkeypatch.setattr(PictureDecoder, "_asked", asked_of)
    found = list(PictureDecoder(pool, SIZE).decode([data, deadly, data]))
    assert [isinstance(one, Picture) for one in found] == [True, False, True]
    assert isinstance(found[1], InputError)
    assert found[1].code == "bad_picture"
    assert asked == [3, 1, 1, 1]


@pytest.mark.parametrize(("stopped", "good"), [(1, True), (2, False)])
def test_a_machine_without_time_for_a_child_makes_no_picture_a_bad_one(
    monkeypatch: pytest.MonkeyPatch, stopped: int, good: bool
) -> None:
    monkeypatch.setattr(pictures, "SECONDS", 0.0)
    monkeypatch.setattr(pictures, "PATIENCE", 1000.0 if good else 2.0)
    with WorkerPool(Limits(stall=0.2), spare=1) as pool:
        acquire, left = pool.acquire, [stopped]

        def starved(table: int = 0) -> Child:
            child = acquire(table)
            child._wait_until_ready()
            if left[0]:
                left[0] -= 1
                os.kill(child.pid, signal.SIGSTOP)
            return child

        monkeypatch.setattr(pool, "acquire", starved)
        (found,) = PictureDecoder(pool, SIZE).decode([picture_files.good()["plain.png"]])
    assert isinstance(found, Picture) is good
    assert good or (isinstance(found, InputError) and "hung" in found.message)


def test_who_waits_for_a_process_that_the_machine_lets_wait_is_woken_by_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has minutes of patience, and a command that was stopped ended no sooner than this thread."""
    frozen, files = threading.Event(), [picture_files.good()["plain.png"]] * 3
    with WorkerPool(Limits(stall=10 * PATIENCE), spare=1) as pool, ThreadPoolExecutor(1) as threads:
        acquire = pool.acquire

        def held_up(table: int = 0) -> Child:
            child = acquire(table)
            child._wait_until_ready()
            os.kill(child.pid, signal.SIGSTOP)
            frozen.set()
            return child

        monkeypatch.setattr(pool, "acquire", held_up)
        decoder = PictureDecoder(pool, SIZE)
        decoding = threads.submit(lambda: list(decoder.decode(files)))
        assert frozen.wait(PATIENCE)
        decoder.stop()
        with pytest.raises(pictures.Stopped):
            decoding.result(PATIENCE)
        with pytest.raises(pictures.Stopped):
            list(decoder.decode(files))
        assert pool.working == 0


def test_files_go_together_up_to_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "TOGETHER_BYTES", 100)
    assert [len(one) for one in batches([b"x"] * 35)] == [16, 16, 3]
    assert [[len(data) for data in one] for one in batches([b"x" * 60, b"y" * 60, b"z" * 500, b"w"])] == [[60], [60], [500], [1]]
    assert list(batches([])) == []
