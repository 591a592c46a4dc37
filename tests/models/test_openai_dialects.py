"""Servers that want something otherwise: they are asked again in their way, once, and so from then on. In their own words."""

import base64
import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from stub_endpoint import PRESET, endpoint
from stub_server import Stub, answer, body, content, events, picky, status

from models.base import Reply, Request, Schema, Turn
from models.engines.openai.dialect import Dialect
from models.engines.openai.endpoint import OpenAIEndpoint
from models.engines.openai.faults import fault, too_long
from models.engines.openai.messages import chat_body, spread
from models.engines.openai.refusals import no_jpeg
from models.engines.openai.streams import joined
from models.engines.openai.thoughts import Thoughts
from models.errors import EndpointError, ModelNotFound, PromptTooLong, RequestRefused, SchemaUnsupported
from models.preset import Preset
from models.presets import served_preset

Film = Callable[..., Request]
IMAGES = replace(PRESET, frames="images")
LOG = "models.engines.openai.endpoint"


def says(code: int, **words: Any) -> Any:
    return body(code, json.dumps(words).encode(), {"Content-Type": "application/json"})


def pydantic(where: str, message: str) -> Any:
    return says(422, detail=[{"type": "extra_forbidden", "loc": ["body", where], "msg": message}])


WITHOUT = [
    ("max_tokens", status(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")),
    ("max_tokens", says(400, error={"message": "Unrecognized request argument supplied: max_tokens", "param": None})),
    ("max_tokens", pydantic("max_tokens", "Extra inputs are not permitted")),
    ("temperature", status(400, "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.")),
    ("temperature", says(422, error="Input validation error: `temperature` must be strictly positive")),
    ("top_p", says(400, error={"message": "this parameter is not supported", "param": "top_p", "code": "unsupported_parameter"})),
    ("top_p", status(400, "`temperature` and `top_p` cannot both be specified for this model. Please use only one.")),
    ("seed", pydantic("seed", "Extra inputs are not permitted")),
    ("seed", body(400, b'[{"error": {"code": 400, "message": "Invalid JSON payload received. Unknown name \\"seed\\": Cannot find field."}}]')),
    ("seed", says(400, object="error", message="property 'seed' is unsupported", type="BadRequestError")),
    ("seed", says(500, error="seed is not supported by this backend")),
]  # fmt: skip


@pytest.mark.parametrize(("field", "refusal"), WITHOUT)
async def test_a_field_that_is_refused_is_left_out_from_then_on(
    field: str, refusal: Any, film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    server = picky(lambda said: refusal if field in said else None)
    with caplog.at_level(logging.INFO, LOG), Stub([], always=server) as found:
        async with endpoint(found) as captioner:
            assert [(await captioner.caption(film())).text for _ in range(3)] == ["fine"] * 3
    sent = [request[2] for request in found.requests]
    assert len(sent) == 4, "once too many, once for all"
    assert all(field not in one for one in sent[1:])
    if field == "max_tokens":
        assert [one["max_completion_tokens"] for one in sent[1:]] == [16] * 3
    assert len(caplog.records) == 1
    assert found.url in caplog.text


async def test_several_of_them_at_once(film: Film) -> None:
    server = picky(
        lambda said: status(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'") if "max_tokens" in said else None,
        lambda said: status(400, "'temperature' does not support 0.0") if "temperature" in said else None,
        lambda said: status(400, "Invalid value: 'video_url'.") if content(said, "video_url") else None,
        lambda said: status(400, "At most 4 image(s) may be provided in one prompt.") if content(said, "image_url") > 4 else None,
    )  # fmt: skip
    with Stub([], always=server) as found:
        async with endpoint(found) as captioner:
            assert [(await captioner.caption(film())).text for _ in range(2)] == ["fine"] * 2
    assert len(found.requests) == 6
    assert content(found.requests[-1][2], "image_url") == 4


NO_VIDEO = [
    status(400, "invalid content type"),
    status(400, "Invalid value: 'video_url'. Supported values are: 'text', 'image_url', 'input_audio', 'refusal', 'audio', and 'file'."),
    says(400, error="Invalid 'content': 'content' objects must have a 'type' field that is either 'text' or 'image_url'."),
    says(422, error="Failed to deserialize the JSON body into the target type: did not match any variant of untagged enum MessageChunk"),
    pydantic("messages.0.content.0.type", "Input should be 'text' or 'image_url'"),
    status(400, "Unsupported MIME type: video/jpeg"),
    says(500, error={"code": 500, "message": "unsupported content[].type", "type": "server_error"}),
    says(400, object="error", message="At most 0 video(s) may be provided in one prompt."),
    says(404, error={"message": "No endpoints found that support input video", "code": 404}),
    says(501, error={"message": "video input is not implemented"}),
    says(400, error={"code": "1214", "message": "messages 参数非法"}),
    says(400, error={"code": "InvalidParameter", "message": "当前模型不支持视频"}),
    says(400, message="only text and image inputs are allowed"),
    status(400, "bad request"),
    status(400, "entrada desconocida"),
    body(415, b"<html><h1>Unsupported Media Type</h1></html>"),
    body(400, b""),
]  # fmt: skip


@pytest.mark.parametrize("refusal", NO_VIDEO)
async def test_frames_go_as_images_where_there_are_no_videos(refusal: Any, film: Film) -> None:
    with Stub([], always=picky(lambda said: refusal if content(said, "video_url") else None)) as found:
        async with endpoint(found) as captioner:
            for _ in range(2):
                assert (await captioner.caption(film(frames=5))).text == "fine"
    assert [content(request[2], "image_url") for request in found.requests] == [0, 5, 5]
    assert "image/jpeg" in json.dumps(found.requests[-1][2])


FEWER = [
    (4, status(400, "At most 4 image(s) may be provided in one prompt.")),
    (5, status(400, "Too many images provided. This model supports up to 5 images")),
    (1, says(422, detail="only 1 image is allowed per request, 8 were given")),
    (6, says(400, object="error", message="You set or defaulted to 6 images per prompt, but 8 images were passed: exceeds the limit", type="x")),
    (3, says(413, error={"message": "messages: too many images: 8 > 3"})),
    (4, status(400, "image count exceeds the limit")),
    (1, status(400, "multiple images are not supported")),
    (1, status(400, "Prompt contains more than one image")),
    (1, status(400, "Multi-image input is not supported")),
    (1, status(400, "got multiple image inputs, but the model takes one")),
    (1, status(400, "expected 1 image, got 8")),
    (2, status(400, "images: at most two are allowed")),
    (4, status(400, "You sent 8 images (of 12000 bytes); the maximum of this model is 4")),
    (4, says(400, error={"code": "1210", "message": "最多支持4张图片"})),
    (5, says(400, error={"message": "图片数量超过限制，最大为5"})),
    (4, status(400, "画像は最大4枚までです")),
    (3, status(400, "Es sind höchstens 3 Bilder erlaubt")),
    (5, pydantic("messages.0.content", "List should have at most 6 items after validation, not 9")),
]  # fmt: skip


@pytest.mark.parametrize(("most", "refusal"), FEWER)
async def test_fewer_images_than_a_window_has(most: int, refusal: Any, film: Film, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.WARNING, LOG),
        Stub([], always=picky(lambda said: refusal if content(said, "image_url") > most else None)) as found,
    ):
        async with endpoint(found, IMAGES) as captioner:
            for _ in range(3):
                assert (await captioner.caption(film(frames=8))).text == "fine"
    assert [content(request[2], "image_url") for request in found.requests] == [8, most, most, most]
    assert [record.levelname for record in caplog.records] == ["WARNING"], "told once"
    assert f"at most {most} images" in caplog.text


async def test_what_is_left_of_a_window_is_spread_over_it(film: Film) -> None:
    video = film(frames=8).video
    assert video is not None
    numbered = [frame * 0 + index for index, frame in enumerate(video)]
    assert [int(frame[0, 0, 0]) for frame in spread(numbered, 4)] == [0, 2, 5, 7]
    assert [int(frame[0, 0, 0]) for frame in spread(numbered, 2)] == [0, 7]
    assert [int(frame[0, 0, 0]) for frame in spread(numbered, 1)] == [4]
    assert len(spread(numbered, 9)) == 8


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (status(400, "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"), PromptTooLong),
        (status(400, "'max_tokens' or 'max_completion_tokens' is too large: 96. maximum context length is 64"), PromptTooLong),
        (status(400, "the request exceeds the available context size, try increasing it"), PromptTooLong),
        (status(400, "the picture can't be read"), RequestRefused),
        (status(422, "your account is blocked"), RequestRefused),
        (status(400, "输入长度超过模型最大上下文长度"), PromptTooLong),
        (status(400, "内容违规，已被安全审核拦截"), RequestRefused),
    ],
)  # fmt: skip
async def test_what_is_no_matter_of_form_is_not_asked_again(refusal: Any, error: type[Exception], film: Film) -> None:
    with Stub([refusal]) as found:
        async with endpoint(found, IMAGES) as captioner:
            with pytest.raises(error):
                await captioner.caption(film(frames=1))
    assert len(found.requests) == 1


async def test_words_that_nobody_knows_are_tried_as_images_until_that_was_wrong_once(film: Film) -> None:
    with Stub([], always=status(400, "error 7")) as found:
        async with endpoint(found) as captioner:
            for _ in range(3):
                with pytest.raises(RequestRefused, match="error 7"):
                    await captioner.caption(film())
    assert [content(request[2], "video_url") for request in found.requests] == [1, 0, 1, 1]


async def test_a_server_that_took_a_video_refuses_a_window_for_what_it_is(film: Film) -> None:
    with Stub([answer("fine"), status(400, "error 7"), answer("fine")]) as found:
        async with endpoint(found) as captioner:
            await captioner.caption(film())
            with pytest.raises(RequestRefused, match="error 7"):
                await captioner.caption(film())
            await captioner.caption(film())


TOO_LARGE = [
    body(413, b"<html><head><title>413 Request Entity Too Large</title></head></html>"),
    body(413, b""),
    says(413, error={"type": "request_too_large", "message": "Request exceeds the maximum size"}),
    says(
        400,
        error={"message": "messages.0.content.1.image.source.base64: image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes"},
    ),
    says(400, error={"message": "Request payload size exceeds the limit: 20971520 bytes."}),
    says(400, error={"message": "图片大小超过限制10MB"}),
    status(422, "Image too large: 384x384"),
]


@pytest.mark.parametrize(("preset", "refusal"), [(PRESET, TOO_LARGE[0]), *((IMAGES, refusal) for refusal in TOO_LARGE)])
async def test_pictures_too_large_are_sent_smaller(
    refusal: Any, preset: Preset, film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    video = np.random.default_rng(1).integers(0, 256, (4, 128, 128, 3), np.uint8)
    request = replace(film(), video=video)
    sizes = [len(json.dumps(chat_body(request, preset, "tiny", stream=False, dialect=Dialect(shrunk=step)))) for step in range(4)]
    assert all(later < 0.8 * earlier for earlier, later in pairwise(sizes))
    server = picky(lambda said: refusal if len(json.dumps(said)) > 1.2 * sizes[2] else None)
    with caplog.at_level(logging.WARNING, LOG), Stub([], always=server) as found:
        async with endpoint(found, preset) as captioner:
            assert [(await captioner.caption(request)).text for _ in range(2)] == ["fine"] * 2
    assert len(found.requests) == 4, "as it is, packed more, half the sides; then so at once"
    assert "pictures are sent at 50% of their width and height" in caplog.text


async def test_pictures_too_large_are_fewer_at_last(film: Film) -> None:
    server = picky(lambda said: TOO_LARGE[1] if content(said, "image_url") != 2 else None)
    with Stub([], always=server) as found:
        async with endpoint(found) as captioner:
            assert [(await captioner.caption(film(frames=8))).text for _ in range(2)] == ["fine"] * 2
    assert [content(request[2], "image_url") for request in found.requests] == [0, 0, 0, 0, 8, 4, 2, 2]
    with Stub([], always=TOO_LARGE[0]) as found:
        async with endpoint(found) as captioner:
            with pytest.raises(RequestRefused, match="larger than the server"):
                await captioner.caption(film(frames=8))
    assert len(found.requests) == 8


PNG = [
    status(400, "Unsupported image format: image/jpeg. Only image/png is supported."),
    says(415, error={"message": "unsupported media type 'image/jpeg', expected image/png"}),
    says(422, detail="image must be PNG"),
    says(500, error="invalid image type: image/jpeg"),
    says(400, error={"code": "1210", "message": "仅支持png"}),
    status(400, "JPEG is not supported"),
]


@pytest.mark.parametrize("preset", [PRESET, IMAGES])
@pytest.mark.parametrize("refusal", PNG)
async def test_pictures_go_as_png_where_jpeg_is_refused(
    refusal: Any, preset: Preset, film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, LOG),
        Stub([], always=picky(lambda said: refusal if "/jpeg" in json.dumps(said) else None)) as found,
    ):
        async with endpoint(found, preset) as captioner:
            assert [(await captioner.caption(film(frames=3))).text for _ in range(2)] == ["fine"] * 2
    sent = [request[2] for request in found.requests]
    assert len(sent) == 3, "once too many, once for all"
    for body_ in sent[1:]:
        urls = [part["image_url"]["url"] for part in body_["messages"][0]["content"] if part["type"] == "image_url"]
        data = [base64.b64decode(url.removeprefix("data:image/png;base64,")) for url in urls]
        assert [one[:8] for one in data] == [b"\x89PNG\r\n\x1a\n"] * 3
    assert "pictures as PNG" in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        "supported formats: png, jpeg, gif, webp",
        "Invalid image: supported formats are image/png, image/jpeg, image/webp",
        "unsupported image. Please make sure your image has one of the following formats: ['png', 'jpeg', 'gif', 'webp'].",
        "unsupported image type; must be one of png or jpg",
        "data:image/jpeg is too large",
    ],
)
def test_what_takes_jpeg_too_is_not_sent_png(said: str) -> None:
    assert not no_jpeg(said)


