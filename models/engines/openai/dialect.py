"""What one server wants otherwise than OpenAI's protocol has it: read from its refusals, adapted once, remembered for the run.

'max_tokens' is not supported ... use 'max_completion_tokens'     the other name
temperature, top_p or seed is not supported                       left out
video_url is no content that it takes                             frames as images
at most 4 images                                                  4 frames, spread over the window
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from models.engines.openai.faults import too_long

REFUSALS = {400, 404, 413, 415, 422, 501}
DROPPED = ("temperature", "top_p", "seed", "response_format", "stream_options", "priority")
"""fields of a request that a server may do without"""
NO = re.compile(
    r"support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed|extra|invalid|cannot|can't|deprecated|must be|only the default"
    r"|does not exist|no such|not a valid|forbidden|cannot find|not available"
)
VIDEO = re.compile(
    r"video|content|type|variant|modalit|multi-?modal|message format|deserial|image_url|union|input should be|unmarshal"
)
POLICY = re.compile(r"policy|moderation|safety|filter|violat")
"""what is refused for what it shows, and would be so in any form"""
FEW = re.compile(r"at most|up to|max|limit|exceed|too many|only|more than|no more|fewer|less than")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a server is spoken to."""

    limit: str = "max_tokens"
    """what it calls the most tokens of an answer"""
    without: frozenset[str] = frozenset()
    """fields that it does not take"""
    videos: bool = True
    """whether it takes ``video_url``, for a preset whose frames are a video"""
    most_images: int | None = None
    """images in one request; None: as many as there are"""
    bare_thoughts: bool = False
    """its model's answers begin in the middle of a thought: the opening mark stands in the prompt"""


def adapted(dialect: Dialect, status: int, said: str, body: Mapping[str, Any]) -> tuple[Dialect, str] | None:
    """The dialect to ask again in after this refusal of ``body``, and what is new in it; None: there is nothing to change."""
    low = said.lower()
    if status not in REFUSALS or (too_long(low) and not _names_images(low)):
        return None
    images, videos = pictures_in(body)
    if "max_tokens" in low and "max_completion_tokens" in low and "too large" not in low and dialect.limit in body:
        other = "max_completion_tokens" if dialect.limit == "max_tokens" else "max_tokens"
        if other not in dialect.without:
            return replace(dialect, limit=other, without=dialect.without | {dialect.limit}), f"the limit is called {other}"
    no = NO.search(low) is not None
    if no and dialect.limit in body and re.search(rf"\b{dialect.limit}\b", low) and "too large" not in low:
        other = "max_completion_tokens" if dialect.limit == "max_tokens" else "max_tokens"
        if other not in dialect.without:
            return replace(dialect, limit=other, without=dialect.without | {dialect.limit}), f"the limit is called {other}"
    named = [name for name in DROPPED if no and name in body and re.search(rf"\b{name}\b", low)]
    if "temperature" in named and "top_p" in named and "temperature" not in dialect.without:
        named.remove("temperature")  # "can't both be given": the one that matters more stays
    if named:
        return replace(dialect, without=dialect.without | set(named)), f"{', '.join(named)} left out"
    if videos and (VIDEO.search(low) or not low) and not POLICY.search(low):
        return replace(dialect, videos=False), "frames go as images, not as a video"
    if images > 1 and _names_images(low):
        most = max(
            (int(number) for number in re.findall(r"(?<![\d.])\d{1,4}(?![\d.]*\d)", low) if 1 <= int(number) < images), default=0
        )
        most = most or images // 2
        return replace(dialect, most_images=most), f"at most {most} images a request"
    return None


def pictures_in(body: Mapping[str, Any]) -> tuple[int, int]:
    """Images and videos in a request's messages."""
    kinds = [part["type"] for message in body["messages"] if isinstance(message["content"], list) for part in message["content"]]
    return kinds.count("image_url"), kinds.count("video_url")


def _names_images(low: str) -> bool:
    """Whether a refusal speaks of a number of images."""
    return re.search(r"image|picture|media|attachment", low) is not None and FEW.search(low) is not None
