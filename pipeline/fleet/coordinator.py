"""Who gets which unit, and what becomes of those whose host died.

    add(unit) -> queue -> a host that wants one, and has less than its share -> its captions come -> done
                   ^                                                |
                   `---- the host died: what is left of the unit ---'     an item in two deaths goes alone; in three, it is named

A host's share is an equal part of all that is left, so that the first one ready does not take what the others could do beside
it; a host with nothing always gets something. Hosts are started as there is work for them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from models.base import Reply, Request
from pipeline.errors import EnvironmentFault, ScenescribeError, UsageError
from pipeline.fleet import messages
from pipeline.fleet.balance import may_start, next_host
from pipeline.fleet.codec import raised
from pipeline.fleet.job import Job
from pipeline.fleet.messages import Message
from pipeline.fleet.questions import Questions
from pipeline.fleet.remote import RemoteHost, State
from pipeline.fleet.units import Unit

PATIENCE = 5.0
"""seconds that hosts have to end in order"""

log = logging.getLogger(__name__)


class Coordinator:
    """All methods belong to one event loop."""

    def __init__(
        self, hosts: Callable[["Coordinator"], Sequence[RemoteHost]], *, first_alone: bool = False, on_change: Callable[[], None]
    ) -> None:
        """``first_alone``: the others are started when the first is ready, and find what it compiled. ``on_change``: after
        whatever a host said."""
        self.hosts = tuple(hosts(self))
        self.last_error: ScenescribeError | None = None
        self._first_alone, self._on_change = first_alone, on_change
        self._queue: deque[Job] = deque()
        self._held: dict[RemoteHost, dict[int, Job]] = {host: {} for host in self.hosts}
        self._questions = Questions(self.hosts)
        self._number = 0
        self._resting: set[asyncio.Task[None]] = set()
        self._ready = asyncio.Event()
        self._asked = False
        """whether anybody wants hosts to be there"""
        self._all = False
        """whether all are wanted, however little work there is"""
        self._used = self.hosts

    # ---- for those who have work

    async def ready(self) -> None:
        """Until one host has its model loaded. Raises EnvironmentFault or UsageError where none can."""
        self._asked = True
        self._move()
        while not any(host.state is State.READY for host in self.hosts):
            self._refuse_if_all_out()
            self._ready.clear()
            await self._ready.wait()

    async def all_ready(self) -> None:
        """Until every host that can has its model loaded, whether there is work for all or not. Raises what ``ready`` does."""
        self._all = True
        await self.ready()
        while any(host.state not in (State.READY, State.OUT) for host in self.hosts):
            self._ready.clear()
            await self._ready.wait()

    def add(self, unit: Unit, told: Callable[[Job, Message], None]) -> Job:
        """Have a unit done; ``job.done`` raises InputError, EnvironmentFault or UsageError."""
        self._number += 1
        job = Job(self._number, unit, told, asyncio.get_running_loop().create_future())
        job.done.add_done_callback(lambda done: done.cancelled() or done.exception())  # looked at: whoever waits is told
        self._queue.append(job)
        self._asked = True
        self._move()
        return job

    def use(self, hosts: Sequence[RemoteHost]) -> None:
        """Give units to these alone from now on; the others stay as they are, loaded or not."""
        self._used = tuple(hosts)

    def withdraw(self, job: Job) -> None:
        """A job is not wanted any more. Harmless when repeated."""
        if job in self._queue:
            self._queue.remove(job)
        for host, held in self._held.items():
            if held.pop(job.number, None) is not None:
                host.send(messages.Withdraw(number=job.number))
        job.done.cancel()
        self._move()

    async def ask(self, request: Request, piece: Callable[[str], None] | None = None) -> Reply:
        """One request to the host that has least to do. ``piece`` hears its text as it comes. Raises what an engine's ``ask`` does."""
        return await self._questions.ask(request, piece, self.ready)

    async def close(self) -> None:
        """End all hosts; what is under way is not done. Work that is added later starts them again."""
        self._asked = self._all = False
        for task in self._resting:
            task.cancel()
        for job in (*self._queue, *(job for held in self._held.values() for job in held.values())):
            job.done.cancel()
        self._queue.clear()
        for held in self._held.values():
            held.clear()
        await asyncio.gather(*(host.close(PATIENCE) for host in self.hosts))

    @property
    def waiting(self) -> int:
        """Units that no host has yet."""
        return len(self._queue)

    # ---- for hosts

    def hear(self, host: RemoteHost, message: messages.FROM_HOST) -> None:
        """What a host says."""
        match message:
            case messages.Opened():
                host.state, host.limit, host.reading = State.LOADING, message.limit, message.reading
            case messages.Loading():
                host.state = State.LOADING
            case messages.Ready():
                host.ready(message)
                self._ready.set()
            case messages.Wants():
                host.places = message.places
            case messages.Pulse():
                host.felt(message)
            case messages.Fault():
                self.last_error = raised(message.error)
                if isinstance(self.last_error, UsageError) or host.state is not State.READY:  # another start would say the same
                    host.state = State.OUT
                host.kill()
            case messages.Piece() | messages.Answered() | messages.Refused():
                self._questions.hear(message)
            case _:
                self._heard_of_a_job(host, message)
        self._move()
        self._on_change()

    def end(self, host: RemoteHost) -> None:
        """A host's process is gone: its units go to others, and it is started again after a pause."""
        lost = list(self._held[host].values())
        self._held[host].clear()
        # those that nothing had come of yet are as suspicious as the others: all were in flight
        for job in reversed(lost):
            if job.goes_on(guilty=host.state is not State.OUT):
                self._queue.appendleft(job)
        pause = host.rest() if host.state is not State.OUT else None
        again = f"it is started again in {pause:.0f} s" if pause is not None else "it is not started again"
        why = f" ({self.last_error.message})" if self.last_error is not None else ""
        log.warning("host %d died%s; %d units go to others; %s", host.placement.number, why, len(lost), again)
        self._questions.host_died(host)
        if pause is not None:
            task = asyncio.create_task(self._rest(host, pause))
            self._resting.add(task)
            task.add_done_callback(self._resting.discard)
        self._ready.set()
        self._move()
        self._on_change()

    # ---- within

    def _heard_of_a_job(self, host: RemoteHost, message: messages.OF_UNITS) -> None:
        job = self._held[host].get(message.number)
        if job is None:  # withdrawn meanwhile
            return
        if isinstance(message, messages.Done | messages.Failed | messages.Whole):
            del self._held[host][job.number]
            job.ended(message)
            return
        if isinstance(message, messages.Captioned):
            job.captioned(message.caption)
        job.told(job, message)

    def _move(self) -> None:
        """Start hosts that there is work for, and give them what they want."""
        if not self._asked:
            return
        self._start()
        try:
            self._refuse_if_all_out()
        except ScenescribeError as error:
            for job in self._queue:
                if not job.done.done():
                    job.done.set_exception(error)
            self._queue.clear()
        held = {host: self._held[host] for host in self._used}
        while self._queue and (host := next_host(held, self._queue)) is not None:
            job = self._queue.popleft()
            host.places -= 1
            self._held[host][job.number] = job
            host.send(messages.Grant(number=job.number, unit=job.unit))

    def _start(self) -> None:
        """As many hosts as there are units; those of one GPU one after the other, since each measures what memory is left."""
        work = len(self.hosts) if self._all else len(self._queue) + sum(map(len, self._held.values()))
        up = sum(host.alive or host.state is State.RESTING for host in self.hosts)
        for host in self.hosts:
            if up >= max(1, work):
                return
            if host.state is not State.OFF or not may_start(host, self.hosts, first_alone=self._first_alone):
                continue
            up += 1
            self._try_start(host)

    def _try_start(self, host: RemoteHost) -> None:
        try:
            host.start()
        except OSError as error:
            host.state = State.OUT
            self.last_error = EnvironmentFault("host_not_started", f"a host's process can't be started: {error}")
            log.warning("%s", self.last_error.message)

    async def _rest(self, host: RemoteHost, pause: float) -> None:
        await asyncio.sleep(pause)
        host.state = State.OFF
        self._move()

    def _refuse_if_all_out(self) -> None:
        if all(host.state is State.OUT for host in self.hosts):
            raise self.last_error or EnvironmentFault(
                "host_died", "all hosts died again and again; the engine's log (--log-file) says why"
            )
