"""The options of ``scenescribe serve`` beside those of how films are described."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt
from platformdirs import user_state_path
from pydantic import AfterValidator

from pipeline.options.base import Positive, option
from pipeline.options.burn import LAYOUT, PICTURE, STYLE
from pipeline.options.caption import FRAMES, MODEL, RUN, SAMPLING, Describing, Settings
from pipeline.options.spread import ENGINE, Spread

SERVICE, DOORS, HOOKS = "Service", "Doors", "Media servers"
"""panels of ``--help``"""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB)?", re.IGNORECASE)
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def size_in_bytes(text: str) -> int:
    """``20GB`` -> 20,000,000,000; powers of 1,000. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError("give a size such as 20GB or 500MB")
    return int(float(found[1]) * _UNITS[(found[2] or "").upper()])


def _a_size(text: str) -> str:
    size_in_bytes(text)
    return text


def _a_map(pairs: tuple[str, ...]) -> tuple[str, ...]:
    for pair in pairs:
        if not all(pair.partition("=")[::2]):
            raise ValueError("give a map as FROM=TO, such as /media=/srv/films")
    return pairs


class ServeSettings(Describing, Spread):
    """What ``scenescribe serve`` is told; what it has in common with ``caption`` is what a job is told that says nothing else."""

    panels: ClassVar = (SERVICE, DOORS, HOOKS, MODEL, FRAMES, LAYOUT, STYLE, PICTURE, SAMPLING, ENGINE, RUN)

    root: tuple[Path, ...] = option((), SERVICE, "A folder whose films may be described where they are; may be repeated.")
    cameras: Path | None = option(
        None,
        SERVICE,
        "Describe the streams of this file (docs/live.md) while they go on, and show them; clients name them, and give no addresses.",
    )
    listen: str = option("127.0.0.1:8770", SERVICE, "Address and port; 0.0.0.0:8770 is all of this machine's addresses.")
    state_dir: Path | None = option(
        None, SERVICE, "Where uploads, jobs and captions are kept; the user's state folder otherwise."
    )
    webhook_secret: str | None = option(
        None, SERVICE, "Key of the signature of jobs' webhooks; better set as SCENESCRIBE_WEBHOOK_SECRET."
    )
    log_format: Literal["auto", "text", "json"] = option(
        "auto", SERVICE, "Log lines for people (text) or for a journal (json); auto is json where nobody sits before it."
    )

    key_file: Path | None = option(None, DOORS, "File with the key; made where it is not there. In the state folder otherwise.")
    max_upload: Annotated[str, AfterValidator(_a_size)] = option("20GB", DOORS, "Largest file that may be sent.")
    keep_days: Annotated[float, Gt(0)] = option(7.0, DOORS, "Days that an uploaded film is kept after it was last used.")
    max_asks: Positive = option(64, DOORS, "Questions answered or waiting at once; more are told to come again (429).")
    max_jobs: Positive = option(10_000, DOORS, "Jobs that may wait; more are told to come again (429).")
    allow_host: tuple[str, ...] = option(
        (), DOORS, "A name under which the service is called, such as films.example.org; may be repeated."
    )
    allow_url: tuple[str, ...] = option(
        (), DOORS, "HOST or HOST:PORT that films may be fetched from over https, where it has public addresses; may be repeated."
    )
    allow_webhook: tuple[str, ...] = option(
        (), DOORS, "HOST or HOST:PORT of this machine or a private network that jobs' webhooks may go to; may be repeated."
    )
    allow_origin: tuple[str, ...] = option(
        (), DOORS, "A page of another address that may send, such as https://example.org; may be repeated."
    )

    map: Annotated[tuple[str, ...], AfterValidator(_a_map)] = option(
        (), HOOKS, "FROM=TO: a folder as the media server calls it, and as this machine does; may be repeated."
    )
    format: str = option("srt,vtt", HOOKS, "Sidecars written beside a film that a media server told of, by commas.", "-f")
    jellyfin_url: str | None = option(None, HOOKS, "Jellyfin's address: asked where a film is, and told when it is described.")
    jellyfin_token: str | None = option(None, HOOKS, "Its API key; better set as SCENESCRIBE_JELLYFIN_TOKEN.")
    emby_url: str | None = option(None, HOOKS, "Emby's address.")
    emby_token: str | None = option(None, HOOKS, "Its API key; better set as SCENESCRIBE_EMBY_TOKEN.")
    plex_url: str | None = option(None, HOOKS, "Plex's address.")
    plex_token: str | None = option(None, HOOKS, "Its token; better set as SCENESCRIBE_PLEX_TOKEN.")

    @property
    def state_folder(self) -> Path:
        """The state folder, whether it exists or not."""
        return self.state_dir or user_state_path("scenescribe") / "serve"

    @property
    def most_upload(self) -> int:
        """``--max-upload`` in bytes."""
        return size_in_bytes(self.max_upload)

    def for_job(self, **changes: Any) -> Settings:
        """What a job is told: ours, and what it says itself. Raises pydantic's ValidationError."""
        names = {*Describing.model_fields, *Spread.model_fields}
        return Settings(**{name: getattr(self, name) for name in names} | {"context_files": False} | changes)


Seconds = Annotated[float, Ge(0)]
JOB = frozenset({
    "model", "prompt", "context", "language", "windows", "sampler", "skip_static", "refine", "format", "overwrite", "strict",
    "profile", "max_line_width", "max_lines", "max_cps", "position", "place", "font", "font_size", "box", "outline", "margin", "crf", "preset",
    "encoder", "temperature", "top_p", "max_tokens", "seed",
}) - {"model"}  # fmt: skip
"""options that a job may have of its own: none that needs another engine, none that names a file of this machine"""
SUMMARIES = frozenset({"length", "style", "into_video"})
"""options that a job of the task ``summarize`` may have beside these"""
