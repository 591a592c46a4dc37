"""A request as the body of a chat completion: pictures as JPEG in data URLs, before the instruction."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import Request
from models.preset import Preset
from models.prompts import pictures

QUALITY = 92
"""of JPEG, of 100: a frame of 384 x 384 takes about 40 kB"""


def chat_body(request: Request, preset: Preset, model: str, *, stream: bool) -> dict[str, Any]:
    """What ``/chat/completions`` is sent.

    A preset whose frames are a video sends one ``video_url`` whose data are the frames' JPEGs with commas between
    (``data:video/jpeg;base64,A,B,C``): vLLM's own form for a video that is sampled already. Otherwise one ``image_url`` a frame.
    """
    video, images = pictures(request, preset)
    content: list[dict[str, Any]] = []
    if video is not None:
        content.append({"type": "video_url", "video_url": {"url": "data:video/jpeg;base64," + ",".join(map(_jpeg, video))}})
    content += [{"type": "image_url", "image_url": {"url": "data:image/jpeg;base64," + _jpeg(image)}} for image in images]
    content.append({"type": "text", "text": request.prompt})
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
    }
    return body | ({"stream": True} if stream else {})


def _jpeg(image: NDArray[np.uint8]) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=QUALITY)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
