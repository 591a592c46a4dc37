"""A request as the body of a chat completion: pictures as JPEG in data URLs, before the instruction."""

import base64
import io
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import Request
from models.engines.openai.dialect import SHRUNK, Dialect
from models.preset import Preset
from models.prompts import pictures, turns

SMALLEST = 28
"""pixels of a side that pictures are made smaller to, where a server wants them smaller"""
Picture = NDArray[np.uint8]


def chat_body(request: Request, preset: Preset, model: str, *, stream: bool, dialect: Dialect | None = None) -> dict[str, Any]:
    """What ``/chat/completions`` is sent, in the server's dialect.

    A preset whose frames are a video sends one ``video_url`` whose data are the frames' JPEGs with commas between
    (``data:video/jpeg;base64,A,B,C``): vLLM's own form for a video that is sampled already. Otherwise one ``image_url`` a frame.
    """
    dialect = dialect or Dialect()
    video, images = pictures(request, preset)
    if video is not None and not dialect.videos:
        images, video = (*images, *video), None
    if dialect.most_images is not None:
        images = spread(images, dialect.most_images)
    quality, share = SHRUNK[dialect.shrunk]
    encode, kind = partial(_encoded, quality=None if dialect.png else quality, share=share), "png" if dialect.png else "jpeg"
    content: list[dict[str, Any]] = []
    if video is not None:
        content.append({"type": "video_url", "video_url": {"url": "data:video/jpeg;base64," + ",".join(map(encode, video))}})
    content += [{"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{encode(image)}"}} for image in images]
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(request, content),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        dialect.limit: min(sampling.max_tokens, dialect.most_tokens or sampling.max_tokens),
        "seed": sampling.seed,
    }
    if stream if dialect.streamed is None else dialect.streamed:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if request.schema is not None:
        body["response_format"] = _response_format(request)
    if request.priority:
        body["priority"] = request.priority
    return {name: value for name, value in body.items() if name not in dialect.without}


def spread(images: Sequence[Picture], most: int) -> tuple[Picture, ...]:
    """At most so many of the images, spread over them all: the first and the last are kept where there is room for both."""
    if len(images) <= most:
        return tuple(images)
    if most == 1:
        return (images[len(images) // 2],)
    return tuple(images[round(index * (len(images) - 1) / (most - 1))] for index in range(most))


def _messages(request: Request, content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conversation; its pictures stand in the user's first turn."""
    said, first = turns(request.prompt, request.history, request.preamble)
    return [
        {"role": role, "content": [*content, {"type": "text", "text": text}] if index == first else text}
        for index, (role, text) in enumerate(said)
    ]


def _response_format(request: Request) -> dict[str, Any]:
    """OpenAI's form of a schema; a list of choices is a JSON text that is one of them."""
    assert request.schema is not None
    schema = request.schema.json
    if schema is None:  # the protocol knows objects alone at the top
        choice = {"type": "string", "enum": list(request.schema.choices)}
        schema = {"type": "object", "properties": {"choice": choice}, "required": ["choice"], "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}


def _encoded(image: Picture, *, quality: int | None, share: float) -> str:
    """The picture as JPEG of a quality (a frame of 384 x 384 takes about 40 kB at 92), as PNG without one (about 250 kB), its sides as
    much of their length, in base64."""
    from PIL import Image

    buffer, picture = io.BytesIO(), Image.fromarray(image)
    if share < 1:
        width, height = (max(round(side * share), min(side, SMALLEST)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    if quality is None:
        picture.save(buffer, "PNG")
    else:
        picture.save(buffer, "JPEG", quality=quality)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
