"""``scenescribe export``: finished captions into other formats; no model, no video."""

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import console
from pipeline.cli.help import MOST
from pipeline.cli.notices import as_data
from pipeline.cli.writing import accident, notices_of, target_of
from pipeline.errors import OutputError, ScenescribeError, UsageError
from pipeline.filenames import check_sidecars, fitted, sidecar_ending

if TYPE_CHECKING:
    from pipeline.cues import Layout

LAYOUT = "Cues"
_OF_ITS_NAME = ("unknown_format", "not_readable", "not_a_regular_file")
"""wrong usage that is one file's among several: the others are written"""


def export(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Our .json, or .srt, .vtt, .ass, .ttml, .sbv, .sub, .lrc, .smi, also on s3://, gs://, az://; - is stdin.",
            show_default=False,
        ),
    ],
    form: Annotated[
        str, typer.Option("--format", "-f", help="Formats to write, by commas, or all.", rich_help_panel=MOST)
    ] = "srt,vtt",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="A file, a folder (s3://... is one), or - for stdout; beside the input otherwise.",
            rich_help_panel=MOST,
        ),
    ] = None,
    source_format: Annotated[str | None, typer.Option("--from", help="The input's format, where its name doesn't tell.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the input, such as cp1251; guessed where it is no UTF-8.")] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="Lay out anew: netflix, bbc, vertical or none (JSON: netflix by itself).", rich_help_panel=MOST),
    ] = None,
    max_line_width: Annotated[int | None, typer.Option(help="Characters a line.", rich_help_panel=LAYOUT)] = None,
    max_lines: Annotated[int | None, typer.Option(help="Lines a cue.", rich_help_panel=LAYOUT)] = None,
    max_cps: Annotated[float | None, typer.Option(help="Reading speed, characters a second.", rich_help_panel=LAYOUT)] = None,
    position: Annotated[str | None, typer.Option(help="bottom or top.", rich_help_panel=LAYOUT)] = None,
    place: Annotated[
        str | None,
        typer.Option(
            help="window, gaps of speech alone, or auto: of captions that tell them, or whose film stands beside.",
            rich_help_panel=LAYOUT,
        ),
    ] = None,
    sidecar_name: Annotated[
        str | None,
        typer.Option(
            help="What the files are called, such as {name}.{language}, which mpv loads by itself: {name} is the film's.",
            show_default=False,
        ),
    ] = None,
    shift: Annotated[float, typer.Option(help="Seconds to add to all times; may be negative.")] = 0.0,
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="Relabel the track, a BCP 47 tag.", rich_help_panel=MOST)
    ] = None,
    title: Annotated[str, typer.Option(help="Title of the track, in the formats that have one.")] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are in the way.", rich_help_panel=MOST)
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings count as failures; what only shortens a text is none.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file on stdout.")] = False,
    storage_option: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE for s3://, gs://, az://; may be repeated.", show_default=False)
    ] = None,
) -> None:
    """Write captions in other formats, laid out anew: no model and no video is needed.

    Examples:
        scenescribe export movie.descriptions.json --format ttml,csv
        scenescribe export movie.en.srt --format vtt -o web
        scenescribe export movie.descriptions.json -f txt -o -
        scenescribe export movie.descriptions.json -f srt --sidecar-name '{name}.{language}'
        scenescribe export s3://bucket/movie.descriptions.json -o s3://bucket/web
    """
    from pipeline import formats
    from pipeline.cli import elsewhere
    from pipeline.storage import is_address, parse_options
    from pipeline.subtitles import load, placed, shifted
    from pipeline.types import Notice

    wanted = formats.parse_names(form)
    pattern = _checked(sidecar_name, output)
    layout = _layout(profile, max_line_width, max_lines, max_cps, place)
    to_stdout = output == "-" or (output is None and files == ["-"])
    if to_stdout and len(wanted) * len(files) > 1:
        raise UsageError("one_output", "stdout takes one format of one file; name it with -f, or a folder with -o")
    failures, options = 0, parse_options(storage_option or ())
    for name in files:
        path, here = Path(name), contextlib.ExitStack()
        place = output or (name.rpartition("/")[0] if is_address(name) else None)
        try:
            if is_address(name):
                path = here.enter_context(elsewhere.fetched(name, options))
            film = _film_beside(path) if place is not None else None
            read = load(path, layout, form=source_format, language=language, title=title, encoding=encoding, film=film)
            loaded = shifted(read, shift)
            track = placed(loaded.track, position)
            empty = () if track.cues else (Notice(code="no_cues", message="no cue is in it: what is written of it is empty"),)
            warnings = (*loaded.notices, *empty)
            failures += notices_of(path, warnings, strict=strict)
            written: list[str | Path] = []
            for one in wanted:
                if one == "json" and len(wanted) > 1 and path.suffix.lower() == ".json":
                    continue  # of "all": the input itself
                text = formats.write(one, track, loaded.document)
                if to_stdout:
                    sys.stdout.buffer.write(text.encode())
                    sys.stdout.buffer.flush()
                elif place is not None and is_address(place):
                    target = _target(path, "", one, track.language, pattern, only=False)
                    written.append(elsewhere.put(place, target.name, text.encode(), options, overwrite=overwrite))
                else:
                    target = _target(
                        path, output, one, track.language, pattern, only=pattern is None and len(wanted) * len(files) == 1
                    )
                    _write(target, text, path, overwrite=overwrite)
                    written.append(target)
            if not as_json and not to_stdout and sys.stderr.isatty():  # a script hears what it has to know, and nothing else
                console.say(f"{console.name_of(name)} -> {', '.join(console.name_of(target) for target in written)}")
            if as_json and not to_stdout:
                outputs = [os.fspath(target) for target in written]
                console.data({"input": name, "cues": len(track.cues), "outputs": outputs, "warnings": as_data(warnings)})
        except ScenescribeError as error:
            if isinstance(error, UsageError) and not (len(files) > 1 and error.code in _OF_ITS_NAME and source_format is None):
                raise
            console.fail(name if is_address(name) else path, error)
            failures += 1
        except Exception as error:  # an accident of this file: the others are written
            accident(path, error)
            failures += 1
        finally:
            here.close()
    if failures:
        sys.exit(1)


