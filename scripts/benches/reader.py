# ruff: noqa: B023  (the works of a loop run in the same turn of it)
"""The reader against OpenCV, PyAV, decord and the ffmpeg command line: the same files, the same samples, one run.

    scripts/bench reader                              all: about half an hour on two cores
    scripts/bench reader --seconds 30 --repeats 2     smaller

Every reader makes RGB pictures of 384x384 of the frames on screen at the same times, in order, and holds eight at a
time. Ours includes its child process, the shared memory, the listing of packets and the windows; a pool's child waits
ready for all films, as in a run over many films; ``cold`` is a run that starts its own. Best of the repeats, which are
interleaved.
"""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import decord
import imageio_ffmpeg
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from pipeline.plugins import parse
from pipeline.video import Limits, WorkerPool, open_film, probe

SIDE = 384
THREADS = len(os.sched_getaffinity(0))
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def film(folder: Path, codec: str, gop: int, seconds: int) -> Path:
    """A film of 1080p30 that is about as hard as filmed material: a fractal that drifts under grain, with hard cuts."""
    path = folder / f"{codec}_gop{gop}_{seconds}s.mp4"
    if path.exists():
        return path
    master = next(iter(sorted(folder.glob("master_*s.mkv"))), folder / f"master_{seconds}s.mkv")
    temporary = folder / f".{path.name}"
    if not master.exists():
        half = folder / f".{master.name}"
        picture = (
            "mandelbrot=s=1920x1080:r=30:maxiter=120,noise=alls=8:allf=t,"
            "hue=h='60*floor(t/5)':s='1+0.3*mod(floor(t/5),2)',scroll=h=0.002"
        )
        run(
            [
                FFMPEG,
                "-v",
                "error",
                "-y",
                "-f",
                "lavfi",
                "-i",
                picture,
                "-t",
                seconds,
                "-pix_fmt",
                "yuv420p",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-qp",
                "16",
                half,
            ]
        )
        half.rename(master)
    if codec == "h264":
        options = [
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-b:v",
            "10M",
            "-maxrate",
            "14M",
            "-bufsize",
            "20M",
            "-g",
            gop,
            "-keyint_min",
            gop if gop < 60 else 25,
        ]
    else:
        options = [
            "-c:v",
            "libx265",
            "-preset",
            "superfast",
            "-b:v",
            "6M",
            "-tag:v",
            "hvc1",
            "-x265-params",
            f"log-level=none:keyint={gop}:bframes=3",
        ]
    run([FFMPEG, "-v", "error", "-y", "-i", master, "-t", seconds, *options, "-f", "mp4", temporary])
    temporary.rename(path)
    return path


def run(command: list[Any]) -> None:
    subprocess.run([str(part) for part in command], check=True)


def looks(seconds: float, every: float) -> list[float]:
    return [every * (i + 0.5) for i in range(int(seconds / every))]


