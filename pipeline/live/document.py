"""Events of a stream as the document that films have, so that every other command works on it."""

from collections.abc import Iterable
from typing import Any

from pipeline.captioning.recipe import Recipe
from pipeline.live.events import Event
from pipeline.types import Caption, Document, Model, Notice, Outcome, Source


def caption_of(event: Event, *, since: float = 0.0) -> Caption:
    """A caption event as a caption; times are counted from ``since``."""
    return Caption(
        start=event["start"] - since,
        end=event["end"] - since,
        text=event["text"],
        outcome=Outcome(event["outcome"]),
        completion_tokens=event.get("tokens", 0),
    )


def notice_of(event: Event, *, since: float = 0.0) -> Notice:
    """A gap as the notice that a description has of it."""
    seconds = event["end"] - event["start"]
    return Notice(
        code="not_described",
        message=f"{seconds:.1f} s were not described: {event['reason']}",
        start=event["start"] - since,
        end=event["end"] - since,
    )


def settings_of(recipe: Recipe, stream: dict[str, Any]) -> dict[str, Any]:
    """What the JSON of a film keeps of its recipe; the size of frames is told where it is known."""
    plain = {key: value for key, value in recipe.to_json().items() if key not in ("size", "sampling", "frames")}
    return {**plain, **recipe.to_json()["sampling"], "stream": stream}


def document_of(
    captions: Iterable[Caption], notices: Iterable[Notice], *, name: str, size: int, duration: float, shape: dict[str, Any],
    recipe: Recipe, model: Model, stream: dict[str, Any],
) -> Document:  # fmt: skip
    width, height = shape.get("size", (0, 0))
    source = Source(
        name=name, size=size, duration=duration, fps=shape.get("fps", 0.0), width=width, height=height, start=0.0,
        codec=shape.get("codec", ""), reader="live",
    )  # fmt: skip
    return Document(
        source=source, model=model, settings=settings_of(recipe, stream), captions=tuple(captions), language=recipe.language,
        warnings=tuple(notices),
    )  # fmt: skip
