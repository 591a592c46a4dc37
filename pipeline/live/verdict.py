"""How the filling of a pipe ended, for who reads the other end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why what fed a pipe stopped: ``over`` is the stream's own end, ``again`` that a new process is to go on at once; else a loss.

    ``ended`` is the end of those kinds that have one (``address.ENDS``), and a loss for the others.
    """

    code: str
    message: str = ""
