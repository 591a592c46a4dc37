"""What one server wants otherwise than OpenAI's protocol has it: read from its refusals, adapted once, remembered for the run.

'max_tokens' is not supported ... use 'max_completion_tokens'     the other name
max_tokens must be at most 64                                     so many, before frames are left out
temperature, top_p or seed is not supported                       left out
only streams, or no streams                                       all answers streamed, or none
video_url is no content that it takes                             frames as images
at most 4 images                                                  4 frames, spread over the window
image/jpeg is no picture that it takes                            PNG
too large (413, bytes, pixels)                                    smaller pictures, then fewer
more than the context holds                                       fewer frames of a window that stands alone
a request with a video refused in words that nobody knows         frames as images, tried once
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from models.engines.openai.refusals import (
    FORM,
    NO,
    POLICY,
    counts_images,
    fewer_images,
    fewer_tokens,
    names_a_number_of_images,
    no_jpeg,
    only_one_way,
    too_large,
    too_long,
)

REFUSALS = {400, 404, 413, 415, 422, 501}
DROPPED = ("temperature", "top_p", "seed", "response_format", "stream_options", "priority")
"""fields of a request that a server may do without"""
SHRUNK = ((92, 1.0), (75, 1.0), (75, 0.5), (75, 0.25))
"""quality of JPEG and share of each side, from the best on: half the bytes cost the least, then a quarter of the pixels"""

ROOM_FOR_IMAGES = 0.85
"""share of a context that is counted on for images; the rest is for words and the answer"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a server is spoken to."""

    limit: str = "max_tokens"
    """what it calls the most tokens of an answer"""
    most_tokens: int | None = None
    """of an answer, that it lets be asked for"""
    without: frozenset[str] = frozenset()
    """fields that it does not take"""
    videos: bool = True
    """whether it takes ``video_url``, for a preset whose frames are a video"""
    most_images: int | None = None
    """images in one request; None: as many as there are"""
    short: bool = False
    """whether it is the context that holds no more images"""
    shrunk: int = 0
    """which of SHRUNK the pictures are sent as"""
    png: bool = False
    """whether pictures are sent as PNG, for it does not take JPEG"""
    streamed: bool | None = None
    """whether it streams every answer, or none; None: as is asked"""
    bare_thoughts: bool = False
    """its model's answers begin in the middle of a thought: the opening mark stands in the prompt"""


def adapted(dialect: Dialect, status: int, said: str, body: Mapping[str, Any]) -> tuple[Dialect, str] | None:
    """The dialect to ask again in after this refusal of ``body``, and what is new in it; None: there is nothing to change."""
    low = said.lower()
    if status not in REFUSALS or POLICY.search(low):
        return None
    if dialect.limit in body and (most := fewer_tokens(low, body[dialect.limit])) is not None:
        return replace(dialect, most_tokens=most), f"at most {most} tokens an answer"  # whatever it says of a context
    found = None if too_long(low) else _fields(dialect, low, body)
    if found is None and (status == 413 or not too_long(low) or names_a_number_of_images(low)):
        found = _pictures(dialect, status, low, body)
    if found is None and too_long(low) and (most := _that_fit(low, body)) is not None:
        found = replace(dialect, most_images=most, short=True), f"at most {most} images a request: its context holds no more"
    return found


def _that_fit(low: str, body: Mapping[str, Any]) -> int | None:
    """How many images to send of a request that is longer than the context: by the numbers of tokens that the refusal names, else half.

    None: there is nothing to leave out. A talk is none of ours to shorten: who leads it forgets its beginning.
    """
    images, _ = pictures_in(body)
    if images < 2 or len(body["messages"]) > 1:
        return None
    low = re.sub(r"error code:? \d{3}|,", "", low)
    numbers = sorted({int(number) for number in re.findall(r"(?<![\d.])\d{3,7}(?![\d.]*\d)", low)} - _limits(body))
    if len(numbers) != 2:
        return images // 2
    room, asked = numbers
    return min(max(int(images * room * ROOM_FOR_IMAGES / asked), 1), images - 1)


