"""Many notes into few: as many levels as the model's context asks for, and nothing is ever left out to make it fit.

n n n n n n n n n n n n      too long for one question, or too many sentences for one answer
[ask   ] [ask   ] [ask ]     asked at once, each stretch a question of its own
   n n      n n     n        few enough: these are the answer
[ask                  ]      too many: they are asked once more
          n n n

A model writes one word after the other, but as many answers beside each other as it is asked for: what a film takes is the longest answer of
each level. So an answer is short, levels are few, and whatever needs no other's answer is asked at the same time.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Any, TypeVar

from models.base import Sampling
from pipeline.engine.engine import Engine
from pipeline.errors import DeadlinePassed, RequestError
from pipeline.passes.answer import Answer, Note, Wanted, line, once, parse, request
from pipeline.passes.telling import heading, telling

T = TypeVar("T")
MOST = 4
"""sentences of one answer; more of them are of several stretches"""
SOME = 2
"""sentences of a stretch at least, where one more answer can weigh them against each other"""
BYTES_A_TOKEN = 3.2
"""of UTF-8: English has 4 to 5, Chinese about 3; where the guess was too high the model says so, and stretches become shorter"""
AROUND = 320
"""tokens of the instruction and the model's own markers"""
LEAST = 200
"""tokens of a stretch; a model with less room can't make a summary"""
LEVELS = 16
FINELY = 32
"""the part of their number by which stretches become more, until each fits; up to it one by one"""


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
    read: int = 0
    wrote: int = 0
    """tokens of all questions, of all answers"""
    used: int = 0
    """answers that could be used"""
    failed: list[tuple[int, ...]] = field(default_factory=list)
    """captions of stretches whose answer could not be used"""
    refused: list[tuple[tuple[int, ...], RequestError]] = field(default_factory=list)
    """captions of stretches that the model refused to sum up, and its words"""

    async def condense(self, notes: Sequence[Note], wanted: Wanted, level: int = 1) -> Answer:
        """At most so many sentences about these notes, and a title. Where no answer can be used they are the most telling notes themselves.

        Raises EnvironmentFault where the engine can't go on.
        """
        return await self.joined(notes, await self.stretched(notes, wanted, level), wanted, level + 1)

    async def stretched(self, notes: Sequence[Note], wanted: Wanted, level: int = 1) -> list[Answer]:
        """One level: an answer with a title where the notes fit one question, else those about each stretch, in order, without one."""
        if not notes:
            return []
        self.levels = max(self.levels, level)
        stretches = self._stretches(notes, wanted)
        if len(stretches) == 1:
            if (answer := await self._ask(notes, replace(wanted, sentences=min(wanted.sentences, MOST)))) is not None:
                return [answer]
            stretches = _halves(notes)  # it did not fit after all
        of_part = replace(
            wanted, titled=False, what=wanted.what if wanted.what.startswith("a part") else f"a part of {wanted.what}"
        )
        shares = _shares(stretches, wanted.sentences)
        asked = [
            self.stretched(one, replace(of_part, sentences=most), level) for one, most in zip(stretches, shares, strict=True)
        ]
        return [answer for answers in await gathered(asked) for answer in answers]

    async def joined(self, notes: Sequence[Note], answers: Sequence[Answer], wanted: Wanted, level: int) -> Answer:
        """What ``stretched`` made of these notes, as one answer: it is asked once more where it has too many sentences, or no title."""
        if len(answers) <= 1:
            return answers[0] if answers else Answer("", ())
        found = once(note for answer in answers for note in answer.notes)
        if len(found) > wanted.sentences and level <= LEVELS and self._size(found) < self._size(notes):
            return await self.condense(found, wanted, level)
        found = list(telling(found, wanted.sentences))  # a model that makes nothing shorter would be asked for ever
        return Answer(await self._title(found, wanted, level) if wanted.titled else "", tuple(found))

    async def _title(self, notes: Sequence[Note], wanted: Wanted, level: int) -> str:
        """A title for sentences that stay as they are: the beginning of one of them, where no answer can be used."""
        self.levels = max(self.levels, level)
        answer = await self._ask(notes, replace(wanted, sentences=0))
        return answer.title if answer is not None and answer.title else heading(notes, {})

    async def _ask(self, notes: Sequence[Note], wanted: Wanted) -> Answer | None:
        """The answer; None where the question was too long."""
        while True:
            held = self.held
            asked = request(notes, wanted, self.sampling, style=self.style, language=self.language, held=held)
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
                    self.context = min(self.context, self._room(wanted) + int(self._size(notes)) - 1)
                    return None
                self.refused.append((_captions(notes), error))
                return self._in_their_words(notes, wanted)
            self.read += reply.prompt_tokens
            self.wrote += reply.completion_tokens
            answer = parse(reply.text, notes)
            if wanted.sentences and not answer.notes:
                self.failed.append(_captions(notes))
                return self._in_their_words(notes, wanted)
            self.used += 1
            return answer

    def _in_their_words(self, notes: Sequence[Note], wanted: Wanted) -> Answer:
        """What stands in the place of an answer that there is not."""
        return Answer("", telling(notes, wanted.sentences) if wanted.sentences else ())

    def _stretches(self, notes: Sequence[Note], wanted: Wanted) -> list[Sequence[Note]]:
        """The notes in stretches, about equally long, of which each fits and none has to be told in too many sentences."""
        room = max(LEAST, self.context - self._room(wanted))
        costs = [_cost(note) for note in notes]
        many = max(-(-sum(costs) // room), -(-min(wanted.sentences, len(notes)) // MOST))
        if many <= 1:
            return [notes]
        if len(notes) == 1:
            return _halves(notes)
        if max(costs) > room:  # those fit into no question: each is a stretch of its own, which is halved
            return _around(notes, [cost > room for cost in costs])
        count = int(many)
        while count < len(notes):
            made = _equal(costs, count)
            if all(sum(costs[first:last]) <= room for first, last in made):
                return [notes[first:last] for first, last in made]
            count += max(1, count // FINELY)
        return [[note] for note in notes]

    def _room(self, wanted: Wanted) -> int:
        """Tokens of a question and its answer beside the notes."""
        return AROUND + replace(wanted, sentences=min(wanted.sentences, MOST)).tokens

    def _size(self, notes: Sequence[Note]) -> float:
        return sum(map(_cost, notes))


def _captions(notes: Sequence[Note]) -> tuple[int, ...]:
    return tuple(sorted({number for note in notes for number in note.captions}))


def _cost(note: Note) -> float:
    return len(line(100, note).encode("utf-8", "replace")) / BYTES_A_TOKEN + 1


def _equal(costs: Sequence[float], count: int) -> list[tuple[int, int]]:
    """So many stretches of about the same length, or fewer where single notes are longer than that: first and past the last."""
    each = sum(costs) / count
    places = [int((end - cost / 2) / each) for cost, end in zip(costs, accumulate(costs), strict=True)]
    edges = [0, *(n for n in range(1, len(places)) if places[n] != places[n - 1]), len(places)]
    return list(pairwise(edges))


def _around(notes: Sequence[Note], alone: Sequence[bool]) -> list[Sequence[Note]]:
    """The notes that stand alone, and those between them."""
    edges = sorted({0, len(notes), *(edge for n, one in enumerate(alone) if one for edge in (n, n + 1))})
    return [notes[first:last] for first, last in pairwise(edges)]


def _shares(stretches: Sequence[Sequence[Note]], sentences: int) -> list[int]:
    """How many sentences each stretch is told in: where they are to be weighed against each other, no more than half of its notes."""
    each, more = divmod(sentences, len(stretches))
    least = SOME if sentences <= MOST else 1
    shares = [max(least, each + (n < more)) for n in range(len(stretches))]
    final = sum(shares) <= sentences
    return [
        min(share, sentences, len(one) if final else (len(one) + 1) // 2) for share, one in zip(shares, stretches, strict=True)
    ]


def _halves(notes: Sequence[Note]) -> list[Sequence[Note]]:
    """Two stretches of what is too long for one: half of the notes each, or half of the words of a single one."""
    if len(notes) > 1:
        return [notes[: len(notes) // 2], notes[len(notes) // 2 :]]
    (only,) = notes
    words = only.text.split()
    middle = len(words) // 2
    return [[Note(" ".join(half), only.captions)] for half in (words[:middle], words[middle:]) if half]


async def gathered(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All answers, asked at once; where one raises, the others are taken out of the engine."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
