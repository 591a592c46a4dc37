"""Whether a child that says nothing had a chance to: a machine with no processor time for it is no fault of a film.

stopped (SIGSTOP, a frozen container), waiting for a disk, ready and not run    starved: waited for
it ran, as long as it may be silent                                             it hangs: it turns in circles
it sleeps, and nothing moves                                                    it hangs
"""

import os
import time

LONGEST = 10
"""times as long as a child may be silent, a starved one is waited for: a child that stays stopped ends its film too"""
RAN = 0.5
"""share of that time which, spent on a processor, shows a child that turns in circles"""
MOVED = 0.01
"""processor seconds, more than which a child did between two looks: a thread that wakes up to sleep again is no work"""


class Starved:
    """Asked each time that a child was silent for ``seconds``: whether to go on waiting."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._pid, self._seconds = pid, seconds
        self._until = time.monotonic() + LONGEST * seconds
        self._first = self._latest = _spent(pid)

    def __call__(self) -> bool:
        spent = _spent(self._pid)
        moved, self._latest = spent > self._latest + MOVED, spent
        if spent - self._first > RAN * self._seconds or time.monotonic() > self._until:
            return False
        return moved or _waits_for_the_machine(self._pid)


def _spent(pid: int) -> float:
    """Processor seconds of all threads of a process; 0 where it is gone. One system call: it is asked before each message.

    The number of the clock is that of clock_getcpuclockid(3): the kernel's MAKE_PROCESS_CPUCLOCK with CPUCLOCK_SCHED.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _waits_for_the_machine(pid: int) -> bool:
    """Whether a thread of a process is stopped, waits for a disk, or is ready to run."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return False
    return any(_stat(f"/proc/{pid}/task/{thread}/stat")[:1] in (["T"], ["t"], ["D"], ["R"]) for thread in threads)


def _stat(path: str) -> list[str]:
    """The fields behind the name, which may hold spaces: the first is the state."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []
