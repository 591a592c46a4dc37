"""Cues, formats, burning and muxing against ffmpeg's own, in one run.

    scripts/bench subtitles                              about ten minutes on two quiet cores
    scripts/bench subtitles --seconds 20 --repeats 3     smaller
    scripts/bench subtitles --only formats

Ours and ffmpeg's take turns, so that a busy machine is busy for both; the medians of the repeats are compared, and the
median of the ratios of each pair, of wall clock and of processor time, which a busy machine disturbs less. ffmpeg gets
the same ASS file and the same encoder options. Ours includes everything: what is in the film, whether the fonts can draw the text, verifying, fsync.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from pipeline import formats, media
from pipeline.cues import make_track, profile
from pipeline.types import Caption, Cue, Document, Model, Source, Track

SENTENCES = (
    "A man in a red coat walks across the busy street, carrying a large umbrella.",
    "Children play football in the park while their parents watch from a bench.",
    "The camera moves slowly over a table with a bowl of fruit and two glasses.",
    "A dog runs.",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captions", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60, help="of film to burn")
    parser.add_argument("--megabytes", type=int, default=1000, help="of film to mux")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=["formats", "burn", "mux"])
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    asked = parser.parse_args()
    found = media.find_ffmpeg()
    results: dict[str, Any] = {
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    }
    results["ffmpeg"] = f"{found.version} at {found.path}"
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as folder:
        works = {"formats": bench_formats, "burn": bench_burn, "mux": bench_mux}
        for name, work in works.items():
            if asked.only in (None, name):
                results[name] = work(asked, Path(folder), found.path)
    print(json.dumps(results, indent=2))
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=2) + "\n")


def document(count: int) -> Document:
    captions = tuple(
        Caption(start=8.0 * n, end=8.0 * (n + 1), text=f"{SENTENCES[n % 4]} {SENTENCES[(n + 1) % 4]} Number {n}.")
        for n in range(count)
    )
    source = Source(name="film.mp4", size=1, duration=8.0 * count, fps=25.0, width=1920, height=1080, start=0.0)
    return Document(
        source=source, model=Model(name="", id="", revision="", engine="", engine_version=""), settings={}, captions=captions
    )


def bench_formats(asked: Any, _folder: Path, _ffmpeg: Path) -> dict[str, Any]:
    """Seconds of wall clock and of processor for the cues and each format."""
    whole = document(asked.captions)
    track = make_track(whole, profile("netflix"))[0]
    made: dict[str, Any] = {"captions": asked.captions, "cues": len(track.cues)}
    works: dict[str, Callable[[], object]] = {"layout": lambda: make_track(whole, profile("netflix"))}
    works |= {name: lambda name=name: formats.write(name, track, whole) for name in formats.names()}  # type: ignore[misc]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(asked.repeats):
        for name, work in works.items():
            times[name].append(timed(work))
    for name, taken in times.items():
        made[name] = {
            "wall": round(statistics.median(wall for wall, _ in taken), 3),
            "cpu": round(min(cpu for _, cpu in taken), 3),
        }
    written = [made[name] for name in formats.names()]
    made["all formats"] = {kind: round(sum(one[kind] for one in written), 3) for kind in ("wall", "cpu")}
    print(
        f"{asked.captions} captions, {len(track.cues)} cues; layout {made['layout']}, all formats {made['all formats']} (limit 3 s)"
    )
    return made


def bench_burn(asked: Any, folder: Path, ffmpeg: Path) -> dict[str, Any]:
    film = folder / "film.mp4"
    picture = f"testsrc2=s=1280x720:r=25:d={asked.seconds},noise=alls=6:allf=t"
    make = [
        "-f",
        "lavfi",
        "-i",
        picture,
        "-f",
        "lavfi",
        "-i",
        f"sine=d={asked.seconds}",
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
    ]
    run(ffmpeg, *make, "-preset", "ultrafast", "-crf", "20", "-c:a", "aac", film)
    track = spoken(asked.seconds)
    (folder / "captions.ass").write_text(formats.write("ass", track), encoding="utf-8")
    options = [
        "-vf",
        "subtitles=captions.ass",
        "-c:v",
        "libx264",
        "-crf",
        "18",
        "-preset",
        "medium",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "copy",
    ]
    return compare(
        asked.repeats,
        lambda: media.burn(film, track, folder / "ours.mp4"),
        lambda: run(ffmpeg, "-i", film, *options, folder / "theirs.mp4", cwd=folder),
        [folder / "ours.mp4", folder / "theirs.mp4"],
        "burn",
        1.05,
    )


def bench_mux(asked: Any, folder: Path, ffmpeg: Path) -> dict[str, Any]:
    film = folder / "large.mkv"
    one = folder / "one.mkv"
    picture = "testsrc2=s=1920x1080:r=25:d=10,noise=alls=20:allf=t"
    rate = ["-b:v", "8M", "-maxrate", "8M", "-bufsize", "16M"]  # as filmed 1080p has: a packet more often, not larger packets
    run(ffmpeg, "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "veryfast", *rate, one)
    loops = max(1, asked.megabytes * 1_000_000 // one.stat().st_size)
    seconds = 10 * loops
    run(ffmpeg, "-stream_loop", loops - 1, "-i", one, "-c", "copy", film)
    track = spoken(seconds)
    (folder / "captions.srt").write_text(formats.write("srt", track), encoding="utf-8")

    def theirs() -> None:
        texts = folder / "captions.srt"
        run(ffmpeg, "-i", film, "-i", texts, "-map", "0", "-map", "1", "-c", "copy", folder / "theirs.mkv")
        with (folder / "theirs.mkv").open("rb") as file:
            os.fsync(file.fileno())  # ours is on the disk when it has its name

    result = compare(
        asked.repeats,
        lambda: media.mux(film, [track], folder / "ours.mkv"),
        theirs,
        [folder / "ours.mkv", folder / "theirs.mkv"],
        "mux",
        1.2,
    )
    return {"megabytes": film.stat().st_size // 1_000_000, **result}


def spoken(seconds: int) -> Track:
    cues = tuple(
        Cue(
            start=float(at),
            end=at + 3.5,
            lines=("A man in a red coat walks across the busy", "street, carrying a large umbrella."),
        )
        for at in range(0, seconds - 4, 4)
    )
    return Track(cues=cues, language="en", width=1280, height=720)


def compare(
    repeats: int, ours: Callable[[], object], theirs: Callable[[], object], written: list[Path], name: str, limit: float
) -> dict[str, Any]:
    """The two in turn, each first every other time, with no file of an earlier turn left: ffmpeg would write over its pages."""
    taken: dict[str, list[tuple[float, float]]] = {"ours": [], "ffmpeg": []}
    theirs()  # the film is in the page cache, fontconfig's cache is made
    for n in range(repeats):
        pair = (("ours", ours), ("ffmpeg", theirs)) if n % 2 else (("ffmpeg", theirs), ("ours", ours))
        for who, work in pair:
            for path in written:
                path.unlink(missing_ok=True)
            os.sync()
            taken[who].append(timed(work))
    result: dict[str, Any] = {"limit": limit}
    for kind, at in (("wall", 0), ("cpu", 1)):
        a, b = ([one[at] for one in taken[who]] for who in ("ours", "ffmpeg"))
        ratios = [x / y for x, y in zip(a, b, strict=True)]
        result[kind] = {
            "ours": [round(t, 2) for t in a],
            "ffmpeg": [round(t, 2) for t in b],
            "ratio of medians": round(statistics.median(a) / statistics.median(b), 3),
            "ratio of best": round(min(a) / min(b), 3),
            "median of ratios": round(statistics.median(ratios), 3),
        }
    print(f"{name}: {result}")
    return result


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall clock, and of processor in this process and those it waited for."""
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    work()
    return time.perf_counter() - wall, sum(os.times()[:4]) - cpu


def run(ffmpeg: Path, *options: object, cwd: Path | None = None) -> None:
    subprocess.run([ffmpeg, "-v", "error", "-y", "-nostdin", *map(str, options)], check=True, cwd=cwd)


if __name__ == "__main__":
    main()
