"""What a film is about, from its captions: chapters first, then the film out of its chapters.

    captions -> parts (chapters.py)
                  each part: notes -> a title, a few sentences       all asked at once; a long part is several questions
                                         |--> the film: these sentences are the notes, each with the captions that it rests on
                                         `--> the long parts' own sentences are joined, at the same time

A model writes where one can; otherwise the summary is composed: of facts, where the captions are the embedded model's, or of the
captions that tell most, word for word. It says which.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from models.base import Sampling
from pipeline.engine.engine import Engine
from pipeline.errors import RequestError
from pipeline.outline import Chapter, Sentence, Summary
from pipeline.passes import facts, telling
from pipeline.passes.answer import Answer, Note, Wanted, once
from pipeline.passes.chapters import Part, parts
from pipeline.passes.condense import Condenser, gathered
from pipeline.passes.words import together, words
from pipeline.types import Document, Model, Notice, Outcome, Span

Length = Literal["short", "long"]
OF_FILM = {"short": 4, "long": 12}
"""sentences about the film"""
OF_CHAPTER = {"short": 2, "long": 5}
"""and about each chapter"""
TOUCHING = 0.05
"""seconds between captions that make one span"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes: a model that can, through its engine."""

    engine: Engine
    model: Callable[[], Model]
    """as the JSON names it; the engine's version is known when it has answered"""
    sampling: Sampling
    context: int
    """tokens of a question and its answer"""


async def summarize(document: Document, *, length: Length = "short", style: str = "", writer: Writer | None = None) -> Summary:
    """The summary and the chapters of a film. ``writer`` None: composed.

    A sentence rests on captions that exist, chapters cover the film (``chapters.parts``). A film without captions has one chapter
    and no sentence, and a notice says so. Raises EnvironmentFault where the engine can't go on, RequestError
    ``summary_refused`` where the model refused every question.
    """
    began = time.monotonic()
    found = parts(document.captions, document.shots, document.source.duration)
    ordered = sorted(range(len(document.captions)), key=lambda n: (document.captions[n].start, document.captions[n].end))
    notes = [_note(document, n) for n in ordered]
    of_parts = [[note for note in notes[part.first : part.last] if note.text] for part in found]
    warnings: list[Notice] = []
    if not any(of_parts):
        warnings.append(
            Notice(code="nothing_to_summarize", message="the film has no caption with text, so there is nothing to tell")
        )
    stats: dict[str, Any] = {}
    by_model = writer is not None
    if writer is None or not any(of_parts):
        answers, film = _composed(of_parts, length)
    else:
        answers, film, more, stats, by_model = await _written(document, of_parts, length, style, writer)
        warnings += more
    return Summary(
        source=document.source,
        model=writer.model() if writer is not None and by_model else document.model,
        settings=settings_of(length, style, writer),
        captions=digest(document),
        sentences=_sentences(document, film),
        chapters=_chapters(document, found, answers),
        method="written" if by_model else "composed",
        language=document.language,
        warnings=tuple(warnings),
        stats={"seconds": round(time.monotonic() - began, 3), **stats},
    )


def settings_of(length: Length, style: str, writer: Writer | None) -> dict[str, Any]:
    """All that a summary depends on beside its captions."""
    if writer is None:
        return {"length": length, "style": style, "model": "", "engine": ""}
    sampling = {"temperature": writer.sampling.temperature, "top_p": writer.sampling.top_p, "seed": writer.sampling.seed}
    model = writer.model()
    return {"length": length, "style": style, "model": model.id, "engine": model.engine, **sampling}


def digest(document: Document) -> str:
    """SHA-256 of what a summary is made from: the captions, the cuts and the film's length."""
    made = hashlib.sha256(f"{document.language}\0{document.source.duration:.3f}\0".encode("utf-8", "replace"))
    for caption in document.captions:
        made.update(f"{caption.start:.3f} {caption.end:.3f} {caption.text}\0".encode("utf-8", "replace"))
    made.update(" ".join(f"{shot:.3f}" for shot in document.shots).encode())
    return made.hexdigest()


def _note(document: Document, place: int) -> Note:
    caption = document.captions[place]
    return Note("" if caption.outcome is Outcome.FAILED else caption.text.strip(), (place + 1,))


