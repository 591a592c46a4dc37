"""A film's way through the service: sent, described, its tracks read, found again, forgotten."""

import json
import subprocess
from pathlib import Path

import pytest
from serving import Running, events_of

from pipeline import chapters
from pipeline.retrieval.index import Index


def test_a_film_is_sent_described_and_read_in_every_format(service: Running, film: Path) -> None:
    sent = service.upload(film)
    assert (sent["object"], sent["status"], sent["filename"], sent["bytes"]) == (
        "file",
        "processed",
        "film.mp4",
        film.stat().st_size,
    )
    again = service.client.post("/v1/files", files={"file": ("other.mp4", film.read_bytes())})
    assert (again.status_code, again.json()["id"]) == (200, sent["id"]), "the same bytes are the same file"

    job = service.job(sent["id"])
    assert job["status"] == "queued"
    with service.client.stream("GET", f"/v1/jobs/{job['id']}/events") as answer:
        assert answer.headers["x-accel-buffering"] == "no"
        told = events_of("".join(answer.iter_text()))
    names = [name for _, name, _ in told]
    assert names[0] == "state"
    assert names[-1] == "done"
    assert names.count("caption") == 3
    assert [number for number, _, _ in told] == sorted({number for number, _, _ in told})
    middle = told[len(told) // 2][0]
    rest = service.client.get(f"/v1/jobs/{job['id']}/events", headers={"Last-Event-ID": str(middle)})
    assert events_of(rest.text) == [event for event in told if event[0] > middle], "a reader that was cut off misses nothing"
    done = service.client.get(f"/v1/jobs/{job['id']}").json()
    assert (done["status"], done["progress"], done["captions"]) == ("completed", 100, 3)

    known = service.client.get(f"/v1/films/{sent['id']}").json()
    assert known["duration"] == 6.0
    assert list(known["tracks"]) == ["en"]
    for form, address in known["tracks"]["en"].items():
        answer = service.client.get(address)
        assert answer.status_code == 200, form
        assert answer.text, form
        same = service.client.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert same.status_code == 304, form
    assert service.client.get(known["tracks"]["en"]["vtt"]).text.startswith("WEBVTT")
    assert len(service.client.get(known["tracks"]["en"]["json"]).json()["captions"]) == 3

    found = service.client.get("/v1/search", params={"q": "frames", "film": sent["id"]}).json()
    assert {hit["film"] for hit in found["data"]} == {sent["id"]}
    assert len(found["data"]) == 3
    picture = service.client.get(f"/v1/films/{sent['id']}/frame.jpg", params={"t": 99})
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8")


def test_burn_mux_export_and_speak_use_the_captions_that_are_there(service: Running, film: Path) -> None:
    sent = service.upload(film)
    assert service.done(service.job(sent["id"], prompt="Say it once.", overwrite=True)["id"])["status"] == "completed"
    asked = service.captioner.asked
    for task, ending in (("burn", ".described.mp4"), ("mux", ".described.mp4"), ("export", ".en.ass"), ("speak", ".spoken.mp4")):
        settings = {"export": {"format": "ass"}, "speak": {"place": "window"}}.get(task, {})
        job = service.done(service.job(sent["id"], task, **settings)["id"])
        assert job["status"] == "completed", job
        made = next(output for output in job["outputs"] if output.endswith(ending))
        head = service.client.get(made, headers={"Range": "bytes=0-99"})
        assert head.status_code == 206
        assert len(head.content) == 100
        if task != "export":  # a track is offered in every format, whatever was exported
            assert made in service.client.get(f"/films/{sent['id']}").text, "the film's page offers it"
    assert service.captioner.asked == asked, "nothing was asked of the model"


def test_a_voice_that_is_not_there_fails_its_job_alone(service: Running, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.errors import EnvironmentFault
    from pipeline.speech import speaking

    def none(*_: object, **__: object) -> None:
        raise EnvironmentFault("no_voice", "speaking needs a package")

    monkeypatch.setattr(speaking, "speak_captions", none)
    sent = service.upload(film)
    job = service.done(service.job(sent["id"], "speak")["id"])
    assert (job["status"], job["error"]["code"]) == ("failed", "no_voice")
    assert service.done(service.job(sent["id"], overwrite=True)["id"])["status"] == "completed", "the others go on"


def test_chapters_are_of_the_summary_that_is_there_and_the_index_is_filled(service: Running, film: Path) -> None:
    id = service.upload(film)["id"]
    assert service.done(service.job(id, "summarize", length="long", overwrite=True)["id"])["status"] == "completed"
    address = f"/v1/films/{id}/summary.json"
    before = service.client.get(address).json()
    for path in service.service.library.files(id, "en").values():
        if ".chapters." in path.name:
            path.unlink()
    done = service.done(service.job(id, "chapters")["id"])
    assert done["status"] == "completed", done
    assert service.client.get(address).json() == before, "a long one stays a long one"
    assert service.client.get(f"/v1/films/{id}/chapters.vtt").text.startswith("WEBVTT")
    for form in chapters.names():
        told = service.client.get(f"/v1/films/{id}/chapters.{form}").headers["content-type"]
        assert told == chapters.find(form).media_type
    service.done(service.job(id, "index")["id"])
    with Index(service.service.folder) as index:
        assert service.service.library.find(id, "en").path in index.known()


def test_ranges_of_a_film_and_curl(service: Running, film: Path, tmp_path: Path) -> None:
    key = f"Authorization: Bearer {service.key}"
    sent = json.loads(
        subprocess.run(
            ["curl", "-sS", "-T", film, "-H", key, f"{service.url}/v1/files/my%20film.mp4"], capture_output=True, check=True
        ).stdout
    )
    data = film.read_bytes()
    out = tmp_path / "part"
    subprocess.run(
        ["curl", "-sS", "-H", key, "-r", "100-199", "-o", out, f"{service.url}/v1/files/{sent['id']}/content"], check=True
    )
    assert out.read_bytes() == data[100:200]
    subprocess.run(["curl", "-sS", "-H", key, "-r", "-50", "-o", out, f"{service.url}/v1/films/{sent['id']}/video"], check=True)
    assert out.read_bytes() == data[-50:]
    assert service.client.head("/healthz").status_code == 200
    for address in (f"/v1/files/{sent['id']}/content", f"/v1/films/{sent['id']}/video"):
        head = service.client.head(address)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(data)), b"")
    beyond = service.client.get(f"/v1/films/{sent['id']}/video", headers={"Range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.json()["error"]["code"]) == (416, "range_past_the_end")
    assert beyond.headers["content-range"] == f"bytes */{len(data)}"
    lines = service.client.get(f"/v1/films/{sent['id']}/video", headers={"Range": "lines=0-9"})
    assert (lines.status_code, lines.content) == (200, data), "of a unit that is not known all of it"
    for wrong in ("bytes=a-b", "bytes=9-3", "bytes", "bytes=-", "bytes=1-2-3"):
        for address in (f"/v1/files/{sent['id']}/content", f"/v1/films/{sent['id']}/video"):
            answer = service.client.get(address, headers={"Range": wrong})
            assert answer.status_code in (200, 400), wrong
            assert answer.status_code == 200 or answer.json()["error"]["code"] == "bad_value", wrong


def test_a_name_that_turns_a_line_around_turns_no_title(service: Running, root: Path) -> None:
    name = "a\u202egpj.mp4"
    (root / name).write_bytes((root / "series/one.mp4").read_bytes() + b"\0\0\0\x0cfreename")
    sent = service.client.post("/v1/films", json={"path": f"films/{name}"}).raise_for_status().json()
    assert "\u202e" in sent["name"]
    for page in (f"/films/{sent['id']}", "/"):
        answer = service.client.get(page)
        assert answer.status_code == 200, page
        assert "agpj.mp4" in answer.text
        assert "\u202e" not in answer.text, page
    (root / name).unlink()


@pytest.mark.parametrize("header", ["bytes 10-19/20", "bytes */20", "bytes 0-19/20"])
def test_a_part_of_a_file_is_none(service: Running, header: str) -> None:
    """``curl -C``, and pages that send chunks: the end of an MPEG-TS is a film too."""
    for method, place in (("PUT", "/v1/files/a.ts"), ("POST", "/v1/files")):
        answer = service.client.request(method, place, content=b"0123456789", headers={"Content-Range": header})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (400, "bad_request", "Content-Range"), method


def test_pages_of_jobs_behind_none_and_a_body_that_is_no_json(service: Running) -> None:
    unknown = service.client.get("/v1/jobs?after=job-none")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "no_job")
    answer = service.client.post("/v1/jobs", content=b'{"film": ', headers={"Content-Type": "application/json"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "bad_value", None)
    assert error["message"] == "the body is no JSON: Expecting value (character 9)"


@pytest.mark.parametrize("what", ["files", "films"])
def test_they_are_listed_page_by_page(service: Running, film: Path, what: str) -> None:
    for number in range(2):
        service.client.put(
            f"/v1/files/{number}.mp4", content=film.read_bytes() + b"\0\0\0\x09free" + bytes([number])
        ).raise_for_status()
    everything = service.client.get(f"/v1/{what}").json()
    assert (len(everything["data"]) >= 2, everything["has_more"]) == (True, False)
    seen, more = [], {"has_more": True}
    while more["has_more"]:
        more = service.client.get(f"/v1/{what}", params={"limit": 1, **({"after": seen[-1]["id"]} if seen else {})}).json()
        seen += more["data"]
    assert seen == everything["data"]
    assert service.client.get(f"/v1/{what}?after=film-none").status_code == 404


def test_a_film_below_a_root_is_added_described_and_forgotten(service: Running, root: Path) -> None:
    (root / "mine").mkdir()
    (root / "mine/one.mp4").write_bytes((root / "series/one.mp4").read_bytes())
    listed = service.client.get("/v1/roots", params={"path": "films/mine"}).json()["data"]
    assert [(entry["object"], entry["path"]) for entry in listed] == [("film", "films/mine/one.mp4")]
    added = service.client.post("/v1/films", json={"path": "films/mine/one.mp4"})
    assert added.status_code == 201
    assert added.json()["path"] == "films/mine/one.mp4"
    again = service.client.post("/v1/films", json={"path": "films/mine/one.mp4"})
    id = again.json()["id"]
    assert (again.status_code, id) == (200, added.json()["id"])
    job = service.done(service.job(id)["id"])
    assert job["status"] == "completed"
    document = service.client.get(f"/v1/films/{id}/tracks/descriptions.en.json").json()
    kept = service.client.get(f"/v1/films/{id}/tracks/descriptions.en.vtt", params={"download": "true"})
    assert kept.headers["content-disposition"].startswith('attachment; filename="one.descriptions.en.vtt"; ')
    assert document["source"]["name"] == "one.mp4", "the name that the film has, not that of an open file"
    assert [path.name for path in (root / "mine").rglob("*")] == ["one.mp4"], "nothing is written beside it unasked"
    assert service.client.delete(f"/v1/films/{id}").json()["deleted"]
    assert service.client.get(f"/v1/films/{id}").status_code == 404
    assert (root / "mine/one.mp4").exists()


def test_an_idempotency_key_is_one_job(service: Running, film: Path) -> None:
    id = service.upload(film)["id"]
    ask = {"film": id, "task": "caption"}
    first = service.client.post("/v1/jobs", json=ask, headers={"Idempotency-Key": "once"}).json()
    second = service.client.post("/v1/jobs", json=ask, headers={"Idempotency-Key": "once"}).json()
    assert first["id"] == second["id"]
    other = service.client.post("/v1/jobs", json={**ask, "task": "mux"}, headers={"Idempotency-Key": "once"})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_key_reused")
    service.done(first["id"])


def test_a_summary_and_chapters_are_made_of_the_captions(service: Running, film: Path) -> None:
    id = service.upload(film)["id"]
    service.done(service.job(id, overwrite=True)["id"])
    missing = service.client.get(f"/v1/films/{id}/summary.json")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    refused = service.client.post("/v1/jobs", json={"film": id, "settings": {"length": "long"}})
    assert refused.json()["error"]["param"] == "settings.length"
    for length in ("short", "long"):
        job = service.done(service.job(id, "summarize", length=length, into_video=True)["id"])
        assert job["status"] == "completed", job
        assert {output.rpartition("/")[2] for output in job["outputs"]} >= {
            "film.summary.json",
            "film.chapters.vtt",
            "film.chaptered.mp4",
        }
    summary = service.client.get(f"/v1/films/{id}/summary.json").json()
    assert summary["chapters"][0]["start"] == 0
    assert service.client.get(f"/v1/films/{id}/chapters.vtt").text.startswith("WEBVTT")
    assert service.client.get(f"/v1/films/{id}/summary.md", params={"language": "en"}).status_code == 200
    assert service.client.get(f"/v1/films/{id}").json()["summaries"] == ["en"]
    found = service.client.get("/v1/search", params={"q": "frames", "k": 100}).json()["data"]
    assert {hit["kind"] for hit in found} > {"caption"}, "summaries and chapters are searched too"
    service.done(service.job(id, overwrite=True, prompt="Say it otherwise.")["id"])
    assert service.client.get(f"/v1/films/{id}/summary.json").status_code == 404, "it was of other captions"
