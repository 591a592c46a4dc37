"""Doors of what programs and people say over wires and in lists: requests of the service, messages of hosts and of reading processes, cameras,
events, pictures, addresses."""

import asyncio
import io
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def service() -> tuple[Callable[[bytes], object], Callable[[], None]]:
    """A request of a running service, ``METHOD /path`` and the body behind it; an answer of 500 and more is an accident.

    The second is what ends the service."""
    sys.path.append(str(ROOT / "tests" / "support"))
    import tempfile

    from serving import running

    from pipeline.bench.films import FilmSpec, write

    held = ExitStack()
    folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="scenescribe-fuzz-")))
    root = folder / "films"
    root.mkdir()
    write(root / "one.mp4", FilmSpec(seconds=2, width=64, height=36, fps=10, gop=10))
    running_ = held.enter_context(running(folder / "state", root=(root,), max_jobs=1, allow_webhook=("127.0.0.1:9",)))
    film = running_.client.post("/v1/films", json={"path": "films/one.mp4"}).json()["id"]
    running_.client.post("/v1/jobs", json={"film": film})

    def read(data: bytes) -> object:
        import httpx

        head, _, body = data.replace(b"FILM", film.encode()).partition(b"\n")
        method, _, path = head.decode("latin-1").partition(" ")
        kind = "application/json" if body[:1] in b"{[" else "application/x-www-form-urlencoded"
        try:
            answer = running_.client.request(
                method.strip() or "GET", "/" + path.lstrip("/"), content=body, headers={"Content-Type": kind}
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, TypeError, ValueError):
            return None  # the client itself can't say it
        if answer.status_code >= 500 and answer.status_code != 503:
            raise AssertionError(f"{answer.status_code} {answer.text[:80]}")
        return answer

    return read, held.close


REQUESTS = [
    b'POST v1/jobs\n{"film": "FILM", "task": "caption", "settings": {"prompt": "What?", "seed": 3, "language": "de", "windows": "fixed:seconds=2"}}',
    b'POST v1/jobs\n{"film": "FILM", "task": "summarize", "settings": {"length": "short"}, "webhook": "http://127.0.0.1:9/told"}',
    b'POST v1/films\n{"path": "films/one.mp4"}',
    b'POST v1/chat/completions\n{"messages": [{"role": "user", "content": [{"type": "text", "text": "What?"}]}], "max_tokens": 5, "stop": ["x"]}',
    b'POST v1/completions\n{"prompt": "What?", "temperature": 0.2, "stream": false, "user": "anna"}',
    b'POST hooks/jellyfin\n{"NotificationType": "ItemAdded", "ItemId": "a1", "ItemType": "Movie", "ItemPath": "/media/x.mp4"}',
    b"GET v1/search?q=%22red%20ball%22%20-dog&k=5\n", b"GET v1/films/FILM/tracks/descriptions.en.srt?profile=bbc\n", b"GET v1/roots?path=films\n",
    b"GET films/roots?path=films\n", b"GET v1/jobs?limit=3&status=queued&after=job-1\n", b"GET v1/films/FILM\n", b"GET films/search?q=a\n",
    b"POST films/FILM/jobs\ntask=caption&language=en&prompt=What%3F&overwrite=true", b"POST films/add\npath=films%2Fone.mp4",
]  # fmt: skip


def fleet(data: bytes) -> object:
    """A message's header, in both directions, and what is made of it; nonsense ends the other side, and no more."""
    from pipeline.fleet import codec, messages
    from pipeline.fleet.requests import reply_of, unpacked

    found: list[object] = []
    for known in (messages.TO_HOST, messages.FROM_HOST):
        try:
            message = _loop().run_until_complete(_heard(codec.LENGTHS.pack(len(data), 8) + data + b"12345678", known))
        except codec.HungUp:
            continue
        found.append(message)
        if isinstance(message, messages.Failed | messages.Refused | messages.Fault):
            found.append(codec.raised(message.error))
        try:
            if isinstance(message, messages.Ask):
                unpacked(message.request, message.payload)
            if isinstance(message, messages.Answered):
                reply_of(message.reply)
        except (ValueError, KeyError, TypeError):
            continue
    return found