async def test_why_a_server_is_asked_again_is_told(film: Film, caplog: pytest.LogCaptureFixture) -> None:
    steps = [status(503, "overloaded", {"Retry-After": "0.05"}), status(529, "Overloaded"), answer("fine")]
    with caplog.at_level(logging.INFO, LOG), Stub(steps) as found:
        async with endpoint(found) as captioner:
            assert (await captioner.caption(film())).text == "fine"
    first, second = (record.getMessage() for record in caplog.records)
    assert "answers 503 overloaded: asked again in 0." in first
    assert "answers 529 Overloaded: asked again in" in second


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 507, 520, 522, 524, 529, 530])
async def test_what_may_pass_is_asked_again(code: int, film: Film) -> None:
    with Stub([status(code), answer("fine")]) as found:
        async with endpoint(found) as captioner:
            assert (await captioner.caption(film())).text == "fine"
    assert len(found.requests) == 2


@pytest.mark.parametrize("code", [501, 505])
async def test_what_a_server_can_not_do_is_not_asked_again(code: int, film: Film) -> None:
    with Stub([], always=status(code, "never")) as found:
        async with endpoint(found, IMAGES) as captioner:
            with pytest.raises(RequestRefused):
                await captioner.caption(film())
    assert len(found.requests) == 1


