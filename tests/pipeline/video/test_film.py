"""What may go wrong around a film: children that die or hang, a file that changes, a reader that is closed, leaks."""

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from patience import comes

from pipeline.errors import InputError
from pipeline.families import parse
from pipeline.video.children import starved
from pipeline.video.children.pool import WorkerPool
from pipeline.video.children.starved import Starved
from pipeline.video.film import open_film
from pipeline.video.limits import Limits
from pipeline.video.probe import probe


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory, tools: ModuleType) -> Path:
    """Forty seconds of numbered pictures."""
    path = tmp_path_factory.mktemp("long") / "film.mp4"
    raw = path.with_suffix(".raw")
    raw.write_bytes(b"".join(tools.picture(i).tobytes() for i in range(1000)))
    kitchen = tools.Kitchen(path.parent, raw, raw)
    kitchen.encode(path, *tools.GOP)
    raw.unlink()
    return path


def reading(path: Path, *, rule: str = "fixed:seconds=1", sampler: str = "uniform:count=8", **options: Any) -> Any:
    info = probe(path, pool=options.get("pool"))
    return open_film(info, rule=parse("windows", rule), sampler=parse("samplers", sampler), size=(192, 108), **options)


def children(film: Any) -> list[int]:
    return [child.pid for child in film._reading._children._held]


@pytest.fixture
def small() -> Iterator[WorkerPool]:
    """A pool whose children fill up after a few frames, and that must be left as it was found."""
    gc.collect()  # what earlier tests left to be closed is not this one's
    before, others = open_files(), set(psutil.Process().children())
    with WorkerPool(Limits(ring=6 * 192 * 108 * 3, stall=6.0)) as pool:
        yield pool
    gc.collect()
    # an engine that this process has for other tests opens and closes what it needs, in threads: what is left by a film stays
    assert comes(lambda: len(open_files()) <= len(before)), f"left open: {open_files().items() - before.items()}"
    assert not set(psutil.Process().children()) - others, "left running; that one of an earlier test ends meanwhile is no fault"


