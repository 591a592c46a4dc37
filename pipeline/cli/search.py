"""``scenescribe search``: where in which film something is seen."""

import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pipeline.cli import console
from pipeline.cli.help import MOST
from pipeline.cli.summary import clock
from pipeline.errors import ScenescribeError, UsageError

if TYPE_CHECKING:
    from pipeline.retrieval.find import Results
    from pipeline.retrieval.hits import Hit

CHANNELS = ("words", "meaning", "both")


def search(
    words: Annotated[
        str, typer.Argument(help='What is looked for; "two words" as a phrase, -word must not be there.', show_default=False)
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Films, folders or .descriptions.json; all that were searched before where none is named.", show_default=False
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(help="words, meaning (a small text model, loaded when first used) or both.", rich_help_panel=MOST)
    ] = "words",
    most: Annotated[int, typer.Option("--most", "-k", help="Results, at most.", min=1, max=10_000, rich_help_panel=MOST)] = 10,
    since: Annotated[
        str | None, typer.Option(help="Captions written on this day or later, such as 2026-01-31.", rich_help_panel=MOST)
    ] = None,
    until: Annotated[str | None, typer.Option(help="Captions written on this day or before.")] = None,
    frames: Annotated[
        Path | None,
        typer.Option(
            help="Also write each result's picture into this folder, where the film stands beside its captions or is named too.",
            rich_help_panel=MOST,
        ),
    ] = None,
    embedding_model: Annotated[
        str | None, typer.Option(help="For --by meaning: a hub id or a folder; all-MiniLM-L6-v2 otherwise.")
    ] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Where the index is kept; the user's state folder otherwise.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a result on stdout.", rich_help_panel=MOST)] = False,
) -> None:
    """Search finished captions: which film, when, and what is seen there. Needs no model but for --by meaning.

    Examples:
        scenescribe search "red van" films
        scenescribe search '"at the station"' movie.mp4 --json
        scenescribe search "someone is cooking" films --by meaning
    """
    from models.errors import ModelError
    from pipeline.retrieval.find import By, meaning_error
    from pipeline.retrieval.find import search as find

    if by not in CHANNELS:
        raise UsageError("bad_value", f"--by {by}: there are {', '.join(CHANNELS)}")
    failed = 0

    def trouble(name: Path | str, error: ScenescribeError) -> None:
        nonlocal failed
        failed += 1
        console.fail(name, error)

    embedder = None
    if by != "words":
        from models.embedding import DEFAULT, Embedder

        embedder = Embedder(embedding_model or DEFAULT)
    try:
        results = find(
            words, inputs or (), state_folder=_state_folder(state_dir), most=most, by=cast("By", by), embedder=embedder,
            since=_day("since", since), until=_day("until", until),
            on_trouble=trouble, on_progress=_reading,
        )  # fmt: skip
    except ModelError as error:
        raise meaning_error(error) from error
    pictures = _stills(results.hits, frames) if frames is not None else ()
    if as_json:
        for number, hit in enumerate(results.hits):
            line = {
                "film": os.fspath(hit.film),
                "start": hit.start,
                "end": hit.end,
                "text": hit.text,
                "score": round(hit.score, 6),
                "kind": hit.kind,
            }
            console.data(line | ({"frame": pictures[number]} if frames is not None else {}))
    else:
        _show(results, pictures, dated=since is not None or until is not None, failed=failed > 0)
    if not results.hits:
        sys.exit(1)


def _state_folder(given: Path | None) -> Path:
    from platformdirs import user_state_path

    return given or Path(os.environ.get("SCENESCRIBE_STATE_DIR") or user_state_path("scenescribe"))


def _day(option: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise UsageError("bad_value", f"--{option} {text}: a day is written as 2026-01-31") from None


def _reading(done: int, of: int) -> None:
    if done % 100 == 0:
        console.say(f"reading captions for their meaning: {done} of {of} files")


def _stills(hits: "Sequence[Hit]", folder: Path) -> list[str | None]:
    """A picture from the middle of each hit; None where the film was not found or can't be read."""
    from pipeline.filenames import fitted
    from pipeline.files import explained
    from pipeline.media.still import still

    if not hits:
        return []
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explained(folder, error) from error
    made: list[str | None] = []
    for number, hit in enumerate(hits, 1):
        ending = f".{hit.start:.1f}.jpg"
        path = folder / (fitted(f"{number:02}-{hit.film.stem}", len(ending)) + ending)
        try:
            if not hit.film.is_absolute():
                raise UsageError(
                    "no_film", "its film is not beside its captions: name it too, or its folder, for a picture of it"
                )
            still(hit.film, (hit.start + hit.end) / 2, path)
            made.append(os.fspath(path))
        except ScenescribeError as error:
            console.fail(hit.film, error)
            made.append(None)
    return made


def _show(results: "Results", pictures: "Sequence[str | None]", *, dated: bool, failed: bool) -> None:
    if results.some:
        console.say("no caption holds all of these words; these hold some of them")
    if not results.hits and results.searched:
        console.say(f"nothing found in the captions of {results.searched} film{'s' * (results.searched != 1)}")
    elif not results.hits and dated and not failed:
        console.say("no captions were written in these days; --since and --until go by when they were, not by the film")
    here = Path.cwd()
    for number, hit in enumerate(results.hits):
        text = console.one_line(hit.text)
        film = console.name_of(_shown(hit.film, here))
        if not hit.film.is_absolute():  # a name alone says little where captions lie in many folders
            film += f" ({console.name_of(_shown(hit.document, here))})"
        mark = "" if hit.kind == "caption" else f"({hit.kind}) "
        print(f"{film}  [{clock(hit.start)}-{clock(hit.end)}]  {mark}{text}")
        if pictures and (picture := pictures[number]):
            print(f"    {console.name_of(picture)}")


def _shown(path: Path, here: Path) -> Path:
    return path.relative_to(here) if path.is_relative_to(here) else path
