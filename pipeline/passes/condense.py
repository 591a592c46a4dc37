"""Many notes into few: as many levels as the model's context asks for, and nothing is ever left out to make it fit.

n n n n n n n n n n n n      too long for one question
[ask   ] [ask   ] [ask ]     asked at once, each stretch a question of its own
   n n      n n     n
[ask                  ]      fits
          n n n
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.base import Sampling
from pipeline.engine.engine import Engine
from pipeline.errors import DeadlinePassed, RequestError
from pipeline.passes.answer import SENTENCE_TOKENS, TITLE_TOKENS, Answer, Note, line, parse, request
from pipeline.passes.telling import telling

BYTES_A_TOKEN = 3.2
"""of UTF-8: English has 4 to 5, Chinese about 3; where the guess was too high the model says so, and stretches become shorter"""
AROUND = 320
"""tokens of the instruction and the model's own markers"""
LEAST = 200
"""tokens of a stretch; a model with less room can't make a summary"""
LEVELS = 16


@dataclass(slots=True, kw_only=True)
class Condenser:
    """Asks one model about one film; what it learns of the model's limits counts for all later questions."""

    engine: Engine
    sampling: Sampling
    context: int
    """tokens that a question and its answer may have together, as far as is known"""
    style: str = ""
    language: str = "English"
    owner: object = field(default_factory=object)
    """films take turns with each other's questions"""
    held: bool = True
    """whether answers are held to the grammar: not by an engine that can't"""
    asked: int = 0
    levels: int = 0
    """the most that anything took"""
    failed: list[tuple[int, ...]] = field(default_factory=list)
    """captions of stretches whose answer could not be used"""

    async def condense(self, notes: Sequence[Note], sentences: int, what: str) -> Answer:
        """At most ``sentences`` about these notes, and a title. Where no answer can be used they are the most telling notes themselves.

        Raises EnvironmentFault where the engine can't go on.
        """
        title = ""
        for level in range(1, LEVELS + 1):
            if not notes:
                break
            self.levels = max(self.levels, level)
            stretches = self._stretches(notes, sentences)
            if len(stretches) == 1:
                answer = await self._ask(notes, sentences, what)
                if answer is not None:
                    return answer
                stretches = _halves(notes)  # it did not fit after all
            shorter = [max(1, min(sentences, (len(stretch) + 1) // 2)) for stretch in stretches]
            part = what if what.startswith("a part") else f"a part of {what}"
            answers = await gathered([self.condense(one, most, part) for one, most in zip(stretches, shorter, strict=True)])
            before, notes = notes, [note for answer in answers for note in answer.notes]
            title = title or next((answer.title for answer in answers if answer.title), "")
            if sum(map(self._cost, notes)) >= sum(map(self._cost, before)):
                break  # a model that makes nothing shorter would be asked for ever
        return Answer(title, telling(notes, sentences))

    async def _ask(self, notes: Sequence[Note], sentences: int, what: str) -> Answer | None:
        """The answer; None where the question was too long."""
        while True:
            held = self.held
            asked = request(notes, sentences, self.sampling, what=what, style=self.style, language=self.language, held=held)
            try:
                self.asked += 1
                reply = await self.engine.ask(asked, owner=self.owner)
            except DeadlinePassed:
                raise
            except RequestError as error:
                if error.code == "schema_unsupported" and held:
                    self.held = False
                    continue
                if error.code == "prompt_too_long" and (len(notes) > 1 or len(notes[0].text.split()) > 1):
                    self.context = min(self.context, self._room(sentences) + int(sum(map(self._cost, notes))) - 1)
                    return None
                return self._unusable(notes, sentences)
            answer = parse(reply.text, notes)
            return answer if answer.notes else self._unusable(notes, sentences)

    def _unusable(self, notes: Sequence[Note], sentences: int) -> Answer:
        self.failed.append(tuple(sorted({number for note in notes for number in note.captions})))
        return Answer("", telling(notes, sentences))

    def _stretches(self, notes: Sequence[Note], sentences: int) -> list[Sequence[Note]]:
        """The notes in stretches that fit, about equally long."""
        room = max(LEAST, self.context - self._room(sentences))
        total = sum(map(self._cost, notes))
        if total <= room:
            return [notes]
        each = total / -(-total // room)
        made: list[list[Note]] = [[]]
        size = 0.0
        for note in notes:
            cost = self._cost(note)
            if made[-1] and (size + cost / 2 > each or size + cost > room):
                made.append([])
                size = 0.0
            made[-1].append(note)
            size += cost
        return list(made) if len(made) > 1 else _halves(notes)

    def _room(self, sentences: int) -> int:
        """Tokens of a question and its answer beside the notes."""
        return AROUND + TITLE_TOKENS + SENTENCE_TOKENS * sentences

    def _cost(self, note: Note) -> float:
        return len(line(100, note).encode("utf-8", "replace")) / BYTES_A_TOKEN + 1


def _halves(notes: Sequence[Note]) -> list[Sequence[Note]]:
    """Two stretches of what is too long for one: half of the notes each, or half of the words of a single one."""
    if len(notes) > 1:
        return [notes[: len(notes) // 2], notes[len(notes) // 2 :]]
    (only,) = notes
    words = only.text.split()
    middle = len(words) // 2
    return [[Note(" ".join(half), only.captions)] for half in (words[:middle], words[middle:]) if half]


async def gathered(work: Sequence[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """All answers, asked at once; where one raises, the others are taken out of the engine."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
