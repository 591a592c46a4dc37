"""The second step of ``--refine``: the captions of a film are read once more, as text alone, to take out what repeats and to call
the same thing by the same name. Each stretch of captions is one request; what comes back is taken only line by line, and only
where the lines still match: a model that answers something else changes nothing, with a notice.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

from models.base import Request, Sampling
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.errors import RequestError
from pipeline.types import Caption, Notice, Outcome

STRETCH = 24
"""captions in one request: about 1,000 tokens, which every preset's context holds twice over"""

PROMPT = """Below are {count} numbered descriptions of successive moments of one film.
Rewrite each so that a person or thing keeps the same name throughout and what was just said is not repeated. Keep each one \
about as long as it is or shorter, keep its meaning, and add nothing that is not there.
Answer with {count} lines and nothing else, numbered the same way.

{lines}"""

LINE = re.compile(r"(\d{1,6})[.):]\s*(\S.*)", re.ASCII)


async def refine(captions: Sequence[Caption], recipe: Recipe, engine: Engine) -> tuple[tuple[Caption, ...], tuple[Notice, ...]]:
    """The same captions with refined texts, and what to say of them; ``original`` keeps each text that changed.

    Raises EnvironmentFault where the engine can't go on.
    """
    refined, notices = list(captions), list[Notice]()
    with_text = [i for i, caption in enumerate(captions) if caption.text and caption.outcome is not Outcome.FAILED]
    stretches = [with_text[i : i + STRETCH] for i in range(0, len(with_text), STRETCH)]
    owner = object()  # other films take turns with this one's stretches
    asking = [asyncio.create_task(_ask([captions[i] for i in part], recipe.sampling, engine, owner)) for part in stretches]
    try:
        answers = await asyncio.gather(*asking)
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    for part, texts in zip(stretches, answers, strict=True):
        if isinstance(texts, Notice):
            notices.append(replace(texts, start=captions[part[0]].start, end=captions[part[-1]].end))
            continue
        for i, text in zip(part, texts, strict=True):
            if text != refined[i].text:
                refined[i] = replace(refined[i], text=text, original=refined[i].text)
    return tuple(refined), tuple(notices)


async def _ask(captions: list[Caption], sampling: Sampling, engine: Engine, owner: object) -> list[str] | Notice:
    """The texts of these captions anew, or why they stay as they are. What is too long for one question is two."""
    lines = "\n".join(f"{number}. {' '.join(caption.text.split())}" for number, caption in enumerate(captions, 1))
    prompt = PROMPT.format(count=len(captions), lines=lines)
    room = 32 + 2 * sum(caption.completion_tokens or len(caption.text) for caption in captions)
    try:
        reply = await engine.ask(Request(prompt=prompt, sampling=replace(sampling, max_tokens=room)), owner=owner)
    except RequestError as error:
        if error.code == "prompt_too_long" and len(captions) > 1:
            middle = len(captions) // 2
            halves = [await _ask(half, sampling, engine, owner) for half in (captions[:middle], captions[middle:])]
            told = next((half for half in halves if isinstance(half, Notice)), None)
            return told or [text for half in halves if isinstance(half, list) for text in half]
        if error.code == "prompt_too_long":
            return Notice(
                code="refine_unusable", message=f"the second step did not fit; first texts kept; the model said: {error.message}"
            )
        message = f"the model refused the second step; first texts kept, and the next run asks again; it said: {error.message}"
        return Notice(code="refine_refused", message=message)
    texts = parse(reply.text, len(captions))
    return (
        texts
        if texts is not None
        else Notice(code="refine_unusable", message="the second step's answer did not match; first texts kept")
    )


def parse(answer: str, count: int) -> list[str] | None:
    """The texts of ``count`` numbered lines in order, or None where the answer is not exactly these. Pure."""
    found = [match for line in answer.splitlines() if (match := LINE.fullmatch(line.strip()))]
    if [int(match.group(1)) for match in found] != list(range(1, count + 1)):
        return None
    return [match.group(2) for match in found]
