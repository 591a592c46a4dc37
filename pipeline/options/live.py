"""The options of ``scenescribe live`` beside those of which model is asked."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from pipeline.options.base import LocalFolder, option
from pipeline.options.caption import MODEL, RUN, SAMPLING, Asking, Settings
from pipeline.options.spread import ENGINE

WINDOWS, SOURCE, OUTPUT = "Windows", "Source", "Output"
"""panels of ``--help``"""


class LiveSettings(Asking):
    """What ``scenescribe live`` is told."""

    panels: ClassVar[tuple[str, ...]] = (MODEL, WINDOWS, SOURCE, OUTPUT, SAMPLING, ENGINE, RUN)

    window: Annotated[float, Ge(0.5), Le(600)] = option(4.0, WINDOWS, "Seconds that one description is about.")
    fps: Annotated[float, Gt(0), Le(30)] = option(2.0, WINDOWS, "Pictures a second that the model is shown.")
    max_window: Annotated[float, Ge(0.5), Le(3600)] = option(
        30.0, WINDOWS, "Longest window, where the engine is too slow for shorter ones; what does not fit is told of as a gap."
    )
    deadline: Annotated[float, Gt(0)] | None = option(
        None, WINDOWS, "Give up an answer after so many seconds; three windows, and 10 at least, where it is not given."
    )
    skip_static: bool = option(True, WINDOWS, "A window that looks like the one described last is told of as unchanged, unasked.")
    previous: Annotated[int, Ge(0), Le(5)] | None = option(
        None, WINDOWS, "Descriptions that the model is reminded of, to tell what is new; 1, and 0 for the embedded model."
    )

    transport: Literal["tcp", "udp"] = option("tcp", SOURCE, "How pictures come over RTSP: tcp, or udp (sooner, with losses).")
    accept: bool = option(False, SOURCE, "Wait for a sender at an rtmp:// address, in place of connecting to it.")
    idle_end: Annotated[float, Gt(0)] = option(10.0, SOURCE, "A file that grows has ended when it did not for so many seconds.")
    give_up: Annotated[float, Ge(0)] | None = option(
        None, SOURCE, "End a stream whose source is gone for so many seconds; without it, it is tried again for ever."
    )
    allow_host: tuple[str, ...] = option(
        (), SOURCE, "A host (NAME or NAME:PORT) that an HLS or DASH playlist may name beside its own. Repeatable."
    )
    max_skew: Annotated[float, Gt(0)] = option(
        10.0, SOURCE, "Seconds that a sender's clock may be away from ours and still give the time of its pictures."
    )

    jsonl: Path | None = option(
        None,
        OUTPUT,
        "Write events here, one JSON object a line; - is stdout, where they go by themselves when it is no terminal.",
    )
    output_dir: LocalFolder | None = option(
        None, OUTPUT, "Keep each stream's events in this folder, and write its description (JSON, --format) when it ends.", "-o"
    )
    format: str = option("srt,vtt", OUTPUT, "What is written beside the JSON with -o, by commas, or all.", "-f")
    hls: Path | None = option(
        None, OUTPUT, "Write each stream as HLS in this folder: its picture as it came, and what is said as its subtitles."
    )
    hls_video: bool = option(
        True, OUTPUT, "With --hls, the picture too. Without it what is said alone: desc.m3u8, for a player's own picture."
    )
    hls_mode: Literal["aligned", "late"] = option(
        "aligned", OUTPUT, "aligned: pictures wait until they are described; late: they do not, and words come after them."
    )
    hls_segment: Annotated[float, Ge(1), Le(30)] = option(2.0, OUTPUT, "Seconds of an HLS segment, at most.")
    hls_delay: Annotated[float, Gt(0)] | None = option(
        None,
        OUTPUT,
        "Show pictures after so many seconds though they are not described yet; --max-window and 15 where not given.",
    )
    record: Path | None = option(
        None, OUTPUT, "Keep the picture as it came in this folder, in files with their descriptions (JSON, --format) beside them."
    )
    record_minutes: Annotated[float, Ge(0.05), Le(1440)] = option(10.0, OUTPUT, "Minutes of one file of --record.")
    record_gb: Annotated[float, Gt(0)] | None = option(
        None, OUTPUT, "Remove the oldest files of a stream where all have more GB; their descriptions go with them."
    )
    record_days: Annotated[float, Gt(0)] | None = option(None, OUTPUT, "Remove files of --record that are older.")
    webhook: str | None = option(None, OUTPUT, "POST signed JSON objects with what is told to this address.")
    webhook_secret: str | None = option(None, OUTPUT, "Key of the signature; better set as SCENESCRIBE_WEBHOOK_SECRET.")
    listen: str | None = option(
        None, OUTPUT, "Serve a page, server-sent events, /readyz and /metrics on this address, such as 127.0.0.1:9411.",
        "--listen", "--sse",
    )  # fmt: skip

    @property
    def frames(self) -> int:
        """Pictures of a window."""
        return max(1, round(self.window * self.fps))

    def describing(self) -> Settings:
        """The same wishes as those of a film, so that a model, an engine and a recipe are made of them in the same way."""
        common = {name: getattr(self, name) for name in Asking.model_fields}
        return Settings(
            **common,
            windows=f"fixed:seconds={self.window:g}",
            sampler=f"uniform:count={self.frames}",
            skip_static=self.skip_static,
        )
