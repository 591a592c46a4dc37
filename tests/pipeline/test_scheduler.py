"""Places: how many are read, how many are under way, who is next; and the tasks that hold them."""

import asyncio
from collections.abc import Callable

import pytest

from pipeline.errors import EnvironmentFault
from pipeline.scheduler import Limits, Scheduler, Seat


class Films:
    """Films that go on when they are told to; ``begun`` in order."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.seats: dict[str, Seat] = {}
        self.over: dict[str, asyncio.Event] = {}

    def film(self, name: str, error: Exception | None = None) -> Callable[[Seat], "asyncio.Future[None]"]:
        async def work(seat: Seat) -> None:
            self.begun.append(name)
            self.seats[name] = seat
            self.over[name] = asyncio.Event()
            await self.over[name].wait()
            if error is not None:
                raise error

        return work  # type: ignore[return-value]


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_place_is_free_again_when_its_film_is_read() -> None:
    scheduler, films = Scheduler(Limits(reading=2, under_way=3)), Films()
    assert [scheduler.try_begin(films.film(name)) for name in "abc"] == [True, True, False], "two are being read"
    await turns()
    films.seats["a"].done_reading()
    assert scheduler.try_begin(films.film("d"))
    films.seats["b"].done_reading()
    assert not scheduler.try_begin(films.film("e")), "three are under way"
    films.over["a"].set()
    await turns()
    assert scheduler.free
    await scheduler.give_back()
    assert (scheduler.reading, scheduler.under_way, len(scheduler)) == (0, 0, 0)


async def test_a_place_is_given_up_once() -> None:
    scheduler, films = Scheduler(Limits(reading=2, under_way=2)), Films()
    scheduler.try_begin(films.film("a"))
    await turns()
    seat = films.seats["a"]
    for give_up in (seat.done_reading, seat.done_reading, seat.leave, seat.leave, seat.done_reading):
        give_up()
    assert (scheduler.reading, scheduler.under_way) == (0, 0)
    await scheduler.give_back()
    assert (scheduler.reading, scheduler.under_way) == (0, 0)


async def test_those_who_wait_come_in_turn_and_one_who_left_is_passed_over() -> None:
    scheduler, films = Scheduler(Limits(reading=1, under_way=9)), Films()
    begins = [asyncio.create_task(scheduler.begin(films.film(name))) for name in "abcde"]
    await turns()
    begins[2].cancel()
    for name in "abde":
        films.over[name].set()
        await turns(10)
    await asyncio.gather(*begins, return_exceptions=True)
    assert films.begun == ["a", "b", "d", "e"]
    await scheduler.all_done()
    assert (scheduler.reading, scheduler.under_way, len(scheduler)) == (0, 0, 0)


async def test_a_turn_that_is_cancelled_as_it_comes_is_passed_on() -> None:
    scheduler, films = Scheduler(Limits(reading=1, under_way=9)), Films()
    await scheduler.begin(films.film("a"))
    await turns()
    first, second = (asyncio.create_task(scheduler.begin(films.film(name))) for name in "bc")
    await turns()
    films.seats["a"].done_reading()  # wakes the first
    first.cancel()
    await turns(10)
    assert films.begun == ["a", "c"]
    assert second.done()
    await scheduler.give_back()


async def test_a_film_that_is_read_once_more_waits_for_a_place_before_those_that_are_not_begun() -> None:
    scheduler, films = Scheduler(Limits(reading=1, under_way=9)), Films()
    await scheduler.begin(films.film("changed"))
    await turns()
    changed = films.seats["changed"]
    await changed.read_again()  # it reads: nothing to wait for
    changed.done_reading()
    await scheduler.begin(films.film("other"))
    waiting = asyncio.create_task(scheduler.begin(films.film("later")))
    again = asyncio.create_task(changed.read_again())
    await turns()
    assert not again.done(), "another is being read"
    films.over["other"].set()
    await turns(10)
    assert again.done()
    assert (films.begun, scheduler.reading) == (["changed", "other"], 1)
    given_up = asyncio.create_task(films.seats["other"].read_again())
    await turns()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    changed.done_reading()
    await turns(10)
    assert (films.begun, waiting.done()) == (["changed", "other", "later"], True)
    await scheduler.give_back()
    assert (scheduler.reading, scheduler.under_way) == (0, 0)


async def test_what_work_raises_ends_the_run_and_a_cancelled_run_leaves_nothing() -> None:
    scheduler, films = Scheduler(Limits(reading=2, under_way=2)), Films()
    await scheduler.begin(films.film("bad", EnvironmentFault("engine_dead", "it is gone")))
    await scheduler.begin(films.film("good"))
    await turns()
    films.over["bad"].set()
    with pytest.raises(EnvironmentFault, match="it is gone"):
        await scheduler.all_done()
    assert len(scheduler) == 1
    await scheduler.give_back()
    assert (scheduler.reading, scheduler.under_way, len(scheduler)) == (0, 0, 0)


async def test_those_who_listen_are_told_when_a_place_is_free_and_when_the_limits_grow() -> None:
    scheduler, films, told = Scheduler(Limits(reading=1, under_way=2)), Films(), list[bool]()
    scheduler.on_free.append(lambda: told.append(scheduler.free))
    scheduler.try_begin(films.film("a"))
    await turns()
    films.seats["a"].done_reading()
    assert told == [True]
    scheduler.resize(Limits(reading=1, under_way=1))
    assert not scheduler.free
    scheduler.resize(Limits(reading=9, under_way=9))
    assert told == [True, True]
    await scheduler.give_back()