def _limits(body: Mapping[str, Any]) -> set[int]:
    """The number of tokens that an answer was allowed: never the room that there is for frames."""
    return {body[name] for name in ("max_tokens", "max_completion_tokens") if name in body}


def pictures_in(body: Mapping[str, Any]) -> tuple[int, int]:
    """Images and videos in a request's messages."""
    kinds = [part["type"] for message in body["messages"] if isinstance(message["content"], list) for part in message["content"]]
    return kinds.count("image_url"), kinds.count("video_url")


def _fields(dialect: Dialect, low: str, body: Mapping[str, Any]) -> tuple[Dialect, str] | None:
    """A field by another name or value, or left out."""
    no, other = NO.search(low) is not None, "max_completion_tokens" if dialect.limit == "max_tokens" else "max_tokens"
    both = "max_tokens" in low and "max_completion_tokens" in low
    named_limit = re.search(rf"\b{dialect.limit}\b", low) is not None
    if dialect.limit in body and named_limit and (most := _most_tokens(low, body[dialect.limit])) is not None:
        return replace(dialect, most_tokens=most), f"at most {most} tokens an answer"
    if dialect.streamed is None and (streamed := only_one_way(low, asked=bool(body.get("stream")))) is not None:
        return replace(dialect, streamed=streamed), "answers are streamed" if streamed else "answers come whole"
    few = re.search(r"too large|at least|minimum", low) is not None  # of its value, not of its name
    if not few and dialect.limit in body and other not in dialect.without and (both or (no and named_limit)):
        return replace(dialect, limit=other, without=dialect.without | {dialect.limit}), f"the limit is called {other}"
    named = [name for name in DROPPED if no and name in body and re.search(rf"\b{name.replace('_', '[_ ]')}\b", low)]
    if "temperature" in named and "top_p" in named and "temperature" not in dialect.without:
        named.remove("temperature")  # "can't both be given": the one that matters more stays
    if named:
        return replace(dialect, without=dialect.without | set(named)), f"{', '.join(named)} left out"
    return None


def _most_tokens(low: str, asked: int) -> int | None:
    """The most tokens that a refusal of ``asked`` names: a smaller number, beside words of a bound above."""
    if not re.search(
        r"at most|max(?:imum)? (?:is|of|allowed|value)|less than|<=|too large|exceed|range|\[\d+, ?\d+\]|最大|超过|超出|范围", low
    ):
        return None
    numbers = [int(number) for number in re.findall(r"(?<![\d.])\d{1,6}(?![\d.]*\d)", low)]
    return max((number for number in numbers if 1 < number < asked), default=None)


def _pictures(dialect: Dialect, status: int, low: str, body: Mapping[str, Any]) -> tuple[Dialect, str] | None:
    """Pictures in another form, smaller, or fewer."""
    images, videos = pictures_in(body)
    if not images and not videos:
        return None
    if not dialect.png and no_jpeg(low):
        # a video is JPEGs with commas between in the one form that there is for it: of PNGs there are images alone
        return replace(dialect, png=True, videos=False), "pictures as PNG, not as JPEG"
    if too_large(status, low) and not counts_images(low, images):
        if dialect.shrunk + 1 < len(SHRUNK):
            quality, share = SHRUNK[dialect.shrunk + 1]
            return replace(dialect, shrunk=dialect.shrunk + 1), f"pictures of quality {quality}, {share:.0%} of each side"
        if images > 1:
            return replace(dialect, most_images=images // 2), f"at most {images // 2} images a request"
    if videos and (FORM.search(low) or not low or too_large(status, low)):
        return replace(dialect, videos=False), "frames go as images, not as a video"
    parts = max(len(message["content"]) for message in body["messages"] if isinstance(message["content"], list))
    if (most := fewer_images(low, images, parts)) is not None:
        return replace(dialect, most_images=most), f"at most {most} images a request"
    return None
