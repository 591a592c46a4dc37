"""The options of summaries and chapters: those of ``summarize``, which ``caption`` and ``watch`` have too."""

from typing import Literal

from pipeline.options.base import Options, option

SUMMARY = "Summary and chapters"
"""panel of ``--help``"""


class Summarized(Options):
    """What is made of a film's captions when they are there."""

    summarize: bool = option(False, SUMMARY, "Also a summary, each sentence with its times: FILE.summary.json and .md.")
    chapters: bool = option(
        False,
        SUMMARY,
        "Also chapters, as players, podcasts, YouTube and ffmpeg take them: FILE.chapters.vtt, .json, .txt, .ffmeta.",
    )
    into_video: bool = option(
        False,
        SUMMARY,
        "Also a copy of the film with its chapters in it, FILE.chaptered.mp4, .mkv or .webm; nothing is encoded anew.",
    )
    length: Literal["short", "long"] = option("short", SUMMARY, "Of a summary: short or long.")
    style: str = option("", SUMMARY, "How a summary is written, in a few words: 'for children', 'as a news report'.")
    summary_model: str | None = option(
        None, SUMMARY, "Who writes the summary, where that is not --model: a preset, a folder or a hub id."
    )

    @property
    def wants_summary(self) -> bool:
        """Whether anything of this is wished: chapters come with a summary."""
        return self.summarize or self.chapters or self.into_video
