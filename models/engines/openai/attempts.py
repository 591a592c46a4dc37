"""One request asked again while that may help: how long is waited between, and when it is given up.

Retry-After, and what else names a time     so long, up to an hour
429 that names none                         5, 10, 20, 30, 30 s: past the minute that most limits are of
5xx, a connection or an answer that broke   jittered, up to 30 s
no byte in time                             at once, behind the others, with fewer of them under way (seats.py)
"""

import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from models.engines.openai.bodies import BrokenOff
from models.engines.openai.seats import Seats
from models.engines.openai.waits import HOPELESS, LONGEST_WAIT, NOTABLE_WAIT
from models.errors import EndpointError, ModelError, RequestRefused

TOLD = 5
"""refusals until a time that was told which count as one attempt"""
UNTOLD = (5.0, 10.0, 20.0, 30.0)
"""seconds between two 429 that name no time, the last again and again"""
QUOTA = 65.0
"""seconds after which a quota that is used up is asked for once more: it may be one of a minute"""
_Got = TypeVar("_Got")
log = logging.getLogger("models.engines.openai.endpoint")


class Again(Exception):
    """A fault that may pass: ask again after ``seconds``, where the server says how many.

    ``late``: not a byte came in time, or no more of them. ``ends_as``: it is asked for once more alone, and then the run ends with this.
    ``costs``: the error that this request ends with where it does not pass, and no run.
    """

    def __init__(
        self,
        message: str,
        *,
        seconds: float | None = None,
        status: int | None = None,
        late: bool = False,
        ends_as: ModelError | None = None,
        costs: ModelError | None = None,
    ) -> None:
        super().__init__(message)
        self.seconds, self.status, self.late = seconds, status, late
        self.ends_as, self.costs = ends_as, costs


class Enough:
    """When to give a request up: after so many attempts. One that was refused until a time that the server named counts a fifth, and so
    does a 429 while others pass: with more requests under way than it takes in a minute some are refused again and again, by chance. One
    that came too late does not count while others were answered: it waited behind them, unless a part of it had come."""

    def __init__(self, attempts: int, seats: Seats) -> None:
        self.made = 0
        self.late = False
        """whether the last attempt got no byte in time"""
        self._until = 0.0
        self._attempts, self._left = attempts, attempts * TOLD
        self._seats, self._begun = seats, seats.begun()

    def begins(self) -> None:
        """To be called before each attempt."""
        self._begun = self._seats.begun()

    def __call__(self, state: RetryCallState) -> bool:
        error = _fault(state)
        others = self._seats.answered > self._begun.answered
        self.made += 1
        self.late = error.late
        if error.seconds is not None and error.seconds > HOPELESS:
            self._until = error.seconds
            return True
        if error.late:
            self._seats.late(self._begun)
            self._left -= 0 if others and error.costs is None else TOLD
            return self._left <= 0 or self.nobody
        told = error.status == 429 and error.seconds is not None and 1 <= error.seconds <= LONGEST_WAIT
        if error.ends_as is not None:
            self._left -= -(-self._attempts * TOLD // 2)
        else:
            self._left -= 1 if told or (others and error.status == 429) else TOLD
        return self._left <= 0

    @property
    def nobody(self) -> bool:
        """Whether it is no single request that is not answered in time."""
        return self.late and self._seats.silent >= self._attempts

    @property
    def told(self) -> str:
        """Why it was given up, and what helps."""
        attempts = f"({self.made} attempt{'s' * (self.made != 1)}"
        if self._until:
            hours = self._until / 3600
            when = f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:,.0f} days"
            return f"{attempts}; it asks to be asked again in {when})"
        if self.late:
            at_once = f"{self._seats.allowed} request{'s' * (self._seats.allowed != 1)} at once"
            return f"{attempts}): at last {at_once}, see --max-num-seqs; a smaller model or fewer frames are answered sooner"
        return f"{attempts})"


class Attempts:
    """Of one server. ``patience`` scales the waits that it does not name; ``tell_once`` warns of what holds for all of a run."""

    def __init__(self, server: str, attempts: int, patience: float, seats: Seats, tell_once: Callable[[str], None]) -> None:
        self.retries = 0
        self.server, self._attempts, self._patience = server, attempts, patience
        self._seats, self._tell_once = seats, tell_once

    async def tried(self, once: "Callable[[], Awaitable[_Got]]", *, seated: bool) -> "_Got":
        """What ``once`` gives, tried again where it meets a fault that may pass; ``seated``: the caller holds a seat. Raises
        EndpointError where it does not pass, and what ``once`` raises."""
        enough = Enough(self._attempts, self._seats)
        pause = partial(self._pause, wait_random_exponential(multiplier=self._patience, max=30 * self._patience))
        try:
            async for attempt in AsyncRetrying(stop=enough, wait=pause, retry=retry_if_exception_type(Again), reraise=True):
                with attempt:
                    if enough.late and seated:
                        await self._seats.again()
                    enough.begins()
                    return await self._whole(once, seated=seated)
        except Again as error:
            ended = EndpointError(f"{self.server} {error} {enough.told}", status=error.status)
            if error.costs is not None and not enough.nobody:
                raise RequestRefused(f"{error.costs.message} {enough.told}") from error
            raise error.ends_as or ended from error
        raise AssertionError("not reached: tenacity returns or raises")

    async def _whole(self, once: "Callable[[], Awaitable[_Got]]", *, seated: bool) -> "_Got":
        """What ``once`` gives; an answer that broke off may come whole another time."""
        try:
            return await once()
        except BrokenOff as error:
            queued = error.late and not error.started  # a head that came at once, and a queue behind it
            costs = None if queued else RequestRefused(error.message)
            raise Again(error.why, late=error.late and seated, costs=costs) from error

    def _pause(self, waits: Callable[[RetryCallState], float], state: RetryCallState) -> float:
        error = _fault(state)
        asked = error.seconds
        if asked is not None and asked > HOPELESS:
            return 0.0  # it is not asked again
        self.retries += 1
        seconds = max(asked, 0.1 * self._patience) if asked is not None else self._untold(error, waits, state)
        log.info("%s %s: asked again in %.1f s", self.server, error, seconds)
        if asked is not None and asked > LONGEST_WAIT:
            self._tell_once(
                f"{self.server} can't answer yet and asks to be asked again in {asked / 60:.0f} minutes: that is waited for"
            )
        elif asked is not None and asked >= NOTABLE_WAIT:
            self._tell_once(
                f"{self.server} can't answer yet and names a time: it is asked again then, {LONGEST_WAIT:g} s later at most"
            )
        elif error.ends_as is not None:
            self._tell_once(
                f"{self.server} says that a quota is used up: if it is one of a minute, it is there again in {seconds:.0f} s"
            )
        return seconds

    def _untold(self, error: Again, waits: Callable[[RetryCallState], float], state: RetryCallState) -> float:
        """Seconds, where the server names none."""
        if error.late:
            return 0.0  # it has waited
        if error.ends_as is not None:
            return QUOTA * self._patience
        if error.status == 429:
            least = UNTOLD[min(state.attempt_number, len(UNTOLD)) - 1]
            return least * self._patience * random.uniform(1, 1.25)
        return waits(state)


def _fault(state: RetryCallState) -> Again:
    error: Any = state.outcome.exception() if state.outcome else None
    assert isinstance(error, Again)
    return error