async def test_fewer_tokens_where_a_server_allows_fewer(film: Film) -> None:
    refusal = status(400, "max_tokens is too large: 16. This model supports at most 9 completion tokens")
    with Stub([], always=picky(lambda said: refusal if said["max_tokens"] > 9 else None)) as found:
        async with endpoint(found) as captioner:
            assert [(await captioner.caption(film())).text for _ in range(2)] == ["fine"] * 2
    assert [request[2]["max_tokens"] for request in found.requests] == [16, 9, 9]


async def test_who_refuses_everything_is_not_asked_for_ever(film: Film) -> None:
    with Stub([], always=status(400, "video, image, max_tokens, seed, top_p, temperature: unsupported")) as found:
        async with endpoint(found) as captioner:
            with pytest.raises(RequestRefused, match="unsupported"):
                await captioner.caption(film())
    assert len(found.requests) <= 8


@pytest.mark.parametrize("code", [404, 405, 501, 400])
async def test_a_server_that_lists_no_models_is_asked_for_the_one_named(code: int, film: Film) -> None:
    with Stub([answer("fine")], models=status(code, "no")) as found:
        async with endpoint(found) as captioner:
            assert (await captioner.caption(film())).text == "fine"
        assert found.requests[0][2]["model"] == "tiny"
        with pytest.raises(ModelNotFound, match="--model"):
            await OpenAIEndpoint(served_preset(None), base_url=found.url).start()


