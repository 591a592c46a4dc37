"""Films in, described and written: what ``scenescribe caption`` runs, and what it takes from the files of configuration."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from pipeline.errors import ScenescribeError, UsageError, nearest
from pipeline.options import names
from pipeline.options.base import Options, first_fault, load
from pipeline.options.caption import Settings

if TYPE_CHECKING:
    from models.base import Captioner
    from pipeline.inputs import Film
    from pipeline.observing import Observer, Result
    from pipeline.outline import Summary
    from pipeline.sinks.base import Written
    from pipeline.types import Caption, VideoInfo

AnyPath = str | Path
OnCaption = Callable[[Path, "Caption"], None]
"""told of each caption as it is finished, with its film, in any order"""
T = TypeVar("T")
S = TypeVar("S", bound=Options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run over many films ended: one that failed did not stop the others."""

    results: tuple["Result", ...]
    """films that are done or were done before, as they finished"""
    errors: tuple[tuple[str, ScenescribeError], ...] = ()
    """(what was named, why it failed)"""

    def raise_errors(self) -> None:
        """Raise an ExceptionGroup of all failures, where there are any."""
        if self.errors:
            raise ExceptionGroup("films that could not be described", [error for _, error in self.errors])


def caption(
    film: AnyPath,
    *,
    settings: Settings | None = None,
    on_caption: OnCaption | None = None,
    captioner: "Captioner | None" = None,
    **options: Any,
) -> "Result":
    """Describe one film and write its outputs, as ``scenescribe caption FILM`` does.

    ``options`` are fields of ``Settings`` (``model="shapes"``, ``output_dir="out"``, ``format="srt,ass"``), on top of ``settings``
    where both are given. ``captioner`` answers instead of an engine of ours. The model is loaded for this call: for more than one
    film call ``caption_all``.

    Raises InputError, OutputError, UsageError, EnvironmentFault; UsageError ``running_loop`` where an event loop runs already.
    """
    return _blocking(
        lambda: caption_async(film, settings=settings, on_caption=on_caption, captioner=captioner, **options), "caption"
    )


async def caption_async(
    film: AnyPath,
    *,
    settings: Settings | None = None,
    on_caption: OnCaption | None = None,
    captioner: "Captioner | None" = None,
    **options: Any,
) -> "Result":
    """``caption``, to be awaited. Cancelling it lets the engine go; what was captioned until then is kept for the next run."""
    from pipeline.inputs import Film

    path = Path(film)
    run = await _run([Film(path, Path(path.name))], _settings(settings, options), on_caption, captioner)
    for _, error in run.errors:
        raise error
    return run.results[0]


def caption_all(
    inputs: AnyPath | Sequence[AnyPath],
    *,
    recursive: bool = False,
    settings: Settings | None = None,
    on_caption: OnCaption | None = None,
    captioner: "Captioner | None" = None,
    **options: Any,
) -> Run:
    """Describe films, folders and globs with one engine, as ``scenescribe caption INPUT...`` does.

    Raises UsageError and EnvironmentFault, which stand in the way of every film; what is wrong with one is in ``Run.errors``.
    """
    return _blocking(
        lambda: caption_all_async(
            inputs, recursive=recursive, settings=settings, on_caption=on_caption, captioner=captioner, **options
        ),
        "caption_all",
    )


async def caption_all_async(
    inputs: AnyPath | Sequence[AnyPath],
    *,
    recursive: bool = False,
    settings: Settings | None = None,
    on_caption: OnCaption | None = None,
    captioner: "Captioner | None" = None,
    **options: Any,
) -> Run:
    """``caption_all``, to be awaited."""
    from pipeline.inputs import find_films

    chosen = _settings(settings, options)
    names = [inputs] if isinstance(inputs, (str, Path)) else inputs
    found = find_films([str(name) for name in names], recursive=recursive)
    if not found.films:
        return Run(results=(), errors=found.errors)
    run = await _run(found.films, chosen, on_caption, captioner)
    return Run(results=run.results, errors=(*found.errors, *run.errors))


def load_settings(config_file: AnyPath | None = None, **options: Any) -> Settings:
    """Options as the command line finds them: ``options``, then ``SCENESCRIBE_*``, then ``config_file``, then the user's file.

    Raises UsageError ``bad_config``, ``unknown_option``, ``bad_value``.
    """
    return load(Settings, options, Path(config_file) if config_file is not None else None, known=names).settings


def probe(film: AnyPath) -> "VideoInfo":
    """What a film is: size, length, codec, and what is odd about it; nothing is decoded in this process. Raises InputError."""
    from pipeline.video.children.pool import WorkerPool
    from pipeline.video.probe import probe as look

    pool = WorkerPool()
    try:
        return look(Path(film), pool=pool)
    finally:
        pool.close()


def _settings(given: Settings | None, options: dict[str, Any]) -> Settings:
    return checked(given or Settings(), options)


def checked(given: S, options: dict[str, Any]) -> S:
    """Options with some of them changed. Raises UsageError ``unknown_option``, ``bad_value``."""
    known = type(given).model_fields
    for name in options:
        if name not in known:
            raise UsageError("unknown_option", f"there is no option '{name}'{nearest(name, known)}", option=name)
    try:
        return given.changed(**options)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise UsageError("bad_value", f"{name}={options.get(name)!r}: {first_fault(error)}", option=name) from None


@dataclass(slots=True)
class _Listener:
    """A RunObserver that keeps how each film ends."""

    on_caption: OnCaption | None
    results: list["Result"] = field(default_factory=list)
    errors: list[tuple[str, ScenescribeError]] = field(default_factory=list)

    def observer(self, film: "Film") -> "Observer":
        from pipeline.observing import Observer

        told, path = self.on_caption, film.path

        class One(Observer):
            def captioned(self, caption: "Caption", position: float) -> None:
                if told is not None:
                    told(path, caption)

        return One()

    def finished(self, film: "Film", result: "Result") -> None:
        self.results.append(result)

    def failed(self, name: AnyPath, error: ScenescribeError) -> None:
        self.errors.append((str(name), error))

    async def summarize(self, settings: Settings) -> None:
        """The summaries of what is described, by a model that could not be loaded beside the first."""
        from pipeline.summary_items import Item, find_items
        from pipeline.summary_run import summarize_all

        films = {result.info.path: place for place, result in enumerate(self.results)}

        def told(item: Item, written: "Written", summary: "Summary") -> None:
            result = self.results[films[item.name]]
            self.results[films[item.name]] = replace(
                result, outputs=(*result.outputs, *written.paths), notices=(*result.notices, *written.notices), summary=summary
            )

        items, _ = find_items([str(path) for path in films], settings, recursive=False)
        alone = settings.changed(model=settings.summary_model, summary_model=None)
        await summarize_all(items, alone, told, self.failed)


async def _run(films: Sequence["Film"], settings: Settings, on_caption: OnCaption | None, captioner: "Captioner | None") -> Run:
    from pipeline.run import describe_all, plan_outputs
    from pipeline.studio import Studio
    from pipeline.summarizer import needs_its_own_engine

    studio, listener = Studio(settings, captioner=captioner), _Listener(on_caption)
    async with studio:
        await describe_all(films, plan_outputs(films, studio), studio, listener)
    if settings.wants_summary and needs_its_own_engine(settings):
        await listener.summarize(settings)
    return Run(results=tuple(listener.results), errors=tuple(listener.errors))


def _blocking(work: Callable[[], Coroutine[Any, Any, T]], name: str) -> T:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    raise UsageError("running_loop", f"an event loop runs already (a notebook, a server): await {name}_async(...) instead")
