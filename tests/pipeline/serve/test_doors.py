"""What must not pass: strangers, other pages, other names, links out of a root, too much of anything, films that are none."""

import os
import socket
import stat
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import httpx
import pytest
from patience import PATIENCE, comes
from serving import Running, running

from models.engines.echo import EchoCaptioner
from pipeline.errors import EnvironmentFault, UsageError
from pipeline.file_version import FileVersion
from pipeline.options.serve import ServeSettings
from pipeline.serve.faults import HttpError
from pipeline.serve.key import load_key
from pipeline.serve.roots import Roots, held, open_beneath
from pipeline.serve.service import Service
from pipeline.serve.uploads import clean_name


def test_every_path_but_a_few_needs_the_key(service: Running) -> None:
    paths = service.client.get("/openapi.json").json()["paths"]
    assert len(paths) > 12
    with httpx.Client(
        base_url=service.url, timeout=PATIENCE
    ) as stranger:  # one: making a client takes longer than a hundred requests
        for path, operations in paths.items():
            for method in operations:
                answer = stranger.request(method, path.replace("{", "").replace("}", ""))
                expected = 200 if path == "/healthz" else 401
                assert answer.status_code == expected, (method, path)
        for key in ("x", service.key[:-1], service.key + "x", "\xff"):
            answer = stranger.get("/v1/films", headers={"Authorization": f"Bearer {key}".encode("latin-1")})
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_key")
            assert answer.headers["content-security-policy"].startswith("default-src 'self'")


@pytest.mark.parametrize("path", ["/", "/streams", "/films/film-x"])
def test_a_stranger_in_a_browser_is_led_to_the_sign_in_page(service: Running, path: str) -> None:
    led = httpx.get(service.url + path, headers={"Accept": "text/html"}, timeout=PATIENCE)
    assert (led.status_code, led.headers["location"]) == (303, "/signin")
    assert httpx.get(service.url + path, timeout=PATIENCE).status_code == 401


