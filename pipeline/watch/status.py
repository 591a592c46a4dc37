"""The daemon as others see it: systemd's status line, /readyz, /metrics. Asked from other threads too."""

from typing import TYPE_CHECKING, Any

from pipeline.watch.metrics import Snapshot, exposition

if TYPE_CHECKING:
    from pipeline.watch.daemon import Daemon


class Status:
    """Looks at a daemon, changes nothing."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon

    @property
    def waiting_for(self) -> str:
        """Code of what is in the way of all films, or an empty text."""
        fault = self._daemon.weather.fault
        return fault.code if fault is not None else ""

    @property
    def engine(self) -> str:
        """unloaded, loading or ready."""
        if self._daemon.studio.engine.ready:
            return "ready"
        return "loading" if len(self._daemon.crew) else "unloaded"

    def line(self) -> str:
        """For ``systemctl status``."""
        counts = self._daemon.queue.counts(self._daemon.root)
        words = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "nothing yet"
        return f"{words}; waiting: {self.waiting_for}" if self.waiting_for else words

    def ready(self) -> dict[str, Any]:
        """What /readyz says; ``ready``: a film that arrives now would be described."""
        return {
            "ready": not self.waiting_for and not self._daemon.stopping and self._daemon.folder.scans > 0,
            "waiting_for": self.waiting_for or None,
            "engine": self.engine,
            "jobs": self._daemon.queue.counts(),
        }

    def metrics(self) -> bytes:
        """What /metrics says."""
        return exposition(self._daemon.counters, self._snapshot)

    def _snapshot(self) -> Snapshot:
        daemon = self._daemon
        return Snapshot(
            jobs=daemon.queue.counts(),
            oldest_queued=daemon.queue.oldest("queued"),
            oldest_running=daemon.queue.oldest("running"),
            windows_in_flight=daemon.studio.engine.in_flight,
            engine=self.engine,
            waiting_for=self.waiting_for,
            errands=daemon.outbox.left(),
            restarts=daemon.studio.engine.deaths,
        )
