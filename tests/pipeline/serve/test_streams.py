"""``serve --cameras``: configured streams are listed, shown and told of; no client names an address, and none is shown one."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import signed_in, until, violations
from patience import comes
from PIL import Image as Pillow
from ports import free_port
from senders import picture, sending
from serving import Running, running

from pipeline.errors import UsageError
from pipeline.live.outputs import listeners
from pipeline.options.serve import ServeSettings
from pipeline.serve.service import Service


def goes_well(service: Running) -> bool:
    """It is described at this moment, and nothing gives way: a machine that stops for seconds loses a picture now and then."""
    gate = service.client.get("/v1/streams/gate").json()
    return gate["latest"] is not None and (gate["state"], gate["level"]) == ("live", 0)


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with one stream that goes on and one that is not there."""
    port, folder = free_port(), tmp_path_factory.mktemp("cameras")
    file = folder / "cameras.toml"
    file.write_text(
        f"[gate]\nurl = 'udp://127.0.0.1:{port}'\nwindow = 1\nskip-static = false\n"
        f"[yard]\nurl = 'rtsp://me:secret@127.0.0.1:{free_port()}/x'\n"
    )
    with (
        sending(*picture(), "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"),
        running(folder / "state", cameras=file) as service,
    ):
        assert comes(lambda: goes_well(service))
        yield service


def test_they_are_listed_without_their_addresses(watching: Running) -> None:
    assert comes(lambda: goes_well(watching))
    answer = watching.client.get("/v1/streams")
    gate, yard = answer.json()["data"]
    assert gate["name"] == "gate"
    assert " of 196x196 in " in gate["latest"]["text"]
    assert gate["seconds"]["caption"] > 0
    assert yard["state"] in ("connecting", "offline")
    assert yard["latest"] is None
    for text in (answer.text, watching.client.get("/v1/streams/yard").text, watching.client.get("/streams").text):
        assert "secret" not in text
        assert "rtsp" not in text
    shown = watching.client.get(gate["links"]["picture"])
    assert shown.headers["content-type"] == "image/jpeg"
    width, height = Pillow.open(io.BytesIO(shown.content)).size
    assert width / height == pytest.approx(16 / 9, abs=0.01)  # the model is shown a square
    assert watching.client.get(yard["links"]["picture"]).status_code == 404


@pytest.mark.parametrize(
    "path", ["/v1/streams/other", "/v1/streams/other/events", "/v1/streams/rtsp:%2F%2Fx%2Fy", "/v1/streams/other/picture"]
)
def test_what_is_not_configured_is_not_there(watching: Running, path: str) -> None:
    assert watching.client.get(path).status_code == 404
    assert watching.client.post("/v1/streams", json={"url": "rtsp://x/y"}).status_code == 405


def heard(service: Running, path: str, count: int, **headers: str) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    with service.client.stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        number = ""
        for row in answer.iter_lines():
            if row.startswith("id:"):
                number = row[3:].strip()
            if row.startswith("data:"):
                event = json.loads(row[5:])
            if not row and number:
                found.append((number, event))
                number = ""
            if len(found) >= count:
                break
    return found


def test_events_of_one_and_of_all_and_what_was_missed(watching: Running) -> None:
    one = heard(watching, "/v1/streams/gate/events", 2)
    assert {event["stream"] for _, event in one} == {"gate"}
    everything = heard(watching, "/v1/streams/-/events", 6, **{"Last-Event-ID": one[0][0]})
    assert everything[0][1] == one[1][1] or everything[0][1]["stream"] == "yard"
    assert "secret" not in str(everything)
    before = heard(watching, "/v1/streams/-/events", 3, **{"Last-Event-ID": "another-1"})  # of a run before: all that is kept
    assert before[0][1]["event"] == "source"


def test_one_listener_too_many_is_told_when_to_come_again(watching: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "CLIENTS", 0)
    refused = watching.client.get("/v1/streams/-/events")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_asks")
    assert int(refused.headers["retry-after"]) >= 1


def test_without_a_key_nothing_is_shown(watching: Running) -> None:
    for path in ("/v1/streams", "/v1/streams/-/events", "/v1/streams/gate/picture"):
        assert watching.client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_the_page_shows_each_with_its_text_as_it_comes(browser: Any, watching: Running) -> None:
    with signed_in(browser, watching) as page:
        page.click("a:has-text('Streams')")
        until(page, "document.getElementById('connection').textContent === 'connected'")
        until(page, "document.querySelector('[data-stream=gate] .said').textContent.includes(' of 196x196 in ')")
        until(page, "document.querySelector('[data-stream=gate] img').naturalWidth > 0")
        first = page.inner_text("[data-stream=gate] .said")
        until(page, f"document.querySelector('[data-stream=gate] .said').textContent !== {json.dumps(first)}")
        assert page.locator("[data-stream=gate] .said").get_attribute("aria-live") == "polite"
        assert page.locator("[data-stream=yard]").count() == 1
        assert violations(page) == []
        page.set_viewport_size({"width": 1280, "height": 600})
        box = page.locator("[data-stream=gate] .said").bounding_box()
        assert box["y"] + box["height"] <= 600, "the text is seen with its picture, not below the window"


def test_a_service_without_cameras_has_none(service: Running) -> None:
    assert service.client.get("/v1/streams").json()["data"] == []
    assert service.client.get("/v1/streams/-/events").status_code == 404
    assert "/streams" not in service.client.get("/").text


def test_a_file_that_is_wrong_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "cameras.toml"
    file.write_text("[gate]\nurl = 'gopher://x'\n")
    with pytest.raises(UsageError, match="bad_source"):
        Service(ServeSettings(state_dir=tmp_path / "state", engine="echo", cameras=file))
