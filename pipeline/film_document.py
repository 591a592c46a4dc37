"""The document of one reading of a film: what was read, what was answered, and what the user should know of it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.captioning.recipe import Recipe
from pipeline.errors import InputError
from pipeline.types import Caption, Document, Model, Notice, Outcome, VideoInfo
from pipeline.types import Source as Described


def refuse_unanswered(captions: Sequence[Caption], notices: Sequence[Notice]) -> None:
    """Raise InputError ``no_window_answered`` with the server's words where no window at all was answered.

    Files with nothing in them would look like success.
    """
    if any(caption.outcome not in (Outcome.FAILED, Outcome.EMPTY) for caption in captions):
        return
    said = _said(notices)
    windows = "its only window" if len(captions) == 1 else f"all {len(captions)} windows of it"
    if said is None and all(caption.outcome is Outcome.EMPTY for caption in captions):
        sentence = f"the model answered nothing to {windows}: one that thinks aloud may want more --max-tokens"
        raise InputError("no_window_answered", sentence, reason="answer_empty")
    why = f"; it said: {said.message}" if said is not None else ""
    raise InputError("no_window_answered", f"the model refused {windows}{why}", reason=said.code if said is not None else "")


def unanswered(captions: Sequence[Caption], notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """A notice that a film is described in part, with the server's words, where windows of it were refused."""
    refused = sum(caption.outcome is Outcome.FAILED for caption in captions)
    if not refused:
        return ()
    said = _said(notices)
    sentence = (
        f"{refused} of {len(captions)} windows {'has' if refused == 1 else 'have'} no description, and the next run asks again"
    )
    sentence += f"; the model said: {said.message}" if said is not None else ""
    return (Notice(code="partial", message=sentence),)


def _said(notices: Sequence[Notice]) -> Notice | None:
    """What a server said first of a window that it refused."""
    return next((notice for notice in notices if notice.code in ("request_refused", "prompt_too_long")), None)


def film_document(
    info: VideoInfo,
    recipe: Recipe,
    model: Model,
    *,
    captions: Sequence[Caption],
    read: tuple[str, tuple[float, ...], Sequence[Notice]],
    notices: Sequence[Notice],
    stats: Mapping[str, Any],
) -> Document:
    """``read``: by which reader, its cuts in seconds, and what it noticed; ``notices``: of the answers. Notices once each."""
    reader, shots, of_pictures = read
    return Document(
        source=_as_described(replace(info, duration=_length(info, captions)), reader),
        model=model,
        settings=recipe.key(info),
        captions=tuple(captions),
        shots=shots,
        language=recipe.language,
        warnings=tuple(dict.fromkeys((*info.notices, *of_pictures, *sorted(notices, key=_when)))),
        stats=stats,
    )


def _length(info: VideoInfo, captions: Sequence[Caption]) -> float:
    """Seconds of the film as it was read: the head of parts that were joined as they were tells the length of one of them."""
    read = max(caption.end for caption in captions)
    return read if read > info.duration + max(0.5, 0.02 * info.duration) else info.duration


def _when(notice: Notice) -> float:
    return notice.start or 0.0


def _as_described(info: VideoInfo, reader: str) -> Described:
    """The film as the JSON names it."""
    return Described(
        name=os.fsencode(info.path.name).decode("utf-8", "replace"), size=info.size, duration=info.duration, fps=info.fps,
        width=info.width, height=info.height, start=info.start, codec=info.codec, reader=reader or info.reader,
    )  # fmt: skip
