"""The service on the real engine: a film described, asked about twice, the second time from the cache; JSON by a schema."""

import json
import os
from pathlib import Path

import openai
import pytest
from browsing import drop, launched, signed_in, until
from patience import PATIENCE
from serving import Running

from pipeline.asking.talk import Talk
from pipeline.host import Host
from pipeline.options.ask import AskSettings

pytestmark = pytest.mark.engine
SAMPLE = Path(__file__).parents[2] / "samples/first.mp4"


def test_a_film_is_described_and_its_second_question_is_cheap(service: Running) -> None:
    id = service.upload(SAMPLE)["id"]
    job = service.done(service.job(id)["id"])
    assert job["status"] == "completed"
    text = service.client.get(f"/v1/films/{id}/tracks/descriptions.en.txt").text
    assert any(shape in text for shape in ("circle", "square", "triangle", "star", "cross")), text
    with openai.OpenAI(base_url=service.url + "/v1", api_key=service.key, max_retries=0, timeout=PATIENCE) as client:

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


def test_the_talk_that_the_readme_begins_with(service: Running, tmp_path: Path) -> None:
    film = tmp_path / "first.mp4"
    film.write_bytes(SAMPLE.read_bytes())
    service.on_loop(_the_talk(service.service.studio.host, film, tmp_path))


async def _the_talk(host: Host, film: Path, place: Path) -> None:
    settings = AskSettings(model="shapes", sure=True, caption=True, state_dir=place / "state")
    async with Talk(host, [film], settings) as talk:
        assert (await talk.ask("What shape is white?")).text.startswith("Star. [0:19-")
        assert (await talk.ask("When is there a green square?")).text.startswith("[0:09-0:13")


def test_somebody_who_read_no_docs_gets_subtitles_and_answers(service: Running, tmp_path: Path) -> None:
    """Open the page, drop a film on it, watch captions arrive, ask two questions, take the VTT."""
    film = tmp_path / "my drawing.mp4"
    film.write_bytes((SAMPLE.parent / "wide.mp4").read_bytes())
    with launched() as browser, signed_in(browser, service) as page:
        drop(page, "#upload", film)
        page.wait_for_url("**/films/film-*")
        until(page, "document.querySelectorAll('#transcript button').length > 0")
        until(page, "document.getElementById('progress').hidden && document.querySelectorAll('#downloads a').length > 0")
        lines = page.locator("#transcript button").count()
        truth = json.loads((SAMPLE.parent / "wide.truth.json").read_text())
        assert lines >= 1, truth
        for number, question in enumerate(("Describe the video.", "When is there a star?"), 1):
            page.fill("#question", question)
            page.keyboard.press("Enter")
            until(page, f"document.querySelectorAll('#talk li[aria-busy=false]').length === {number}")
            assert not page.locator(f"#talk li:nth-child({number}) .wrong").count()
            assert page.inner_text(f"#talk li:nth-child({number}) .answer")
        page.click("#talk li:nth-child(1) button >> nth=0")
        until(page, "document.activeElement === document.getElementById('video')")
        with page.expect_download() as taken:
            page.click("#downloads a >> nth=0")
        assert Path(taken.value.path()).read_text().startswith("WEBVTT")
        page.reload()
        assert page.locator("#talk li").count() == 2, "what was said survives"
        if shots := os.environ.get("SCENESCRIBE_SHOTS"):
            page.screenshot(path=f"{shots}/done-when.png", full_page=True)