def by_cv2(path: Path, times: list[float]) -> int:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, THREADS])
    fps, number, count = capture.get(cv2.CAP_PROP_FPS), 0, 0
    wanted = [int(time * fps + 1e-6) for time in times]
    while count < len(wanted) and capture.grab():
        if number == wanted[count]:
            picture = capture.retrieve()[1]
            cv2.cvtColor(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
            count += 1
        number += 1
    capture.release()
    return count


def by_pyav(path: Path, times: list[float]) -> int:
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", THREADS
        step = 1 / float(stream.average_rate)
        for frame in container.decode(stream):
            if frame.time + step > times[count] + 1e-6:
                frame.reformat(width=SIDE, height=SIDE, format="rgb24", interpolation="AREA").to_ndarray()
                count += 1
                if count == len(times):
                    break
    return count


def by_decord(path: Path, times: list[float]) -> int:
    reader = decord.VideoReader(str(path), width=SIDE, height=SIDE, num_threads=THREADS)
    fps = reader.get_avg_fps()
    numbers = [number for time in times if (number := int(time * fps + 1e-6)) < len(reader)]
    return sum(len(reader.get_batch(numbers[i : i + 8]).asnumpy()) for i in range(0, len(numbers), 8))


def by_ffmpeg(path: Path, times: list[float]) -> int:
    every = times[1] - times[0] if len(times) > 1 else times[0] * 2
    command = [FFMPEG, "-v", "error", "-nostdin", "-threads", str(THREADS), "-i", str(path), "-vf"]
    command += [f"fps=1/{every}:round=near,scale={SIDE}:{SIDE}:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    count = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        while len(data := process.stdout.read(SIDE * SIDE * 3)) == SIDE * SIDE * 3:
            np.frombuffer(data, np.uint8)
            count += 1
    return count


def by_ours(
    path: Path,
    times: list[float],
    *,
    pool: WorkerPool | None = None,
    rule: str = "",
    sampler: str = "",
    reader: str = "",
    workers: int = 1,
) -> int:
    every = times[1] - times[0] if len(times) > 1 else times[0] * 2
    info = probe(path, pool=pool)
    if reader:
        object.__setattr__(info, "reader", reader)
    chosen = parse("windows", rule or f"fixed:seconds={every}")
    looking = parse("samplers", sampler or "uniform:count=1")
    with open_film(info, rule=chosen, sampler=looking, size=(SIDE, SIDE), pool=pool, workers=workers) as film:
        return sum(len(window.frames) for window in film)


OTHERS: dict[str, Callable[[Path, list[float]], int]] = {"cv2": by_cv2, "pyav": by_pyav, "decord": by_decord, "ffmpeg": by_ffmpeg}


class Memory:
    """The most that this process and its children hold, resident, while it watches."""

    def __enter__(self) -> "Memory":
        self.most, self._done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._done.wait(0.05):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            self.most = max(self.most, total)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def cpu_seconds() -> float:
    """Of this process and its children, dead and alive."""
    spent = sum(os.times()[:4])
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            spent += sum(child.cpu_times()[:2])
    return spent


def timed(work: Callable[[], int]) -> tuple[float, float, int]:
    before, begun = cpu_seconds(), time.perf_counter()
    count = work()
    return time.perf_counter() - begun, cpu_seconds() - before, count


def best(works: dict[str, Callable[[], int]], repeats: int) -> dict[str, dict[str, float]]:
    """Interleaved: each work once a round; the least of all rounds."""
    found: dict[str, dict[str, float]] = {}
    for _ in range(repeats):
        for name, work in works.items():
            seconds, cpu, count = timed(work)
            one = found.setdefault(name, {"seconds": seconds, "cpu": cpu, "frames": count})
            one["seconds"], one["cpu"] = round(min(one["seconds"], seconds), 3), round(min(one["cpu"], cpu), 3)
    return found


def against_others(found: dict[str, dict[str, float]]) -> dict[str, Any]:
    """How many times faster than the fastest of the others we are, by the clock and by processor time."""
    ratios: dict[str, Any] = {}
    for unit in ("seconds", "cpu"):
        fastest = min(OTHERS, key=lambda name: found[name][unit])
        ratios |= {f"best_{unit}": fastest, f"ratio_{unit}": round(found[fastest][unit] / found["ours"][unit], 2)}
    return ratios


def columns(found: dict[str, dict[str, float]]) -> dict[str, Any]:
    return {name: f"{value['seconds']:.2f}s/{value['cpu']:.2f}cpu" for name, value in found.items()} | {
        "frames": {n: v["frames"] for n, v in found.items()}
    }


def exact(folder: Path, seconds: int, repeats: int, pool: WorkerPool, everys: list[float]) -> Iterator[dict[str, Any]]:
    for codec in ("h264", "hevc"):
        for gop in (30, 250):
            path = film(folder, codec, gop, seconds)
            for every in everys:
                times = looks(seconds, every)
                works: dict[str, Callable[[], int]] = {name: lambda w=work: w(path, times) for name, work in OTHERS.items()}
                works["ours"] = lambda: by_ours(path, times, pool=pool)
                found = best(works, repeats)
                yield {"what": "exact", "codec": codec, "gop": gop, "every": every, **against_others(found), **columns(found)}


def special(folder: Path, seconds: int, repeats: int, pool: WorkerPool) -> Iterator[dict[str, Any]]:
    for codec in ("h264", "hevc"):
        path = film(folder, codec, 250, seconds)
        times = looks(seconds, 1)
        found = best(
            {
                "exact": lambda: by_ours(path, times, pool=pool),
                "keyframes": lambda: by_ours(path, times, pool=pool, rule="fixed:seconds=8", sampler="keyframes:count=8,fill=no"),
                "opencv": lambda: by_ours(path, times, pool=pool, reader="opencv"),
                "cold": lambda: by_ours(path, times),
                "scenes": lambda: by_ours(path, times, pool=pool, rule="scenes:min=2,max=10", sampler="uniform:count=8"),
                "scenes_keyframes": lambda: by_ours(
                    path, times, pool=pool, rule="scenes:min=2,max=10", sampler="keyframes:count=8,fill=no"
                ),
            },
            repeats,
        )
        yield {
            "what": "special",
            "codec": codec,
            "gop": 250,
            **{f"keyframes_{unit}": round(found["exact"][unit] / found["keyframes"][unit], 1) for unit in ("seconds", "cpu")},
            **{f"scenes_{unit}": round(found["scenes"][unit] / found["exact"][unit], 3) for unit in ("seconds", "cpu")},
            **columns(found),
        }


def short(folder: Path, seconds: int, repeats: int, pool: WorkerPool, clips: int, length: int) -> Iterator[dict[str, Any]]:
    whole = film(folder, "h264", 30, seconds)
    parts = folder / f"short_{length}s"
    if not parts.exists():
        parts.mkdir()
        run(
            [
                FFMPEG,
                "-v",
                "error",
                "-y",
                "-i",
                whole,
                "-c",
                "copy",
                "-f",
                "segment",
                "-segment_time",
                length,
                "-reset_timestamps",
                1,
                parts / "%04d.mp4",
            ]
        )
    have = sorted(parts.glob("*.mp4"))
    files = [have[i % len(have)] for i in range(clips)]
    times = looks(length, 1)
    works: dict[str, Callable[[], int]] = {
        name: lambda w=work: sum(w(path, times) for path in files) for name, work in OTHERS.items()
    }
    works["ours"] = lambda: sum(by_ours(path, times, pool=pool) for path in files)
    long_times = looks(seconds, 1)
    works["ours_one_film"] = lambda: by_ours(whole, long_times, pool=pool)
    found = best(works, repeats)
    one = {unit: found["ours_one_film"][unit] / seconds * clips * length for unit in ("seconds", "cpu")}
    yield {
        "what": "short",
        "clips": clips,
        "length": length,
        **against_others(found),
        **{f"against_one_film_{unit}": round(one[unit] / found["ours"][unit], 2) for unit in one},
        **columns(found),
    }


def memory(folder: Path, seconds: int) -> Iterator[dict[str, Any]]:
    """Ten minutes against ten hours, one frame a second; and 1080p."""
    most = {}
    for name, length in (("10min", 600), ("10h", 36000)):
        path = folder / f"slow_{name}.mp4"
        if not path.exists():
            run(
                [
                    FFMPEG,
                    "-v",
                    "error",
                    "-y",
                    "-f",
                    "lavfi",
                    "-i",
                    "testsrc2=s=640x360:r=1",
                    "-t",
                    length,
                    "-c:v",
                    "libx264",
                    "-preset",
                    "ultrafast",
                    "-g",
                    30,
                    path,
                ]
            )
        for rule in ("fixed:seconds=8", "scenes"):
            with Memory() as watch:
                before = psutil.Process().memory_info().rss
                spent, _, _ = timed(lambda: by_ours(path, [0.5, 1.5], rule=rule))
            most[f"{name} {rule}"] = (watch.most - before, spent)
    for rule in ("fixed:seconds=8", "scenes"):
        ten, long = most[f"10min {rule}"], most[f"10h {rule}"]
        yield {
            "what": "memory",
            "rule": rule,
            "10min_MB": round(ten[0] / 1e6),
            "10h_MB": round(long[0] / 1e6),
            "ratio": round(long[0] / ten[0], 3),
            "10h_seconds": round(long[1], 1),
        }
    path = film(folder, "h264", 250, seconds)
    for rule in ("fixed:seconds=8", "scenes"):
        with Memory() as watch:
            before = psutil.Process().memory_info().rss
            timed(lambda: by_ours(path, [0.5, 1.5], rule=rule))
        yield {"what": "memory", "rule": rule, "1080p_MB": round((watch.most - before) / 1e6)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/scenescribe-bench"), help="where the films are kept")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--every", type=float, nargs="+", default=[1, 2, 8])
    parser.add_argument("--only", nargs="+", default=["exact", "special", "short", "memory"])
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--clip-seconds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=Path("/tmp/scenescribe-bench/reader.json"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    machine = {
        "cpu": cpu(),
        "cores": THREADS,
        "python": platform.python_version(),
        "cv2": cv2.__version__,
        "av": av.__version__,
        "decord": decord.__version__,
    }
    rows: list[dict[str, Any]] = []
    print(json.dumps(machine))
    with WorkerPool(Limits()) as pool:
        parts = {
            "exact": lambda: exact(options.folder, options.seconds, options.repeats, pool, options.every),
            "special": lambda: special(options.folder, options.seconds, options.repeats, pool),
            "short": lambda: short(options.folder, options.seconds, options.repeats, pool, options.clips, options.clip_seconds),
            "memory": lambda: memory(options.folder, options.seconds),
        }
        for name in options.only:
            for row in parts[name]():
                rows.append(row)
                print("  ".join(f"{key}={value}" for key, value in row.items() if key != "frames"), flush=True)
                options.json.write_text(
                    json.dumps(
                        {"machine": machine, "options": {k: str(v) for k, v in vars(options).items()}, "rows": rows}, indent=1
                    )
                )


def cpu() -> str:
    lines = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return lines[0].partition(":")[2].strip() if lines else platform.machine()


if __name__ == "__main__":
    main()
