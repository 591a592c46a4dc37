"""What OpenAI's clients send, and what it means for an engine: messages -> one Request."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.base import Request, Sampling, Schema, Turn
from pipeline.errors import UsageError
from pipeline.part import Part
from pipeline.serve.faults import HttpError
from pipeline.serve.pictures import data_of, pictures_of
from pipeline.serve.uploads import Incoming

if TYPE_CHECKING:
    from pipeline.serve.films import KnownFilm
    from pipeline.serve.service import Service

TEMPERATURE = 0.3
"""of questions that say nothing else"""
LONGEST_ANSWER = 512
MOST_FRAMES, MOST_IMAGES = 128, 16
MOST_PIECES = 300
"""parts of one message"""
Text = Annotated[str, Field(max_length=1_000_000)]
"""what is far too long for a model is not counted by its tokenizer"""
OURS = "scenescribe:"
"""``video_url`` of a film that is here: ``scenescribe:film-...``"""


class Strict(BaseModel):
    """A field that is not known is an error, never left out of account."""

    model_config = ConfigDict(extra="forbid")


class Url(Strict):
    url: str
    detail: Literal["auto", "low", "high"] = "auto"


class FileId(Strict):
    file_id: str


class TextPart(Strict):
    type: Literal["text"]
    text: Text


class ImagePart(Strict):
    type: Literal["image_url"]
    image_url: Url


class VideoPart(Strict):
    type: Literal["video_url"]
    video_url: Url


class FilePart(Strict):
    type: Literal["file"]
    file: FileId


Piece = Annotated[TextPart | ImagePart | VideoPart | FilePart, Field(discriminator="type")]


class Message(Strict):
    role: Literal["system", "developer", "user", "assistant"]
    content: Text | Annotated[list[Piece], Field(max_length=MOST_PIECES)]


class StreamOptions(Strict):
    include_usage: bool = False


class JsonSchema(Strict):
    name: str = "answer"
    description: str = ""
    strict: bool | None = None
    json_schema: dict[str, Any] = Field(alias="schema")


class Format(Strict):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class Drawing(Strict):
    """How words are drawn, for both kinds of request. What is not here is not supported, and is said to be."""

    model: str | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = TEMPERATURE
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**62)] = 0
    stop: str | list[str] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    user: str | None = Field(default=None, max_length=200)
    """whose question it is: users take turns"""
    n: Literal[1] = 1
    frequency_penalty: Literal[0] = 0
    presence_penalty: Literal[0] = 0

    @property
    def stops(self) -> tuple[str, ...]:
        """Raises HttpError 400."""
        stops = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        if len(stops) > 4 or not all(0 < len(stop) <= 200 for stop in stops):
            raise HttpError(400, "bad_value", "stop is a text, or four of them at most, none of them empty", param="stop")
        return stops

    def sampling(self, most: int | None = None) -> Sampling:
        return Sampling(
            temperature=self.temperature, top_p=self.top_p, max_tokens=most or self.max_tokens or LONGEST_ANSWER, seed=self.seed
        )


class Chat(Drawing):
    messages: list[Message] = Field(min_length=1, max_length=1000)
    max_completion_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    response_format: Format | None = None
    range: tuple[Annotated[float, Field(ge=0, le=1e7)], Annotated[float, Field(gt=0, le=1e7)]] | None = None
    """seconds of the film that are looked at; all of it where it is not given"""
    frames: Annotated[int, Field(ge=1, le=MOST_FRAMES)] | None = None
    """of the film, that the model is shown; the model's preset says how many otherwise"""
    logprobs: Literal[False] = False


class Completion(Drawing):
    prompt: Text
    echo: Literal[False] = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for the engine, and what it looks at."""

    request: Request
    film: str | None = None
    looked_at: tuple[float, ...] = ()
    """seconds of the frames that are shown"""


async def asked_by(service: "Service", chat: Chat) -> Asked:
    """The request that a chat means. Raises HttpError 400 with ``param``, 404, InputError."""
    check_model(service, chat.model)
    system, turns, media = _unfolded(chat.messages)
    if not turns or turns[-1].role != "user":
        raise HttpError(400, "bad_value", "the last message is the user's", param="messages")
    *history, last = turns
    if system:
        first = history[0] if history else last
        first = Turn(role=first.role, text=f"{system}\n\n{first.text}")
        history, last = ([first, *history[1:]], last) if history else ([], first)
    images = [part for part in media if isinstance(part, ImagePart)]
    films = [part for part in media if not isinstance(part, ImagePart)]
    if len(films) > 1 or (films and images) or len(images) > MOST_IMAGES:
        raise HttpError(
            400, "too_many_pictures", f"one film, or {MOST_IMAGES} images at most, in one conversation", param="messages"
        )
    if not films and (chat.range is not None or chat.frames is not None):
        param = "range" if chat.range is not None else "frames"
        raise HttpError(400, "bad_value", "there is no film in the messages that this is about", param=param)
    values: dict[str, Any] = {
        "prompt": last.text, "history": tuple(history), "sampling": chat.sampling(chat.max_completion_tokens), "schema": _schema(chat),
    }  # fmt: skip
    if images:
        data = [data_of(image.image_url.url, "messages") for image in images]
        async with service.pictures:  # a small file may be a large picture: two at once, however many ask
            shown = await asyncio.to_thread(pictures_of, data, "messages")
        return Asked(Request(images=shown, **values))
    if not films:
        return Asked(Request(**values))
    film = await _film(service, films[0])
    try:
        part = Part.of(*chat.range) if chat.range is not None else None
    except UsageError as error:
        raise HttpError(400, "bad_value", "the range ends where it begins, or before", param="range") from error
    frames = chat.frames or service.studio.preset.ask.frames or service.studio.preset.frame_count
    key, batch = await service.frames.at(film, frames, part)
    service.films.touch(film.id)
    if service.studio.recipe.frames == "images":
        return Asked(Request(images=tuple(batch.data), key=key, **values), film.id, batch.times)
    times = tuple(time - batch.times[0] for time in batch.times)
    return Asked(Request(video=batch.data, times=times, key=key, **values), film.id, batch.times)


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


def _schema(chat: Chat) -> Schema | None:
    given = chat.response_format
    if given is None or given.type == "text":
        return None
    if given.type == "json_object":
        return Schema(json={"type": "object"})
    if given.json_schema is None:
        raise HttpError(400, "bad_value", "json_schema is missing", param="response_format.json_schema")
    return Schema(json=given.json_schema.json_schema)
