"""One film's life: what it goes through, what becomes of it where the file changes, and that its accidents are its own."""

import asyncio
import errno
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from accidents import code_of, event_of
from patience import PATIENCE

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from models.errors import PromptTooLong, RequestRefused
from pipeline import media, one_reading
from pipeline.engine.supervisor import Supervisor
from pipeline.errors import EnvironmentFault, InputError, ScenescribeError
from pipeline.inputs import Film
from pipeline.observing import Observer, Result
from pipeline.options.caption import Settings
from pipeline.run import describe_all, plan_outputs
from pipeline.scheduler import Seat
from pipeline.sinks.files import FileSink
from pipeline.store.journal import Journal
from pipeline.store.lookup import FileLookup
from pipeline.types import Caption, Notice, VideoInfo, Window
from scripts.soaks.madeup import WINDOWS, MadeUp, Reading, TextFilm


class Told:
    """A RunObserver that writes down how each film ended."""

    def __init__(self, observer: type[Observer] = Observer) -> None:
        self.results: dict[str, Result] = {}
        self.errors: dict[str, ScenescribeError] = {}
        self.kind = observer

    def observer(self, film: Film) -> Observer:
        return self.kind() if film.path.name == "b.txt" else Observer()

    def finished(self, film: Film, result: Result) -> None:
        self.results[film.path.name] = result

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        self.errors[Path(name).name] = error

    @property
    def ended(self) -> dict[str, str]:
        return {name: result.state for name, result in self.results.items()} | {n: e.code for n, e in self.errors.items()}


class House:
    """Made-up films and a place for their outputs."""

    def __init__(self, base: Path) -> None:
        self.base, self.out = base, base / "out"
        self.echo = EchoCaptioner()

    def film(self, name: str, text: str | None = None) -> Film:
        path = self.base / name
        path.write_text(text or name)
        return Film(path, Path(name))

    async def run(self, *films: Film, told: Told | None = None, captioner: EchoCaptioner | None = None, **options: Any) -> Told:
        told = told or Told()
        settings = Settings(
            **{"engine": "echo", "model": "shapes", "output_dir": self.out, "format": "srt", "decode_workers": 1, **options}
        )
        async with MadeUp(settings, captioner=captioner or self.echo) as studio:
            await asyncio.wait_for(describe_all(films, plan_outputs(films, studio), studio, told), PATIENCE)
            assert (studio.engine.in_flight, studio.engine.waiting) == (0, 0)
        return told

    def texts(self, stem: str) -> list[tuple[str, str]]:
        document = json.loads((self.out / f"{stem}.descriptions.json").read_text())
        return [(caption["outcome"], caption["text"]) for caption in document["captions"]]

    def left(self) -> list[str]:
        return sorted(path.name for path in self.out.rglob(".*"))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


class Refusing(EchoCaptioner):
    """Refuses the windows whose numbers it is told, in the order in which they are asked."""

    def __init__(self, *refused: int, error: type[RequestRefused] = RequestRefused) -> None:
        super().__init__(capacity=1)
        self.refused, self.error = refused, error

    async def caption(self, request: Request) -> Reply:
        number, self.asked = self.asked, self.asked + 1
        if number in self.refused:
            raise self.error("the server says: no video for you")
        self.asked -= 1
        return await super().caption(request)


# What was not answered


@pytest.mark.parametrize("kind", [RequestRefused, PromptTooLong])
async def test_a_film_none_of_whose_windows_was_answered_has_failed_and_is_asked_again(
    house: House, kind: type[RequestRefused]
) -> None:
    film = house.film("a.txt")
    told = await house.run(film, captioner=Refusing(*range(WINDOWS), error=kind))
    assert told.ended == {"a.txt": "no_window_answered"}
    assert "no video for you" in told.errors["a.txt"].message
    assert list(house.out.iterdir()) == [], "neither files that look finished nor a journal with nothing in it"
    assert (await house.run(film)).ended == {"a.txt": "done"}


