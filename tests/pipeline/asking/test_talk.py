"""A conversation as a program holds it: blocking and not, streamed, left early, longer than the model, about a film that changes."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from models.errors import PromptTooLong, SchemaUnsupported
from pipeline import Answer, Conversation, ask, ask_async
from pipeline.bench.films import FilmSpec, write
from pipeline.errors import InputError, RequestError, UsageError

OPTIONS = {"model": "llava-onevision-0.5b", "engine": "echo"}


class Says(EchoCaptioner):
    """Answers with what it is told to, a word a piece; keeps what it was asked."""

    def __init__(self, text: str = "", *, longest: int = 10**9, hold: bool = False) -> None:
        super().__init__()
        self.text, self.longest, self.hold = text, longest, hold
        self.requests: list[Request] = []
        self.inside = 0
        self.asked_again = asyncio.Event()

    async def caption(self, request: Request) -> Reply:
        *_, reply = [piece async for piece in self.stream(request)]
        assert isinstance(reply, Reply)
        return reply

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        self.requests.append(request)
        length = len(request.prompt) + sum(len(turn.text) for turn in request.history)
        if length > self.longest:
            raise PromptTooLong(f"it has {length}")
        self.inside += 1
        if len(self.requests) > 1:
            self.asked_again.set()
        try:
            for n, word in enumerate(self.text.split(" ")):
                yield f" {word}" if n else word
                if self.hold:
                    await asyncio.sleep(3600)
            yield Reply(text=self.text, finish="stop", prompt_tokens=10, completion_tokens=2, cached_tokens=8)
        finally:
            self.inside -= 1


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s; cuts at 4 and 8."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write(path, FilmSpec(seconds=12, width=320, height=180, fps=25, gop=25))
    return path


def test_one_question(film: Path) -> None:
    answer = ask(film, "What is it?", captioner=Says("A door [2] and at 0:01, never [7]."), **OPTIONS)
    assert answer.text == "A door [0:04-0:08] and at [0:00-0:04], never."
    assert [(one.start, one.end) for one in answer.citations] == [(4.0, 8.0), (0.0, 4.0)]
    assert (answer.usage.cached_tokens, answer.finish, answer.mode) == (8, "stop", "look")


def test_the_film_comes_first_and_what_was_said_counts(film: Path) -> None:
    model = Says("Yes.")
    with Conversation(film, captioner=model, sure=True, **OPTIONS) as talk:
        talk.warm().result(60)
        pieces = list(talk.stream("Is it one?"))
        assert pieces[:-1] == ["Yes."]
        assert isinstance(pieces[-1], Answer)
        talk.ask("And two?")
        assert [answer.question for answer in talk.answers] == ["Is it one?", "And two?"]
    warm, first, second = model.requests
    assert warm.sampling.max_tokens == 1
    assert first.key == second.key == warm.key is not None
    assert first.preamble == second.preamble == warm.preamble
    assert [turn.text for turn in second.history] == ["Is it one?", "Yes."]
    assert (first.priority, first.sampling.temperature) == (0, 0.0)


async def test_without_blocking_and_left_early(film: Path) -> None:
    assert (await ask_async(film, "What?", captioner=Says("One."), **OPTIONS)).text.startswith("One.")
    model = Says("one two three", hold=True)
    async with Conversation(film, captioner=model, **OPTIONS) as talk:
        stream = talk.stream_async("What?")
        assert await anext(stream) == "one"
        assert model.inside == 1
        await stream.aclose()
        assert model.inside == 0, "the question has left the engine"
        task = asyncio.create_task(talk.ask_async("And now?"))
        await model.asked_again.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (model.inside, talk.answers) == (0, ())
    with pytest.raises(UsageError, match="running_loop"):
        ask(film, "What?", captioner=Says("One."), **OPTIONS)


def test_an_answer_left_early_in_a_loop_that_blocks(film: Path) -> None:
    model = Says("one two three", hold=True)
    with Conversation(film, captioner=model, **OPTIONS) as talk:
        for piece in talk.stream("What?"):
            assert piece == "one"
            break
        model.hold = False
        assert talk.ask("Again?").text.startswith("one two three")


def test_a_talk_longer_than_the_model_forgets_its_beginning_never_the_film(film: Path) -> None:
    model = Says("word " * 10 + "end.", longest=300)
    with Conversation(film, captioner=model, **OPTIONS) as talk:
        answers = [talk.ask(f"Question number {n}?") for n in range(8)]
        assert {notice.code for answer in answers for notice in answer.notices} == {"turns_forgotten"}
        assert all(request.video is not None for request in model.requests)
        assert all(len(request.history) % 2 == 0 for request in model.requests)
        with pytest.raises(RequestError, match=r"prompt_too_long.*fewer --frames"):
            talk.ask("a" * 301)


def test_a_film_that_changed_and_one_that_went(film: Path, tmp_path: Path) -> None:
    path = tmp_path / "growing.mp4"
    shutil.copy(film, path)
    with Conversation(path, captioner=Says("One."), **OPTIONS) as talk:
        talk.ask("What?")
        with path.open("ab") as file:
            file.write(b"more")
        with pytest.raises(InputError, match="source_changed"):
            talk.ask("What?")
        path.unlink()
        with pytest.raises(InputError, match="not_found"):
            talk.ask("What?")


def test_when_asks_every_passage_at_once(film: Path) -> None:
    class Sees(Says):
        """Sees it in the second passage."""

        def __init__(self, *, schema: bool) -> None:
            super().__init__()
            self.schema = schema

        async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
            if request.schema is not None and not self.schema:
                raise SchemaUnsupported("no")
            self.requests.append(request)
            yes = request.schema is not None or self.schema is False
            text = "Yes" if yes and request.key is not None and request.key.endswith("/1") else "No"
            yield text
            yield Reply(text=text, finish="stop", prompt_tokens=5, completion_tokens=1)

    for schema in (True, False):
        model = Sees(schema=schema)
        answer = ask(film, "When does the door open?", captioner=model, **OPTIONS)
        assert (answer.mode, answer.text) == ("when", "[0:04-0:08]")
        assert len(model.requests) == 3
        assert answer.usage.prompt_tokens == 15
    assert ask(film, "When is it?", captioner=Says("No"), **OPTIONS).text == "It is not seen."
    with pytest.raises(RequestError, match=r"prompt_too_long.*fewer --frames"):
        ask(film, "When does the door open?", captioner=Says("Yes", longest=3), **OPTIONS)


def test_what_can_not_be(film: Path) -> None:
    with pytest.raises(UsageError, match="empty_question"):
        ask(film, "  ", captioner=Says("x"), **OPTIONS)
    with pytest.raises(UsageError, match="did you mean 'frames'"):
        Conversation(film, frame=3, **OPTIONS)
    with pytest.raises(UsageError, match="not_open"):
        _ = Conversation(film, **OPTIONS).answers


def test_as_many_frames_as_were_asked_for(film: Path) -> None:
    """300 there are, in three passages of which eight each are looked at by themselves."""
    for wanted, shown, told in ((None, 24, []), (90, 90, []), (2000, 300, ["fewer_frames"])):
        model = Says("Yes.")
        answer = ask(film, "Is it one?", captioner=model, **({"frames": wanted} if wanted else {}), **OPTIONS)
        pictures = model.requests[0].video
        assert pictures is not None
        assert len(answer.looked_at) == len(pictures) == shown
        assert [notice.code for notice in answer.notices] == told
    assert "300 frames were looked at, not 2000" in answer.notices[0].message
    with pytest.raises(UsageError, match=r"too_many_frames: --frames 100000: pictures of 384x384 .* room for 4,854"):
        ask(film, "Is it one?", captioner=model, frames=100_000, **OPTIONS)