def test_other_names_and_other_pages_are_refused(service: Running) -> None:
    evil = service.client.get("/v1/films", headers={"Host": "evil.test"})
    assert (evil.status_code, evil.json()["error"]["code"]) == (421, "host_not_allowed")
    for host in ("localhost:1", "127.0.0.1", "[::1]:8770", "192.168.1.5:80"):
        assert service.client.get("/v1/films", headers={"Host": host}).status_code == 200, host
    for origin in ("http://evil.test", "null", "https://127.0.0.1.evil.test", "http://[::", "//["):
        answer = service.client.post("/v1/jobs", json={}, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed"), origin
    assert service.client.post("/v1/jobs", json={}, headers={"Origin": service.url}).status_code == 400


@pytest.mark.parametrize("path", ["films/../../etc/passwd", "/etc/passwd", "films/..", "..", "films/link/one.mp4", "films/out.mp4",
                                  "films/a\0b", "other/x.mp4", "", "films", "films/pipe"])  # fmt: skip
def test_no_path_leads_out_of_a_root(path: str, service: Running, root: Path, tmp_path: Path) -> None:
    made = [root / "link", root / "out.mp4", root / "pipe"]
    made[0].symlink_to(root / "series")
    made[1].symlink_to("/etc/passwd")
    os.mkfifo(made[2])
    try:
        answer = service.client.post("/v1/films", json={"path": path})
        assert answer.status_code in (400, 403, 404), answer.text
        assert answer.json()["error"]["param"] == "path"
        listed = service.client.get("/v1/roots", params={"path": "films"}).json()["data"]
        names = {entry["name"] for entry in listed}
        assert "series" in names
        assert not names & {one.name for one in made}, "links and pipes are not offered"
    finally:
        for one in made:
            one.unlink()


def test_a_link_that_takes_a_films_place_is_not_followed(root: Path, tmp_path: Path) -> None:
    """The name is swapped between the look and the reading: what is read is what was opened."""
    film, secret = root / "swap.mp4", tmp_path / "secret"
    film.write_bytes(b"film")
    secret.write_bytes(b"secret")
    with held(root, Path("swap.mp4"), tmp_path / "held") as open_film:
        film.unlink()
        film.symlink_to(secret)
        assert open_film.path.read_bytes() == b"film"
        assert open_film.path.name == "swap.mp4"
        assert FileVersion.at(open_film.path) == open_film.version
    with pytest.raises(HttpError, match="outside_root"):
        open_beneath(root, Path("swap.mp4"))
    film.unlink()
    assert not list((tmp_path / "held").iterdir())


def test_roots_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for place in ("a/films", "b/films"):
        (tmp_path / place).mkdir(parents=True)
    roots = Roots([tmp_path / "a/films", tmp_path / "b/films"])
    assert list(roots.folders) == ["films", "films-2"]
    assert roots.place("films-2/x.mp4") == ((tmp_path / "b/films").resolve(), Path("x.mp4"))
    with pytest.raises(UsageError, match="not_found"):
        Roots([tmp_path / "gone"])


def test_too_much_is_said_before_a_byte_is_read(tmp_path: Path) -> None:
    with running(tmp_path / "state", max_upload="1MB") as service:
        place = service.url.removeprefix("http://").split(":")
        with socket.create_connection((place[0], int(place[1])), timeout=PATIENCE) as sock:
            head = f"PUT /v1/files/film.mp4 HTTP/1.1\r\nHost: {service.url[7:]}\r\nAuthorization: Bearer {service.key}\r\n"
            sock.sendall((head + "Content-Length: 20000000000\r\nExpect: 100-continue\r\n\r\n").encode())
            answer = "".join(iter(lambda: sock.recv(4096).decode(), ""))
        assert answer.startswith("HTTP/1.1 413")
        assert "too_large" in answer
        assert "100 Continue" not in answer

        def endless() -> object:
            while True:
                yield b"x" * 65_536

        answer_ = service.client.put("/v1/files/film.mp4", content=endless())  # type: ignore[arg-type]
        assert (answer_.status_code, answer_.json()["error"]["code"]) == (413, "too_large")
        answer_ = service.client.post("/v1/jobs", content=b'{"film": "' + b"x" * 2_000_000 + b'"}')
        assert answer_.status_code == 413
        assert not list((tmp_path / "state/incoming").iterdir()), "nothing of it is kept"


def test_a_broken_form_and_a_client_that_leaves_leave_nothing(service: Running) -> None:
    state = service.settings.state_folder
    for body, kind in (
        (b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\nabc", "multipart/form-data; boundary=x"),
        (b"--y", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"", "multipart/form-data"),
    ):  # fmt: skip
        answer = service.client.post("/v1/files", content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request"), body
    place = service.url.removeprefix("http://").split(":")
    with socket.create_connection((place[0], int(place[1]))) as sock:
        sock.sendall(b"PUT /v1/files/a.mp4 HTTP/1.1\r\nHost: x.test\r\n".replace(b"x.test", service.url[7:].encode())
                     + f"Authorization: Bearer {service.key}\r\nContent-Length: 1000000\r\n\r\n".encode() + b"x" * 1000)  # fmt: skip
    assert comes(lambda: not list((state / "incoming").iterdir()))


def test_every_hostile_film_is_refused_with_a_reason_or_kept(service: Running, hostile: ModuleType, tmp_path: Path) -> None:
    """The corpus of the decoders' own tests, through the door: each that is no film is told so, and nothing of it is kept."""
    kitchen = hostile.Kitchen(tmp_path, tmp_path / ".raw", tmp_path / ".big")
    kitchen.raw.write_bytes(b"".join(hostile.picture(i).tobytes() for i in range(hostile.FRAMES)))
    for case in hostile.CASES:
        if not case.error:
            continue
        path = tmp_path / case.name
        case.make(kitchen, path)
        if not path.is_file() or path.is_symlink():
            continue  # a pipe, a link, a folder: nothing that can be sent
        answer = service.client.put(f"/v1/files/{quote(clean_name(case.name), safe='')}", content=path.read_bytes())
        assert answer.status_code < 500, (case.name, answer.text)
        if answer.status_code >= 400:
            told = answer.json()["error"]
            assert told["code"] in {*case.error, "empty_file"}, case.name
            assert told["message"], case.name
    assert not list((service.settings.state_folder / "incoming").iterdir())


def test_the_key_is_made_for_its_owner_alone_and_a_weak_one_is_refused(tmp_path: Path) -> None:
    made = load_key(tmp_path / "sub/key")
    assert stat.S_IMODE((tmp_path / "sub/key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "sub").stat().st_mode) == 0o700
    assert len(made.text) > 40
    assert load_key(tmp_path / "sub/key").text == made.text
    assert made.text not in (made.session, made.hook)
    assert made.session != made.hook
    for text in ("short", "with a space in it all", "\u00fcmlaut-ist-lang-genug"):
        (tmp_path / "own").write_text(text)
        with pytest.raises(UsageError, match="bad_key"):
            load_key(tmp_path / "own")
    (tmp_path / "folder").mkdir()
    with pytest.raises(EnvironmentFault, match="state_unwritable"):
        load_key(tmp_path / "folder")


async def test_two_services_do_not_share_a_state_folder(service: Running) -> None:
    second = Service(ServeSettings(engine="echo", state_dir=service.settings.state_dir), captioner=EchoCaptioner())
    with pytest.raises(EnvironmentFault, match="already_running"):
        await second.__aenter__()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("a/b.mp4", "b.mp4"), ("..\\..\\b.mp4", "b.mp4"), ("..", "film"), ("", "film"), ("a\0\nb.mp4", "ab.mp4"), (".hidden", "hidden"),
     ("\u202e4pm.exe", "4pm.exe"), ("x" * 300 + ".mp4", "x" * 120)],
)  # fmt: skip
def test_a_sent_name_becomes_a_plain_one(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept


def test_one_more_than_may_wait_is_told_when_to_come_again(tmp_path: Path, film: Path) -> None:
    with running(tmp_path / "state", max_jobs=2, captioner=EchoCaptioner(delay=30)) as service:
        id = service.upload(film)["id"]
        told = [service.client.post("/v1/jobs", json={"film": id}) for _ in range(20)]
        assert {answer.status_code for answer in told} == {202, 429}
        refused = next(answer for answer in told if answer.status_code == 429)
        assert refused.json()["error"]["code"] == "too_many_jobs"
        assert int(refused.headers["retry-after"]) > 0


def test_the_state_folder_is_its_owners_alone(service: Running) -> None:
    assert stat.S_IMODE(service.settings.state_folder.stat().st_mode) == 0o700


def test_who_hangs_up_in_the_middle_of_a_body_is_no_fault_of_ours(service: Running, capfd: pytest.CaptureFixture[str]) -> None:
    head = f"Host: localhost\r\nAuthorization: Bearer {service.key}\r\nContent-Length: 100\r\n"
    for asked in ("POST /v1/files HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x", "PUT /v1/files/a.mp4 HTTP/1.1"):
        with socket.create_connection(httpx.URL(service.url).netloc.decode().split(":")) as peer:
            peer.sendall(f"{asked}\r\n{head}\r\n--x\r\n".encode())
    assert comes(lambda: not list((service.settings.state_folder / "incoming").glob("*")))
    assert service.client.get("/healthz").status_code == 200
    assert "internal error" not in capfd.readouterr().err


def test_a_form_that_does_not_begin_is_not_read_to_its_end(service: Running) -> None:
    blank, kind = b"\r\n" * 100_000, {"Content-Type": "multipart/form-data; boundary=x"}
    answer = service.client.post("/v1/files", content=blank, headers=kind)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "the form does not begin with a part")
