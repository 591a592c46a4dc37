"""What is wished of films, understood, and the host that does it: settings -> recipe, layout, formats, engine.

Everything that can be wrong with the settings is found here, before a film is opened or a model is loaded.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from models.base import Captioner
from pipeline import families
from pipeline.captioning import context
from pipeline.captioning.recipe import Recipe
from pipeline.describe import describe
from pipeline.engine.engine import Engine
from pipeline.errors import ScenescribeError
from pipeline.fleet.opening import open_host
from pipeline.host import Host
from pipeline.observing import Observer, Result
from pipeline.options.caption import Settings
from pipeline.outputs import Outputs
from pipeline.scheduler import ReadingPlace
from pipeline.sinks.base import Sink
from pipeline.sinks.files import FileSink
from pipeline.sinks.several import Several
from pipeline.store.lookup import FileLookup, Lookup
from pipeline.stretch import Arriving
from pipeline.types import Document, Model, Notice, Track

if TYPE_CHECKING:
    from models.preset import Preset
    from pipeline.summarizer import Summarizer


class Studio:
    """One recipe and one way to write files, on a host. An asynchronous context manager, which holds its own host open.

    Raises UsageError (an option that can't be, an unknown model) and EnvironmentFault (no engine) when it is made.
    """

    def __init__(
        self, settings: Settings, *, captioner: Captioner | None = None, verbose: bool = False, host: Host | None = None
    ) -> None:
        """``host``: one that runs already and serves these settings; it stays open. ``captioner`` answers in place of an engine
        of ours."""
        from pipeline import media

        self.host = host or self.open_host(settings, captioner, verbose)
        self._own = host is None
        self.recipe = Recipe.of(settings, self.host.preset)
        self.settings = settings.changed(language=self.recipe.language)
        self.layout = media.layout_of(settings)
        if self.layout.place != "window":
            from pipeline.speech.known import check_listening

            check_listening(self.layout)
        self.look = media.look_of(settings, self.layout)
        self.formats = formats_of(settings.format)
        self.sinks()
        self.summarizer = self._summarizer()

    def open_host(self, settings: Settings, captioner: Captioner | None, verbose: bool) -> Host:
        """The host of a studio that is given none."""
        return open_host(settings, captioner=captioner, verbose=verbose)

    async def __aenter__(self) -> Self:
        if self._own:
            await self.host.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._own:
            await self.host.__aexit__(*_)

    @property
    def engine(self) -> Engine:
        return self.host.engine

    @property
    def preset(self) -> "Preset":
        return self.host.preset

    @property
    def model(self) -> Model:
        """The model as the JSON names it."""
        return self.host.model(self.recipe.model)

    def recipe_of(self, film: Path) -> Recipe:
        """The recipe of one film, with what a text beside it says. Raises InputError ``bad_context``."""
        known = context.beside(film) if self.settings.context_files else ""
        return Recipe.of(self.settings, self.preset, known) if known else self.recipe

    async def describe(
        self,
        film: Path,
        outputs: Outputs,
        *,
        lookup: Lookup | None = None,
        observer: Observer | None = None,
        place: ReadingPlace | None = None,
        arriving: Arriving | None = None,
    ) -> Result:
        """Describe one film into its files, then summarize it where that is wished. ``arriving``: its bytes come while it is read.

        Raises InputError, OutputError, RequestError, EnvironmentFault, UsageError.
        """
        observer = observer or Observer()
        recipe = await asyncio.to_thread(self.recipe_of, film)
        result = await describe(
            self.host.source(film, arriving),
            recipe,
            Several(FileSink(outputs, self.layout, self.look, encoders=self.host.encoders, on_step=observer.step), self.sinks()),
            self.engine,
            model=lambda: self.model,
            lookup=lookup or FileLookup(outputs, overwrite=self.settings.overwrite),
            resume=self.settings.resume and not self.settings.overwrite,
            observer=observer,
            place=place,
            open_stream=self.host.open_stream,
        )
        return result if self.summarizer is None else await self._summarized(result, film, outputs, observer)

    async def _summarized(self, result: Result, film: Path, outputs: Outputs, observer: Observer) -> Result:
        from pipeline.summarizer import beside

        assert self.summarizer is not None
        files = self.summarizer.files(outputs.folder, outputs.stem, film)
        try:
            written, summary = await self.summarizer.write(result.document, files, on_step=observer.step)
        except ScenescribeError as error:
            raise beside(error) from error
        return replace(
            result,
            state="done" if written.new else result.state,
            outputs=(*result.outputs, *written.paths),
            notices=(*result.notices, *written.notices),
            write_seconds=result.write_seconds + written.seconds,
            summary=summary,
        )

    def _summarizer(self) -> "Summarizer | None":
        """None where no summary is wished, or none of this host's models is to write it."""
        if not self.settings.wants_summary:
            return None
        from pipeline.summarizer import Summarizer, needs_its_own_engine, writer_of

        if needs_its_own_engine(self.settings):
            return None
        return Summarizer(self.settings, writer_of(self.settings, self.host), overwrite=self.settings.overwrite)

    def sinks(self) -> list[Sink]:
        """What is told of a film beside its files, made anew for each. Raises UsageError."""
        return [families.parse("sinks", spec) for spec in self.settings.sink]

    def make_track(self, document: Document) -> tuple[Track, tuple[Notice, ...]]:
        """The document's cues, laid out as the settings say."""
        from pipeline.cues import make_track
        from pipeline.speech.known import possible

        return make_track(document, possible(self.layout, document))


def formats_of(given: str) -> tuple[str, ...]:
    """``srt,vtt`` or ``all`` -> names of formats; none where none is named. JSON is always written and not among them."""
    from pipeline import formats

    return tuple(name for name in formats.parse_names(given) if name != "json") if given.strip(" ,") else ()