async def _heard(data: bytes, known: Any) -> Any:
    from pipeline.fleet import codec

    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await codec.receive(reader, known)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def fleet_seeds() -> list[bytes]:
    from pipeline.captioning.recipe import Recipe
    from pipeline.fleet import codec, messages
    from pipeline.fleet.units import Unit
    from pipeline.types import Caption, Notice, VideoInfo

    info = VideoInfo(
        path=Path("a.mp4"), size=1, container="mov", codec="h264", duration=9.5, start=0, fps=25, width=64, height=36
    )
    error = {"kind": "InputError", "code": "not_found", "message": "gone", "data": {"path": "a.mp4"}}
    said: list[Any] = [
        messages.Open(settings={"model": "shapes"}), messages.Grant(number=1, unit=Unit(info=info, recipe=Recipe(model="shapes"))),
        messages.Wants(places=2), messages.Captioned(number=1, caption=Caption(start=0, end=2, text="A dog."), position=2.0),
        messages.Noted(number=1, notice=Notice(code="partial", message="x")), messages.Failed(number=1, error=error),
        messages.Fault(error=error), messages.Refused(number=1, error=error), messages.Withdraw(number=1),
    ]  # fmt: skip
    return [codec.encode(one)[codec.LENGTHS.size :] for one in said]


def reader(data: bytes) -> object:
    """Lines of a stream's reading process, in turn."""
    from pipeline.video.live.said import Listener

    listener, taken = Listener(), []
    for row in data.split(b"\n"):
        try:
            taken.append(listener.heard(row, b""))
        except ValueError:  # as pipeline.video.live.feed does
            break
    return taken


READER = [
    (
        b'{"is": "Opened", "size": [320, 180], "fps": 25.0, "codec": "h264", "copied": false}\n'
        b'{"is": "Tick", "packets": 9, "bytes": 99, "dropped": 0, "restamped": 0, "lag": 0.1, "keyframes": 2.0, "skipping": "", "rss": 1}\n'
        b'{"is": "Frame", "serial": 1, "time": 5.0, "seen": 5.0, "arrival": 9.0, "epoch": 0, "begin": [5.0, 9.0], "raw": 5.0, "utc": null, '
        b'"report": null}\n'
        b'{"is": "Frame", "serial": 2, "time": 5.4, "seen": 5.4, "arrival": 9.4, "epoch": 0, "begin": [5.0, 9.0], "raw": 5.4, "utc": 17e8, '
        b'"report": 7}\n{"is": "Ended", "code": "source_lost", "message": "gone", "detail": ""}'
    )
]


def events(data: bytes) -> object:
    """An events file, read back as the end of a stream does."""
    from pipeline.live.document import caption_of, notice_of
    from pipeline.live.events import told

    found: list[object] = []
    for row in data.split(b"\n"):
        try:
            event = told(row)
        except ValueError:
            continue
        if event["event"] == "caption":
            found.append(caption_of(event))
        elif event["event"] in ("gap", "offline"):
            found.append(notice_of(event))
    return found


EVENTS = [
    (
        b'{"event": "caption", "stream": "gate", "start": 0.0, "end": 4.0, "text": "A van.", "outcome": "ok", "tokens": 5}\n'
        b'{"event": "gap", "stream": "gate", "start": 4.0, "end": 8.0, "reason": "engine_slow"}\n{"event": "source", "state": "live"}\n'
    )
]


def cameras(path: Path) -> object:
    from pipeline.live.address import Address, Kind
    from pipeline.live.cameras import plans
    from pipeline.live.plan import Plan

    return plans([str(path)], Plan(name="", address=Address(kind=Kind.STDIN, url="-", shown="stdin")))


CAMERAS = [
    (
        b'[gate]\nurl = "rtsp://user:pass@10.0.0.7:554/stream?x=1"\nwindow = 4\nprompt = "Who comes?"\npriority = 1\ntransport = "tcp"\n\n'
        b'[yard]\nurl = "env:HOME"\nfps = 0.5\nskip-static = true\n\n[lab]\nurl = "/dev/video0"\ngive_up = 60\n\n[tv]\nurl = "srt://[::1]:9000"\n'
    )
]


def address(data: bytes) -> object:
    from pipeline.live.address import understand

    return understand(data.decode("utf-8", "surrogateescape"))


ADDRESSES = [
    b"rtsp://u:s3cret@[::1]:554/a?token=s3cret",
    b"srt://h:1?passphrase=s3cret",
    b"udp://239.0.0.1:5000",
    b"~/a.ts",
    b"env:HOME",
    b"-",
]


def pictures(data: bytes) -> object:
    from pipeline.serve.pictures import pictures_of

    return pictures_of([data], "messages")


def picture_seeds() -> list[bytes]:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a dog"
    made = []
    for form, mode in (
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "I;16"),
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("WEBP", "RGBA"),
        ("GIF", "P"),
    ):
        out = io.BytesIO()
        Image.new(mode, (30, 20)).save(out, form, **({"exif": exif} if form != "GIF" and mode != "I;16" else {}))
        made.append(out.getvalue())
    return made
