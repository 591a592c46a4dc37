"""What the outputs of a film are called, where they stand, and which of them are there already.

    movie.mp4 -> movie.descriptions.json, movie.descriptions.en.srt, movie.described.mp4 (burned), movie.described.mkv (muxed)

Where two inputs of a run would write the same name, each keeps its extension (movie.mp4.descriptions.json), and where that is
not enough its folder, in the name: none is lost.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from pipeline.inputs import Film

MP4_FAMILY = frozenset({".mp4", ".m4v", ".mov"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The places of one film's outputs."""

    folder: Path
    stem: str
    language: str
    formats: tuple[str, ...]
    """sidecars beside the JSON"""
    burned: Path | None = None
    muxed: Path | None = None

    @property
    def json(self) -> Path:
        """Everything that is known; the source of re-exports."""
        return self.folder / f"{self.stem}.descriptions.json"

    @property
    def journal(self) -> Path:
        return self.folder / f".{self.stem}.descriptions.journal"

    def sidecar(self, format: str) -> Path:
        return self.folder / f"{self.stem}.descriptions.{self.language}.{format}"

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that will be there in the end, the JSON first."""
        videos = [path for path in (self.burned, self.muxed) if path is not None]
        return (self.json, *(self.sidecar(format) for format in self.formats), *videos)


def plan(
    films: Sequence[Film], *, folder: Path | None, language: str, formats: Sequence[str], burn: bool, mux: bool
) -> dict[Path, Outputs]:
    """For each film's path its outputs. ``folder`` None puts them beside the film."""
    places = {film.path: (folder / film.relative.parent if folder is not None else film.path.parent) for film in films}
    stems = _stems(films, places)
    return {
        film.path: name_outputs(
            film.path, places[film.path], stems[film.path], language=language, formats=formats, burn=burn, mux=mux
        )
        for film in films
    }


def name_outputs(film: Path, place: Path, stem: str, *, language: str, formats: Sequence[str], burn: bool, mux: bool) -> Outputs:
    """A film's outputs in the folder ``place`` under names that begin with ``stem``."""
    burned, muxed = _videos(f"{stem}.described", film.suffix.lower())
    return Outputs(
        folder=place,
        stem=stem,
        language=language,
        formats=tuple(format for format in formats if format != "json"),
        burned=place / burned if burn else None,
        # both were asked for and have the same name: the one that can be switched on says so
        muxed=place / (f"{stem}.described.soft{Path(muxed).suffix}" if burn and muxed == burned else muxed) if mux else None,
    )


WAYS: tuple[Callable[[Path], str], ...] = (
    lambda path: path.stem,
    lambda path: path.name,
    lambda path: f"{path.absolute().parent.name}.{path.name}",
    lambda path: "_".join(path.absolute().parts[1:]),
)
"""ways to call a film's outputs, from short to unmistakable"""


def stems(path: Path) -> Iterator[str]:
    """Every stem that a film's outputs may have, the best one first, for ever: where films come one by one, take the first
    that is free."""
    for way in WAYS:
        yield way(path)
    for number in count(2):  # they differ in the case of letters alone
        yield f"{path.name}~{number}"


def _videos(stem: str, suffix: str) -> tuple[str, str]:
    """Names of the burned and the muxed video of a film with this extension: MP4 and WebM stay what they are."""
    burned = ".mp4" if suffix in MP4_FAMILY else ".webm" if suffix == ".webm" else ".mkv"
    muxed = suffix if suffix in (".mp4", ".webm") else ".mkv"
    return stem + burned, stem + muxed


def _stems(films: Sequence[Film], places: dict[Path, Path]) -> dict[Path, str]:
    """A stem for each film that no other film of the run has in the same folder."""
    stems: dict[Path, str] = {}
    left = list(films)
    for way in WAYS:
        groups: dict[tuple[str, str], list[Film]] = defaultdict(list)
        for film in left:
            groups[os.path.abspath(places[film.path]), way(film.path).casefold()].append(film)
        taken = {(os.path.abspath(places[path]), stem.casefold()) for path, stem in stems.items()}
        left = []
        for key, group in groups.items():
            if len(group) == 1 and key not in taken:
                stems[group[0].path] = way(group[0].path)
            else:
                left.extend(group)
    for number, film in enumerate(left, 2):  # they differ in the case of letters alone
        stems[film.path] = f"{film.path.name}~{number}"
    return stems
