"""The gate never lets more through than its bounds, lets everybody through in turn, and gives back what is cancelled."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE

from pipeline.engine.gate import SHARE, TURNS, Gate, Place, Priority


@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from(Priority), st.sampled_from("ABC"), st.booleans()), max_size=40),
    st.integers(1, 5),
    st.integers(1, 60),
)
@settings(max_examples=200, deadline=None)
def test_bounds_hold_and_all_get_through(requests: list[tuple[int, Priority, str, bool]], count: int, nbytes: int) -> None:
    """Whatever is asked, by whom, and whoever gives up waiting."""

    async def run() -> tuple[Gate, int]:
        gate, through = Gate(count, nbytes), 0

        async def request(size: int, priority: Priority, owner: str) -> None:
            nonlocal through
            with await gate.admit(size, priority=priority, owner=owner):
                assert gate.count == 1 or (gate.count <= count and gate.nbytes <= nbytes)
                await asyncio.sleep(0)
                through += 1

        tasks = [asyncio.create_task(request(size, priority, owner)) for size, priority, owner, _ in requests]
        await asyncio.sleep(0)
        for task, (*_, gives_up) in zip(tasks, requests, strict=True):
            if gives_up:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() or task.exception() is None for task in tasks)
        return gate, through

    gate, through = asyncio.run(run())
    assert (gate.count, gate.nbytes, gate.waiting) == (0, 0, 0)
    assert through >= sum(not gives_up for *_, gives_up in requests)
    assert gate.peak_count <= count
    assert gate.peak_nbytes <= max([nbytes, *(size for size, *_ in requests)])


async def order_of(gate: Gate, *requests: tuple[str, int, Priority, str]) -> list[str]:
    """In which order requests (name, bytes, priority, owner) that come at once are admitted."""
    order: list[str] = []

    async def one(name: str, size: int, priority: Priority, owner: str) -> None:
        with await gate.admit(size, priority=priority, owner=owner):
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(*(one(*request) for request in requests))
    return order


async def test_first_come_first_served() -> None:
    # b is small and would fit sooner; it waits for its turn all the same, or a large one would starve
    film = [(name, size, Priority.CAPTION, "film") for name, size in (("a", 90), ("large", 90), ("b", 5))]
    assert await order_of(Gate(1, 100), *film) == ["a", "large", "b"]
    assert await order_of(Gate(9, 100), *film) == ["a", "large", "b"]


async def test_owners_take_turns() -> None:
    """A film whose captions are refined asks hundreds of times at once; the others do not wait for all of them."""
    requests = [(f"a{i}", 1, Priority.CAPTION, "A") for i in range(4)] + [(f"b{i}", 1, Priority.CAPTION, "B") for i in range(2)]
    assert await order_of(Gate(1, 100), *requests) == ["a0", "a1", "b0", "a2", "b1", "a3"], "a1 came when nobody else waited"


async def test_a_question_goes_before_a_stream_and_a_stream_before_films() -> None:
    requests = [
        ("first", 1, Priority.CAPTION, "A"),
        ("caption", 1, Priority.CAPTION, "A"),
        ("live", 1, Priority.LIVE, "B"),
        ("question", 1, Priority.QUESTION, "C"),
    ]
    assert await order_of(Gate(1, 100), *requests) == ["first", "question", "live", "caption"]


async def test_a_cancelled_wait_leaves_the_queue_and_a_cancelled_admission_gives_its_place_back() -> None:
    gate = Gate(1, 100)
    place = await gate.admit(10)
    waiting = asyncio.create_task(gate.admit(10))
    behind = asyncio.create_task(gate.admit(10))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    place.leave()
    place.leave()  # once is once
    place = await behind
    assert gate.count == 1

    admitted = asyncio.create_task(gate.admit(10))
    await asyncio.sleep(0)
    place.leave()  # admits it, and before it runs it is cancelled
    admitted.cancel()
    await asyncio.gather(admitted, return_exceptions=True)
    assert (gate.count, gate.nbytes, gate.waiting) == (0, 0, 0)


async def test_the_clock_tells_a_hungry_engine_from_a_full_one() -> None:
    now = 0.0
    gate = Gate(2, 100, now=lambda: now)
    async with gate.reading():
        now += 5
    assert gate.clock.hungry == 0, "no engine, no hunger: it is loading"
    gate.wake()
    async with gate.reading():
        now += 7
    assert (gate.clock.hungry, gate.clock.held_back_by) == (7, "decode")
    places = [await gate.admit(1), await gate.admit(1)]
    now += 1
    waiting = asyncio.create_task(gate.admit(1))
    await asyncio.sleep(0)
    now += 9
    places[0].leave()
    await waiting
    assert (gate.clock.fed, gate.clock.full, gate.clock.held_back_by) == (10, 9, "engine")


async def test_places_kept_for_questions() -> None:
    gate = Gate(8, 800, reserve=1 / 8)
    windows = [asyncio.create_task(gate.admit(10)) for _ in range(20)]
    live = asyncio.create_task(gate.admit(10, priority=Priority.LIVE))
    await asyncio.sleep(0)
    assert gate.count == 7, "windows never take the last place of eight"
    with await asyncio.wait_for(gate.admit(10, priority=Priority.QUESTION), PATIENCE):
        assert gate.count == 8, "a question has it at once"
    assert gate.waiting == 14
    for task in (*windows, live):
        task.cancel()
    large = Gate(8, 800, reserve=1 / 8)
    with await large.admit(690), await asyncio.wait_for(large.admit(100, priority=Priority.QUESTION), PATIENCE):
        waits = asyncio.create_task(large.admit(1))
        await asyncio.sleep(0)
        assert not waits.done(), "nor the last eighth of the bytes"
        waits.cancel()


class Crowd:
    """Requests that come and go as told, and what must hold at each admission.

    ``overtaken``: of each class, how many of higher ones were admitted while one of its own waited and it had less than its share.
    """

    def __init__(self, count: int, reserve: float) -> None:
        self.gate, self.most = Gate(count, 10**9, reserve=reserve), max(1, int(SHARE * count))
        self.waiting = dict.fromkeys(Priority, 0)
        self.held: dict[Priority, list[Place]] = {priority: [] for priority in Priority}
        self.overtaken = dict.fromkeys(Priority, 0)
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, priority: Priority) -> None:
        async def one() -> None:
            try:
                self._admitted(priority, await self.gate.admit(1, priority=priority))
            except asyncio.CancelledError:
                self.waiting[priority] -= 1
                raise

        self.waiting[priority] += 1
        self.tasks.append(asyncio.create_task(one()))
        await self.settle()

    async def leave(self, which: int) -> None:
        places = [(priority, place) for priority, held in self.held.items() for place in held]
        if places:
            priority, place = places[which % len(places)]
            self.held[priority].remove(place)
            place.leave()
            await self.settle()

    async def settle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    def _admitted(self, priority: Priority, place: Place) -> None:
        self.waiting[priority] -= 1
        if place.priority is not priority:
            assert len(self.held[priority]) < self.most, "a share is no more than that"
        elif any(self.waiting[higher] for higher in Priority if higher < priority):
            raise AssertionError("a lower class goes first by its share alone")
        self.held[priority].append(place)
        self.overtaken[priority] = 0
        for lower in (lower for lower in Priority if lower > priority):
            if self.waiting[lower] and len(self.held[lower]) < self.most:
                self.overtaken[lower] += 1
                assert self.overtaken[lower] <= TURNS + 1, "one more where a live stream had its own turn"
            elif not self.waiting[lower]:
                self.overtaken[lower] = 0


@given(
    st.lists(st.one_of(st.sampled_from(Priority), st.integers(0, 40)), max_size=120),
    st.integers(1, 12),
    st.sampled_from((0.0, 1 / 8)),
)
@settings(max_examples=300, deadline=None)
def test_no_class_starves_and_questions_wait_for_few(steps: list[Priority | int], count: int, reserve: float) -> None:
    """Whoever comes (a class) and goes (the number of a place): a class that waits is overtaken by few while it has less than its
    share, and goes first for no other reason; all get through."""

    async def run() -> Crowd:
        crowd = Crowd(count, reserve)
        for step in steps:
            await (crowd.come(step) if isinstance(step, Priority) else crowd.leave(step))
        for number in range(len(steps) + 1):
            await crowd.leave(number)
        await asyncio.gather(*crowd.tasks)
        return crowd

    crowd = asyncio.run(run())
    assert crowd.gate.waiting == 0
    assert crowd.gate.count == sum(map(len, crowd.held.values()))


async def test_films_go_on_beside_questions_that_never_pause() -> None:
    """64 streams that ask again at once, eight films, eight places: one of four places that become free is a film's, up to two."""
    gate, admitted, enough = Gate(8, 10**9, reserve=1 / 8), dict.fromkeys(Priority, 0), asyncio.Event()

    async def again(priority: Priority, owner: int) -> None:
        while True:
            with await gate.admit(1, priority=priority, owner=owner):
                admitted[priority] += 1
                if sum(admitted.values()) == 4000:
                    enough.set()
                for _ in range(10):
                    await asyncio.sleep(0)

    tasks = [asyncio.create_task(again(Priority.QUESTION, number)) for number in range(64)]
    tasks += [asyncio.create_task(again(Priority.CAPTION, number)) for number in range(8)]
    await enough.wait()
    counted = dict(admitted)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert 0.2 <= counted[Priority.CAPTION] / sum(counted.values()) <= 0.26, counted


async def test_a_film_never_keeps_a_question_from_its_places() -> None:
    """Windows that have seven eighths of the places by themselves have no right to one more, however many questions come."""
    gate = Gate(8, 10**9, reserve=1 / 8)
    windows = [asyncio.create_task(gate.admit(1)) for _ in range(20)]
    await asyncio.sleep(0)
    for _ in range(3 * TURNS):
        with await asyncio.wait_for(gate.admit(1, priority=Priority.QUESTION), PATIENCE):
            assert gate.count == 8
    for task in windows:
        task.cancel()
