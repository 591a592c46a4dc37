"""From a request to a prompt as the model was taught it: pictures first, then the instruction, through the chat template."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import Request, Turn
from models.errors import RequestRefused, first_line
from models.preset import Preset


def pictures(request: Request, preset: Preset) -> tuple[NDArray[np.uint8] | None, tuple[NDArray[np.uint8], ...]]:
    """The request's (video, images) as the model takes them: a model for images gets a video's frames as so many images.

    Raises RequestRefused where an array is no picture.
    """
    video, images = request.video, request.images
    if video is not None and (video.ndim != 4 or video.shape[-1] != 3 or video.dtype != np.uint8 or not video.size):
        raise RequestRefused(
            f"a video is frames x height x width x 3 of uint8, not {'x'.join(map(str, video.shape))} of {video.dtype}"
        )
    for image in images:
        if image.ndim != 3 or image.shape[-1] != 3 or image.dtype != np.uint8 or not image.size:
            raise RequestRefused(
                f"an image is height x width x 3 of uint8, not {'x'.join(map(str, image.shape))} of {image.dtype}"
            )
    if video is not None and preset.frames == "images":
        return None, (*images, *video)
    return video, images


def turns(prompt: str, history: Sequence[Turn] = (), preamble: str = "") -> tuple[list[tuple[str, str]], int]:
    """(role, text) of all that is said, and which of them is the user's first: the pictures stand there, the preamble opens it."""
    said = [(str(turn.role), turn.text) for turn in history] + [("user", prompt)]
    first = next(index for index, (role, _) in enumerate(said) if role == "user")
    if preamble:
        said[first] = ("user", f"{preamble}\n\n{said[first][1]}")
    return said, first


def messages(prompt: str, *, videos: int, images: int, history: Sequence[Turn] = (), preamble: str = "") -> list[dict[str, Any]]:
    """The messages that a chat template renders: what was said before and the prompt, the pictures in the user's first turn."""
    content: list[dict[str, Any]] = [{"type": "video"}] * videos + [{"type": "image"}] * images
    said, first = turns(prompt, history, preamble)
    return [
        {"role": role, "content": [*(content if index == first else ()), {"type": "text", "text": text}]}
        for index, (role, text) in enumerate(said)
    ]


def render(
    tokenizer: Any,
    template: str | None,
    prompt: str,
    *,
    videos: int,
    images: int,
    history: Sequence[Turn] = (),
    preamble: str = "",
) -> str:
    """The prompt's text, with the model's placeholders for pictures.

    Raises RequestRefused where the prompt holds one of the model's special tokens (text must not pose as a picture or a turn), and where
    the template, a program in Jinja's sandbox, fails.
    """
    markers = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special} | set(
        tokenizer.all_special_tokens
    )
    for marker in markers:
        if "<" in marker and any(marker in text for text in (prompt, preamble, *(turn.text for turn in history))):
            raise RequestRefused(f"the prompt holds the model's own marker {marker}")
    said = messages(prompt, videos=videos, images=images, history=history, preamble=preamble)
    try:
        return str(tokenizer.apply_chat_template(said, chat_template=template, tokenize=False, add_generation_prompt=True))
    except Exception as error:  # whatever stands in it: a folder's template is somebody's program
        raise RequestRefused(f"the model's chat template fails: {first_line(error)}") from error


SHORTEST = 1e-6
"""seconds between two frames: what is shorter is no film's step, and its inverse may be no number"""


def frame_metadata(times: Sequence[float], count: int, height: int, width: int) -> dict[str, Any]:
    """What processors that understand time are told of ``count`` frames at ``times`` seconds.

    The pictures become frames of a film of ``fps`` frames a second, fine enough to place each to a millisecond-like grid;
    ``do_sample_frames`` off: they are the sample already.
    """
    known = len(times) == count and count > 0
    start = times[0] if known else 0.0
    seconds = [time - start for time in times] if known else [float(index) for index in range(count)]
    steps = [later - earlier for earlier, later in pairwise(seconds) if later > earlier]
    fps = 1 / min(steps) if steps and min(steps) > SHORTEST and _even(steps) else 1000.0 if steps else 1.0
    indices = [round(second * fps) for second in seconds]
    return {
        "fps": fps,
        "frames_indices": indices,
        "total_num_frames": indices[-1] + 1 if indices else 0,
        "duration": (indices[-1] + 1) / fps if indices else 0.0,
        "height": height,
        "width": width,
        "video_backend": "opencv",
        "do_sample_frames": False,
    }


def _even(steps: Sequence[float]) -> bool:
    return max(steps) - min(steps) < 0.002 * max(steps)
