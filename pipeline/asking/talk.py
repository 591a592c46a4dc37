"""A conversation about films and pictures: the story on one screen.

question -> how is it answered?   look: frames of a short film, or of the passages that captions lead to
                                  read: captions alone        when: each passage is asked, yes or no
         -> the model's words as they come, its numbers as times -> Answer
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Hashable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Self

from models.base import Reply, Schema, Turn
from models.preset import FrameSize
from pipeline.asking import finding, wording
from pipeline.asking.choosing import Choice, Chooser, Leave
from pipeline.asking.citing import Citer
from pipeline.asking.inputs import Opened, opened
from pipeline.asking.requests import Requests, hinted
from pipeline.asking.types import Answer, Passage, Shown, Usage
from pipeline.asking.warmth import Warmth
from pipeline.asking.when import Verdicts, asked
from pipeline.captioning.recipe import Recipe
from pipeline.errors import InputError, RequestError, UsageError
from pipeline.host import Host
from pipeline.options.ask import AskSettings
from pipeline.sanitize import clean
from pipeline.types import Notice


class Talk:
    """One conversation, on a host that is running. An asynchronous context manager: entering it opens what is asked about.

    Raises InputError, UsageError and EnvironmentFault when it is entered.
    """

    def __init__(
        self,
        host: Host,
        paths: Sequence[Path],
        settings: AskSettings,
        *,
        leave: Leave | None = None,
        chooser: Chooser | None = None,
        history: Sequence[Turn] = (),
        instructions: str = "",
        schema: Schema | None = None,
        captions: Sequence[Path] = (),
        owner: Hashable = None,
    ) -> None:
        """``chooser``: of films that are open already, instead of ``paths``; such a talk is not entered. ``history``: what was said
        before; ``instructions``: how to answer; ``schema``: of answers that are no text, and name no times; ``captions``: those that
        stand elsewhere than beside their films; ``owner``: whose turn at the engine it is, the talk's own where it is None."""
        if not paths and chooser is None:
            raise UsageError("no_input", "name a film, a picture or a folder to ask about")
        self.host, self.settings, self.paths = host, settings, tuple(paths)
        self.recipe = chooser.recipe if chooser is not None else Recipe.of(settings.describing(), host.preset)
        self.requests = Requests(host.preset, self.recipe, settings, instructions=instructions, schema=schema)
        self.history = list(history)
        self.answers: list[Answer] = []
        self.films: tuple[Opened, ...] = chooser.films if chooser is not None else ()
        if chooser is not None:
            self._chooser = chooser
        self.last: Shown | None = None
        """what the last question was shown"""
        self.warmth = Warmth(host.engine)
        self._captions = tuple(captions)
        self._leave, self._owner = leave, owner if owner is not None else self

    async def __aenter__(self) -> Self:
        self.films = tuple([await opened(path, self.host, self._captions) for path in self.paths])
        self.requests.several = len(self.films) > 1
        sizes = {self.recipe.frame_size(film.info) for film in self.films if film.info is not None}
        if len(sizes) > 1:  # frames of one video have one size
            size = self.recipe.size
            side = round(size.max_pixels**0.5 / size.multiple) * size.multiple
            self.recipe = self.recipe.changed(size=FrameSize(mode="stretch", side=side))
        self._chooser = Chooser(self.host, self.films, self.recipe, self.settings, self._leave)
        if self.settings.span is not None and all(self.settings.span[0] >= film.duration for film in self.films):
            raise InputError("range_past_the_end", f"it ends before {self.settings.at} begins", path=str(self.paths[0]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.warmth.close()

    async def warm(self) -> None:
        """Read a short film and have the model read it too, so that the first question is answered like the second."""
        if self.settings.mode != "read" and (shown := await self._chooser.look_at_all()) is not None:
            await self.warmth.touch(self.requests.about(shown, "?", ()))

    async def stream(self, question: str) -> AsyncGenerator[str | Answer, None]:
        """The answer's words as they come, and at the end the Answer; close it, and the question leaves the engine.

        Raises UsageError ``empty_question``, InputError, RequestError, EnvironmentFault.
        """
        began = time.monotonic()
        question = question.strip()
        if not question:
            raise UsageError("empty_question", "the question is empty; write what you want to know")
        for film in self.films:
            await asyncio.to_thread(film.refuse_changed)
        plain = self.requests.schema is None
        choice = await self._chooser.choose(question, times=plain)
        self.last = choice.shown
        answer: Answer | None = None
        if choice.mode == "when":
            answer = await self._when(question, choice, began)
            yield answer.text
        elif plain and self.requests.bare and choice.mode == "read":
            answer = self._quoted(question, choice.captions, began)
            yield answer.text
        else:
            async with aclosing(self._spoken(question, choice, began)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Answer):
                        answer = piece
                    else:
                        yield piece
            assert answer is not None
        self.answers.append(answer)
        if answer.text:  # servers refuse turns without words
            self.history += [Turn(role="user", text=question), Turn(role="assistant", text=answer.text)]
        yield answer

    async def ask(self, question: str) -> Answer:
        """The whole answer. Raises what ``stream`` raises."""
        async with aclosing(self.stream(question)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    return piece
        raise AssertionError("a stream ends with its answer")

    async def _spoken(self, question: str, choice: Choice, began: float) -> AsyncGenerator[str | Answer, None]:
        """The model's own words."""
        shown = choice.shown
        passages = shown.passages if shown is not None else tuple(choice.captions)
        history, first = tuple(self.history) if not self.requests.bare else (), 0.0
        fewer = (*self._chooser.told_missing(), *(self._chooser.told_fewer(shown) if shown is not None else ()))
        notices = list(fewer)
        while True:
            request = (
                self.requests.about(shown, question, history)
                if shown is not None
                else self.requests.reading(passages, question, history)
            )
            citer, said = self._citer(passages) if self.requests.schema is None else None, list[str]()
            reply: Reply | None = None
            try:
                async with aclosing(self.host.engine.stream(request, owner=self._owner)) as pieces:  # type: ignore[type-var]
                    async for piece in pieces:
                        first = first or time.monotonic() - began
                        if isinstance(piece, Reply):
                            reply = piece
                        elif text := citer.feed(piece) if citer is not None else piece:
                            said.append(text)
                            yield text
            except RequestError as error:
                if error.code != "prompt_too_long" or said:
                    raise
                if not history:
                    raise hinted(error) from error
                history = history[2 * (len(history) // 4 + 1) :]  # whole exchanges, the oldest first
                notices = [
                    *fewer,
                    Notice(
                        code="turns_forgotten", message="the talk has grown too long for the model: its beginning is left out"
                    ),
                ]
                continue
            break
        assert reply is not None
        if citer is not None and (text := citer.end()):
            said.append(text)
            yield text
        empty = not clean("".join(said))
        if empty:
            notices.append(Notice(code="answer_empty", message=wording.EMPTY))
        elif citer is not None and not citer.named and sum(not passage.still for passage in passages) == 1:
            text = f" {citer.cite(0)}"
            said.append(text)
            yield text
        yield Answer(
            question=question,
            text=clean("".join(said)),
            several=len(self.films) > 1,
            citations=tuple(citer.named) if citer is not None else (),
            looked_at=self._looked_at(shown),
            mode="look" if shown is not None else "read",
            finish=reply.finish,
            usage=Usage(
                prompt_tokens=reply.prompt_tokens, cached_tokens=reply.cached_tokens, completion_tokens=reply.completion_tokens
            ),
            first_token=first,
            total=time.monotonic() - began,
            notices=tuple(notices),
        )

    async def _when(self, question: str, choice: Choice, began: float) -> Answer:
        """Where those passages stand that say yes."""
        shown, passages = choice.shown, tuple(choice.captions)
        asking = wording.yes_or_no(question, bare=self.requests.bare)
        if asking is None:  # the model has no word for it: the captions have
            passages = tuple(finding.holding(question, passages))
            verdicts = Verdicts(yes=tuple(range(len(passages))), replies=())
        else:
            if shown is None:
                shown = await self._chooser.look_at(passages, self.host.preset.frame_count * len(passages))
            passages = shown.passages
            choices = ("Yes.", "No.") if self.requests.bare else (wording.YES, wording.NO)
            parts = [self.requests.one_of(shown, number, asking) for number in range(len(passages))]
            verdicts = await asked(parts, choices, self.host.engine)
        self.last = shown
        citer = self._citer(passages)
        took = time.monotonic() - began
        return Answer(
            question=question,
            text=citer.cite_all(verdicts.yes)
            or ("It is not seen." if verdicts.settled else ""),  # before the citations, which it collects
            several=len(self.films) > 1,
            citations=tuple(citer.named),
            looked_at=self._looked_at(shown),
            mode="when",
            usage=verdicts.usage,
            first_token=took,
            total=took,
            notices=(*self._chooser.told_missing(), *verdicts.notices),
        )

    def _quoted(self, question: str, passages: Sequence[Passage], began: float) -> Answer:
        """The captions themselves, for a model that reads nothing else."""
        citer = self._citer(passages)
        chosen = list(passages[:3])
        text = " ".join(f"{' '.join(one.text.split())} {citer.cite(number)}" for number, one in enumerate(chosen))
        took = time.monotonic() - began
        return Answer(
            question=question, text=clean(text) or "Its captions say nothing of it.", citations=tuple(citer.named),
            several=len(self.films) > 1, mode="read", first_token=took, total=took, notices=self._chooser.told_missing(),
        )  # fmt: skip

    def _citer(self, passages: Sequence[Passage]) -> Citer:
        return Citer(passages, {film.path: film.cuts for film in self.films}, {film.path: film.duration for film in self.films})

    def _looked_at(self, shown: Shown | None) -> tuple[tuple[Path, float], ...]:
        if shown is None:
            return ()
        films = [passage.film for passage, count in zip(shown.passages, shown.counts, strict=True) for _ in range(count)]
        return tuple(zip(films, shown.times, strict=True))
