"""The options of ``scenescribe watch`` beside those of ``caption``."""

from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt
from platformdirs import user_state_path

from pipeline.options.base import Positive, option
from pipeline.options.caption import Settings

WATCH, AFTER, SERVICE = "Watch", "Afterwards", "Service"
"""panels of ``--help``"""

Seconds = Annotated[float, Ge(0)]


class WatchSettings(Settings):
    """What ``scenescribe watch`` is told. SIGHUP makes a new one of these."""

    settle: Seconds = option(5.0, WATCH, "A file is taken when its size and time of change stood still this many seconds.")
    poll: Seconds = option(0.0, WATCH, "Look at the folder every so many seconds; 0 listens for events and looks every 60.")
    recursive: bool = option(False, WATCH, "Look into the folder's folders too.", "-r")
    include: tuple[str, ...] = option((), WATCH, "Take what matches this glob, and not all kinds of video; may be repeated.")
    exclude: tuple[str, ...] = option((), WATCH, "Leave out what matches this glob; may be repeated.")
    once: bool = option(False, WATCH, "Handle what is there, then exit.")
    retry_failed: bool = option(False, WATCH, "Try again, at the start, what failed before.")
    max_attempts: Positive = option(3, WATCH, "Tries for a file that fails for a reason that may pass.")

    storage_option: tuple[str, ...] = option((), WATCH, "KEY=VALUE for s3://, gs://, az://; may be repeated.")
    spool_gb: Annotated[float, Gt(0)] = option(50.0, WATCH, "GiB of films of such storages that lie in the state folder at once.")

    done_dir: Path | None = option(None, AFTER, "Move described films here; they are not touched where it is not given.")
    failed_dir: Path | None = option(None, AFTER, "Move films that failed here.")
    webhook: str | None = option(None, AFTER, "POST a signed JSON object to this address when a film is done or failed.")
    webhook_secret: str | None = option(None, AFTER, "Key of the signature; better set as SCENESCRIBE_WEBHOOK_SECRET.")
    exec: str | None = option(
        None, AFTER, "Run this when a film is done or failed: words, no shell; {path} {state} {json} stand for the film's."
    )

    state_dir: Path | None = option(None, SERVICE, "Where jobs and captions are kept; the user's state folder otherwise.")
    idle_unload: Annotated[float, Gt(0)] | None = option(
        None, SERVICE, "Let the model go after so many minutes of nothing; it comes back with the next film."
    )
    listen: str | None = option(None, SERVICE, "Serve /healthz, /readyz and /metrics on this address, such as 127.0.0.1:9410.")
    log_format: Literal["auto", "text", "json"] = option(
        "auto",
        SERVICE,
        "Log lines for people (text) or for a journal (json); auto is json, and on a terminal what caption shows.",
    )

    @property
    def state_folder(self) -> Path:
        """The state folder, whether it exists or not."""
        return self.state_dir or user_state_path("scenescribe")


OWN = frozenset(WatchSettings.model_fields) - frozenset(Settings.model_fields)
"""what may change without a new engine"""