def open_files() -> dict[str, str]:
    """What this process has open: number -> what it is."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the folder's own
            found[number] = os.readlink(f"/proc/self/fd/{number}")
    return found


@pytest.mark.parametrize(
    ("rule", "deadly", "workers"),
    [
        ("fixed:seconds=1", signal.SIGKILL, 1),
        ("fixed:seconds=1", signal.SIGSTOP, 1),
        ("fixed:seconds=1", signal.SIGSEGV, 1),
        ("fixed:seconds=1", signal.SIGKILL, 3),
        ("scenes:min=1,max=2", signal.SIGKILL, 3),
    ],
)
def test_a_child_that_dies_once_is_replaced(
    long_film: Path, small: WorkerPool, rule: str, deadly: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starved, "LONGEST", 1)  # one that stays stopped is given up at once
    with reading(long_film, pool=small, rule=rule) as film:
        whole = [(w.start, w.end, [f.time for f in w.frames]) for w in film]
    with reading(long_film, pool=small, rule=rule, workers=workers) as film:
        windows = iter(film)
        found = [next(windows) for _ in range(5)]
        at_work = children(film)
        assert len(at_work) == workers
        os.kill(at_work[-1], deadly)
        found += windows
    assert [(w.start, w.end, [f.time for f in w.frames]) for w in found] == whole


def test_a_child_that_is_given_no_time_is_waited_for(long_film: Path, small: WorkerPool) -> None:
    """Stopped for four times as long as it may be silent: no fault of the film, nor of the child."""
    with reading(long_film, pool=small) as film:
        whole = [(w.start, w.end, [f.time for f in w.frames]) for w in film]
    with reading(long_film, pool=small, limits=Limits(stall=0.5)) as film:
        windows = iter(film)
        found = [next(windows)]
        [pid] = children(film)
        os.kill(pid, signal.SIGSTOP)
        later = threading.Timer(2.0, os.kill, (pid, signal.SIGCONT))
        later.start()
        found += windows
        later.join()
        assert children(film) in ([pid], [])
    assert [(w.start, w.end, [f.time for f in w.frames]) for w in found] == whole
    assert not film.notices


def test_who_sleeps_or_spins_is_not_starved() -> None:
    """Who sleeps is R for a moment before, so it is asked until it says no; who is stopped is asked five times."""
    for stopped in (False, True):
        with subprocess.Popen(
            [sys.executable, "-c", "print(flush=True)\nimport time\ntime.sleep(600)"], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            starving = Starved(process.pid, 3600)
            if stopped:
                os.kill(process.pid, signal.SIGSTOP)
                assert comes(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
                assert [starving() for _ in range(5)] == [True] * 5
            else:
                assert comes(lambda: not starving())  # noqa: B023 - called here
            process.kill()
        assert not starving()
    spinning = Starved(os.getpid(), 0.02)
    while spinning():
        pass  # this very process: it runs, and says nothing


def test_a_film_that_kills_twice_is_given_up(long_film: Path, small: WorkerPool) -> None:
    with reading(long_film, pool=small) as film:
        windows = iter(film)
        next(windows)
        os.kill(children(film)[0], signal.SIGKILL)
        next(windows)
        os.kill(children(film)[0], signal.SIGKILL)
        with pytest.raises(InputError) as caught:
            list(windows)
    assert caught.value.code == "crashed_worker"


def test_a_film_that_takes_its_time_for_ever_is_ended(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A demuxer that turns in circles gives signs of life for ever: the watchdog is content, the kernel is not."""
    tmp_path.joinpath("sitecustomize.py").write_text(
        "from pipeline.video.decode import libav\nonce = libav.packets\n"
        "def for_ever(*film):\n    packet = next(once(*film))\n    while True:\n        yield packet\n"
        "libav.packets = for_ever\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with reading(films / "h264.mp4", limits=Limits(cpu=1, frames=1 << 40)) as film, pytest.raises(InputError) as caught:
        list(film)
    assert caught.value.code == "crashed_worker"
    assert "processor time" in caught.value.message


def test_a_reader_that_turns_in_circles_in_silence_is_ended(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.joinpath("sitecustomize.py").write_text(
        "from pipeline.video.decode import libav\ndef spin(*film):\n    while True:\n        pass\nlibav.packets = spin\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with reading(films / "h264.mp4", limits=Limits(stall=1.0)) as film, pytest.raises(InputError) as caught:
        list(film)
    assert (caught.value.code, "hung" in caught.value.message) == ("crashed_worker", True)


@pytest.mark.parametrize("workers", [1, 3])
def test_close_from_another_thread_ends_the_iteration(long_film: Path, small: WorkerPool, workers: int) -> None:
    """The child is stopped, and nothing but ``close`` ends the wait for it within an hour."""
    with reading(long_film, pool=small, workers=workers, limits=Limits(stall=3600)) as film:
        windows = iter(film)
        next(windows)
        os.kill(children(film)[0], signal.SIGSTOP)
        closing = threading.Timer(0.3, film.close)
        closing.start()
        assert len(list(windows)) < 40
        closing.join()  # where it came between two windows it is the one that ends the children


def test_leaving_early_leaves_nothing(long_film: Path, small: WorkerPool) -> None:
    for workers in (1, 2):
        with reading(long_film, pool=small, workers=workers) as film:
            next(iter(film))


def test_many_children_give_the_same(long_film: Path, pool: WorkerPool) -> None:
    with reading(long_film, pool=pool) as film:
        one = [(w.start, w.end, [(f.time, f.index, f.image.tobytes()) for f in w.frames]) for w in film]
    for shared in (pool, WorkerPool(most=2)):
        with reading(long_film, pool=shared, workers=3, limits=Limits(ring=1)) as film:
            assert [(w.start, w.end, [(f.time, f.index, f.image.tobytes()) for f in w.frames]) for w in film] == one
    assert shared.working == 0
    shared.close()


def test_a_film_that_vanishes_is_finished(long_film: Path, small: WorkerPool, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    shutil.copy(long_film, path)
    with reading(path, pool=small) as film:
        windows = iter(film)
        next(windows)
        path.unlink()
        assert len(list(windows)) == 39


def test_a_film_that_changes_is_told(long_film: Path, small: WorkerPool, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    shutil.copy(long_film, path)
    with reading(path, pool=small) as film:
        windows = iter(film)
        next(windows)
        with path.open("ab") as end:
            end.write(b"more")
        with pytest.raises(InputError) as caught:
            list(windows)
    assert caught.value.code == "source_changed"


def test_known_windows_need_no_frames(long_film: Path, pool: WorkerPool) -> None:
    known = {(float(i), float(i + 1)) for i in range(0, 40, 2)}
    for workers in (1, 3):
        with reading(long_film, pool=pool, known=known, workers=workers) as film:
            windows = list(film)
        assert [(w.start, bool(w.frames)) for w in windows] == [(float(i), i % 2 == 1) for i in range(40)]
    with reading(long_film, pool=pool, known={(float(i), float(i + 1)) for i in range(40)}) as film:
        assert all(not w.frames for w in film)
        assert film.frames_decoded == 0


def test_links_can_be_refused(films: Path) -> None:
    with pytest.raises(InputError) as caught:
        probe(films / "link.mp4", follow_links=False)
    assert caught.value.code == "not_a_regular_file"


def test_without_a_pool(films: Path) -> None:
    with reading(films / "h264.mp4") as film:
        assert len(list(film)) == 3
        assert film.decode_seconds > 0
        assert film.frames_decoded > 0
        assert film.position == film.end == 3.0


def test_keyframes_cost_what_they_are(long_film: Path, pool: WorkerPool) -> None:
    with reading(long_film, pool=pool, rule="fixed:seconds=8", sampler="keyframes:count=8,fill=no") as film:
        windows = list(film)
    assert [[round(f.time) for f in w.frames] for w in windows] == [list(range(i, i + 8)) for i in range(0, 40, 8)]
    assert film.frames_decoded == 40


def test_keyframe_scenes(long_film: Path, pool: WorkerPool) -> None:
    with reading(long_film, pool=pool, rule="scenes", sampler="keyframes:count=4,fill=no") as film:
        windows = list(film)
    assert windows[0].start == 0
    assert windows[-1].end == film.end
    assert film.frames_decoded == 40


def test_a_picture_that_stands_still_is_described_once(films: Path, pool: WorkerPool) -> None:
    with reading(films / "gap.mp4", pool=pool, rule="fixed:seconds=8") as film:
        assert next(iter(film)).end > 35000
    with reading(films / "gap.mp4", pool=pool, rule="scenes") as film:
        windows = list(film)
    assert len(windows) < 6
    assert windows[-1].end == film.end


def test_no_file_makes_a_connection(tmp_path: Path, pool: WorkerPool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.ts"
        texts = {
            "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{url}\n",
            "nul_hls": f"\0#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{url}\n",
            "concat": f"ffconcat version 1.0\nfile '{url}'\n",
            "dash": f"<?xml version='1.0'?><MPD><Period><BaseURL>{url}</BaseURL></Period></MPD>",
        }
        for name, text in texts.items():
            path = tmp_path / f"{name}.mp4"
            path.write_text(text)
            with pytest.raises(InputError):
                probe(path, pool=pool)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("name", ["h264.mp4", "vp9.webm", "h264.ts"])
def test_a_child_has_one_socket(name: str, films: Path, pool: WorkerPool) -> None:
    """The one that it talks to us through, from the first window to the last; none of them is of the network."""
    with reading(films / name, pool=pool, rule="fixed:seconds=0.2", sampler="uniform:count=1", limits=Limits(ring=1)) as film:
        for window in film:
            for child in children(film):
                sockets = [end for end in opened(child) if end.startswith("socket:")]
                assert len(sockets) == 1, window


def opened(pid: int) -> list[str]:
    folder, found = f"/proc/{pid}/fd", []
    for name in os.listdir(folder):
        with suppress(OSError):
            found.append(os.readlink(f"{folder}/{name}"))
    return found


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here; the other tests about sockets run everywhere")
def test_no_system_call_asks_for_a_socket(tmp_path: Path, films: Path) -> None:
    """The whole life of the children of an ordinary read and of a playlist's, as the kernel saw it."""
    playlist, log = tmp_path / "x.mp4", tmp_path / "calls"
    playlist.write_text("\0#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nhttp://127.0.0.1:9/x.ts\n")
    code = (
        "from pipeline.errors import InputError\nfrom pipeline.families import parse\nfrom pipeline.video.film import open_film\n"
        "from pipeline.video.probe import probe\n"
        f"for path in {[str(films / 'h264.mp4'), str(films / 'vp9.webm'), str(playlist)]!r}:\n"
        "    try:\n        info = probe(path)\n    except InputError as error:\n        print(error.code)\n        continue\n"
        "    with open_film(info, rule=parse('windows', 'fixed'), sampler=parse('samplers', 'uniform'), size=(64, 36)) as film:\n"
        "        print(len(list(film)))\n"
    )
    command = ["strace", "-f", "-qq", "-e", "trace=socket,connect,socketpair", "-o", str(log), sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    if not log.exists() or not log.stat().st_size:
        pytest.skip(f"strace may not trace here: {done.stderr[:200]}")
    assert done.stdout.split() == ["1", "1", "unsupported_or_corrupt"], done.stderr
    calls = log.read_text().splitlines()
    assert any("socketpair(AF_UNIX" in call for call in calls)
    assert not [call for call in calls if "socket(" in call or "connect(" in call]


@pytest.mark.parametrize(
    "reader", ["opencv_reader.OpenCVReader(fd, size=(8, 8), threads=1, offset=0.0)", "libav.open_container(fd)"]
)
def test_decoders_refuse_playlists(reader: str, tmp_path: Path, films: Path) -> None:
    """The whitelist of formats, behind the gate: OpenCV's comes through the environment, where wrong syntax is ignored."""
    playlist = tmp_path / "x.mp4"
    playlist.write_text(f"ffconcat version 1.0\nfile '{films / 'h264.mp4'}'\n")
    code = (
        "import os, numpy as np\nfrom pipeline.video import table\nfrom pipeline.video.decode import libav, opencv_reader\n"
        "from pipeline.errors import InputError\n"
        f"def look(path):\n    fd = os.open(path, os.O_RDONLY)\n    thing = {reader}\n"
        "    yes, no = np.ones(9, bool), np.zeros(9, bool)\n"
        "    t = table.build(table.Listing(np.arange(9), yes, no, np.ones(9, np.int32), base=.04, start=0., fps=25.))\n"
        "    return len(list(thing.read(t, [0]))) if hasattr(thing, 'read') else 1\n"
        f"assert look({str(films / 'vp9.webm')!r}) > 0\n"
        f"try:\n    look({str(playlist)!r})\nexcept InputError as error:\n    print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.stdout.splitlines()[-1] == "unsupported_or_corrupt", done.stderr


def test_importing_is_quick() -> None:
    code = "import sys, pipeline.video; print([m for m in ('numpy', 'cv2', 'av', 'scenedetect') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.stdout.strip() == "[]"


def test_the_parent_never_decodes(films: Path) -> None:
    code = (
        "import sys\nfrom pipeline.families import parse\nfrom pipeline.video.film import open_film\n"
        "from pipeline.video.probe import probe\n"
        f"info = probe({str(films / 'vp9.webm')!r})\n"
        "with open_film(info, rule=parse('windows', 'scenes'), sampler=parse('samplers', 'uniform'), size=(64, 36)) as film:\n"
        "    print(len(list(film)), [m for m in ('cv2', 'av') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert (done.stdout.strip(), done.stderr) == ("1 []", "")
