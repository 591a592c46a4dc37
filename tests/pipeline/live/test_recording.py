"""A stream as it is kept: films with their descriptions beside them, on which the other commands work."""

import asyncio
import json
import os
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest
from patience import PATIENCE
from senders import FFMPEG, picture
from shown_stream import MODEL, Kept
from zygote import zygote

from pipeline.captioning.recipe import Recipe
from pipeline.errors import OutputError
from pipeline.formats.json import from_text
from pipeline.live import uncopied
from pipeline.live.events import Event, stretch
from pipeline.live.outputs import pictures, record
from pipeline.live.outputs.record import Recording
from pipeline.live.pieces import Piece
from pipeline.live.uncopied import Uncopied
from pipeline.video.decode import live_copy, live_worker
from pipeline.video.decode.live_copy import Copier
from pipeline.video.decode.live_demux import Backlog
from pipeline.video.live.messages import Copied, Started, Tick
from pipeline.video.probe import probe

SHAPE = {"size": [320, 180], "fps": 10.0, "codec": "h264"}


def recording(folder: Path, **more: Any) -> Recording:
    rules: dict[str, Any] = {"seconds": 4.0, "keep_bytes": None, "keep_days": None, **more}
    return Recording(folder, ("srt",), Recipe(model="echo"), MODEL, lambda _: SHAPE, **rules)


def piece(start: float, *, epoch: int = 1, keyed: bool = True, size: int = 188) -> Piece:
    return Piece(
        stream="cam", epoch=epoch, start=start, end=start + 2.0, utc=1.7e9 + start, stamp=start, keyed=keyed, data=b"x" * size
    )


def said(start: float, end: float, text: str = "A ball.") -> Event:
    return stretch("caption", "cam", 1, start, end, text=text, outcome="ok")


async def taken(one: Recording, *events: Event | Piece) -> None:
    await one.open()
    for event in events:
        if isinstance(event, Piece):
            one.picture(event)
        else:
            one.offer(event)
    await one.close()


def described(folder: Path) -> list[list[tuple[float, float]]]:
    found = [from_text(file.read_text()) for file in sorted(folder.glob("*.descriptions.json"))]
    return [[(caption.start, caption.end) for caption in document.captions] for document in found]


async def test_times_are_the_files_own_and_what_a_border_cuts_is_in_both(tmp_path: Path) -> None:
    await taken(
        recording(tmp_path), said(0.0, 3.0), piece(0.0), piece(2.0), said(3.0, 7.0), piece(4.0), said(7.0, 8.0), piece(6.0)
    )
    assert described(tmp_path) == [[(0.0, 3.0), (3.0, 4.0)], [(0.0, 3.0), (3.0, 4.0)]]
    assert [file.stat().st_size for file in sorted(tmp_path.glob("*.ts"))] == [376, 376]


async def test_a_loss_ends_a_file_and_one_begins_with_a_keyframe(tmp_path: Path) -> None:
    lost = stretch("offline", "cam", 1, 2.0, 10.0, reason="source_lost")
    await taken(recording(tmp_path), piece(0.0), lost, piece(10.0, epoch=2, keyed=False), piece(12.0, epoch=2), said(12.0, 14.0))
    assert [file.name.split(".")[1] for file in sorted(tmp_path.glob("*.ts"))] == ["20231114T221320Z", "20231114T221332Z"]
    assert described(tmp_path) == [[], [(0.0, 2.0)]]


async def test_the_oldest_go_with_what_stands_beside_them_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "cam.mine.ts").write_bytes(b"x" * 9999)
    (tmp_path / "cam-2.20231114T221320Z.ts").write_bytes(b"x" * 9999)
    pieces = [piece(n * 2.0, size=1000) for n in range(8)]
    await taken(recording(tmp_path, keep_bytes=4500), *[said(n * 2.0, n * 2.0 + 2) for n in range(8)], *pieces)
    assert len(list(tmp_path.glob("cam.2*.ts"))) == 2
    assert len(list(tmp_path.glob("cam.2*.descriptions.json"))) == 2
    assert len(list(tmp_path.glob("cam.2*.srt"))) == 2
    assert (tmp_path / "cam.mine.ts").exists()
    assert (tmp_path / "cam-2.20231114T221320Z.ts").exists()


async def test_a_streams_name_is_no_pattern(tmp_path: Path) -> None:
    """What stands beside a removed film goes with it, whatever the stream is called; and no pattern is kept for each film."""
    pieces = [replace(piece(n * 4.0, size=1000), stream="cam[1]") for n in range(3)]
    told = [{**said(n * 4.0, n * 4.0 + 2), "stream": "cam[1]"} for n in range(3)]
    await taken(recording(tmp_path, keep_bytes=1500), *told, *pieces)
    assert sorted(file.name.split("Z")[1] for file in tmp_path.iterdir()) == [".descriptions.json", ".srt", ".ts"]


async def test_a_file_that_cannot_be_described_at_the_end_costs_no_other_its_description(tmp_path: Path) -> None:
    """Somebody took it away: the files after it, and those of the other streams, were left as if the run had been killed."""
    one = recording(tmp_path)
    await one.open()
    for stream in ("cam", "gate"):
        for start in (0.0, 10.0):
            one.take({"event": "piece", "stream": stream, "_piece": replace(piece(start, size=1000), stream=stream)})
    next(tmp_path.glob("cam.*20Z.ts")).unlink()
    await one.close()
    assert sorted(file.name.split(".")[0] for file in tmp_path.glob("*.descriptions.json")) == ["cam", "gate", "gate"]
    assert one.failures == 1


