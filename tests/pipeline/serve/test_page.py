"""The page in a real browser: what a person does who reads no docs, by mouse and by keyboard; nothing hostile runs in it."""

import asyncio
import gzip
import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from browsing import drop, patient, signed_in, until, violations
from serving import Running, running

from models.engines.echo import EchoCaptioner
from pipeline.bench.films import FilmSpec, write
from pipeline.media.binary import find_ffmpeg


def test_a_stranger_is_asked_for_the_key(browser: Any, served: Running) -> None:
    page = patient(browser.new_page())
    page.goto(served.url + "/films/film-x")
    assert page.url.endswith("/signin")
    assert violations(page) == []
    page.fill("#key", "wrong-wrong-wrong-wrong")
    page.click("button")
    assert page.inner_text("[role=alert]") == "This is not the service's key."
    page.fill("#key", served.key)
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Films')")
    cookie = page.context.cookies()[0]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert served.key not in cookie["value"]
    page.context.close()


def test_a_film_is_dropped_described_asked_about_and_its_vtt_taken(page: Any, served: Running, tmp_path: Path) -> None:
    """The whole first hour: drop, captions arrive, two questions, a download; what was said is there after a reload."""
    path = tmp_path / "my film.mp4"
    write(path, FilmSpec(seconds=8, width=160, height=90, fps=12, gop=12))
    drop(page, "h1", path)  # beside the form: the page takes it too
    page.wait_for_url("**/films/film-*")
    until(
        page,
        "document.querySelectorAll('#transcript button').length === 4 && document.querySelectorAll('#downloads a').length === 7",
    )
    for number, question in enumerate(("What is seen?", "And what frames then?"), 1):
        page.fill("#question", question)
        page.keyboard.press("Enter")
        until(page, f"document.querySelectorAll('#talk li[aria-busy=false]').length === {number}")
    assert "8 frames of 196x196" in page.inner_text("#talk li:last-child .answer")
    assert "8 frames of 196x196" in page.evaluate("document.getElementById('asked').textContent"), "said once, as a whole"
    with page.expect_download() as taken:
        page.click("#downloads a >> nth=0")
    assert Path(taken.value.path()).read_text().startswith("WEBVTT")
    page.reload()
    assert page.locator("#transcript button").count() == 4
    assert page.locator("#talk li strong").all_inner_texts() == ["What is seen?", "And what frames then?"]
    page.click("#talk li:last-child .answer button >> nth=0")
    until(page, "document.activeElement.id === 'video'")
    page.click("#forget")
    page.reload()
    assert page.locator("#talk li").count() == 0


def test_a_time_in_an_answer_seeks_to_where_it_points(page: Any, served: Running, described: str) -> None:
    page.goto(f"{served.url}/films/{described}")
    page.fill("#question", "point")
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('#talk li[aria-busy=false]').length === 1")
    assert page.inner_text("#talk .answer") == "It is 0:02-0:04."
    page.click("#talk .answer button")
    until(page, "document.getElementById('video').currentTime === 2")


def test_captions_arrive_while_the_film_is_described(browser: Any, tmp_path: Path, film: Path) -> None:
    with running(tmp_path / "state", captioner=EchoCaptioner(delay=0.5, capacity=1)) as service:
        id = service.upload(film)["id"]
        page = patient(browser.new_page())
        page.goto(f"{service.url}/#key={service.key}")
        page.wait_for_selector("h1:has-text('Films')")
        page.goto(f"{service.url}/films/{id}")
        assert "not described yet" in page.inner_text("#job")
        assert page.locator("#downloads").count() == 0, "nothing is there to take"
        service.job(id)
        page.goto(f"{service.url}/films/{id}")
        until(page, "document.querySelectorAll('#transcript button').length === 1 && !document.getElementById('progress').hidden")
        until(page, "document.querySelectorAll('#transcript button').length === 3 && document.getElementById('progress').hidden")
        page.context.close()


