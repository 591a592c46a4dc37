"""``scenescribe burn``: hard subtitles."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import console, writing
from pipeline.errors import UsageError

STYLE, PICTURE = "Style", "Picture"


def burn(
    video: Annotated[Path, typer.Argument(help="The film.", show_default=False)],
    subtitles: Annotated[Path, typer.Argument(help="Our .json, or .srt, .vtt, .ass.", show_default=False)],
    output: Annotated[str | None, typer.Option("--output", "-o", help="FILE.described.mp4 beside the film otherwise.")] = None,
    text_encoding: Annotated[
        str | None, typer.Option("--encoding", help="Of the subtitles, such as cp1251; guessed where they are no UTF-8.")
    ] = None,
    font: Annotated[str, typer.Option(help="Family name.", rich_help_panel=STYLE)] = "Sans",
    font_size: Annotated[float, typer.Option(help="Height of a line, % of the picture's height.", rich_help_panel=STYLE)] = 5.0,
    position: Annotated[str | None, typer.Option(help="bottom or top.", rich_help_panel=STYLE)] = None,
    box: Annotated[bool, typer.Option("--box/--no-box", help="A dark box behind the text.", rich_help_panel=STYLE)] = True,
    outline: Annotated[bool, typer.Option("--outline/--no-outline", help="A black edge.", rich_help_panel=STYLE)] = True,
    margin: Annotated[float, typer.Option(help="To the picture's edge, % of its height.", rich_help_panel=STYLE)] = 5.0,
    fonts_dir: Annotated[Path | None, typer.Option(help="A folder with more fonts.", rich_help_panel=STYLE)] = None,
    crf: Annotated[float | None, typer.Option(help="Quality, less is better; 18.", rich_help_panel=PICTURE)] = None,
    preset: Annotated[str | None, typer.Option(help="Speed against size; medium.", rich_help_panel=PICTURE)] = None,
    encoder: Annotated[str | None, typer.Option(help="Such as libx265 or h264_nvenc; libx264.", rich_help_panel=PICTURE)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is in the way.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as failures.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only failures.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Draw subtitles into a film's picture; sound and other streams are copied.

    Examples:
        scenescribe burn movie.mp4 movie.descriptions.json
        scenescribe burn movie.mp4 movie.en.srt -o out.mp4 --font-size 7
    """
    from pipeline import media
    from pipeline.subtitles import load, placed

    style = media.Style(font=font, font_size=font_size, box=box, outline=outline, margin=margin)
    if fonts_dir is not None and not fonts_dir.is_dir():
        raise UsageError("bad_value", f"--fonts-dir: {fonts_dir} is no folder")
    with writing.failures(video, quiet=quiet) as about:
        out = writing.video_target(video, output, media.burned_suffix(video.suffix), overwrite=overwrite)
        encoding = media.encoding_for(out, encoder=encoder, crf=crf, preset=preset)
        about.path = subtitles
        loaded = load(subtitles, encoding=text_encoding)
        about.path = video
        track = placed(loaded.track, position)
        told = writing.progress("burn", lambda: loaded.document.source.duration, quiet=quiet)
        with writing.stoppable() as cancel:
            found = media.burn(
                video, track, out, style=style, encoding=encoding, fonts=fonts_dir, on_progress=told, cancel=cancel
            )
    failures = writing.notices_of(video, (*loaded.notices, *found), strict=strict, quiet=quiet)
    if as_json:
        console.data(
            {
                "output": str(out),
                "cues": len(track.cues),
                "encoder": encoding.encoder,
                "crf": encoding.crf,
                "preset": encoding.preset,
            }
        )
    elif not quiet:
        console.say(f"{console.name_of(out)}: {len(track.cues)} cue{'s' * (len(track.cues) != 1)} burned in ({encoding})")
    sys.exit(1 if failures else 0)