LISTS = [
    ({"data": [{"id": "llava:latest"}, {"id": "other"}]}, "llava", "llava:latest"),
    ({"data": [{"id": "llava:7b"}, {"id": "llava:latest"}]}, "llava", "llava:latest"),
    ({"data": [{"id": "llava:7b"}, {"id": "other"}]}, "llava:7b", "llava:7b"),
    ({"data": [{"id": "Qwen/Qwen2.5-VL-7B-Instruct"}, {"id": "b"}]}, "qwen2.5-vl-7b-instruct", "Qwen/Qwen2.5-VL-7B-Instruct"),
    ({"data": [{"id": "/models/llava.gguf"}, {"id": "b"}]}, "LLaVA", "/models/llava.gguf"),
    ({"models": [{"name": "llava:latest"}, {"name": "b"}]}, "llava", "llava:latest"),
    ([{"id": "org/llava"}, {"id": "b"}], "llava", "org/llava"),
    ({"data": [{"id": "llama3:8b"}, {"id": "llava:7b"}]}, "llava", "llava:7b"),
    ({"data": [{"id": "openai/gpt"}, {"id": "qwen/qwen-vl:free"}]}, "qwen-vl", "qwen/qwen-vl:free"),
    ({"data": [{"id": "whatever it has"}]}, None, "whatever it has"),
    ({"object": "list", "data": None}, "llava", "llava"),
]  # fmt: skip