def test_the_film_plays_the_transcript_follows_and_a_line_seeks(page: Any, served: Running, described: str) -> None:
    page.goto(f"{served.url}/films/{described}")
    assert page.inner_text("h1") == "<b>film<b>.mp4"
    until(page, "document.getElementById('video').readyState > 0")
    assert page.evaluate("document.getElementById('video').duration") == pytest.approx(6, abs=0.2)
    page.select_option("#read", "screen")
    page.click("#transcript button >> nth=1")
    until(page, "document.querySelector('#transcript [aria-current=true]')?.dataset.start === '2.0'")
    line = page.inner_text("#transcript [aria-current=true] span")
    assert page.inner_text("#now") == line
    assert page.text_content("#live") == line
    page.evaluate("document.getElementById('video').muted = true; document.getElementById('video').play()")
    until(page, "document.getElementById('video').currentTime > 2.3")
    page.evaluate("document.getElementById('video').pause()")
    kinds = page.evaluate("[...document.getElementById('video').textTracks].map((one) => one.kind)")
    assert kinds == ["descriptions", "subtitles", "chapters"]
    page.click("#chapters button >> nth=0")
    until(page, "document.getElementById('video').currentTime === 0")
    sentences = page.query_selector_all("#summary button")
    assert len(sentences) > 1
    sentences[-1].click()  # each leads to what it rests on
    assert float(sentences[-1].get_attribute("data-start")) > 0
    until(page, f"document.getElementById('video').currentTime === {sentences[-1].get_attribute('data-start')}")
    assert "not written by a model" in page.inner_text("#made")
    until(page, "document.getElementById('track').track.cues?.length >= 3")


def test_a_film_that_browsers_cannot_play_becomes_one_that_they_can(page: Any, served: Running, tmp_path: Path) -> None:
    path = tmp_path / "ten bits.mkv"
    made = ["-f", "lavfi", "-i", "testsrc2=size=321x181:rate=10:duration=3", "-f", "lavfi", "-i", "sine=duration=3"]
    coded = ["-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none", "-c:a", "ac3"]
    subprocess.run([find_ffmpeg().path, "-v", "error", *made, *coded, path], check=True)
    id = served.upload(path)["id"]
    assert served.client.get(f"/v1/films/{id}/preview.mp4").status_code == 404
    page.goto(f"{served.url}/films/{id}")
    page.wait_for_selector("#unplayable")
    assert violations(page) == []
    page.click("#convert")
    until(page, "document.getElementById('video').videoWidth === 320 && document.getElementById('unplayable').hidden")
    assert page.evaluate("document.getElementById('video').duration") == pytest.approx(3, abs=0.2)
    page.reload()
    until(page, "document.getElementById('video').videoWidth === 320")
    part = served.client.get(f"/v1/films/{id}/preview.mp4", headers={"Range": "bytes=4-11"})
    assert (part.status_code, part.content[:4]) == (206, b"ftyp")
    assert served.client.get(f"/v1/films/{id}").json()["links"]["preview"] == f"/v1/films/{id}/preview.mp4"
    refused = served.client.post("/v1/jobs", json={"film": id, "task": "preview", "settings": {"crf": 20}})
    assert refused.json()["error"]["param"] == "settings.crf"
    served.client.delete(f"/v1/films/{id}")
    assert not served.service.previews.there(id)


def test_what_a_model_or_a_name_says_is_text(page: Any, served: Running, film: Path, tmp_path: Path) -> None:
    path = tmp_path / "hostile.mp4"
    write(path, FilmSpec(seconds=3, width=160, height=90, fps=10, gop=10))
    id = served.upload(path, "<img src=x onerror=alert(3)> 50%25 #1?.mp4")["id"]
    job = served.done(served.job(id, prompt="something hostile")["id"])
    links = [*job["outputs"], *served.client.get(f"/v1/films/{id}").json()["files"]["en"].values()]
    assert {served.client.get(link).status_code for link in links} == {200}, "each letter of a name is part of its address"
    page.goto(f"{served.url}/films/{id}")
    assert "<img src=x" in page.inner_text("#transcript button span >> nth=0")
    page.fill("#question", "hostile?")
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('#talk li[aria-busy=false]').length === 1")
    assert "<script>" in page.inner_text("#talk li .answer")
    page.goto(f"{served.url}/films/search?q=onerror")
    assert page.locator("main img, main script").count() == 0