class Silent(EchoCaptioner):
    """Answers every window, and with nothing."""

    async def caption(self, request: Request) -> Reply:
        self.asked += 1
        return Reply(text="", finish="length", prompt_tokens=1, completion_tokens=1)


async def test_a_film_all_of_whose_answers_are_empty_has_failed_and_is_asked_again(house: House) -> None:
    film = house.film("a.txt")
    told = await house.run(film, captioner=Silent())
    assert told.ended == {"a.txt": "no_window_answered"}
    assert "answered nothing" in told.errors["a.txt"].message
    assert list(house.out.iterdir()) == []
    again = EchoCaptioner()
    assert (await house.run(film, captioner=again)).ended == {"a.txt": "done"}
    assert again.asked == WINDOWS


async def test_windows_that_were_refused_are_asked_again_by_the_next_run_and_no_others(house: House) -> None:
    film = house.film("a.txt")
    told = await house.run(film, captioner=Refusing(1))
    assert told.ended == {"a.txt": "done"}
    notices = told.results["a.txt"].document.warnings
    assert [(notice.code, notice.start) for notice in notices] == [("partial", None), ("request_refused", 1.0)]
    assert "1 of 3 windows" in notices[0].message
    assert "no video for you" in notices[0].message
    assert [outcome for outcome, _ in house.texts("a")] == ["ok", "failed", "ok"]

    again = EchoCaptioner()
    told = await house.run(film, captioner=again)
    assert (told.ended, again.asked, told.results["a.txt"].described) == ({"a.txt": "done"}, 1, True)
    assert [outcome for outcome, _ in house.texts("a")] == ["ok", "ok", "ok"]
    assert told.results["a.txt"].document.warnings == ()
    whole = house.texts("a")
    assert "- " not in (house.out / "a.descriptions.en.srt").read_text()

    third = EchoCaptioner()
    assert (await house.run(film, captioner=third)).ended == {"a.txt": "skipped"}
    assert third.asked == 0
    await house.run(film, overwrite=True)
    assert house.texts("a") == whole, "as if nothing had been refused"


async def test_a_refined_film_is_refined_anew_from_what_the_model_said_first(house: House) -> None:
    class Editing(Refusing):
        async def caption(self, request: Request) -> Reply:
            if request.video is None and not request.images:
                lines = [line for line in request.prompt.splitlines() if line[:1].isdigit()]
                text = "\n".join(line.partition(". ")[0] + ". Edited: " + line.partition(". ")[2] for line in lines)
                return Reply(text=text, finish="stop", prompt_tokens=1, completion_tokens=1)
            return await super().caption(request)

    film = house.film("a.txt")
    await house.run(film, captioner=Editing(1), refine=True)
    await house.run(film, captioner=Editing(), refine=True)
    assert [text.count("Edited:") for _, text in house.texts("a")] == [1, 1, 1]


# A file that changes while it is read