@pytest.mark.parametrize(("listed", "wanted", "chosen"), LISTS)
async def test_names_of_models(listed: Any, wanted: str | None, chosen: str) -> None:
    with Stub([], models=body(200, json.dumps(listed).encode())) as found:
        async with endpoint(found, served_preset(wanted)) as captioner:
            assert captioner._model == chosen


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (403, "no"),
        (401, "no"),
        (401, "You have insufficient permissions. Missing scopes: api.model.read"),
        (500, "x"),
        (502, "x"),
    ],
)
async def test_a_server_that_will_not_list_its_models_is_asked_for_the_one_named(code: int, words: str, film: Film) -> None:
    with Stub([answer("fine")], models=status(code, words)) as found:
        async with endpoint(found, served_preset("llava")) as captioner:
            assert (await captioner.caption(film())).text == "fine"
        with pytest.raises(EndpointError):
            async with endpoint(found, served_preset(None)):
                pass


@pytest.mark.parametrize("given", ["{url}/", "{url}/chat/completions", "{url}?api-version=2025-01-01", " {url} "])
async def test_addresses_as_people_give_them(given: str, film: Film) -> None:
    with Stub([answer("fine")]) as found:
        captioner = OpenAIEndpoint(PRESET, base_url=given.format(url=found.url).strip(), attempts=1)
        await captioner.start()
        try:
            assert (await captioner.caption(film())).text == "fine"
        finally:
            await captioner.close()
    assert found.requests[0][1] == "/v1/chat/completions" + ("?api-version=2025-01-01" if "?" in given else "")


