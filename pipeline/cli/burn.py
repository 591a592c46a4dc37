"""``scenescribe burn``: hard subtitles."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli import console, writing
from pipeline.cli.help import MOST
from pipeline.cli.notices import as_data
from pipeline.cli.options import with_options
from pipeline.options import names
from pipeline.options.base import load
from pipeline.options.burn import BurnSettings
from pipeline.types import Track


@with_options(BurnSettings, most=("font_size", "box", "position"))
def burn(
    video: Annotated[Path, typer.Argument(help="The film.", show_default=False)],
    subtitles: Annotated[
        Path, typer.Argument(help="Our .json, or .srt, .vtt, .ass, .ttml, .sbv, .sub, .lrc, .smi.", show_default=False)
    ],
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="FILE.described.mp4 beside the film otherwise.", rich_help_panel=MOST)
    ] = None,
    text_encoding: Annotated[
        str | None, typer.Option("--encoding", help="Of the subtitles, such as cp1251; guessed where they are no UTF-8.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is in the way.", rich_help_panel=MOST)
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings count as failures; what only shortens a text is none.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only failures and warnings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file of options.", dir_okay=False)] = None,
    flags: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Draw subtitles into a film's picture; sound and other streams are copied.

    Captions of ours are laid out as the options of cues say; other subtitle files keep their cues unless one of these is given.

    Examples:
        scenescribe burn movie.mp4 movie.descriptions.json
        scenescribe burn movie.mp4 movie.en.srt -o out.mp4 --font-size 7
    """
    from pipeline import media
    from pipeline.subtitles import load as load_subtitles
    from pipeline.subtitles import placed

    settings = load(BurnSettings, flags, config, known=names).settings
    look = media.look_of(settings, media.layout_of(settings))
    layout = look.layout_for(subtitles, flags)
    with writing.failures(video, quiet=quiet) as about:
        out = writing.video_target(video, output, media.burned_suffix(video.suffix), overwrite=overwrite)
        encoding = look.encoding(out)
        about.path = subtitles
        loaded = load_subtitles(subtitles, layout, encoding=text_encoding, film=video)
        about.path, about.told = video, loaded.notices
        track = placed(loaded.track, settings.position if layout or "position" in flags else None)
        drawn: list[Track] = []
        length = [0.0]
        told = writing.progress("burn", lambda: length[-1], quiet=quiet)
        with writing.stoppable() as cancel:
            found = media.burn(
                video, track, out, style=look.style, layout=look.layout, encoding=encoding, fonts=look.fonts,
                on_tracks=drawn.extend, on_length=length.append, on_progress=told, cancel=cancel,
            )  # fmt: skip
    warnings = (*loaded.notices, *found)
    failures = writing.notices_of(video, warnings, strict=strict, quiet=quiet)
    cues = sum(len(one.cues) for one in drawn)  # those after the film's end are not in it
    if as_json:
        console.data(
            {
                "output": str(out),
                "cues": cues,
                "encoder": encoding.encoder,
                "crf": encoding.crf,
                "preset": encoding.preset,
                "warnings": as_data(warnings),
            }
        )
    elif not quiet:
        console.say(f"{console.name_of(out)}: {cues} cue{'s' * (cues != 1)} burned in ({encoding})")
    sys.exit(1 if failures else 0)
