"""``scenescribe mux``: soft subtitles, and chapters."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import console, writing
from pipeline.cli.help import MOST
from pipeline.cli.notices import as_data
from pipeline.cli.summary import counted
from pipeline.cli.writing import Place
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.outline import Chapter
    from pipeline.types import Notice, Track


def mux(
    video: Annotated[Path, typer.Argument(help="The film.", show_default=False)],
    subtitles: Annotated[
        list[Path] | None,
        typer.Argument(help="Our .json, or .srt, .vtt, .ass, .ttml, .sbv, .sub, .lrc, .smi; one a language.", show_default=False),
    ] = None,
    chapters: Annotated[
        Path | None,
        typer.Option(
            help="Chapters in place of the film's own: a .vtt, .json (Podcasting 2.0, our summary), .ffmeta, or lines of '0:00 Title'.",
            rich_help_panel=MOST,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="FILE.described.mkv, .mp4, .mov or .webm otherwise (.chaptered, of chapters alone).",
            rich_help_panel=MOST,
        ),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option("--language", "-l", help="Of each file in turn; from the file or its name otherwise.", rich_help_panel=MOST),
    ] = None,
    title: Annotated[list[str] | None, typer.Option("--title", help="Of each track in turn; Descriptions otherwise.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of subtitles and chapters, such as cp1251; guessed where they are no UTF-8.")
    ] = None,
    place: Annotated[
        Place, typer.Option(help="When texts are shown: window, gaps of speech alone, or auto (wants the extra speech).")
    ] = "window",
    default: Annotated[
        bool, typer.Option("--default/--no-default", help="Switch the first track on for the viewer.", rich_help_panel=MOST)
    ] = False,
    descriptions: Annotated[
        bool, typer.Option("--descriptions/--subtitles", help="Mark the tracks as descriptions of the picture.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is in the way.", rich_help_panel=MOST)
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings count as failures; what only shortens a text is none.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only failures and warnings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Add subtitles to a film as tracks that the viewer can switch on, and chapters; nothing is encoded again.

    Examples:
        scenescribe mux movie.mp4 movie.descriptions.json
        scenescribe mux movie.mp4 movie.en.srt movie.de.srt -o out.mkv
        scenescribe mux movie.mp4 --chapters movie.chapters.vtt
    """
    from pipeline import media
    from pipeline.chapters import reading
    from pipeline.cues import Layout
    from pipeline.subtitles import load

    languages, titles, subtitles = language or [], title or [], subtitles or []
    if not subtitles and chapters is None:
        raise UsageError("no_tracks", "name what is added to the film: subtitle files, or --chapters FILE")
    for given, what in ((languages, "--language"), (titles, "--title")):
        if len(given) > len(subtitles):
            raise UsageError("bad_value", f"{what} is given {len(given)} times for {len(subtitles)} subtitle files")
    with writing.failures(video, quiet=quiet) as about:
        mark = "described" if subtitles else "chaptered"
        out = writing.video_target(video, output, media.muxed_suffix(video), overwrite=overwrite, mark=mark)
        tracks: list[Track] = []
        notices: list[Notice] = []
        for n, path in enumerate(subtitles):
            about.path = path
            loaded = load(
                path,
                Layout(place=place) if place != "window" else None,
                film=video,
                language=languages[n] if n < len(languages) else None,
                title=titles[n] if n < len(titles) else "",
                encoding=encoding,
            )
            tracks.append(replace(loaded.track, kind="descriptions" if descriptions else "subtitles"))
            notices += loaded.notices
        parts: tuple[Chapter, ...] = ()
        if chapters is not None:
            about.path = chapters
            parts, guessed = reading.load(chapters, encoding=encoding)
            notices += guessed
        about.path, about.told = video, tuple(notices)
        added: list[Track] = []
        inside: list[Chapter] = []
        told = writing.progress("mux", lambda: 0.0, quiet=quiet)
        with writing.stoppable() as cancel:
            notices += media.mux(
                video, tracks, out, chapters=parts, default=default, on_tracks=added.extend, on_chapters=inside.extend,
                on_progress=told, cancel=cancel,
            )  # fmt: skip
    failures = writing.notices_of(video, notices, strict=strict, quiet=quiet)
    if as_json:
        told_of = [{"language": t.language, "title": t.title, "cues": len(t.cues)} for t in added]
        console.data({"output": str(out), "tracks": told_of, "chapters": len(inside), "warnings": as_data(notices)})
    elif not quiet:
        names = [*(t.language for t in added), *([counted(len(inside), "chapter")] if inside else [])]
        console.say(f"{console.name_of(out)}: {', '.join(names)} added")
    sys.exit(1 if failures else 0)
