"""Questions about films go the way of ``scenescribe ask``: films stay open, captions lead to passages, numbers become times."""

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import Running, running

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner


class Pointing(EchoCaptioner):
    """Says whatever ``says`` holds, to questions; keeps what it was asked."""

    says = "It moves [2], then stops [1-2]."

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        self.requests.append(request)
        for letter in self.says:
            yield letter
        yield Reply(text=self.says, finish="stop", prompt_tokens=100, completion_tokens=len(self.says), cached_tokens=90)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A model that reads text, unlike the embedded one."""
    with running(tmp_path_factory.mktemp("talk") / "state", captioner=Pointing(), model="llava-onevision-7b") as service:
        yield service


@pytest.fixture(scope="module")
def described(served: Running, film: Path) -> str:
    id = str(served.upload(film)["id"])
    assert served.done(served.job(id)["id"])["status"] == "completed"
    return id


def ask(service: Running, film: str, *turns: str, **more: Any) -> dict[str, Any]:
    shown = {"type": "video_url", "video_url": {"url": f"scenescribe:{film}"}}
    messages: list[dict[str, Any]] = [
        {"role": ("user", "assistant")[n % 2], "content": text if n else [shown, {"type": "text", "text": text}]}
        for n, text in enumerate(turns)
    ]
    answer = service.client.post("/v1/chat/completions", json={"messages": messages, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def said(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def test_numbers_become_times_and_the_next_question_finds_the_film_open(served: Running, described: str) -> None:
    first = ask(served, described, "What moves?")
    assert said(first) == "It moves [0:04-0:06], then stops [0:00-0:06].", "its shots are two"
    told = first["scenescribe"]
    assert told["mode"] == "look"
    assert [(one["start"], one["end"]) for one in told["citations"]] == [(4.0, 6.0), (0.0, 6.0)]
    assert "frames of" in told["citations"][0]["text"], "what the captions say of it"
    assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 90
    second = ask(served, described, "What moves?", said(first), "And then?", temperature=0)
    assert second["scenescribe"]["looked_at"] == told["looked_at"]
    one, two = served.captioner.requests[-2:]
    assert one.video is two.video, "its frames were decoded once"
    assert (one.key, one.preamble) == (two.key, two.preamble), "all that stands before the question is the same"
    assert [turn.text for turn in two.history] == ["What moves?", said(first)]
    assert two.prompt == "And then?"
    assert all(not film.users for film in served.service.open_films._open.values())


def test_captions_alone_and_a_system_that_says_how(served: Running, described: str) -> None:
    asked = {"messages": [{"role": "system", "content": "In one word."}], "mode": "read"}
    shown = [{"type": "file", "file": {"file_id": described}}, {"type": "text", "text": "What is seen?"}]
    asked["messages"] += [{"role": "user", "content": shown}]  # type: ignore[operator]
    answer = served.client.post("/v1/chat/completions", json=asked).json()
    assert answer["scenescribe"]["mode"] == "read"
    assert answer["scenescribe"]["looked_at"] == []
    request = served.captioner.requests[-1]
    assert request.video is None
    assert request.preamble.endswith("In one word.")
    assert request.prompt == "What is seen?"


def test_an_answer_by_a_schema_is_left_as_it_is(served: Running, described: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.captioner, "says", '{"parts": [1], "at": "0:07"}')
    form = {"type": "json_schema", "json_schema": {"name": "parts", "schema": {"type": "object"}}}
    answer = ask(served, described, "When does it move?", response_format=form)
    assert said(answer) == '{"parts": [1], "at": "0:07"}'
    assert served.captioner.requests[-1].schema is not None


def test_a_film_without_captions_is_looked_at_and_one_that_is_forgotten_is_closed(
    served: Running, film: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(film.read_bytes() + b"\0" * 16)
    id = served.upload(other)["id"]
    assert ask(served, id, "What?")["scenescribe"]["film"] == id
    refused = served.client.post(
        "/v1/chat/completions",
        json={"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": id}}]}], "mode": "read"},
    )
    assert refused.json()["error"]["code"] == "empty_question"
    shown = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": "What?"}]
    refused = served.client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": shown}], "mode": "read"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "no_captions")
    late = served.client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": shown}], "range": [50, 60]})
    assert late.json()["error"]["code"] == "range_past_the_end"
    served.client.delete(f"/v1/files/{id}")
    wait = threading.Event()
    while any(key[0] == id for key in served.service.open_films._open):
        wait.wait(0.01)


def test_a_stop_text_ends_the_answer_and_gives_the_film_back(served: Running, described: str) -> None:
    answer = ask(served, described, "What moves?", stop="stops")
    assert said(answer) == "It moves [0:04-0:06], then "
    assert all(not film.users for film in served.service.open_films._open.values())
