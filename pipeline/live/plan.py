"""What is wished of a stream. Pure data, made of the options and of a table of ``cameras.toml``."""

from dataclasses import dataclass

from pipeline.live.address import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One stream's name, place and rules."""

    name: str
    address: Address
    window: float = 4.0
    """seconds"""
    fps: float = 2.0
    """pictures a second that are kept"""
    max_window: float = 30.0
    deadline: float | None = None
    """seconds an answer may take; three windows, and 10 s at least, where it is None"""
    skip_static: bool = True
    previous: int = 1
    """texts of before that a question carries"""
    priority: int = 0
    """a stream of a higher number gives way later"""
    prompt: str | None = None
    """in place of the recipe's"""
    transport: str = "tcp"
    accept: bool = False
    """an rtmp:// address is waited at, not connected to"""
    idle_end: float = 10.0
    """seconds after which a file that does not grow any more has ended"""
    give_up: float | None = None
    """seconds without the source after which it is given up; never where it is None"""
    allow_host: tuple[str, ...] = ()
    """hosts that a playlist may name beside its own"""
    copy: float = 0.0
    """seconds of the pieces in which the stream is copied for who shows or keeps it; 0: nobody does"""
    max_skew: float = 10.0
    """seconds that a sender's clock may be away from ours and still be believed"""

    @property
    def frames(self) -> int:
        """Pictures of a window."""
        return max(1, round(self.window * self.fps))

    def seconds_to_answer(self, window: float) -> float:
        return self.deadline if self.deadline is not None else max(3 * window, 10.0)