def test_lists_and_forms_work_without_scripts(browser: Any, served: Running, film: Path, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = patient(context.new_page())
    page.goto(served.url + "/signin")
    page.fill("#key", served.key)
    page.click("button")
    path = tmp_path / "no script.mp4"
    write(path, FilmSpec(seconds=2, width=160, height=90, fps=10, gop=10))
    page.set_input_files("#file", str(path))
    page.click("text=Send and describe")
    assert page.inner_text("h1") == "no script.mp4"
    served.done(served.client.get("/v1/jobs", params={"limit": 1}).json()["data"][0]["id"])
    page.reload()
    assert page.locator("#transcript li").count() == 1
    page.goto(served.url + "/films/roots?path=films")
    page.click("text=on disk.mp4")
    assert page.inner_text("h1") == "on disk.mp4"
    page.click("text=Start")
    done = served.done(served.client.get("/v1/jobs", params={"limit": 1}).json()["data"][0]["id"])
    assert done["status"] == "completed"
    context.close()


def test_the_page_is_light(page: Any, served: Running, described: str) -> None:
    """All that a film's page asks for but the film itself, compressed: 60 KB at most, and all of it ours."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served.url}/films/{described}")
    wanted = {url for url in asked if "/v1/" not in url and not url.endswith("/readyz")}
    assert {url.rpartition("/")[2] for url in wanted} >= {"app.js", "dom.js", "film.js", "speak.js", "talk.js", "page.css"}
    assert sum(len(gzip.compress(served.client.get(url).content)) for url in wanted) < 60_000
    assert json.loads(served.client.get("/readyz").text)["model"] == "shapes"


def test_the_page_names_who_writes_and_where_words_were_found(page: Any, served: Running, described: str) -> None:
    """With the echo engine no model is asked: the page names none. A sentence of a summary is told from a caption of the same words."""
    page.goto(f"{served.url}/films/search?q=frames")
    assert page.inner_text("#engine").startswith("echo: ")
    until(page, "document.getElementById('engine').textContent.startsWith('echo: ready')")
    found = page.locator("main li").all_inner_texts()
    assert any("(summary)" in text for text in found)
    assert any("(chapter)" in text for text in found)
    assert any("(" not in text.partition("8 frames")[0] for text in found), "captions are not marked"


def test_the_page_says_how_long_the_model_has_been_loading(browser: Any, tmp_path: Path) -> None:
    loaded = threading.Event()

    class Slow(EchoCaptioner):
        async def start(self) -> None:
            await asyncio.to_thread(loaded.wait)
            await super().start()

    try:
        with running(tmp_path / "state", captioner=Slow()) as service, signed_in(browser, service) as page:
            page.goto(service.url)
            until(page, r"/^echo: loading for \d+ s/.test(document.getElementById('engine').textContent)")
            assert service.client.get("/readyz").json()["loading_seconds"] > 0
            loaded.set()
            until(page, r"/^echo: ready/.test(document.getElementById('engine').textContent)")
            assert service.client.get("/readyz").json()["loading_seconds"] == 0
    finally:
        loaded.set()


def test_a_job_is_cancelled_and_a_film_removed(browser: Any, tmp_path: Path, film: Path) -> None:
    with (
        running(tmp_path / "state", captioner=EchoCaptioner(delay=30, capacity=1)) as service,
        signed_in(browser, service) as page,
    ):
        id = service.upload(film)["id"]
        service.job(id)
        page.goto(f"{service.url}/films/{id}")
        page.click("#cancel")
        until(page, "document.getElementById('job').textContent === 'cancelled' && document.getElementById('progress').hidden")
        assert violations(page) == []
        page.check("[name=sure]")
        page.click("text=Remove >> nth=-1")
        page.wait_for_selector("h1:has-text('Films')")
        assert page.inner_text("main > p:last-child") == "None yet."
        assert service.client.get(f"/v1/films/{id}").status_code == 404
