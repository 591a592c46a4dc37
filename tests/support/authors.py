"""Models that write summaries, made up, and films for them."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from models.base import Reply, Request, Sampling
from models.engines.echo import EchoCaptioner
from models.errors import PromptTooLong, SchemaUnsupported
from pipeline.engine.engine import Engine
from pipeline.outline import Summary
from pipeline.passes import json as summary_json
from pipeline.passes.summary import Writer, summarize
from pipeline.types import Caption, Document, Model, Source

MODEL = Model(name="author", id="author/1", revision="", engine="vllm", engine_version="1")


def document(texts: Sequence[str], seconds: float = 5.0, **more: object) -> Document:
    captions = tuple(Caption(start=n * seconds, end=(n + 1) * seconds, text=text) for n, text in enumerate(texts))
    source = Source(name="film.mp4", size=1, duration=len(texts) * seconds, fps=25, width=640, height=360, start=0)
    shots = tuple(n * seconds for n in range(1, len(texts)))
    return replace(Document(source=source, model=MODEL, settings={}, captions=captions, shots=shots), **more)  # type: ignore[arg-type]


def film(scenes: int = 6, each: int = 10) -> Document:
    """A film of scenes that have no word in common; each caption has a word of its own."""
    return document(
        [f"scene{scene}a scene{scene}b unique{scene * each + n} happens" for scene in range(scenes) for n in range(each)]
    )


Edit = Callable[[list[tuple[int, str]]], object]


class Author(EchoCaptioner):
    """Answers numbered notes with JSON: by itself one sentence of all words for each of as many notes as it may have."""

    def __init__(self, answer: Edit | None = None, *, words: int = 10_000, grammars: bool = True) -> None:
        super().__init__(capacity=64)
        self.answer, self.words, self.grammars = answer, words, grammars
        self.requests: list[Request] = []

    async def caption(self, request: Request) -> Reply:
        self.requests.append(request)
        if request.schema is not None and not self.grammars:
            raise SchemaUnsupported("no grammars here")
        if len(request.prompt.split()) > self.words:
            raise PromptTooLong("too long")
        notes = [(int(number), text) for number, text in re.findall(r"^(\d+)\. (.*)$", request.prompt, re.MULTILINE)]
        said = self.answer(notes) if self.answer is not None else self.first_and_last(notes)
        if isinstance(said, Exception):
            raise said
        text = said if isinstance(said, str) else json.dumps(said)
        return Reply(text=text, finish="stop", prompt_tokens=1, completion_tokens=1)

    def first_and_last(self, notes: list[tuple[int, str]]) -> object:
        ends = dict.fromkeys((notes[0], notes[-1]))
        return {
            "title": notes[0][1].split()[0],
            "sentences": [{"text": f"Told of {text[:30]}.", "captions": [number]} for number, text in ends],
        }


async def told(of: Document, author: Author, *, context: int = 4096, length: str = "short", style: str = "") -> Summary:
    async with Engine(author) as engine:
        writer = Writer(engine=engine, model=lambda: MODEL, sampling=Sampling(), context=context)
        return await summarize(of, length=length, style=style, writer=writer)  # type: ignore[arg-type]


def holds(summary: Summary, of: Document) -> None:
    """What every summary keeps."""
    every = [*summary.sentences, *(sentence for chapter in summary.chapters for sentence in chapter.sentences)]
    for sentence in every:
        assert sentence.captions
        assert list(sentence.captions) == sorted(set(sentence.captions))
        assert all(1 <= number <= len(of.captions) for number in sentence.captions)
        for number in sentence.captions:
            caption = of.captions[number - 1]
            assert any(start <= caption.start and caption.end <= end for start, end in sentence.times)
    for chapter in summary.chapters:
        for sentence in chapter.sentences:
            assert all(chapter.start <= start and end <= chapter.end for start, end in sentence.times)
    assert summary_json.from_text(summary_json.to_text(summary)).sentences == tuple(summary.sentences)


class Obedient(Author):
    """As many sentences as it is asked for, each of the length that people write."""

    async def caption(self, request: Request) -> Reply:
        many = re.search(r"in (one|\d+) sentences? or fewer", request.prompt)
        self.many = 0 if many is None else 1 if many[1] == "one" else int(many[1])
        return await super().caption(request)

    def first_and_last(self, notes: list[tuple[int, str]]) -> object:
        chosen = notes[:: -(-len(notes) // self.many)] if self.many else []
        return {"title": notes[0][1][:20], "sentences": [{"text": f"{text[:140]} {n}", "captions": [n]} for n, text in chosen]}


def two_hours() -> Document:
    """900 captions of 240 letters in scenes of 50."""
    return document([f"scene{n // 50} unique{n} {'happens ' * 28}" for n in range(900)], seconds=8.0)
