"""Places: how many are read, how many are begun, who is next."""

import asyncio

from pipeline.seats import Seats


def test_a_place_is_free_again_when_its_film_is_read() -> None:
    seats = Seats(most_reading=2, most_begun=3)
    first, second = seats.try_take(), seats.try_take()
    assert first is not None
    assert second is not None
    assert seats.try_take() is None, "two are being read"
    first.done_reading()
    assert seats.try_take() is not None
    second.done_reading()
    assert seats.try_take() is None, "three are begun"
    first.leave()
    assert seats.free


def test_a_place_is_given_up_once() -> None:
    seats = Seats(most_reading=2, most_begun=2)
    seat = seats.try_take()
    assert seat is not None
    for give_up in (seat.done_reading, seat.done_reading, seat.leave, seat.leave, seat.done_reading):
        give_up()
    assert (seats.reading, seats.begun) == (0, 0)


async def test_those_who_wait_come_in_turn_and_one_who_left_is_passed_over() -> None:
    seats, came = Seats(most_reading=1, most_begun=9), list[int]()

    async def film(number: int) -> None:
        seat = await seats.take()
        came.append(number)
        await asyncio.sleep(0)
        seat.leave()

    films = [asyncio.create_task(film(number)) for number in range(5)]
    await asyncio.sleep(0)
    films[2].cancel()
    await asyncio.gather(*films, return_exceptions=True)
    assert came == [0, 1, 3, 4]
    assert (seats.reading, seats.begun) == (0, 0)


async def test_a_turn_that_is_cancelled_as_it_comes_is_passed_on() -> None:
    seats = Seats(most_reading=1, most_begun=9)
    holder = await seats.take()
    first, second = asyncio.create_task(seats.take()), asyncio.create_task(seats.take())
    await asyncio.sleep(0)
    holder.leave()  # wakes the first
    first.cancel()
    seat = await asyncio.wait_for(second, 5)
    seat.leave()
    assert (seats.reading, seats.begun) == (0, 0)


def test_those_who_listen_are_told_when_a_place_is_free() -> None:
    seats, told = Seats(most_reading=1, most_begun=2), list[bool]()
    seats.on_free.append(lambda: told.append(seats.free))
    seat = seats.try_take()
    assert seat is not None
    seat.done_reading()
    assert told == [True]