class Changes:
    """Lets a film's file change so many times, each time when its last window is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, film: Film, *texts: str | None) -> None:
        self.texts, self.readings = list(texts), 0
        real = Reading.__iter__

        def windows(reading: Reading) -> Any:
            self.readings += reading.path == film.path
            yield from real(reading)
            if self.texts and reading.path == film.path:
                text = self.texts.pop(0)
                film.path.unlink() if text is None else film.path.write_text(text)

        monkeypatch.setattr(Reading, "__iter__", windows)


async def test_a_file_that_changed_once_is_read_again_and_the_result_is_the_new_files(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, reading = house.film("a.txt", "short"), list[int]()
    changes = Changes(monkeypatch, film, "longer than before")
    real = Seat.read_again

    async def read_again(seat: Seat) -> None:
        await real(seat)
        reading.append(seat._scheduler.reading)

    monkeypatch.setattr(Seat, "read_again", read_again)
    told = await house.run(film)
    assert (told.ended, changes.readings) == ({"a.txt": "done"}, 2)
    assert told.results["a.txt"].info.size == told.results["a.txt"].document.source.size == len("longer than before")
    assert reading == [1], "it holds a place again while it reads again"
    fresh = House(house.base / "fresh")
    fresh.base.mkdir()
    await fresh.run(fresh.film("a.txt", "longer than before"))
    assert house.texts("a") == fresh.texts("a"), "nothing of the old file is left"
    assert house.left() == []


async def test_a_file_that_changes_again_fails_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    film, other = house.film("a.txt"), house.film("z.txt")
    changes = Changes(monkeypatch, film, "one way", "another way")
    told = await house.run(film, other)
    assert (told.ended, changes.readings) == ({"a.txt": "source_changed", "z.txt": "done"}, 2)


async def test_a_reader_that_sees_the_change_itself_is_no_other_case(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    film, real, left = house.film("a.txt"), Reading.__iter__, [1]

    def windows(reading: Reading) -> Any:
        yield next(real(reading))
        if left[0]:
            left[0] -= 1
            raise InputError("source_changed", "the file was written to while it was read")
        yield from list(real(reading))[1:]

    monkeypatch.setattr(Reading, "__iter__", windows)
    assert (await house.run(film)).ended == {"a.txt": "done"}
    left[0] = 2
    assert (await house.run(film, overwrite=True)).ended == {"a.txt": "source_changed"}


async def test_a_file_that_vanished_is_finished_from_the_open_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    film = house.film("a.txt")
    changes = Changes(monkeypatch, film, None)
    told = await house.run(film)
    assert (told.ended, changes.readings) == ({"a.txt": "done"}, 1)
    assert [notice.code for notice in told.results["a.txt"].document.warnings] == ["source_vanished"]
    assert len(house.texts("a")) == WINDOWS


# Accidents


def raiser(error: BaseException) -> Callable[..., Any]:
    def strike(*_: Any, **__: Any) -> Any:
        raise error

    return strike


class Clumsy(Observer):
    """An observer with a bug."""

    def captioned(self, caption: Caption, position: float) -> None:
        raise ZeroDivisionError("in captioned")


class ClumsyAtOnce(Observer):
    def opened(self, info: VideoInfo) -> None:
        raise ZeroDivisionError("in opened")


class ClumsyReader(Observer):
    def read(self, window: Window) -> None:
        raise ZeroDivisionError("in read")


STEPS: dict[str, tuple[Any, str]] = {
    "probe": (TextFilm, "probe"),
    "find what was there": (FileLookup, "find"),
    "open the sink": (FileSink, "open"),
    "open the journal": (Journal, "__init__"),
    "open the film": (TextFilm, "windows"),
    "read": (Reading, "__iter__"),
    "ask": (Supervisor, "ask"),
    "journal": (Journal, "add"),
    "caption to the sink": (FileSink, "caption"),
    "changed?": (TextFilm, "changed"),
    "sum up": (one_reading, "film_stats"),
    "keep": (FileLookup, "keep"),
    "write": (FileSink, "_write_texts"),
    "videos": (FileSink, "_videos"),
}
ACCIDENTS = [
    ZeroDivisionError("an accident"),
    RecursionError("too deep"),
    OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG)),
    MemoryError(),
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda error: type(error).__name__)
async def test_whatever_happens_to_one_film_is_its_own_failure(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str, accident: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """At each step of the life of the second of three films."""
    films = [house.film(f"{name}.txt") for name in "abc"]
    where, what = STEPS[step]
    real = getattr(where, what)
    struck: list[str] = []
    begin = MadeUp.describe

    async def describe(studio: MadeUp, film: Path, *rest: Any, **named: Any) -> Result:
        if film.name == "b.txt" and not struck:
            monkeypatch.setattr(where, what, raiser(accident))
            struck.append(step)
        try:
            return await begin(studio, film, *rest, **named)
        finally:
            monkeypatch.setattr(where, what, real)

    monkeypatch.setattr(MadeUp, "describe", describe)
    told = Told()
    for film in films:  # one after the other: the accident strikes whatever runs
        await house.run(film, told=told)
    assert (struck, told.ended) == ([step], {"a.txt": "done", "b.txt": code_of(accident), "c.txt": "done"})
    logged = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [(entry["event"], entry["path"].name, entry["exc_info"]) for entry in logged] == [
        (event_of(accident), "b.txt", accident)
    ]
    told = await house.run(*films)
    written = step == "videos"  # all files but these were there, and none of these was wished
    assert told.ended == {"a.txt": "skipped", "b.txt": "skipped" if written else "done", "c.txt": "skipped"}, "it is asked again"
    assert house.left() == []


@pytest.mark.parametrize("observer", [Clumsy, ClumsyAtOnce, ClumsyReader])
async def test_an_observer_with_a_bug_costs_its_film(house: House, observer: type[Observer]) -> None:
    films = [house.film(f"{name}.txt") for name in "abc"]
    told = await house.run(*films, told=Told(observer))
    assert told.ended == {"a.txt": "done", "b.txt": "internal_error", "c.txt": "done"}
    assert (await house.run(*films)).ended == {"a.txt": "skipped", "b.txt": "done", "c.txt": "skipped"}


async def test_an_accident_in_the_run_observers_own_lines_ends_nothing(house: House) -> None:
    class Breaks(Told):
        def finished(self, film: Film, result: Result) -> None:
            if film.path.name == "b.txt":
                raise KeyError("no such line")
            super().finished(film, result)

    films = [house.film(f"{name}.txt") for name in "abc"]
    told = await house.run(*films, told=Breaks())
    assert told.ended == {"a.txt": "done", "b.txt": "internal_error", "c.txt": "done"}


@pytest.mark.parametrize("made", ["by another run", ""])
async def test_a_film_that_another_run_describes_meanwhile_keeps_what_that_wrote(house: House, made: str) -> None:
    film, theirs = house.film("a.txt"), house.out / "a.descriptions.json"

    class Second(EchoCaptioner):
        async def caption(self, request: Request) -> Reply:
            if made and not theirs.exists():
                theirs.parent.mkdir(parents=True, exist_ok=True)
                theirs.write_text(made)
                theirs.with_suffix(".en.srt").write_text(made)
            return await super().caption(request)

    told = await house.run(film, captioner=Second())
    if made:
        assert told.ended == {"a.txt": "output_exists"}
        assert theirs.read_text() == theirs.with_suffix(".en.srt").read_text() == made
    else:
        assert told.ended == {"a.txt": "done"}


# Whose the files are that stand there

DIALOGUE = """1
00:00:01,000 --> 00:00:03,000
Where have you been all night?

