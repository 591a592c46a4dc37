"""A fleet as a host: ``pipeline.studio`` and what stands on it see one engine, however many processes there are."""

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pipeline.caption_stream import OpenStream
from pipeline.fleet import local, messages
from pipeline.fleet.coordinator import Coordinator
from pipeline.fleet.engine import FleetCaptioner, FleetEngine
from pipeline.fleet.placement import Placement, settings_for
from pipeline.fleet.remote import Launch, RemoteHost
from pipeline.fleet.room import refuse_more_than_fit
from pipeline.fleet.stream import FleetStream
from pipeline.host import BEGUN, OWN, Host
from pipeline.options.caption import Settings
from pipeline.scheduler import Limits
from pipeline.sources.film import FilmSource
from pipeline.stretch import Arriving
from pipeline.types import VideoInfo

if TYPE_CHECKING:
    from models.options import Profile

PROBES = 4
"""films that are probed at once, here; hosts read them"""


class Fleet(Host):
    """One process for each placement; this one hands out work and writes files."""

    reads_here = False

    def __init__(
        self, settings: Settings, places: tuple[Placement, ...], *, verbose: bool = False, profile: "Profile" = "captions",
        launch: Launch | None = None,
    ) -> None:  # fmt: skip
        """``launch``: how a host is started where that is not on this machine."""
        super().__init__(settings, verbose=verbose, profile=profile)  # all that can be wrong with the settings is found here
        if launch is None:
            refuse_more_than_fit(settings, self.preset, places)
        self.places = places
        alone, usual = self.engine, self.preset.engine.get("gpu_memory_utilization")

        def hosts(coordinator: Coordinator) -> list[RemoteHost]:
            return [
                RemoteHost(
                    place,
                    messages.Open(
                        settings=settings_for(settings, place, (*OWN, "sampler"), usual),
                        verbose=verbose,
                        profile=profile,
                        sharing=place.sharing,
                    ),
                    None if verbose else host_log(settings.log_file, place.number),
                    on_message=coordinator.hear,
                    on_end=coordinator.end,
                    launch=launch or local.launch,
                )
                for place in places
            ]

        self.coordinator = Coordinator(hosts, first_alone=not compiled(places), on_change=lambda: self.engine.changed())
        captioner = FleetCaptioner(alone.captioner.engine, self.coordinator, alone.limit * len(places))
        self.engine: FleetEngine = FleetEngine(captioner, self.coordinator)
        reading = 2 * self.limits.reading * len(places)  # as many again wait here, so that no host does
        self.limits = Limits(reading=reading, under_way=reading + min(alone.limit * len(places), 2 * BEGUN))

    async def __aenter__(self) -> Self:
        from pipeline.video.children.pool import WorkerPool

        self.pool = WorkerPool(spare=1, keep=PROBES)
        self._probes = threading.BoundedSemaphore(PROBES)
        return self

    def source(self, path: Path, arriving: Arriving | None = None) -> FilmSource:
        """A film, probed here."""
        assert arriving is None, "hosts read whole files"
        return _ProbedHere(path, self.pool, self._probes)

    @property
    def decoding(self) -> str:
        return f"decoding in {len(self.places)} hosts (--decode {self.settings.decode}); who decoded a film stands in its JSON"

    @property
    def open_stream(self) -> OpenStream:
        return partial(FleetStream, self.coordinator, self.engine)


class _ProbedHere(FilmSource):
    """A film of which a few at once are probed in this process."""

    def __init__(self, path: Path, pool: Any, turns: threading.BoundedSemaphore) -> None:
        super().__init__(path, pool)
        self._turns = turns

    def probe(self) -> VideoInfo:
        with self._turns:
            return super().probe()


def compiled(places: tuple[Placement, ...]) -> bool:
    """Whether an engine has compiled something on this machine before, or need not: several that compile at once are slower."""
    import os

    root = os.environ.get("VLLM_CACHE_ROOT") or os.path.join(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "vllm")
    return not any(place.gpus for place in places) or os.path.isdir(os.path.join(root, "torch_compile_cache"))


def host_log(named: Path | None, number: int) -> Path:
    """Where a host's own lines and its engine's go, one file each: two writers would tear each other's."""
    from models.engines.vllm.log import default_log, make_folder

    base = named or default_log()
    path = base.with_name(f"{base.stem}-{number}{base.suffix}") if number else base
    make_folder(path)
    return path
