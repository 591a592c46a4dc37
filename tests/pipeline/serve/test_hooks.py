"""Media servers' webhooks: the film is described once and its sidecars stand beside it; the server is asked and told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from patience import PATIENCE, comes
from serving import Running, running

from pipeline.options.serve import ServeSettings
from pipeline.serve.media_servers import mapped, read_event
from pipeline.serve.routes import hooks


class Servers(BaseHTTPRequestHandler):
    """Jellyfin, Emby and Plex, as far as they are asked."""

    path_there = ""
    seen: ClassVar[list[tuple[str, str]]] = []

    def answer(self) -> None:
        token = self.headers.get("X-Plex-Token") or self.headers.get("X-Emby-Token") or ""
        type(self).seen.append((f"{self.command} {self.path}", token))
        body: dict[str, Any] = {"Items": [{"Path": self.path_there}]}
        if "/library/metadata/" in self.path:
            body = {"MediaContainer": {"Metadata": [{"Media": [{"Part": [{"file": self.path_there}]}]}]}}
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[tuple[Running, Path]]:
    folder = tmp_path_factory.mktemp("media") / "films"
    folder.mkdir()
    for name in ("jellyfin", "emby", "plex"):
        (folder / f"{name}.mp4").write_bytes(film.read_bytes())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Servers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    before, hooks.SETTLE = hooks.SETTLE, 0.05
    try:
        with running(
            tmp_path_factory.mktemp("state") / "state", root=(folder,), map=(f"/media={folder}",), model="shapes",
            jellyfin_url=url, jellyfin_token="jelly", plex_url=url, plex_token="plex", emby_url=url, emby_token="emby",
        ) as service:  # fmt: skip
            yield service, folder
    finally:
        hooks.SETTLE = before
        server.shutdown()
        server.server_close()


EVENTS: dict[str, dict[str, Any]] = {
    "jellyfin": {"json": {"NotificationType": "ItemAdded", "ItemType": "Movie", "ItemId": "0a1b", "Name": "x"}},
    "emby": {"json": {"Event": "library.new", "Item": {"Id": "77", "Type": "Movie", "Path": "/media/emby.mp4"}}},
    "plex": {
        "files": {
            "payload": (None, json.dumps({"event": "library.new", "Metadata": {"type": "movie", "ratingKey": "42"}})),
            "thumb": ("thumb.jpg", b"x" * 100_000),
        }
    },
}


@pytest.mark.parametrize("server", ["jellyfin", "emby", "plex"])
def test_a_new_film_is_described_once_and_the_server_is_told(server: str, library: tuple[Running, Path]) -> None:
    service, folder = library
    Servers.path_there = f"/media/{server}.mp4"
    Servers.seen.clear()
    address = service.client.get("/v1/hooks").json()[server]
    told = [httpx.post(address, timeout=PATIENCE, **EVENTS[server]) for _ in range(2)]
    assert [answer.status_code for answer in told] == [202, 202]
    jobs = {answer.json()["job"]["id"] for answer in told}
    assert len(jobs) == 1, "a webhook that is repeated makes no second job"
    done = service.done(jobs.pop())
    assert done["status"] == "completed", done
    assert (folder / f"{server}.descriptions.en.vtt").read_text().startswith("WEBVTT")
    assert (folder / f"{server}.descriptions.en.srt").exists()
    refresh = {
        "plex": "PUT /library/metadata/42/refresh",
        "jellyfin": "POST /Items/0a1b/Refresh",
        "emby": "POST /Items/77/Refresh",
    }
    tokens = {"plex": "plex", "jellyfin": "jelly", "emby": "emby"}
    assert comes(lambda: (refresh[server], tokens[server]) in Servers.seen)


def test_a_film_whose_job_failed_is_described_when_it_is_told_of_again(library: tuple[Running, Path], film: Path) -> None:
    service, folder = library
    jobs, path = service.service.jobs, folder / "again.mp4"
    path.write_bytes(film.read_bytes())
    claimed = jobs.claim
    jobs.claim = lambda _: None  # type: ignore[method-assign]  # nobody works: the test says how a job ends

    def told() -> str:
        answer = service.client.post(
            "/hooks/emby", json={"Event": "library.new", "Item": {"Id": "7", "Type": "Movie", "Path": "/media/again.mp4"}}
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job"]["id"])

    try:
        first = told()
        assert told() == first, "it waits"
        assert claimed(3600).id == first  # type: ignore[union-attr]
        assert told() == first, "it is in progress"
        jobs.finish(jobs.get(first), "failed", code="unreadable", message="x")
        second = told()
        assert second != first
        assert told() == second, "once"
        jobs.cancel(second)
        third = told()
        assert third not in (first, second)
        assert claimed(3600).id == third  # type: ignore[union-attr]
        jobs.finish(jobs.get(third), "completed")
        assert told() == third, "it is done"
        path.write_bytes(film.read_bytes() + b"\0\0\0\x08free")
        fourth = told()
        assert fourth not in (first, second, third), "another version is another film"
        jobs.cancel(fourth)
    finally:
        jobs.claim = claimed  # type: ignore[method-assign]


def test_behind_tls_the_addresses_are_https(library: tuple[Running, Path]) -> None:
    service, _ = library
    told = service.client.get("/v1/hooks", headers={"X-Forwarded-Proto": "https"}).json()
    assert all(address.startswith(service.url.replace("http://", "https://") + "/hooks/") for address in told.values()), told
    assert service.client.get("/v1/hooks").json()["plex"].startswith(service.url)


def test_the_hooks_key_opens_nothing_else(library: tuple[Running, Path]) -> None:
    service, _ = library
    key = service.service.key.hook
    assert httpx.get(service.url + "/v1/films", params={"key": key}, timeout=PATIENCE).status_code == 401
    assert httpx.get(service.url + "/v1/films", headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE).status_code == 401
    assert httpx.post(service.url + "/hooks/plex", json={}, timeout=PATIENCE).status_code == 401


def test_other_events_and_other_places(library: tuple[Running, Path], tmp_path: Path) -> None:
    service, _ = library
    heard = service.client.post("/hooks/jellyfin", json={"NotificationType": "PlaybackStart", "ItemId": "1"})
    assert (heard.status_code, heard.json()["job"]) == (200, None)
    for body, code in (
        ({"Event": "library.new", "Item": {"Id": "1", "Path": "/etc/passwd"}}, "outside_root"),
        ({"Event": "library.new", "Item": {"Id": "1", "Path": "/media/../../etc/passwd"}}, "outside_root"),
        ({"Event": "library.new", "Item": {"Id": "../x"}}, "bad_event"),
        ({"nothing": 1}, "bad_event"),
        ([], "bad_event"),
    ):
        answer = service.client.post("/hooks/emby", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), body
    with running(tmp_path / "state", listen="127.0.0.1:0") as other:
        refused = other.client.post("/hooks/emby", json={"Event": "library.new", "Item": {"Id": "1", "Path": "/x.mp4"}})
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] in ("outside_root", "model_not_named")


@pytest.mark.parametrize(
    ("there", "here"),
    [("/media/a.mp4", "/srv/a.mp4"), ("/media/tv/a.mp4", "/tv/a.mp4"), ("/mediaX/a.mp4", "/mediaX/a.mp4"), ("D:\\Films\\a.mp4", "/d/a.mp4")],
)  # fmt: skip
def test_the_longest_map_counts_and_only_whole_folders(there: str, here: str) -> None:
    assert mapped(ServeSettings(map=("/media=/srv", "/media/tv=/tv", "D:\\Films=/d")), there) == here


def test_events_that_are_no_films_are_heard_and_no_more() -> None:
    assert read_event("plex", {"event": "media.play", "Metadata": {}}) is None
    assert read_event("plex", {"event": "library.new", "Metadata": {"type": "track", "ratingKey": "1"}}) is None