async def test_a_redirection_to_itself_is_followed_and_no_other(film: Film) -> None:
    def elsewhere(code: int, to: str) -> Any:
        return body(code, b"", {"Location": to})

    with Stub([elsewhere(307, "/v1/chat/completions/"), answer("fine")]) as found:
        async with endpoint(found) as captioner:
            assert (await captioner.caption(film())).text == "fine"
    assert [request[1] for request in found.requests] == ["/v1/chat/completions", "/v1/chat/completions/"]
    assert found.requests[0][2] == found.requests[1][2]
    for to in ("https://elsewhere.example/v1/chat/completions", "/login", "", "http://[", "ftp://127.0.0.1/v1/chat/completions"):
        with Stub([], always=elsewhere(302, to)) as found:
            async with endpoint(found) as captioner:
                with pytest.raises(EndpointError, match=f"sends us elsewhere .302.*{re.escape(to)}.*--base-url"):
                    await captioner.caption(film())
        assert len(found.requests) == 1, "nothing is followed"


THINKING = [
    ("<think>so many shapes</think>\n\nA red square.", "A red square."),
    ("<THINK>hm</THINK>A red square.", "A red square."),
    ("thought that began in the prompt</think> A red square.", "A red square."),
    ("<think>a <think> in it</think>A red square.", "A red square."),
    ("A red <think>is it?</think>square.", "A red square."),
    ("[THINK]hm[/THINK]A red square.", "A red square."),
    ("◁think▷hm◁/think▷A red square.", "A red square."),
    ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>A red square.", "A red square."),
    ("<seed:think>hm</seed:think>A red square.", "A red square."),
    ("<think>hm</think><answer>A red square.</answer>", "A red square."),
    ("<|begin_of_box|>A red square.<|end_of_box|>", "A red square."),
    ("<|begin_of_thought|>hm<|end_of_thought|><|begin_of_solution|>A red square.<|end_of_solution|>", "A red square."),
    ("A red square.<|im_end|>", "A red square."),
    ("<think>it never ends", ""),
    ("A red square.<think>and then", "A red square."),
    ("1 < 2 and <thin lines>", "1 < 2 and <thin lines>"),
    ([{"type": "text", "text": "A red "}, {"type": "text", "text": "square."}], "A red square."),
    ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "A red square."}], "A red square."),
    ({"type": "text", "text": "A red square."}, "A red square."),
    ([], ""),
]  # fmt: skip


@pytest.mark.parametrize(("said", "text"), THINKING)
async def test_the_text_without_the_thoughts(said: Any, text: str, film: Film) -> None:
    with Stub([answer(said)]) as found:
        async with endpoint(found) as captioner:
            assert (await captioner.caption(film())).text == text


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("said", "text"), [(said, text) for said, text in THINKING if isinstance(said, str) and "prompt" not in said]
)
async def test_streams_without_the_thoughts(said: str, text: str, size: int, film: Film) -> None:
    pieces = [said[at : at + size] for at in range(0, len(said), size)]
    with Stub([events(*pieces)]) as found:
        async with endpoint(found) as captioner:
            *got, reply = [piece async for piece in captioner.stream(film())]
    assert "".join(got) == text
    assert isinstance(reply, Reply)
    assert reply.text == text


