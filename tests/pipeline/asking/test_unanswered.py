"""Questions to which a model says nothing, something else, or of which it refuses a part: told, and never taken for a no."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from models.errors import RequestRefused
from pipeline import Answer, Conversation
from pipeline.asking.citing import Citer
from pipeline.asking.types import Passage
from pipeline.bench.films import FilmSpec, write
from pipeline.cli import ask as command
from pipeline.cli.talk_record import TalkRecord
from pipeline.errors import RequestError

OPTIONS = {"model": "llava-onevision-0.5b", "engine": "echo"}


class Says(EchoCaptioner):
    """Answers with what it is told to."""

    def __init__(self, said: Callable[[Request], str | Exception]) -> None:
        super().__init__()
        self.said, self.requests = said, list[Request]()

    async def caption(self, request: Request) -> Reply:
        *_, reply = [piece async for piece in self.stream(request)]
        assert isinstance(reply, Reply)
        return reply

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        self.requests.append(request)
        text = self.said(request)
        if isinstance(text, Exception):
            raise text
        if text:
            yield text
        yield Reply(text=text, finish="stop", prompt_tokens=10, completion_tokens=2)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s; cuts at 4 and 8."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write(path, FilmSpec(seconds=12, width=320, height=180, fps=25, gop=25))
    return path


def codes(answer: Answer) -> list[str]:
    return [notice.code for notice in answer.notices]


@pytest.mark.parametrize("nothing", ["", " \n"])
def test_an_answer_without_words_is_told_and_is_no_turn_of_the_talk(film: Path, nothing: str) -> None:
    model = Says(lambda _: nothing if len(model.requests) == 1 else "A door.")
    with Conversation(film, captioner=model, **OPTIONS) as talk:
        record = TalkRecord(talk)
        options = {"as_json": True, "verbose": False, "talking": False, "comes": lambda: None}
        assert not command._answered(talk, "What is it?", record, **options)
        assert command._answered(talk, "What is it?", record, **options)
        empty, full = talk.answers
        assert (empty.text, empty.citations, codes(empty)) == ("", (), ["answer_empty"])
        assert full.text.startswith("A door.")
        assert codes(full) == []
    assert model.requests[1].history == ()


@pytest.mark.parametrize(
    ("said", "text", "told"),
    [
        (["No", "Yes", "No"], "[0:04-0:08]", []),
        (["", "", ""], "", ["answer_unclear"]),
        (["Maybe", "Yes", ""], "[0:04-0:08]", ["answer_unclear"]),
        (["No", "", "No"], "It is not seen.", ["answer_unclear"]),
        ([RequestRefused("a filter"), "Yes", "No"], "[0:04-0:08]", ["request_refused"]),
        ([RequestRefused("a filter"), "", "No"], "It is not seen.", ["request_refused", "answer_unclear"]),
    ],
)
def test_each_passage_answers_for_itself(film: Path, said: list[str | Exception], text: str, told: list[str]) -> None:
    with Conversation(film, captioner=Says(lambda request: said[int(request.key.rpartition("/")[2])]), **OPTIONS) as talk:
        answer = talk.ask("When is it?")
    assert (answer.text, codes(answer)) == (text, told)


def test_where_every_passage_is_refused_there_is_no_answer(film: Path) -> None:
    model = Says(lambda _: RequestRefused("a filter"))
    with Conversation(film, captioner=model, **OPTIONS) as talk, pytest.raises(RequestError, match="a filter"):
        talk.ask("When is it?")


@pytest.mark.parametrize("words", ["[1 and 3]", "[1 AND 3]", "[1; 3]"])
def test_two_passages_are_not_those_between_them(words: str) -> None:
    passages = [Passage(film=Path("a.mp4"), start=4.0 * n, end=4.0 * n + 4) for n in range(3)]
    citer = Citer(passages, {}, {Path("a.mp4"): 12.0})
    assert citer.feed(words) + citer.end() == "[0:00-0:04] [0:08-0:12]"
