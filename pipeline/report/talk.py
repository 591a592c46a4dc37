"""A conversation as one HTML page: questions, answers, and the frames that were looked at; no script, no network."""

import base64
import io
import time
from collections.abc import Sequence

from pipeline import __version__
from pipeline.asking.types import Answer, Shown
from pipeline.clock import moment
from pipeline.sanitize import clean
from pipeline.types import Model

MOST = 96
"""frames of an answer on the page: as many as a question about a whole film is shown; some 4 KB each"""
HEIGHT = 96
"""pixels of each"""
Picture = tuple[str, bytes]
"""what stands under it, and its JPEG"""


def thumbnails(shown: Shown | None) -> list[Picture]:
    """Small pictures of what was shown, at most MOST of them, spread over all."""
    from PIL import Image

    if shown is None:
        return []
    films = [passage for passage, count in zip(shown.passages, shown.counts, strict=True) for _ in range(count)]
    count = len(shown.data)
    places = range(count) if count <= MOST else [int((n + 0.5) * count / MOST) for n in range(MOST)]
    found = []
    for place in places:
        image = Image.fromarray(shown.data[place])
        image.thumbnail((4 * HEIGHT, HEIGHT))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
        name = films[place].film.name if len(shown.films) > 1 or films[place].still else ""
        when = "" if films[place].still else moment(shown.times[place])
        found.append((f"{name} {when}".strip(), buffer.getvalue()))
    return found


def render(films: Sequence[str], model: Model, answers: Sequence[Answer], frames: Sequence[Sequence[Picture]]) -> str:
    """The page as text; all words of people, models and files are escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pipeline.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    exchanges = [
        {
            "question": clean(answer.question),
            "text": clean(answer.text),
            "facts": _facts(answer, len(pictures)),
            "frames": [(clean(name), base64.b64encode(picture).decode("ascii")) for name, picture in pictures],
        }
        for answer, pictures in zip(answers, frames, strict=True)
    ]
    return environment.get_template("talk.html.jinja").render(
        version=__version__,
        when=time.strftime("%Y-%m-%d %H:%M:%S %Z"),
        films=[clean(film) for film in films],
        model=clean(model.author),
        engine=clean(f"{model.engine} {model.engine_version}"),
        exchanges=exchanges,
    )


def _facts(answer: Answer, shown: int) -> str:
    how = {"look": "frames looked at", "read": "captions read", "when": "each passage asked"}[answer.mode]
    share = answer.usage.cached_tokens / max(1, answer.usage.prompt_tokens)
    frames = f"{len(answer.looked_at):,} frames" + (f", {shown} of them below" if shown < len(answer.looked_at) else "")
    return (
        f"{how} · {frames} · {answer.usage.prompt_tokens} tokens read, {share:.0%} of them from before"
        f" · first word after {answer.first_token:.2f} s · {answer.total:.2f} s in all"
    )