def _layout(profile: str | None, width: int | None, lines: int | None, cps: float | None, place: str | None) -> "Layout | None":
    from pipeline.cues import profile as make

    if profile is None and width is None and lines is None and cps is None and place is None:
        return None
    return make(profile or "netflix", max_line_width=width, max_lines=lines, max_cps=cps, place=place)


def _checked(pattern: str | None, output: str | None) -> str | None:
    """The pattern of ``--sidecar-name``. Raises UsageError ``bad_value``."""
    if pattern is None:
        return None
    if output == "-" or (
        output and Path(output).suffix and not Path(output).is_dir() and not output.endswith(os.sep) and "://" not in output
    ):
        raise UsageError(
            "bad_value", f"--sidecar-name names the files, and -o {output} is one: leave one of them, or name a folder by -o"
        )
    try:
        return check_sidecars(pattern)
    except ValueError as error:
        raise UsageError("bad_value", f"--sidecar-name '{pattern}': {error}") from None


def _film_beside(path: Path) -> Path | None:
    """The film that stands beside its captions, by name; None where there is none."""
    from pipeline.inputs import VIDEO_SUFFIXES

    found = sorted(path.parent / f"{_stem_of_film(path)}{suffix}" for suffix in VIDEO_SUFFIXES)
    return next((film for film in found if os.path.isfile(film)), None)  # of a name that is too long Path.is_file raises


def _stem_of_film(path: Path) -> str:
    """``movie`` of ``movie.descriptions.json`` and of ``movie.descriptions.en.srt``."""
    return path.stem.removesuffix(".descriptions").partition(".descriptions.")[0]


def _target(path: Path, output: str | None, form: str, language: str, pattern: str | None, *, only: bool) -> Path:
    """``movie.descriptions.json`` -> ``movie.descriptions.en.srt``; ``film.en.srt`` -> ``film.en.vtt``.

    By a ``pattern`` ``{name}.{language}``: ``movie.en.srt``, ``film.en.vtt``; JSON is no sidecar and keeps its name.
    """
    from pipeline import formats

    stem = path.stem if path.name != "-" else "captions"
    tail = f".{language}" if path.suffix.lower() == ".json" and form != "json" else ""
    if pattern is not None and form != "json":
        stem = _stem_of_film(path).removesuffix(f".{language}") if path.name != "-" else stem
        tail = sidecar_ending(pattern, language)
    tail += formats.suffix(form)
    return target_of(path, output, fitted(stem, len(tail.encode())) + tail, only=only)


def _write(target: Path, text: str, source: Path, *, overwrite: bool) -> None:
    from pipeline.files import write_whole

    if os.path.lexists(target) and (not overwrite or (source.exists() and target.samefile(source))):
        hint = (
            "it is the input itself; name another with -o"
            if source.exists() and target.samefile(source)
            else "name another with -o, or --overwrite replaces it"
        )
        raise OutputError("output_exists", f"{target} exists; {hint}")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, text.encode(), fresh=True)
