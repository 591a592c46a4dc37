"""Questions, as the openai package asks them; what is not supported is said, and nothing is left in the engine."""

import base64
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import comes
from PIL import Image
from serving import Running, running

from models.base import Request
from models.engines.echo import EchoCaptioner
from models.errors import EngineDead
from pipeline.engine import supervisor
from pipeline.serve.answering import _Stop
from pipeline.serve.routes import chat


@pytest.fixture(scope="module")
def client(service: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=service.url + "/v1", api_key=service.key, max_retries=0) as client:
        yield client


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> str:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def said(text: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": text}]


def shown(kind: str, **what: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": [{"type": kind, kind: what}]}]


def test_text_is_answered_whole_and_in_pieces(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["shapes"]
    whole = client.chat.completions.create(model="shapes", messages=said("Are you there?"))
    assert whole.choices[0].message.content == "Text alone: Are you there?"
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage.prompt_tokens == 3
    assert whole.usage.prompt_tokens_details.cached_tokens == 0
    stream = client.chat.completions.create(
        model="shapes", messages=said("Are you there?"), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
    completion = client.completions.create(model="shapes", prompt="Go on", temperature=0)
    assert completion.choices[0].text == "Text alone: Go on"
    pieces = [chunk.choices[0].text for chunk in client.completions.create(model="shapes", prompt="Go on", stream=True)]
    assert "".join(pieces) == "Text alone: Go on"


def test_images_and_films_are_shown_to_the_model(client: openai.OpenAI, service: Running, film: Path) -> None:
    ask = [
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": picture((255, 0, 0))}}, {"type": "text", "text": "What?"}],
        }
    ]
    assert client.chat.completions.create(model="shapes", messages=ask).choices[0].message.content == "1 image of 64x48: #ff0000."
    sent = client.files.create(file=film, purpose="user_data")
    for part in (
        {"type": "file", "file": {"file_id": sent.id}},
        {"type": "video_url", "video_url": {"url": f"scenescribe:{sent.id}"}},
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64," + base64.b64encode(film.read_bytes()).decode()}},
    ):
        messages = [{"role": "user", "content": [part, {"type": "text", "text": "What happens?"}]}]
        answer = client.chat.completions.create(model="shapes", messages=messages)
        assert answer.choices[0].message.content.startswith("8 frames of 196x196 in 5."), part["type"]
        assert answer.model_extra["scenescribe"]["film"] == sent.id
        assert len(answer.model_extra["scenescribe"]["looked_at"]) == 8
    turns = [*messages, {"role": "assistant", "content": "A thing."}, {"role": "user", "content": "And then?"}]
    part_of = client.chat.completions.create(model="shapes", messages=turns, extra_body={"range": [2, 4], "frames": 4})
    assert part_of.choices[0].message.content.startswith("4 frames")
    assert all(2 <= time < 4 for time in part_of.model_extra["scenescribe"]["looked_at"])


@pytest.mark.parametrize(
    ("changed", "code", "param"),
    [
        ({"tools": []}, "unsupported_parameter", "tools"),
        ({"logit_bias": {}}, "unsupported_parameter", "logit_bias"),
        ({"n": 2}, "bad_value", "n"),
        ({"temperature": 3}, "bad_value", "temperature"),
        ({"messages": []}, "bad_value", "messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "bad_value", "messages"),
        ({"stop": ["a"] * 5}, "bad_value", "stop"),
        ({"range": [1, 2]}, "bad_value", "range"),
        ({"frames": 4}, "bad_value", "frames"),
        ({"messages": shown("image_url", url="http://169.254.169.254/")}, "urls_off", "messages"),
        ({"messages": shown("image_url", url="data:image/png;base64,AAAA")}, "bad_image", "messages"),
        ({"messages": shown("video_url", url="file:///etc/passwd")}, "urls_off", "messages"),
        ({"messages": shown("input_audio", data="")}, "bad_value", None),
        ({"messages": shown("image_url", url=picture((255, 0, 0)), detail="low")}, "bad_value", "image_url.detail"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {}, "description": "short"}}},
            "unsupported_parameter", "response_format.json_schema.description",
        ),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_said_with_its_field(
    changed: dict[str, object], code: str, param: str | None, service: Running
) -> None:
    body = {"model": "shapes", "messages": said("hello"), **changed}
    answer = service.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert param is None or error["param"].endswith(param)


def test_another_model_and_an_unknown_film_are_404(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-7", messages=said("x"))
    assert caught.value.code == "model_not_found"
    ask = [{"role": "user", "content": [{"type": "file", "file": {"file_id": "film-none"}}]}]
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="shapes", messages=ask)


def test_a_stop_text_ends_the_answer(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="shapes", messages=said("one two three"), stop=[" two"], stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "Text alone: one"
    whole = client.chat.completions.create(model="shapes", messages=said("one two three"), stop=[" two"])
    assert (whole.choices[0].message.content, whole.usage) == ("Text alone: one", None)


@given(st.lists(st.text("ab", max_size=4), max_size=12), st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=3))
def test_a_stop_is_found_wherever_pieces_are_cut(pieces: list[str], stops: list[str]) -> None:
    stop, given = _Stop(tuple(stops)), ""
    for piece in pieces:
        given += stop.feed(piece)
        if stop.found:
            break
    else:
        given += stop.rest()
    whole = "".join(pieces)
    ends = [at for one in stops if (at := whole.find(one)) >= 0]
    # of overlapping stops the one that is whole first ends it: nothing of any stop that was seen is given
    assert whole.startswith(given)
    assert given == stop.given
    assert not any(one in given for one in stops)
    assert stop.found == bool(ends)


def test_a_client_that_leaves_is_out_of_the_engine(tmp_path: Path) -> None:
    captioner = EchoCaptioner(delay=60)
    with running(tmp_path / "state", captioner=captioner) as service:
        for stream in (True, False):
            with pytest.raises(httpx.ReadTimeout):
                service.client.post(
                    "/v1/chat/completions", json={"messages": said("x"), "stream": stream}, timeout=httpx.Timeout(5, read=0.8)
                ) if not stream else _read_some(service)
            comes(lambda: not captioner._running and not service.service.asks.open)
            assert (captioner._running, service.service.asks.open, service.service.studio.engine.in_flight) == (0, 0, 0)


def test_a_client_that_leaves_before_the_first_piece_is_out_of_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "PATIENCE", 600.0)
    captioner = EchoCaptioner(delay=600)
    with running(tmp_path / "state", captioner=captioner) as service:
        asked = threading.Thread(target=_ask_and_leave, args=(service,))
        asked.start()
        assert comes(lambda: captioner._running)
        asked.join()
        assert comes(lambda: not captioner._running and not service.service.asks.open)
        assert service.service.studio.engine.in_flight == 0


def _ask_and_leave(service: Running) -> None:
    body = {"messages": said("x"), "stream": True}
    with pytest.raises(httpx.ReadTimeout):
        service.client.post("/v1/chat/completions", json=body, timeout=httpx.Timeout(5, read=0.5))


def _read_some(service: Running) -> None:
    with service.client.stream(
        "POST", "/v1/chat/completions", json={"messages": said("x"), "stream": True}, timeout=httpx.Timeout(5, read=1.5)
    ) as answer:
        for _ in answer.iter_raw():
            pass


def test_one_question_too_many_is_429_at_once(tmp_path: Path) -> None:
    with running(tmp_path / "state", captioner=EchoCaptioner(delay=1), max_asks=1) as service:
        first = threading.Thread(target=lambda: service.client.post("/v1/chat/completions", json={"messages": said("x")}))
        first.start()
        wait = threading.Event()
        while not service.service.asks.open:
            wait.wait(0.01)
        answer = service.client.post("/v1/chat/completions", json={"messages": said("y")})
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "too_many_asks"
        assert int(answer.headers["retry-after"]) >= 1
        first.join()


def test_an_engine_that_dies_in_the_middle_ends_the_stream_with_an_error(tmp_path: Path) -> None:
    class Dying(EchoCaptioner):
        async def stream(self, request: Request):  # type: ignore[no-untyped-def, override]
            yield "half"
            raise EngineDead("it is gone")

    with (
        running(tmp_path / "state", captioner=Dying()) as service,
        openai.OpenAI(base_url=service.url + "/v1", api_key=service.key, max_retries=0) as client,
    ):
        stream = iter(client.chat.completions.create(model="shapes", messages=said("x"), stream=True))
        assert next(stream).choices[0].delta.role == "assistant"
        assert next(stream).choices[0].delta.content == "half"
        with pytest.raises(openai.APIError) as caught:
            next(stream)
        assert caught.value.code == "engine_dead"


def test_while_the_engine_is_dead_questions_are_503_and_jobs_wait(
    tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "BACK_OFF", (0.05,) * len(supervisor.BACK_OFF))
    dead = threading.Event()
    captioner = EchoCaptioner(fault=lambda _: EngineDead("it is gone") if dead.is_set() else None)
    with running(tmp_path / "state", captioner=captioner) as service:
        dead.set()
        for stream in (False, True):
            answer = service.client.post("/v1/chat/completions", json={"messages": said("x"), "stream": stream})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "engine_dead"), answer.text
            assert int(answer.headers["retry-after"]) >= 1
        job = service.job(service.upload(film)["id"])["id"]

        def waits() -> bool:
            now = service.client.get(f"/v1/jobs/{job}").json()
            return now["status"] == "queued" and (now["error"] or {}).get("code") == "engine_dead"

        assert comes(waits), service.client.get(f"/v1/jobs/{job}").text
        dead.clear()
        assert service.done(job)["status"] == "completed"