async def test_a_stream_whose_thought_began_in_the_prompt_is_known_from_the_second_on(film: Film) -> None:
    one = events("hm", "</think>", " A square.")
    with Stub([one, one, events("no thought", " at all")]) as found:
        async with endpoint(found) as captioner:
            _ = [piece async for piece in captioner.stream(film())]
            *got, _ = [piece async for piece in captioner.stream(film())]
            assert "".join(got) == "A square."
            *got, _ = [piece async for piece in captioner.stream(film())]
            assert "".join(got) == "no thought at all"


async def test_thoughts_beside_the_content(film: Film, caplog: pytest.LogCaptureFixture) -> None:
    beside = {"choices": [{"message": {"content": "A square.", "reasoning_content": "hm"}, "finish_reason": "stop"}]}
    alone = {"choices": [{"message": {"content": None, "reasoning_content": "hm"}, "finish_reason": "length"}]}
    with Stub([says(200, **beside), says(200, **alone), says(200, **alone)]) as found:
        async with endpoint(found) as captioner:
            assert (await captioner.caption(film())).text == "A square."
            assert [await captioner.caption(film()) for _ in range(2)] == [
                Reply(text="", finish="length", prompt_tokens=0, completion_tokens=0)
            ] * 2
    assert caplog.text.count("--max-tokens") == 1


NO_SCHEMA = [
    "response_format is not supported",
    "This model does not support response format `json_schema`",
    "This response_format type is unavailable now",
]


@pytest.mark.parametrize("words", NO_SCHEMA)
@pytest.mark.parametrize("kind", ["choices", "json"])
async def test_schemas(kind: str, words: str, film: Film) -> None:
    schema = Schema(choices=("a cat", "a dog")) if kind == "choices" else Schema(json={"type": "object"})
    said = '{"choice": "a dog"}' if kind == "choices" else '{"x": 1}'
    refused = picky(lambda one: status(400, words) if "response_format" in one else None)
    with Stub([answer(said)], always=refused) as found:
        async with endpoint(found) as captioner:
            reply = await captioner.caption(replace(film(), schema=schema))
            assert reply.text == ("a dog" if kind == "choices" else said)
            with pytest.raises(SchemaUnsupported):
                await captioner.caption(replace(film(), schema=schema))
            assert (await captioner.caption(film())).text == "fine"
    form = found.requests[0][2]["response_format"]
    assert form["type"] == "json_schema"
    if kind == "choices":
        assert form["json_schema"]["schema"]["properties"]["choice"]["enum"] == ["a cat", "a dog"]


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ('```json\n{"choice": "a dog"}\n```', "a dog"),
        ('Of the two: {"choice": "a dog"}.', "a dog"),
        ("a dog", "a dog"),
        ('{"choice": "a do', '{"choice": "a do'),
        ('{"answer": "a dog"}', '{"answer": "a dog"}'),
    ],
)
async def test_a_choice_of_a_server_that_takes_the_form_and_does_not_hold_to_it(said: str, chosen: str, film: Film) -> None:
    with Stub([answer(said)]) as found:
        async with endpoint(found) as captioner:
            assert (await captioner.caption(replace(film(), schema=Schema(choices=("a cat", "a dog"))))).text == chosen


async def test_a_conversation_and_what_was_kept_of_it(film: Film) -> None:
    history = (Turn(role="user", text="what?"), Turn(role="assistant", text="a square"))
    usage = {"prompt_tokens": 50, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 40}}
    with Stub([answer("fine", usage=usage)]) as found:
        async with endpoint(found) as captioner:
            reply = await captioner.caption(replace(film(prompt="which colour?"), history=history))
    assert (reply.prompt_tokens, reply.cached_tokens) == (50, 40)
    messages = found.requests[0][2]["messages"]
    assert [one["role"] for one in messages] == ["user", "assistant", "user"]
    assert [part["type"] for part in messages[0]["content"]] == ["video_url", "text"]
    assert messages[2]["content"] == "which colour?"


WITHHELD = [
    answer(None, finish="stop", choices=[{"message": {"content": None, "refusal": "I can't help with that."}, "finish_reason": "stop"}]),
    answer("", finish="content_filter"),
    answer(None, finish="refusal"),
    answer(None, choices=[{"message": {"content": None, "tool_calls": [{"function": {"name": "describe"}}]}, "finish_reason": "tool_calls"}]),
]  # fmt: skip


