"""How a burned film looks, from the options that ``burn``, ``caption --burn`` and ``watch --burn`` share."""

import contextlib
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cues import Layout
from pipeline.cues import profile as profile_of
from pipeline.errors import UsageError
from pipeline.folders import files_below
from pipeline.formats.ass import Style
from pipeline.media.binary import find_ffmpeg
from pipeline.options.burn import Burned, Cues

if TYPE_CHECKING:
    from pipeline.media.encoding import Encoding

ANEW = frozenset({"profile", "max_line_width", "max_lines", "max_cps", "place"})
"""options that ask for a new layout of cues that somebody else laid out"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What ``media.burn`` is told of one film or of all films of a run."""

    style: Style
    layout: Layout
    fonts: Path | None
    encoder: str | None
    crf: float | None
    preset: str | None

    def layout_for(self, subtitles: Path, given: Collection[str]) -> Layout | None:
        """How to lay a subtitle file out: captions of ours always, cues of others where one of the options ``given`` asks for it."""
        return self.layout if subtitles.suffix.lower() == ".json" or ANEW.intersection(given) else None

    def encoding(self, out: Path) -> "Encoding":
        """The encoding for a container. Raises UsageError ``bad_value``."""
        from pipeline.media.encoding import encoding_for

        return encoding_for(out, encoder=self.encoder, crf=self.crf, preset=self.preset)


def layout_of(options: Cues) -> Layout:
    """The layout that the options of cues ask for. Raises UsageError ``unknown_profile``, ``bad_value``."""
    return profile_of(
        options.profile, max_line_width=options.max_line_width, max_lines=options.max_lines, max_cps=options.max_cps,
        position=options.position, place=options.place,
    )  # fmt: skip


def look_of(options: Burned, layout: Layout) -> Look:
    """The look that the options ask for: what can't be is found here, before an hour of work.

    Raises UsageError ``bad_value``, ``unknown_encoder``; EnvironmentFault ``no_ffmpeg``.
    """
    if options.fonts_dir is not None and not options.fonts_dir.is_dir():
        raise UsageError("bad_value", f"--fonts-dir: {options.fonts_dir} is no folder")
    if options.fonts_dir is not None and (odd := next(_no_files(options.fonts_dir), None)) is not None:
        raise UsageError("bad_value", f"--fonts-dir: {odd} is a pipe or a device, which libass would wait for; take it away")
    if options.encoder is not None:
        find_ffmpeg().encoder(options.encoder)
    style = Style(font=options.font, font_size=options.font_size, box=options.box, outline=options.outline, margin=options.margin)
    return Look(
        style=style, layout=layout, fonts=options.fonts_dir, encoder=options.encoder, crf=options.crf, preset=options.preset
    )


def _no_files(folder: Path) -> Iterator[str]:
    """What lies in a folder of fonts and is no file: fontconfig opens it and waits."""
    for path in files_below(folder):
        with contextlib.suppress(OSError):  # a link to nothing is left out by fontconfig too
            if not stat.S_ISREG(os.stat(path).st_mode):
                yield path