def _composed(of_parts: Sequence[Sequence[Note]], length: Length) -> tuple[list[Answer], tuple[Note, ...]]:
    """Titles and sentences of the chapters, and those of the film, out of facts or of the captions' own sentences."""
    whole = [note for part in of_parts for note in part]
    if (known := facts.told(whole)) is not None:
        answers = []
        for part in of_parts:
            numbers = {note.captions for note in part}
            in_part = [one for one in known if one[0].captions in numbers]
            answers.append(Answer(facts.heading(in_part), facts.composed(in_part)))
        return answers, facts.composed(known)
    film = together(dict.fromkeys(words(note.text), 1.0) for note in whole)
    answers = [Answer(telling.heading(part, film), telling.telling(part, OF_CHAPTER[length])) for part in of_parts]
    return answers, telling.telling([note for answer in answers for note in answer.notes], OF_FILM[length])


async def _written(
    document: Document, of_parts: Sequence[Sequence[Note]], length: Length, style: str, writer: Writer
) -> tuple[list[Answer], tuple[Note, ...], list[Notice], dict[str, Any], bool]:
    """The same, by a model; what could not be used of its answers; what it took; whether anything of it is the model's own.

    Raises RequestError ``summary_refused`` where the model refused all of it.
    """
    from pipeline.languages import english_name

    condenser = Condenser(
        engine=writer.engine, sampling=writer.sampling, context=writer.context, style=" ".join(style.split()),
        language=english_name(document.language),
    )  # fmt: skip
    chapter = Wanted(what="a part of a film", sentences=OF_CHAPTER[length])
    parts_told = await gathered([condenser.stretched(part, chapter) for part in of_parts])
    notes = once(note for answers in parts_told for answer in answers for note in answer.notes)
    one_is_all = sum(map(bool, of_parts)) == 1 and len(notes) <= OF_FILM[length]  # one chapter: it is the film
    film, *answers = await gathered([
        _as_it_is(notes) if one_is_all else condenser.condense(notes, Wanted(what="a film", sentences=OF_FILM[length], titled=False), 2),
        *(condenser.joined(part, told, chapter, 2) for part, told in zip(of_parts, parts_told, strict=True)),
    ])  # fmt: skip
    if condenser.refused and not condenser.used and not condenser.failed:
        raise RequestError("summary_refused", f"the model refused to sum the film up; it said: {condenser.refused[0][1].message}")
    refused, instead = "the model refused to sum this stretch up", "captions stand in its place"
    notices = [
        Notice(code="summary_unusable", message=f"the model's answer about this stretch could not be used; {instead}", **stretch)
        for stretch in (_stretch(document, numbers) for numbers in condenser.failed)
    ]
    for numbers, error in condenser.refused:
        message = f"{refused}; {instead}, and the next run asks again; it said: {error.message}"
        notices.append(Notice(code="summary_refused", message=message, **_stretch(document, numbers)))
    took = {"asked": condenser.asked, "levels": condenser.levels, "prompt_tokens": condenser.read, "tokens": condenser.wrote}
    return answers, film.notes, notices, took, condenser.used > 0


def _stretch(document: Document, numbers: Sequence[int]) -> dict[str, float]:
    """Where the captions of these numbers stand."""
    return {"start": document.captions[numbers[0] - 1].start, "end": document.captions[numbers[-1] - 1].end}


async def _as_it_is(notes: Sequence[Note]) -> Answer:
    return Answer("", tuple(notes))


def _chapters(document: Document, found: Sequence[Part], answers: Sequence[Answer]) -> tuple[Chapter, ...]:
    """The parts with titles that differ from each other."""
    made: list[Chapter] = []
    times: dict[str, int] = {}
    for number, (part, answer) in enumerate(zip(found, answers, strict=True), 1):
        title = answer.title or f"Chapter {number}"
        times[title] = times.get(title, 0) + 1
        shown = title if times[title] == 1 else f"{title} ({times[title]})"
        made.append(Chapter(start=part.start, end=part.end, title=shown, sentences=_sentences(document, answer.notes)))
    return tuple(made)


def _sentences(document: Document, notes: Sequence[Note]) -> tuple[Sentence, ...]:
    return tuple(Sentence(text=note.text, captions=note.captions, times=spans(document, note.captions)) for note in notes)


def spans(document: Document, numbers: Sequence[int]) -> tuple[Span, ...]:
    """Where these captions stand, ascending; those that follow one another are one span."""
    made: list[Span] = []
    for caption in sorted((document.captions[number - 1] for number in numbers), key=lambda one: one.start):
        if made and caption.start <= made[-1][1] + TOUCHING:
            made[-1] = (made[-1][0], max(made[-1][1], caption.end))
        else:
            made.append((caption.start, caption.end))
    return tuple(made)
