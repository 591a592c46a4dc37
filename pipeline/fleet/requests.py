"""A single request to a model, and its reply, as messages carry them: a question, a summary, a second look at captions."""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import Reply, Request, Sampling, Schema, Turn


def packed(request: Request) -> tuple[dict[str, Any], bytes]:
    """A request as JSON has it, and its pictures one behind the other."""
    pictures = [*([request.video] if request.video is not None else []), *request.images]
    values = {
        "prompt": request.prompt, "times": list(request.times), "sampling": asdict(request.sampling), "key": request.key,
        "history": [asdict(turn) for turn in request.history], "priority": request.priority,
        "schema": asdict(request.schema) if request.schema is not None else None,
        "preamble": request.preamble, "video": request.video is not None, "shapes": [list(picture.shape) for picture in pictures],
    }  # fmt: skip
    return values, b"".join(np.ascontiguousarray(picture).tobytes() for picture in pictures)


def unpacked(values: dict[str, Any], payload: bytes) -> Request:
    """Undoes ``packed``. Raises ValueError or KeyError where it is none."""
    pictures: list[NDArray[np.uint8]] = []
    begin = 0
    for shape in values["shapes"]:
        end = begin + int(np.prod(shape))
        pictures.append(np.frombuffer(payload[begin:end], np.uint8).reshape(shape))
        begin = end
    schema = values["schema"]
    return Request(
        prompt=values["prompt"],
        video=pictures.pop(0) if values["video"] else None,
        times=tuple(values["times"]),
        images=tuple(pictures),
        sampling=Sampling(**values["sampling"]),
        key=values["key"],
        preamble=values["preamble"],
        history=tuple(Turn(**turn) for turn in values["history"]),
        schema=Schema(choices=tuple(schema["choices"]), json=schema["json"]) if schema is not None else None,
        priority=values["priority"],
    )


def plain(reply: Reply) -> dict[str, Any]:
    """A reply as JSON has it."""
    return asdict(reply)


def reply_of(values: dict[str, Any]) -> Reply:
    """Undoes ``plain``."""
    return Reply(**values)
