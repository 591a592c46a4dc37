"""The main job on the real engine: vLLM on the CPU, the embedded model, real H.264 files, as a user runs it.

Three engine starts (about 30 s each on two cores, two of them at once), one killed in the middle of its work.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE, START

from pipeline import formats

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CLIPS = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".mp4", ".mkv"))

pytestmark = pytest.mark.engine


def truth(clip: Path) -> list[dict[str, Any]]:
    return list(json.loads((SAMPLES / f"{clip.stem}.truth.json").read_text())["scenes"])


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sample described by the command line, the first one with burned subtitles too."""
    folder = tmp_path_factory.mktemp("described")
    words = [sys.executable, "-m", "pipeline.cli", "caption", *map(str, CLIPS), "-o", str(folder), "--model", "shapes"]
    done = subprocess.run(
        [*words, "--log-file", str(folder / "engine.log"), "-f", "srt,vtt,ass"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "drawn shapes only" in done.stderr, "it says what the embedded model knows"
    assert not re.search(r"\.(mp4|mkv): (warning|note):", done.stderr), done.stderr
    assert "INFO" not in done.stderr, "the engine's own chatter goes to the log"
    assert (folder / "engine.log").stat().st_size > 0
    return folder


@pytest.mark.parametrize("clip", CLIPS, ids=lambda path: path.stem)
def test_captions_are_true_and_right_in_time(out: Path, clip: Path) -> None:
    document = json.loads((out / f"{clip.stem}.descriptions.json").read_text())
    scenes, captions = truth(clip), document["captions"]
    assert [caption["text"] for caption in captions] == [scene["caption"] for scene in scenes]
    frame = 1 / document["source"]["fps"] + 0.0015
    for caption, scene in zip(captions, scenes, strict=True):
        assert caption["start"] == pytest.approx(scene["start"], abs=frame)
        assert caption["end"] == pytest.approx(scene["end"], abs=frame)
        assert len(caption["frames"]) == 8
        assert caption["outcome"] == "ok"
    assert document["model"]["engine"] == "vllm"
    assert "drawn shapes" in document["model"]["knows"].lower() or "shapes" in document["model"]["knows"]
    assert document["stats"]["asked"] == len(scenes)


@pytest.mark.parametrize("clip", CLIPS, ids=lambda path: path.stem)
def test_subtitles_say_it_while_it_is_seen(out: Path, clip: Path) -> None:
    for name in ("srt", "vtt", "ass"):
        track = formats.read(name, (out / f"{clip.stem}.descriptions.en.{name}").read_text())
        # a long caption may take several cues; none is cut: that would have been a warning
        said = {" ".join(cue.text.split()) for cue in track.cues}
        for scene in truth(clip):
            assert any(scene["caption"].startswith(words) or words in scene["caption"] for words in said), (name, scene)
        assert all(a.end <= b.start for a, b in zip(track.cues, track.cues[1:], strict=False))
        assert track.cues[-1].end <= truth(clip)[-1]["end"] + 0.05


@pytest.mark.timeout(3600)
def test_two_hosts_say_what_one_process_says_though_an_engine_and_a_host_are_killed(out: Path, tmp_path: Path) -> None:
    """Each host has an engine of its own, as on two GPUs. One engine is killed in mid-run, and its host starts another; then the other host is
    killed, which takes its engine and its decoders with it, and is started again."""
    words = [sys.executable, "-m", "pipeline.cli", "caption", *map(str, CLIPS), "-o", str(tmp_path), "--model", "shapes"]
    words += ["--hosts", "2", "--max-in-flight", "1", "--log-file", str(tmp_path / "log"), "--json"]
    engines: dict[int, int] = {}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            while (
                process.poll() is None and len(engines) < 2
            ):  # tens of seconds before the first caption: a look at all processes is dear
                engines |= {pid: host for host in _of(process.pid, b"pipeline.fleet.host") for pid in _of(host, b"EngineCore")}
                time.sleep(0.5)
            while process.poll() is None and _journaled(tmp_path) < 3:
                time.sleep(0.02)
            assert len(engines) == 2, "an engine for each host, in processes of their own"
            first, second = sorted(engines)
            os.kill(first, signal.SIGKILL)
            lost = {engines[second], *_descendants(engines[second])}
            os.kill(engines[second], signal.SIGKILL)
            said, complaints = process.communicate(timeout=START)
        finally:
            process.kill()
    assert process.returncode == 0, complaints
    assert "died" in complaints, "what became of the host is told"
    films = [json.loads(line) for line in said.splitlines() if "stats" in line]
    for clip in CLIPS:
        alone, here = (json.loads((of / f"{clip.stem}.descriptions.json").read_text()) for of in (out, tmp_path))
        assert here["captions"] == alone["captions"], clip.stem
    assert sum(film["stats"]["asked"] for film in films) == sum(len(truth(clip)) for clip in CLIPS), "nothing is asked twice"
    until = time.monotonic() + PATIENCE  # a host that is ended in a hurry leaves its engine's end to the leash: a second or so
    while _alive(sorted(lost | {*engines})) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _alive(sorted(lost | {*engines})), "no engine, no decoder is left of those that were killed"


def _of(pid: int, words: bytes) -> list[int]:
    """Processes below one, by their command lines."""
    return [one for one in _descendants(pid) if words in _command(one)]


def _journaled(folder: Path) -> int:
    """Captions that are kept in journals of films under way, and in finished documents."""
    lines = sum(max(0, path.read_bytes().count(b"\n") - 1) for path in folder.glob(".*.journal") if path.exists())
    return lines + 3 * len(list(folder.glob("*.descriptions.json")))


def _descendants(pid: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found, grown = found | more, bool(more)
    return sorted(found - {pid})


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if _command(pid)]
