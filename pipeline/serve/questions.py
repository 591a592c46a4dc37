"""What a chat means: pictures and text for the engine as they are, a film for a talk about it (pipeline.asking)."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.base import Request, Turn
from pipeline.errors import UsageError
from pipeline.part import Part
from pipeline.serve.faults import HttpError
from pipeline.serve.pictures import data_of, pictures_of
from pipeline.serve.protocol import Chat, FilePart, ImagePart, Message, TextPart, VideoPart
from pipeline.serve.uploads import Incoming

if TYPE_CHECKING:
    from pipeline.serve.films import KnownFilm
    from pipeline.serve.service import Service

MOST_IMAGES = 16
OURS = "scenescribe:"
"""``video_url`` of a film that is here: ``scenescribe:film-...``"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutFilm:
    """A question about a film, what was said of it before, and what systems say of how to answer."""

    film: "KnownFilm"
    question: str
    history: tuple[Turn, ...]
    instructions: str
    chat: Chat


async def asked_by(service: "Service", chat: Chat) -> Request | AboutFilm:
    """What is asked. Raises HttpError 400 with ``param``, 404, InputError."""
    check_model(service, chat.model)
    system, turns, media = _unfolded(chat.messages)
    if not turns or turns[-1].role != "user":
        raise HttpError(400, "bad_value", "the last message is the user's", param="messages")
    *history, last = turns
    images = [part for part in media if isinstance(part, ImagePart)]
    films = [part for part in media if not isinstance(part, ImagePart)]
    if len(films) > 1 or (films and images) or len(images) > MOST_IMAGES:
        raise HttpError(
            400, "too_many_pictures", f"one film, or {MOST_IMAGES} images at most, in one conversation", param="messages"
        )
    schema = chat.schema_of_answer
    if films:
        if chat.range is not None:
            _check_range(chat.range)
        film = await _film(service, films[0])
        service.films.touch(film.id)
        return AboutFilm(film=film, question=last.text, history=tuple(history), instructions=system, chat=chat)
    for name in ("range", "frames", "mode"):
        if name in chat.model_fields_set:
            raise HttpError(400, "bad_value", "there is no film in the messages that this is about", param=name)
    if system:
        first = history[0] if history else last
        first = Turn(role=first.role, text=f"{system}\n\n{first.text}")
        history, last = ([first, *history[1:]], last) if history else ([], first)
    values: dict[str, Any] = {
        "prompt": last.text, "history": tuple(history), "sampling": chat.sampling(chat.max_completion_tokens), "schema": schema,
    }  # fmt: skip
    if images:
        data = [data_of(image.image_url.url, "messages") for image in images]
        async with service.pictures:  # a small file may be a large picture: two at once, however many ask
            values["images"] = await asyncio.to_thread(pictures_of, data, "messages")
    return Request(**values)


def _check_range(span: tuple[float, float]) -> None:
    try:
        Part.of(*span)
    except UsageError as error:
        raise HttpError(400, "bad_value", "the range ends where it begins, or before", param="range") from error


def check_model(service: "Service", name: str | None) -> None:
    """Raise HttpError 404 ``model_not_found`` where another model is asked for than the one that is served."""
    preset = service.studio.preset
    if name is not None and name not in (preset.name, service.studio.recipe.model):
        raise HttpError(
            404, "model_not_found", f"this service has one model, {preset.name}, and not {name[:80]!r}", param="model"
        )


def _unfolded(messages: list[Message]) -> tuple[str, list[Turn], list[ImagePart | VideoPart | FilePart]]:
    """What systems say, what was said in turn, and what is shown."""
    system: list[str] = []
    turns: list[Turn] = []
    media: list[ImagePart | VideoPart | FilePart] = []
    for message in messages:
        pieces = [TextPart(type="text", text=message.content)] if isinstance(message.content, str) else message.content
        text = "\n".join(piece.text for piece in pieces if isinstance(piece, TextPart))
        shown = [piece for piece in pieces if not isinstance(piece, TextPart)]
        if message.role in ("system", "developer"):
            system.append(text)
        elif turns and turns[-1].role == message.role:
            turns[-1] = Turn(role=turns[-1].role, text=f"{turns[-1].text}\n{text}")
        else:
            turns.append(Turn(role="assistant" if message.role == "assistant" else "user", text=text))
        if shown and message.role != "user":
            raise HttpError(400, "bad_value", "pictures and films stand in the user's messages", param="messages")
        media += shown
    return "\n".join(system), turns, media


async def _film(service: "Service", part: VideoPart | FilePart) -> "KnownFilm":
    """The film that is named; one that is sent along is kept like any upload."""
    if isinstance(part, FilePart):
        return service.films.get(part.file.file_id)
    url = part.video_url.url
    if url.startswith(OURS):
        return service.films.get(url.removeprefix(OURS))
    data = data_of(url, "messages")
    with Incoming(service.incoming, "film", most=service.settings.most_upload) as incoming:
        await incoming.write(data)
        received = await incoming.finish()
    film, _ = await service.take(received, "user_data")
    return film
