"""What stands in the way of every film: a full disk, a share that is gone, an engine that is down. It passes.

fair -- fault --> foul: wait 2, 4, 8 ... 60 s, then one film to try it with -- it works --> fair
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from pipeline import log as logs
from pipeline.errors import EnvironmentFault, InputError, OutputError, ScenescribeError

FIRST, LONGEST = 2.0, 60.0
SAY_EVERY = 60.0

log = logs.get(__name__)


class Weather:
    """Whether films may be begun, and how many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.fault: EnvironmentFault | None = None
        self.until = 0.0
        self._clock = clock
        self._tries = 0
        self._code = ""
        self._since = self._said = float("-inf")

    @property
    def waits(self) -> bool:
        """No film is to be begun now."""
        return self.fault is not None and self._clock() < self.until

    @property
    def tries(self) -> bool:
        """One film may be begun, to see whether it goes again."""
        return self.fault is not None

    def foul(self, fault: EnvironmentFault) -> None:
        """Something is in the way. Several films that meet the same fault at once make one wait."""
        now = self._clock()
        if self.fault is None:
            self._since, self._tries = now, 0
        if self._code != fault.code:
            self._code, self._said = fault.code, float("-inf")
        if now >= self.until:
            self.until = now + min(FIRST * 2**self._tries, LONGEST)
            self._tries += 1
        self.fault = fault
        self.remind()

    def fair(self) -> None:
        """A film was described: whatever it was, it is over."""
        if self.fault is not None:
            log.info("going on", after_seconds=round(self._clock() - self._since), reason=self.fault.code)
        self.fault, self.until = None, 0.0

    def remind(self) -> None:
        """Say what is waited for, once a minute."""
        if self.fault is not None and self._clock() >= self._said + SAY_EVERY:
            self._said = self._clock()
            log.warning(
                "waiting", reason=self.fault.code, message=self.fault.message, for_seconds=round(self._said - self._since)
            )


class Share:
    """A folder that must be there. Remembers what it was mounted from: the empty folder under a share is not the share."""

    def __init__(self, path: Path, code: str) -> None:
        self.path, self.code = path, code
        self._mount = _mount_of(path)

    def check(self) -> None:
        """Raises EnvironmentFault with the share's code where it is gone."""
        if not self.path.is_dir() or not os.path.ismount(self._mount):
            raise EnvironmentFault(self.code, f"the folder {self.path} is gone; it is waited for", path=str(self.path))

    def check_writing(self) -> None:
        """Try to write a little. Raises EnvironmentFault."""
        self.check()
        probe = self.path / f".scenescribe-probe-{os.getpid()}"
        try:
            try:
                probe.write_bytes(b"\0" * 4096)
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFault(self.code, f"{self.path} can't be written: {error.strerror}", path=str(self.path)) from error


def _mount_of(path: Path) -> Path:
    return next(above for above in (path.absolute(), *path.absolute().parents) if os.path.ismount(above))


def fault_behind(error: ScenescribeError, source: Share, output: Share) -> EnvironmentFault | None:
    """What is in the way of all films, where that is why this one failed; None where it is this film's own failure."""
    if isinstance(error, EnvironmentFault):
        return error
    try:
        if isinstance(error, OutputError):
            if error.code == "no_space":
                return EnvironmentFault(error.code, error.message, **error.data)
            if error.code == "unwritable":
                output.check_writing()
        elif isinstance(error, InputError):
            source.check()
            output.check()
    except EnvironmentFault as fault:
        return fault
    return None
