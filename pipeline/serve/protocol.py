"""What OpenAI's clients send, as far as it is supported: a field that is not here is an error, never left out of account."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.base import Sampling, Schema
from pipeline.serve.faults import HttpError

TEMPERATURE = 0.3
"""of questions that say nothing else"""
LONGEST_ANSWER = 512
MOST_FRAMES = 128
MOST_PIECES = 300
"""parts of one message"""
Text = Annotated[str, Field(max_length=1_000_000)]
"""what is far too long for a model is not counted by its tokenizer"""


class Strict(BaseModel):
    """A field that is not known is an error, never left out of account."""

    model_config = ConfigDict(extra="forbid")


class Url(Strict):
    url: str
    detail: Literal["auto"] = "auto"
    """the model's preset says how large it is shown a picture"""


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
    mode: Literal["auto", "look", "read"] = "auto"
    """``look``: at frames; ``read``: captions alone; ``auto``: as the film's length and the question call for"""
    logprobs: Literal[False] = False

    @property
    def schema_of_answer(self) -> Schema | None:
        """Raises HttpError 400."""
        given = self.response_format
        if given is None or given.type == "text":
            return None
        if given.type == "json_object":
            return Schema(json={"type": "object"})
        if given.json_schema is None:
            raise HttpError(400, "bad_value", "json_schema is missing", param="response_format.json_schema")
        return Schema(json=given.json_schema.json_schema)


class Completion(Drawing):
    prompt: Text
    echo: Literal[False] = False
