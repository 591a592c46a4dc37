"""What the outputs of a film are called, where they stand, and which of them are there already.

    movie.mp4 -> movie.descriptions.json, movie.descriptions.en.srt, movie.described.mp4 (burned), movie.described.mkv (muxed)
    a part of it -> movie.10m00s-12m30s.descriptions.json, ...

Where two inputs of a run would write the same name, each keeps its extension (movie.mp4.descriptions.json), and where that is
not enough its folder, in the name: none is lost. What was described before keeps the name that it has, whoever comes beside it, and
the name of another film that is still there is not taken (``pipeline.described_before``). A name too long for a file system is shortened
and gets a hash (``pipeline.filenames``): the same one for all outputs of the film, and in every run.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from pipeline.described_before import is_of, is_of_another
from pipeline.filenames import SIDECARS, fitted, name_in, sidecar_ending
from pipeline.inputs import Film
from pipeline.media.suffixes import burned_suffix, muxed_suffix
from pipeline.part import Part
from pipeline.types import Notice


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
    sidecars: str = SIDECARS
    """what sidecars are called: ``{name}`` and ``{language}`` stand for the film's stem and the tag"""
    shortened: bool = False
    """whether ``stem`` is the beginning of the film's name and a hash"""
    apart: bool = False
    """whether they lie in another folder than the film, on a disk of this machine: the JSON tells then which film of its name it is"""
    anew: bool = False
    """whether all but the JSON is written again where it is there: each takes the place of the older one when it is whole"""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the user should know about these names."""
        if not self.shortened:
            return ()
        sentence = f"the name is too long for what is added to it; its outputs begin with {self.stem}"
        return (Notice(code="name_shortened", message=sentence),)

    @property
    def json(self) -> Path:
        """Everything that is known; the source of re-exports."""
        return name_in(self.folder, self.stem, ".descriptions.json")

    @property
    def journal(self) -> Path:
        return name_in(self.folder, f".{self.stem}", ".descriptions.journal")

    def sidecar(self, format: str) -> Path:
        return name_in(self.folder, self.stem, _ending(self.sidecars, self.language, format))

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that will be there in the end, the JSON first."""
        videos = [path for path in (self.burned, self.muxed) if path is not None]
        return (self.json, *(self.sidecar(format) for format in self.formats), *videos)


def plan(
    films: Sequence[Film],
    *,
    folder: Path | None,
    language: str,
    formats: Sequence[str],
    burn: bool,
    mux: bool,
    sidecars: str = SIDECARS,
    part: Part | None = None,
) -> dict[Path, Outputs]:
    """For each film's path its outputs. ``folder`` None puts them beside the film."""
    places = {film.path: (folder / film.relative.parent if folder is not None else film.path.parent) for film in films}

    def named(film: Film, stem: str) -> Outputs:
        return name_outputs(
            film.path,
            places[film.path],
            stem,
            language=language,
            formats=formats,
            burn=burn,
            mux=mux,
            sidecars=sidecars,
            part=part,
            apart=folder is not None and film.remote is None,
        )

    return {film.path: named(film, stem) for film, stem in zip(films, _stems(films, places, named), strict=True)}


def name_outputs(
    film: Path,
    place: Path,
    stem: str,
    *,
    language: str,
    formats: Sequence[str],
    burn: bool,
    mux: bool,
    sidecars: str = SIDECARS,
    part: Part | None = None,
    apart: bool = False,
) -> Outputs:
    """A film's outputs in the folder ``place`` under names that begin with ``stem``, or with its short form; those of a part tell it."""
    stem = stem if part is None else f"{stem}.{part.label}"
    short = fitted(stem, max((len(_ending(sidecars, language, format).encode()) for format in formats), default=0))
    burned, muxed = burned_suffix(film.suffix), muxed_suffix(film) if mux else ""
    # both were asked for and have the same name: the one that can be switched on says so
    soft = ".soft" if burn and muxed == burned else ""
    return Outputs(
        folder=place,
        stem=short,
        language=language,
        formats=tuple(format for format in formats if format != "json"),
        burned=name_in(place, short, f".described{burned}") if burn else None,
        muxed=name_in(place, short, f".described{soft}{muxed}") if mux else None,
        sidecars=sidecars,
        shortened=short != stem,
        apart=apart,
    )


def _ending(sidecars: str, language: str, format: str) -> str:
    """What stands behind the film's stem: ``.descriptions.en.srt``."""
    return f"{sidecar_ending(sidecars, language)}.{format}"


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


def _stems(films: Sequence[Film], places: Mapping[Path, Path], named: Callable[[Film, str], Outputs]) -> list[str]:
    """A stem for each film that no other film of the run has in the same folder, and no other one that is still there."""

    def folded(film: Film, stem: str) -> tuple[str, str]:
        return os.path.abspath(places[film.path]), stem.casefold()

    fresh = _fresh(films, folded)
    alike = Counter(folded(film, film.path.name) for film in films)
    called = Counter((os.path.abspath(places[film.path]), film.path.name) for film in films)
    held: dict[Path, str] = {}
    taken: set[tuple[str, str]] = set()
    for film in films:
        several = called[os.path.abspath(places[film.path]), film.path.name] > 1  # of other folders
        numbers = range(2, 2 + len(films) if alike[folded(film, film.path.name)] > 1 else 2)
        candidates = [*(way(film.path) for way in WAYS[:3]), *(f"{film.path.name}~{number}" for number in numbers)]
        stem = next((stem for stem in candidates if is_of(named(film, stem).json, film.path, placed=several)), None)
        if stem is not None and folded(film, stem) not in taken:
            held[film.path] = stem
            taken.add(folded(film, stem))
    for film in films:
        if film.path in held:
            continue
        for stem in chain((fresh[film.path],), stems(film.path)):
            if folded(film, stem) not in taken and not is_of_another(named(film, stem).json, film.path):
                held[film.path] = stem
                taken.add(folded(film, stem))
                break
    return [held[film.path] for film in films]


def _fresh(films: Sequence[Film], folded: Callable[[Film, str], tuple[str, str]]) -> dict[Path, str]:
    """The stem of each film where nothing was described before."""
    stems: dict[Path, str] = {}
    taken: set[tuple[str, str]] = set()
    left = list(films)
    for way in WAYS:
        groups: dict[tuple[str, str], list[Film]] = defaultdict(list)
        for film in left:
            groups[folded(film, way(film.path))].append(film)
        free = {key: group[0] for key, group in groups.items() if len(group) == 1 and key not in taken}
        stems |= {film.path: way(film.path) for film in free.values()}
        left = [film for key, group in groups.items() if key not in free for film in group]
        taken |= set(free)
    return stems | {film.path: f"{film.path.name}~{number}" for number, film in enumerate(left, 2)}  # the case of letters alone
