"""What was named, opened: films with the captions that stand beside them, and pictures."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.asking.types import Passage
from pipeline.errors import InputError, ScenescribeError
from pipeline.file_version import FileVersion
from pipeline.folders import files_below
from pipeline.frames import Image
from pipeline.host import Host
from pipeline.inputs import find_films
from pipeline.retrieval.reading import SUFFIX, beside, documents, read
from pipeline.sources.base import Source
from pipeline.sources.still import is_still, read_still
from pipeline.types import Document, Outcome, VideoInfo


@dataclass(slots=True, kw_only=True, eq=False)
class Opened:
    """One film, or one picture (``source`` is None)."""

    path: Path
    version: FileVersion | None
    source: Source | None = None
    info: VideoInfo | None = None
    picture: Image | None = None
    document: Document | None = None
    """its captions, of this very file"""
    json: Path | None = None
    """where they stand"""
    damaged: InputError | None = None
    """what is wrong with the captions beside it, where no others could be read"""
    elsewhere: tuple[Path, ...] = ()
    """captions that were named and may be its own"""
    cuts: tuple[float, ...] = field(default=())
    """where shots begin, as far as is known"""

    @property
    def duration(self) -> float:
        return self.info.duration if self.info is not None else 0.0

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Its captions' windows; none where it has no captions."""
        captions = self.document.captions if self.document is not None else ()
        return tuple(
            Passage(film=self.path, start=one.start, end=min(one.end, self.duration), text=one.text)
            for one in captions
            if one.outcome is not Outcome.FAILED and one.text and one.start < self.duration
        )

    def refuse_changed(self) -> None:
        """Raise InputError ``source_changed``, ``not_found`` where the file is not the one that was opened."""
        now = FileVersion.at(self.path)
        if now is None:
            raise InputError("not_found", "the file is gone since it was opened", path=str(self.path))
        if now != self.version:
            raise InputError("source_changed", "the file has changed since it was opened; open it anew", path=str(self.path))


@dataclass(frozen=True, slots=True)
class Named:
    """What is asked about."""

    paths: tuple[Path, ...]
    """films and pictures, each once"""
    captions: tuple[Path, ...] = ()
    """captions that stand elsewhere than beside their films"""


def named(names: Sequence[str], *, recursive: bool = False) -> Named:
    """Films, pictures, folders and globs, and captions: a .descriptions.json, whose film stands beside it or is named too, or a folder
    of such. Raises InputError for the first that can't be, and ``no_film``."""
    films, captions = list[str](), list[Path]()
    for name in names:
        if name.endswith(SUFFIX) and os.path.isfile(name):
            film = read(Path(os.path.abspath(name))).film
            if film.is_absolute():
                films.append(os.fspath(film))
            else:
                captions.append(Path(name))
        else:
            films.append(name)
    stills = [name for name in films if is_still(Path(name)) and not os.path.isdir(name)]
    found = find_films([name for name in films if name not in stills], recursive=recursive)
    for name, error in found.errors:
        inside = [Path(path) for path in files_below(name) if path.endswith(SUFFIX)] if error.code == "no_videos" else []
        if not inside:
            error.data.setdefault("path", name)
            raise error
        captions += inside
    paths = tuple(dict.fromkeys([*(film.path for film in found.films), *map(Path, stills)]))
    if captions and not paths:
        sentence = "these are captions, and their film does not stand beside them: name it too"
        raise InputError("no_film", sentence, path=os.fspath(captions[0]))
    return Named(paths, tuple(captions))


async def opened(path: Path, host: Host, captions: Sequence[Path] = ()) -> Opened:
    """Look at one input; ``captions``: those that are named, of any film. Raises InputError."""
    version = FileVersion.at(path)
    if is_still(path):
        return Opened(path=path, version=version, picture=await asyncio.to_thread(read_still, path, host.pool))
    source = host.source(path)
    info = await asyncio.to_thread(source.probe)
    # by their names, lest each film reads those of thousands of others
    elsewhere = tuple(one for one in captions if one.name.startswith(path.stem))
    found = Opened(path=path, version=version, source=source, info=info, elsewhere=elsewhere)
    take_captions(found)
    return found


def take_captions(film: Opened) -> None:
    """The captions beside a film or named with it, if they are of this very file; of what is no document of ours ``damaged`` tells."""
    from pipeline.formats import json
    from pipeline.safe_open import read_text
    from pipeline.store.lookup import LARGEST

    film.document = film.json = film.damaged = None
    try:
        paths = list(documents([str(film.path)]))
    except ScenescribeError:
        paths = []
    near = beside(film.path)
    for path in dict.fromkeys([*near, *paths, *film.elsewhere]):
        try:
            document = json.from_text(read_text(path, LARGEST))
        except FileNotFoundError:
            continue
        except (ScenescribeError, OSError, UnicodeDecodeError, ValueError) as error:
            if path in near and film.damaged is None:
                why = error.message if isinstance(error, ScenescribeError) else getattr(error, "strerror", None) or str(error)
                film.damaged = InputError(getattr(error, "code", "unreadable"), f"{path.name}: {why}", path=str(film.path))
            continue
        if film.info is not None and document.source.size == film.info.size and document.captions:
            film.document, film.json, film.cuts, film.damaged = document, path, document.shots, None
            return