2
00:00:04,000 --> 00:00:06,000
Nowhere that concerns you, mother.
"""
NAMED = {"sidecar_name": "{name}.{language}"}


@pytest.mark.parametrize("state", ["finished", "refused windows", "encoded anew"])
async def test_a_dialogue_with_the_name_of_a_sidecar_is_not_ours_though_our_json_stands_beside_it(
    house: House, state: str
) -> None:
    film = house.film("a.txt")
    await house.run(film, captioner=Refusing(1) if state == "refused windows" else None)
    dialogue = house.out / "a.en.srt"
    dialogue.write_text(DIALOGUE)
    if state == "encoded anew":
        film = house.film("a.txt", "another text of this film")
    told = await house.run(film, **NAMED)
    assert told.ended == {"a.txt": "output_exists"}
    assert "a.en.srt" in told.errors["a.txt"].message
    assert dialogue.read_text() == DIALOGUE
    assert (await house.run(film, **NAMED, overwrite=True)).ended == {"a.txt": "done"}
    assert dialogue.read_text() != DIALOGUE


async def test_a_dialogue_of_short_cues_is_not_ours(house: House) -> None:
    """Each of its words is in the captions."""
    film = house.film("a.txt")
    await house.run(film)
    path = house.out / "a.descriptions.json"
    text = "A man stands on a snowy road. He is there, holding a phone."
    path.write_text(re.sub(r'"text": "[^"]*"', f'"text": "{text}"', path.read_text()))
    said = ["No.", "Oh.", "So?", "Man!", "On!", "Is he there?"]
    blocks = [f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{words}\n" for n, words in enumerate(said, 1)]
    (house.out / "a.en.srt").write_text("\n".join(blocks))
    assert (await house.run(film, **NAMED)).ended == {"a.txt": "output_exists"}


class Fetching(EchoCaptioner):
    """While it is asked, somebody puts a dialogue beside the film."""

    def __init__(self, place: Path) -> None:
        super().__init__()
        self.place = place

    async def caption(self, request: Request) -> Reply:
        self.place.parent.mkdir(exist_ok=True)
        self.place.write_text(DIALOGUE)
        return await super().caption(request)


async def test_a_dialogue_that_comes_while_the_film_is_described_stays(house: House) -> None:
    film, dialogue = house.film("a.txt"), house.out / "a.en.srt"
    told = await house.run(film, captioner=Fetching(dialogue), **NAMED)
    assert told.ended == {"a.txt": "output_exists"}
    assert "meanwhile" in told.errors["a.txt"].message
    assert dialogue.read_text() == DIALOGUE
    dialogue.unlink()
    echo = EchoCaptioner()
    assert (await house.run(film, captioner=echo, **NAMED)).ended == {"a.txt": "done"}
    assert echo.asked == 0, "what was answered is kept"


@pytest.mark.parametrize("format", ["srt", "vtt", "ass", "ttml", "txt", "csv"])
async def test_a_sidecar_of_ours_is_ours_under_any_name(house: House, format: str) -> None:
    """Corrected by somebody, and made anew where the film was."""
    film = house.film("a.txt")
    named = {**NAMED, "format": format}
    await house.run(film, **named)
    sidecar = house.out / f"a.en.{format}"
    corrected = sidecar.read_text().replace("frame", "picture", 1)
    sidecar.write_text(corrected)
    assert (await house.run(film, **named)).ended == {"a.txt": "skipped"}
    assert sidecar.read_text() == corrected
    assert (await house.run(house.film("a.txt", "another text of this film"), **named)).ended == {"a.txt": "done"}
    sidecar.unlink()
    assert (await house.run(film, **named)).ended == {"a.txt": "done"}
    assert sidecar.exists()


async def test_captions_of_two_films_of_one_name_both_stay(house: House) -> None:
    """Into one folder, by two runs: two cards of a camera."""
    for day in ("1", "2"):
        path = house.base / day / "c.txt"
        path.parent.mkdir()
        path.write_text("a card" * int(day))
        assert (await house.run(Film(path, Path("c.txt")))).ended == {"c.txt": "done"}
        assert (await house.run(Film(path, Path("c.txt")))).ended == {"c.txt": "skipped"}
    assert {path.name for path in house.out.glob("*.json")} == {"c.descriptions.json", "c.txt.descriptions.json"}


async def test_a_script_that_no_font_here_has_is_the_failure_of_the_film_that_has_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burn(film: Path, *rest: Any, **named: Any) -> tuple[Notice, ...]:
        if film.name == "b.txt":
            raise EnvironmentFault("no_font", "no font on this machine has Thai")
        Path(rest[1]).write_bytes(b"film")
        return ()

    monkeypatch.setattr(media, "burn", burn)
    told = await house.run(*(house.film(f"{name}.txt") for name in "abc"), burn=True)
    assert told.ended == {"a.txt": "done", "b.txt": "no_font", "c.txt": "done"}
    assert "the captions are in" in told.errors["b.txt"].message
