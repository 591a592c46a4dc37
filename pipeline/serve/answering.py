"""An answer as it comes: pieces, cut at the first stop text, and at the end what is known of it."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.base import Finish, Reply, Request
from pipeline.asking.types import Answer
from pipeline.engine.gate import Priority
from pipeline.errors import InputError
from pipeline.serve.faults import HttpError
from pipeline.serve.questions import AboutFilm
from pipeline.types import Outcome

if TYPE_CHECKING:
    from pipeline.serve.service import Service
    from pipeline.types import Document


SPARSE = 4.0
"""seconds between the frames of a film that is not described, past which an answer says so"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The whole answer. ``prompt_tokens`` is 0 where it was left at a stop text: the engine was not asked what it counted."""

    text: str
    finish: Finish = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    told: Mapping[str, Any] = field(default_factory=dict)
    """of a question about a film: mode, looked_at, citations, warnings"""


async def answer(
    service: "Service", asked: Request | AboutFilm, stops: tuple[str, ...], owner: Hashable
) -> AsyncGenerator[str | Ended, None]:
    """Pieces of text, then the whole. Closing it takes the request out of the engine.

    Raises HttpError 400, 429 and 503, InputError, and what Engine.stream raises.
    """
    began, first, count = time.monotonic(), True, 0
    async with service.asking():
        stop = _Stop(stops)
        async with _pieces(service, asked, owner) as pieces:
            async for piece in pieces:
                if isinstance(piece, Ended):
                    if rest := stop.rest():
                        yield rest
                    service.counters.answered(piece.prompt_tokens, piece.cached_tokens, piece.completion_tokens)
                    yield Ended(
                        text=stop.given, finish=piece.finish, prompt_tokens=piece.prompt_tokens, cached_tokens=piece.cached_tokens,
                        completion_tokens=piece.completion_tokens, told=piece.told,
                    )  # fmt: skip
                    return
                if first:
                    first = False
                    service.counters.first_token(time.monotonic() - began)
                count += 1
                if text := stop.feed(piece):
                    yield text
                if stop.found:
                    break
        # pieces are tokens, nearly: the engine is not asked what it would have counted
        service.counters.answered(0, 0, count)
        yield Ended(text=stop.given, completion_tokens=count)


@asynccontextmanager
async def _pieces(
    service: "Service", asked: Request | AboutFilm, owner: Hashable
) -> AsyncIterator[AsyncGenerator[str | Ended, None]]:
    if isinstance(asked, Request):
        async with aclosing(_plain(service, asked, owner)) as pieces:
            yield pieces
    else:
        async with aclosing(_of_film(service, asked, owner)) as pieces:
            yield pieces


async def _plain(service: "Service", request: Request, owner: Hashable) -> AsyncGenerator[str | Ended, None]:
    stream = service.studio.engine.stream(request, priority=Priority.QUESTION, owner=owner)
    async with aclosing(stream) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            if isinstance(piece, Reply):
                yield Ended(
                    text=piece.text, finish=piece.finish, prompt_tokens=piece.prompt_tokens, cached_tokens=piece.cached_tokens,
                    completion_tokens=piece.completion_tokens,
                )  # fmt: skip
            else:
                yield piece


async def _of_film(service: "Service", asked: AboutFilm, owner: Hashable) -> AsyncGenerator[str | Ended, None]:
    try:
        async with service.open_films.talk(asked, owner) as talk, aclosing(talk.stream(asked.question)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    document = talk.films[0].document
                    usage = piece.usage
                    yield Ended(
                        text=piece.text, finish=piece.finish, prompt_tokens=usage.prompt_tokens, cached_tokens=usage.cached_tokens,
                        completion_tokens=usage.completion_tokens, told=_told(asked, piece, document),
                    )  # fmt: skip
                else:
                    yield piece
    except InputError as error:
        if error.code != "no_captions":
            raise
        raise HttpError(
            400, "no_captions", "the film is too long to be looked at whole and has no captions: ask for a job with the task caption first,"
            " give a range, or mode look for a few frames of all of it", param="messages",
        ) from None  # fmt: skip


def _told(asked: AboutFilm, answer: Answer, document: "Document | None") -> dict[str, Any]:
    told: dict[str, Any] = {
        "film": asked.film.id,
        "mode": answer.mode,
        "looked_at": [round(time, 3) for _, time in answer.looked_at],
        "citations": [
            {"start": round(one.start, 3), "end": round(one.end, 3), "text": _caption_in(document, one.start, one.end)}
            for one in answer.citations
        ],
    }
    warnings = [{"code": one.code, "message": one.message} for one in answer.notices]
    if document is None and asked.chat.range is None and float(asked.film.facts["duration"]) > SPARSE * len(answer.looked_at):
        warnings.append({
            "code": "few_frames", "message": "few frames of a long film were looked at, since it has no captions that lead to the right ones"
        })  # fmt: skip
    if warnings:
        told["warnings"] = warnings
    return told


def _caption_in(document: "Document | None", start: float, end: float) -> str | None:
    """What the captions say of the first window that lies for the most part in a stretch; None without any."""
    for caption in document.captions if document is not None else ():
        if caption.outcome is not Outcome.FAILED and start <= (caption.start + caption.end) / 2 < end:
            return caption.text
    return None


class _Stop:
    """Text goes through as soon as it can't be the beginning of a stop any more."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = stops
        self._held = ""
        self.given = ""
        self.found = False

    def feed(self, text: str) -> str:
        self._held += text
        places = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if places:
            self.found = True
            self._held = self._held[: min(places)]
            return self.rest()
        keep = max((n for stop in self._stops for n in range(1, len(stop)) if self._held.endswith(stop[:n])), default=0)
        return self._give(len(self._held) - keep)

    def rest(self) -> str:
        """What was held back, at the end."""
        return self._give(len(self._held))

    def _give(self, count: int) -> str:
        text, self._held = self._held[:count], self._held[count:]
        self.given += text
        return text
