"""Folders that may go away: a share that is not mounted, a disk that was pulled. And whose fault a failure is, theirs or the film's."""

import os
import secrets
from pathlib import Path

from pipeline.errors import EnvironmentFault, InputError, OutputError, ScenescribeError


class Share:
    """A folder that must be there. Remembers what it was mounted from: the empty folder under a share is not the share."""

    def __init__(self, path: Path, code: str) -> None:
        self.path, self.code = path, code
        self._mount = _mount_of(path)

    def check(self) -> None:
        """Raises EnvironmentFault with the share's code where it is gone."""
        if not os.path.isdir(self.path) or not os.path.ismount(self._mount):
            raise EnvironmentFault(self.code, f"the folder {self.path} is gone; it is waited for", path=str(self.path))

    def look(self) -> None:
        """``check``, as thoroughly as it takes; where a film failed."""
        self.check()

    def check_writing(self) -> None:
        """Try to write a little, under a name that nobody can know beforehand and put a link at. Raises EnvironmentFault."""
        self.check()
        probe = self.path / f".scenescribe-probe-{secrets.token_hex(8)}"
        try:
            descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(b"\0" * 4096)
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
            if error.code in ("unwritable", "storage_denied", "storage_failed", "no_bucket"):
                output.check_writing()
        elif isinstance(error, InputError):
            source.look()
            output.look()
    except EnvironmentFault as fault:
        return fault
    return None
