"""From options to streams on an engine: all that can be wrong with them is found before a model is loaded or a source is opened."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from models.base import Captioner
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import GIB, Engine
from pipeline.engine.opening import choose_preset, open_captioner, refuse_unnamed_embedded
from pipeline.heap import hold_what_is_used
from pipeline.host import give_way
from pipeline.live.address import Address, Kind
from pipeline.live.cameras import plans
from pipeline.live.outputs.base import Output
from pipeline.live.plan import Plan
from pipeline.live.station import Station
from pipeline.options.caption import Settings
from pipeline.options.live import LiveSettings
from pipeline.studio import formats_of
from pipeline.types import Model
from pipeline.watch.systemd import Systemd

if TYPE_CHECKING:
    from models.preset import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What is wished, understood: nothing is loaded yet."""

    settings: LiveSettings
    describing: Settings
    preset: "Preset"
    recipe: Recipe
    plans: Sequence[Plan]
    formats: tuple[str, ...]

    @classmethod
    def of(cls, sources: Sequence[str], settings: LiveSettings) -> Self:
        """Raises UsageError."""
        from models.presets import EMBEDDED

        describing = settings.describing()
        preset = choose_preset(describing)
        refuse_unnamed_embedded(describing, preset)
        previous = settings.previous if settings.previous is not None else 0 if preset.name == EMBEDDED else 1
        common = Plan(
            name="", address=Address(kind=Kind.STDIN, url="-", shown="stdin"), window=settings.window, fps=settings.fps,
            max_window=settings.max_window, deadline=settings.deadline, skip_static=settings.skip_static, previous=previous,
            transport=settings.transport, accept=settings.accept, idle_end=settings.idle_end, give_up=settings.give_up,
            max_skew=settings.max_skew, allow_host=settings.allow_host,
            copy=settings.hls_segment if settings.hls is not None or settings.record is not None else 0.0,
        )  # fmt: skip
        return cls(
            settings=settings, describing=describing, preset=preset, recipe=Recipe.of(describing, preset),
            plans=plans(sources, common), formats=formats_of(settings.format),
        )  # fmt: skip

    def engine(self, *, captioner: Captioner | None = None, verbose: bool = False) -> Engine:
        """The engine, not started. Raises UsageError, EnvironmentFault."""
        give_way(self.settings.nice)
        hold_what_is_used()
        return Engine(
            captioner or open_captioner(self.describing, self.preset, verbose=verbose),
            in_flight=self.settings.max_in_flight,
            memory_bytes=int(self.settings.memory_gb * GIB),
        )

    def station(
        self, engine: Engine, *, screen: Output | None = None, on_address: Callable[[str], None] = lambda _: None
    ) -> Station:
        """The streams and who is told of them; made on the event loop that they run on. ``screen``: one more who is told;
        ``on_address``: is told where the page is. Raises UsageError, EnvironmentFault, OutputError."""
        from pipeline.live.outputs.journal import Journal

        station = Station(self.plans, self.recipe, engine, Systemd())
        captioner = engine.captioner
        model = Model(
            name=self.preset.name, id=self.recipe.model, revision=self.preset.revision, engine=captioner.engine,
            engine_version=captioner.engine_version,
        )  # fmt: skip
        if screen is not None:
            station.outputs.append(screen)
        if self.settings.jsonl is not None:
            station.outputs.append(_lines(str(self.settings.jsonl), station.stop))
        if self.settings.output_dir is not None:
            station.outputs.append(Journal(self.settings.output_dir, self.formats, self.recipe, model, station.shape_of))
        if self.settings.hls is not None:
            from pipeline.live.outputs.hls import Hls

            longest = max(plan.max_window for plan in self.plans)
            station.outputs.append(
                Hls(
                    self.settings.hls, self.recipe, model, station.shape_of, seconds=self.settings.hls_segment,
                    video=self.settings.hls_video, late=self.settings.hls_mode == "late", patience=self.settings.hls_delay or longest + 15.0,
                )
            )  # fmt: skip
        if self.settings.record is not None:
            from pipeline.live.outputs.record import Recording

            gigabytes = self.settings.record_gb
            station.outputs.append(
                Recording(
                    self.settings.record, self.formats, self.recipe, model, station.shape_of,
                    seconds=self.settings.record_minutes * 60, keep_bytes=None if gigabytes is None else gigabytes * 1e9,
                    keep_days=self.settings.record_days,
                )
            )  # fmt: skip
        if self.settings.webhook is not None:
            from pipeline.live.outputs.webhook import Hook

            station.outputs.append(Hook(self.settings.webhook, self.settings.webhook_secret))
        if self.settings.listen is not None:
            from pipeline.live.outputs.page import Page

            station.outputs.append(Page(self.settings.listen, station, on_address=on_address))
        return station


def _lines(name: str, gone: Callable[[], None]) -> Output:
    """Raises OutputError ``unwritable``."""
    from pathlib import Path

    from pipeline.live.outputs.lines import Added, Lines

    return Lines(sys.stdout, gone=gone) if name == "-" else Added(Path(name))
