"""What the user named, as films: files, folders and globs, each with the folder that its outputs keep the tree from."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.folders import files_below
from pipeline.part import without_label
from pipeline.storage import not_here, open_storage, parted
from pipeline.storage.spool import Remote

VIDEO_SUFFIXES = frozenset(
    ".3g2 .3gp .asf .avi .divx .dv .f4v .flv .gif .gxf .h264 .h265 .hevc .ivf .m2t .m2ts .m2v .m4v .mkv .mov .mp4 .mpeg .mpg .mts .mxf"
    " .ogm .ogv .qt .rm .rmvb .ts .vob .webm .wmv .y4m".split()
)
"""what is taken out of a folder; a file that is named is taken whatever it is called"""
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif")
WRITTEN = ("described", "chaptered", "spoken")
"""words in the names of films that we write"""


@dataclass(frozen=True, slots=True)
class Film:
    """One input; ``relative`` is its place below the folder that was named (the file's own name where a file was named)."""

    path: Path
    relative: Path
    remote: Remote | None = None
    """where it is fetched from, if it is no file of this machine; then ``path`` is where it will lie"""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The films found, in order and each once, and what was named and could not be."""

    films: tuple[Film, ...]
    errors: tuple[tuple[str, InputError], ...]


def find_films(names: Sequence[str], *, recursive: bool) -> Inputs:
    """Look at the disk for what the user named. A name that exists is taken as it stands before it is tried as a glob.

    Outputs of ours that are named beside their film are left out: a shell's ``*`` brings them along.
    """
    films: dict[Path, Film] = {}
    errors: list[tuple[str, InputError]] = []
    for name in names:
        path = Path(name)
        if not name:
            errors.append((name, InputError("not_found", "an empty name is no file")))
        elif "\0" in name:
            errors.append((name, InputError("not_found", "a file name can't hold a NUL character")))
        elif elsewhere := not_here(name):
            errors.append((name, elsewhere))
        elif os.path.isdir(path):  # unlike Path.is_dir it says no of a name that is too long for a file system
            found = list(_films_below(path, recursive=recursive))
            if not found:
                hint = _else_in(path) or ("" if recursive else "; look into its folders too with --recursive")
                errors.append((name, InputError("no_videos", f"no video in this folder{hint}")))
            for film in found:
                films.setdefault(_identity(film.path), film)
        elif os.path.lexists(path) or not glob.has_magic(name):
            films.setdefault(_identity(path), Film(path, Path(path.name)))
        else:
            try:
                matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]
            except RecursionError:
                errors.append((name, InputError("too_deep", "its folders lie too deep inside each other; name one further in")))
                continue
            if not matches:
                errors.append((name, InputError("not_found", "no file matches this pattern")))
            for match in matches:
                if match.is_file():
                    films.setdefault(_identity(match), Film(match, Path(match.name)))
    named = {(path.parent, stem) for path in films for stem in (path.stem, path.name)}

    def ours(path: Path) -> bool:
        if (path.parent, described_stem(path.name)) not in named:
            return False
        return path.suffix.lower() not in VIDEO_SUFFIXES or is_described(path)  # movie.summary.mp4 is no film that we write

    return Inputs(tuple(film for path, film in films.items() if not ours(path)), tuple(errors))


def _else_in(folder: Path) -> str:
    """Where to go with a folder of captions or of pictures; '' where there are none."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ""
    if any(name.endswith(".descriptions.json") for name in names):
        return ", only captions of some: name the folder of the films (summarize, search and export take captions)"
    found = sum(name.lower().endswith(PICTURE_SUFFIXES) for name in names)
    return f", and {found} {'pictures' if found > 1 else 'picture'}: scenescribe annotate describes these" if found else ""


def find_remote(names: Sequence[str], spool: Path, *, recursive: bool, options: Mapping[str, str] | None = None) -> Inputs:
    """Films at addresses (``s3://bucket/films``): a name with a video's suffix is one, any other a folder. ``spool``: where they will lie.

    Blocks. Raises UsageError ``bad_storage``, ``bad_storage_option``.
    """
    films, errors = list[Film](), list[tuple[str, InputError]]()
    for number, name in enumerate(names):
        try:
            if Path(name).suffix.lower() in VIDEO_SUFFIXES:
                storage, last = parted(name, options)
                entries = [storage.head(last)]
            else:
                storage = open_storage(name, options)
                listed = {Path(entry.name): entry for entry in storage.list() if recursive or "/" not in entry.name}
                entries = [
                    entry
                    for path, entry in listed.items()
                    if path.suffix.lower() in VIDEO_SUFFIXES and not is_described(path, listed.__contains__)
                ]
                if not entries:
                    hint = "" if recursive else "; look into its folders too with --recursive"
                    raise InputError("no_videos", f"no video in this folder{hint}")
            for entry in entries:
                relative = Path(entry.name)
                films.append(Film(spool / str(number) / relative, relative, Remote(storage=storage, entry=entry)))
        except InputError as error:
            errors.append((name, error))
    return Inputs(tuple(films), tuple(errors))


def is_described(path: Path, exists: Callable[[Path], bool] = os.path.lexists) -> bool:
    """Whether this is a film that we wrote: ``movie.described.mp4``, ``movie.described.soft.mkv``, ``movie.chaptered.mp4`` or
    ``movie.spoken.mp4`` beside ``movie.descriptions.json`` or the film. A name alone says nothing: films of others are called
    ``Film.2019.Audio.Described.mp4`` too. ``exists``: of a path beside it, where that is no file of this machine."""
    parts = path.name.rsplit(".", 3)
    lower = [part.casefold() for part in parts]
    if len(parts) > 2 and lower[-2] in WRITTEN:
        stem = ".".join(parts[:-2])
    elif len(parts) == 4 and lower[1:3] == ["described", "soft"]:
        stem = parts[0]
    else:
        return False
    if not stem:
        return False
    stem = without_label(stem) if not exists(path.with_name(stem + ".descriptions.json")) else stem
    return any(exists(path.with_name(stem + end)) for end in (".descriptions.json", *_film_ends()))


def _film_ends() -> Iterator[str]:
    for suffix in sorted(VIDEO_SUFFIXES):
        yield suffix
        yield suffix.upper()


def described_stem(name: str) -> str | None:
    """``movie`` of ``movie.descriptions.en.srt``, ``movie.described.mp4``, ``movie.chapters.vtt``; None where it is no output of ours."""
    for mark in (".descriptions.", ".described.", ".chaptered.", ".spoken.", ".chapters.", ".summary."):
        stem, found, _ = name.rpartition(mark)
        if found:
            return without_label(stem)
    return None


def _identity(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _films_below(folder: Path, *, recursive: bool) -> Iterable[Film]:
    for path in map(Path, files_below(folder, recursive=recursive)):
        if not path.name.startswith(".") and path.suffix.lower() in VIDEO_SUFFIXES and not is_described(path):
            yield Film(path, path.relative_to(folder))
