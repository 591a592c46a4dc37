"""The service on the real engine: a film described, asked about twice, the second time from the cache; JSON by a schema."""

import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from serving import Running, running

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
SAMPLE = Path(__file__).parents[2] / "samples/first.mp4"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("state") / "state", engine="vllm", model="shapes", windows=None) as service:
        service.on_loop(_ready(service))
        yield service


async def _ready(service: Running) -> None:
    await service.service.studio.engine.warm()


def test_a_film_is_described_and_its_second_question_is_cheap(service: Running) -> None:
    id = service.upload(SAMPLE)["id"]
    job = service.done(service.job(id)["id"])
    assert job["status"] == "completed"
    text = service.client.get(f"/v1/films/{id}/tracks/descriptions.en.txt").text
    assert any(shape in text for shape in ("circle", "square", "triangle", "star", "cross")), text
    with openai.OpenAI(base_url=service.url + "/v1", api_key=service.key, max_retries=0, timeout=300) as client:

        def ask(question: str) -> tuple[str, int, int]:
            parts = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": question}]
            answer = client.chat.completions.create(model="shapes", messages=[{"role": "user", "content": parts}], temperature=0)
            usage = answer.usage
            return answer.choices[0].message.content, usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens

        first = ask("Describe the video.")
        second = ask("Describe the video.")
        assert first[0] == second[0]
        assert second[2] / second[1] >= 0.8, (first, second)
        schema = {
            "type": "object",
            "properties": {"seen": {"enum": ["yes", "no"]}},
            "required": ["seen"],
            "additionalProperties": False,
        }
        said = client.chat.completions.create(
            model="shapes", messages=[{"role": "user", "content": "Is it?"}],
            response_format={"type": "json_schema", "json_schema": {"name": "seen", "schema": schema}},
        )  # fmt: skip
        assert json.loads(said.choices[0].message.content)["seen"] in ("yes", "no")
        assert service.client.get("/readyz").json()["ready"]
