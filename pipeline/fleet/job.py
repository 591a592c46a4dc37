"""One unit on its way through a fleet, and what came of it so far."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pipeline.errors import InputError
from pipeline.fleet import messages
from pipeline.fleet.codec import raised
from pipeline.fleet.messages import Message
from pipeline.fleet.units import Unit
from pipeline.stretch import Indivisible
from pipeline.types import Caption, Outcome, Span, span_of

GUILTY = 3
"""deaths after which a unit is given up"""


@dataclass(slots=True, eq=False)
class Job:
    """One unit on its way."""

    number: int
    unit: Unit
    told: Callable[["Job", Message], None]
    """hears what hosts say of it: Captioned, Noted, Shown, Read"""
    done: "asyncio.Future[messages.Done]"
    """raises what was said of its end; Indivisible where its film has to be one unit"""
    deaths: int = 0
    reached: float = 0.0
    """seconds of film captioned so far"""
    new: dict[Span, Caption] = field(default_factory=dict)
    """captions that hosts gave so far, in whatever life"""
    failed: dict[Span, Caption] = field(default_factory=dict)
    """windows that the model refused: asked again where the host dies"""
    before: frozenset[Span] = frozenset()
    """spans of ``new`` that hosts gave which died since"""

    @property
    def left(self) -> float:
        """Seconds of film to do: its weight."""
        return max(1.0, self.unit.seconds - self.reached)

    def rest(self) -> Unit:
        """What is left of its unit: captions that came are not asked again."""
        there = {span_of(caption.start, caption.end): caption for caption in self.unit.known} | self.new
        return replace(self.unit, known=tuple(there.values()))

    def captioned(self, caption: Caption) -> None:
        """Keep a caption that a host gave."""
        self.reached = max(self.reached, min(self.unit.seconds, caption.end - self.unit.start))
        kept = self.failed if caption.outcome is Outcome.FAILED else self.new
        kept[span_of(caption.start, caption.end)] = caption

    def ended(self, how: messages.Done | messages.Failed | messages.Whole) -> None:
        """Its host says that it is over."""
        if self.done.done():
            return
        match how:
            case messages.Done():
                self.done.set_result(how)
            case messages.Failed():
                self.done.set_exception(raised(how.error))
            case messages.Whole():
                self.done.set_exception(Indivisible())

    def goes_on(self, *, guilty: bool) -> bool:
        """Its host died; whether another is to have what is left of it. Else it is named and given up (``killed_engine``).

        ``guilty``: it may be why the host died; not where that could not even begin.
        """
        self.deaths += guilty
        if self.deaths < GUILTY:
            self.unit, self.before = self.rest(), frozenset(self.new)
            return True
        text = f"{self.deaths} processes ended while they worked on {self.unit.info.path.name}; it is left out, the rest goes on"
        if not self.done.done():
            self.done.set_exception(InputError("killed_engine", text))
        return False