async def test_a_disk_that_is_full_is_told_and_recording_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = recording(tmp_path)
    free = record.FREE
    monkeypatch.setattr(record, "FREE", 1 << 62)
    with pytest.raises(OutputError) as full:
        one.take({"event": "piece", "stream": "cam", "_piece": piece(0.0)})
    assert full.value.code == "no_space"
    monkeypatch.setattr(record, "FREE", free)
    await taken(one, piece(2.0), said(2.0, 4.0))
    assert described(tmp_path) == [[(0.0, 2.0)]]


async def test_a_recording_is_a_film_for_every_other_command(kept: Kept, tmp_path: Path) -> None:
    """From a real stream: the pictures that were sent, described at their times; exported, muxed, burned, summarized, asked about."""
    folder = kept.folder / "kept"
    films = sorted(folder.glob("*.ts"))
    assert len(films) >= 2
    assert len(films) == len(list(folder.glob("*.descriptions.json"))) == len(list(folder.glob("*.srt")))
    film = films[0]
    json_file = film.with_suffix(".descriptions.json")
    document = from_text(json_file.read_text())
    shown = probe(film)
    assert shown.duration == pytest.approx(document.source.duration, abs=0.2)
    assert (shown.width, shown.height) == (384, 96)
    assert document.captions
    assert all(0 <= one.start < one.end <= document.source.duration + 1e-6 for one in document.captions)
    # echo says which frames it was shown; the description and the film agree on when
    assert document.source.size == film.stat().st_size
    commands = (
        ["export", str(json_file), "-f", "ass"],
        ["mux", str(film), str(json_file), "-o", str(folder)],
        ["burn", str(film), str(json_file), "-o", str(tmp_path / "burned.mp4")],
        ["summarize", str(json_file), "--engine", "echo"],
        ["ask", str(film), "what is seen?", "--engine", "echo", "--json"],
    )
    state = {**os.environ, "SCENESCRIBE_STATE_DIR": str(tmp_path / "state")}
    house = zygote()
    ends = await asyncio.gather(
        *(asyncio.to_thread(house.run, command, cwd=tmp_path, env=state, timeout=PATIENCE) for command in commands)
    )
    for ended in ends:
        assert ended.returncode == 0, ended
    assert json.loads(ends[-1].stdout.splitlines()[-1])
    assert list(folder.glob("*.ass"))
    assert (tmp_path / "burned.mp4").exists()


async def test_pieces_that_were_given_up_make_room_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is bounded in bytes; a piece counts until it has left the queue, whether written or pushed out of it."""
    monkeypatch.setattr(pictures, "MOST_BYTES", 500)
    one = recording(tmp_path)
    one.most = 2
    one.picture(piece(0.0, size=200))
    one.picture(piece(2.0, size=200))
    one.picture(piece(4.0, size=200))
    assert one.lost == 1, "the third is too much"
    one.offer(said(0.0, 2.0))
    one.offer(said(2.0, 4.0))
    assert one.lost == 3, "two events pushed two pieces out"
    one.picture(piece(6.0, size=400))
    assert one.lost == 4, "and the new piece one event: it was not refused"
    assert [event["event"] for event in one._waiting] == ["caption", "piece"]


def test_what_comes_at_once_is_copied_whole(tmp_path: Path) -> None:
    """A pipe that was full, the first segments of HLS: more pieces than are handed over at that moment."""
    film = tmp_path / "film.ts"
    subprocess.run([FFMPEG, "-v", "error", *picture(seconds=12)[1:], str(film)], check=True, stdin=subprocess.DEVNULL)
    go, taken = threading.Event(), []

    def say(piece: Copied, fds: list[int]) -> None:
        assert go.wait(60)
        taken.append(piece)

    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        copier = Copier(stream, 1.0, say)
        for packet in container.demux(stream):
            if packet.size:
                copier.see(packet, 0, 0.0)
        copier.end()
    go.set()
    copier.finish()
    assert copier.lost == 0
    assert len(taken) == 12


def test_what_could_not_be_kept_is_told_once_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[dict[str, Any]] = []
    monkeypatch.setattr(uncopied, "_log", SimpleNamespace(warning=lambda _, **more: said.append(more)))
    monkeypatch.setattr(uncopied, "QUIET", 1e9)
    told = Uncopied("cam")
    for message in (Started(), Tick(), Tick(uncopied=2), Tick(uncopied=5), Started(), Tick(uncopied=1), Tick(uncopied=1)):
        told.heard(message)
    assert told.total == 6
    assert said == [{"stream": "cam", "lost": 2}]


def test_what_a_copier_gives_up_is_in_its_processs_tick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    film = tmp_path / "film.ts"
    subprocess.run([FFMPEG, "-v", "error", *picture(seconds=4)[1:], str(film)], check=True, stdin=subprocess.DEVNULL)
    monkeypatch.setattr(live_copy, "WAITING", 1)
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        copier = Copier(stream, 1.0, lambda *_: None)
        for packet in container.demux(stream):
            if packet.size:
                copier.see(packet, 0, 0.0)
    copier.finish()
    assert copier.lost == 4
    decoding = SimpleNamespace(skipping="")
    assert live_worker._tick(Backlog(1.0), decoding, copier).uncopied == 4  # type: ignore[arg-type]
    assert live_worker._tick(Backlog(1.0), decoding, None).uncopied == 0  # type: ignore[arg-type]
