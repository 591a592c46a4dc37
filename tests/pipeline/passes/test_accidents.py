"""A fault of ours at any step of a summary that a model writes is that film's alone; the others are summarized, and the next run does it."""

from pathlib import Path
from typing import Any

import pytest
from accidents import ACCIDENTS, breaks, code_of, event_of
from authors import Author, film

from models.errors import PromptTooLong
from pipeline import formats, summarizer
from pipeline.engine.supervisor import Supervisor
from pipeline.errors import ScenescribeError
from pipeline.options.caption import Settings
from pipeline.passes import chapters, condense, files, markdown, summary
from pipeline.passes import json as summary_json
from pipeline.passes.condense import Condenser
from pipeline.passes.files import SummaryFiles
from pipeline.summary_items import Item
from pipeline.summary_run import summarize_all
from pipeline.types import Track
from scripts.soaks.madeup import TextHost

STEPS: dict[str, tuple[Any, str]] = {
    "its key": (summarizer, "digest"),
    "an earlier one": (SummaryFiles, "earlier"),
    "settings": (summary, "settings_of"),
    "chapters": (summary, "parts"),
    "a chapter's place": (chapters, "hills"),
    "notes": (summary, "_note"),
    "the model": (summary, "_written"),
    "stretches": (Condenser, "_stretches"),
    "halves": (condense, "_halves"),
    "the question": (condense, "request"),
    "asked": (Supervisor, "ask"),
    "the answer": (condense, "parse"),
    "joined": (condense, "once"),
    "a title": (Condenser, "_title"),
    "told in its captions' words": (condense, "telling"),
    "sentences": (summary, "_sentences"),
    "its chapters": (summary, "_chapters"),
    "as JSON": (summary_json, "to_text"),
    "as Markdown": (markdown, "to_text"),
    "written": (files, "write_whole"),
}


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    found = []
    for number, name in enumerate("abc"):
        path = tmp_path / f"{name}.descriptions.json"
        of = film(scenes=6 + number, each=24)
        path.write_text(formats.write("json", Track(cues=(), language="en", kind="descriptions"), of))
        found.append(Item(name=path, json=path, film=None, folder=tmp_path, stem=name))
    return found


class Short(Author):
    """One that takes less than was thought, whose answers can't always be used, and that names no title."""

    async def caption(self, request: Any) -> Any:
        if len(request.prompt.split()) > 250:
            raise PromptTooLong("too long")
        return await super().caption(request)


async def run(items: list[Item], monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], dict[str, ScenescribeError]]:
    def answer(notes: list[tuple[int, str]]) -> object:
        if len(author.requests) % 3 == 0:
            return "nonsense"
        return {"title": "", "sentences": [{"text": f"Told of {text[:30]}.", "captions": [number]} for number, text in notes[:9]]}

    author = Short(answer)
    monkeypatch.setattr(summarizer, "writes_prose", lambda *_: True)
    done, failed = list[str](), dict[str, ScenescribeError]()
    settings = Settings(engine="echo", model="llava-onevision-0.5b", length="long")
    async with TextHost(settings, captioner=author) as host:
        await summarize_all(
            items,
            settings,
            lambda item, written, _: done.append(item.stem),
            lambda name, error: failed.__setitem__(Path(name).name[0], error),
            host=host,
        )
    return sorted(done), failed


@pytest.mark.parametrize("accident", ACCIDENTS, ids=code_of)
@pytest.mark.parametrize("step", STEPS)
async def test_an_accident_at_any_step_of_a_written_summary(
    items: list[Item], step: str, accident: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owner, name = STEPS[step]
    left = [accident]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, breaks(getattr(owner, name), left))
        done, failed = await run(items, monkeypatch)
    assert left == []
    assert (len(done), [error.code for error in failed.values()]) == (2, [code_of(accident)])
    assert set(done) | set(failed) == set("abc")
    logged = [record.msg for record in caplog.records if isinstance(record.msg, dict) and "exc_info" in record.msg]
    assert [(entry["event"], entry["exc_info"]) for entry in logged] == [(event_of(accident), accident)]
    folder = items[0].folder
    assert not [path for path in folder.iterdir() if ".tmp" in path.name]
    (broken,) = failed
    assert not (folder / f"{broken}.summary.md").exists(), "what failed is not called done"
    assert await run(items, monkeypatch) == (["a", "b", "c"], {})
    assert len(list(folder.glob("*.summary.json"))) == 3