@pytest.mark.parametrize("withheld", WITHHELD)
async def test_what_is_kept_back_is_no_description(withheld: Any, film: Film) -> None:
    with Stub([], always=withheld) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match=r"model refuses|filter|calls a tool"):
                await captioner.caption(film())


async def test_a_stream_that_nobody_asked_for_is_read(film: Film) -> None:
    with Stub([], always=events("<think>hm</think>", "A man", " walks.")) as server:
        async with endpoint(server, IMAGES) as captioner:
            assert (await captioner.caption(film())).text == "A man walks."
    with Stub([], always=events("A man", done=False)) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match="broke off"):
                await captioner.caption(film())


async def test_money_that_is_spent_is_not_asked_for_again(film: Film) -> None:
    with Stub([], always=status(429, "Insufficient Balance")) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(EndpointError, match="wants to be paid"):
                await captioner.caption(film())
        assert len(server.requests) == 1


async def test_an_address_without_a_path_is_helped(film: Film) -> None:
    with Stub([], always=body(404, b"404 page not found")) as server:
        bare = server.url.removesuffix("/v1")
        captioner = OpenAIEndpoint(IMAGES, base_url=bare, patience=0.01, attempts=1)
        await captioner.start()
        try:
            with pytest.raises(EndpointError, match=f"{bare}/v1"):
                await captioner.caption(film())
        finally:
            await captioner.close()


NO_ROOM = (
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 200 `max_new_tokens`",
    "`inputs` must have less than 4096 tokens. Given: 5000",
    "total number of tokens (input and output) cannot exceed 4096",
    "Please reduce the length of the messages or completion.",
    "litellm.ContextWindowExceededError: x",
    "Range of input length should be [1, 30720]",
    "prompt is too long: 205000 tokens > 200000 maximum",
    "Input length (5000 tokens) exceeds the maximum allowed length (4096 tokens)",
    "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    "Requested tokens (5000) exceed context window of 2048",
    "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens.",
    "Your request exceeded model token limit: 8192",
    "the prompt exceeds the model's maximum of 4096 tokens",
    "The total number of tokens in the prompt exceeds the limit",
    "input tokens exceeds the model's maximum",
    "maximum prompt length is 131072 but the request contains 150000 tokens",
    "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
)
OTHER_LIMITS = (
    "max_tokens must be <= 4096",
    "max_tokens is too large: 5000. This model supports at most 4096 completion tokens",
    "At most 4 images may be provided in one prompt",
    "max_tokens cannot exceed 4096",
    "Rate limit reached: tokens per minute exceeded",
    "'max_tokens' or 'max_completion_tokens' exceeds the maximum",
    "Invalid token",
    "image exceeds 5 MB maximum",
    "The maximum tokens to generate must be <= 2048",
    "max_new_tokens exceeds the maximum number of tokens allowed",
)


@pytest.mark.parametrize("said", NO_ROOM)
def test_a_context_that_is_too_small_in_the_words_of_each_server(said: str) -> None:
    assert isinstance(fault("http://x/v1", "/chat/completions", 400, json.dumps({"error": {"message": said}})), PromptTooLong)


@pytest.mark.parametrize("said", OTHER_LIMITS)
def test_limits_of_something_else(said: str) -> None:
    assert not too_long(said)


async def test_the_ends_of_lines_that_unicode_knows_do_not_cut_an_event() -> None:
    """JSON may hold them as they are, and a server that answers with events though none were asked for sends them so."""
    event = '{"choices": [{"delta": {"content": "a\u2028b\x85c"}, "finish_reason": "stop"}]}'
    assert (await joined(f"data: {event}\r\n\r\ndata: [DONE]\r\n", Thoughts())).text == "a\u2028b\x85c"
