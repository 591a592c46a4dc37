"""Cuts found, missed and made up: ``scenes`` against scenedetect's detectors, on films whose cuts are known to the frame.

    scripts/bench cuts                  about six minutes on two cores; needs ``pip install scenedetect-headless`` for the others
    scripts/bench cuts --only pans      one kind of film
    scripts/bench cuts --only decks     twenty recordings of slides, an hour and a half of them (``reader_parts/decks.py``)

Each kind of film is shot in five ways of coding. A cut counts as found where one is told within a frame of it; ``exact`` where it
is that very frame. Ours reads the film, finds the cuts and yields eight frames a window of 384x384; the others find the cuts.
"""

import argparse
import functools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed

needed("cv2", "imageio_ffmpeg")

import cv2
import imageio_ffmpeg

from pipeline.video.children.pool import WorkerPool
from scripts.benches.reader_parts import decks
from scripts.benches.reader_parts.measure import timed
from scripts.benches.reader_parts.readers import reading

WIDTH, HEIGHT, FPS, SHOTS = 960, 540, 25, 12
CODINGS = {
    "x264": "-c:v libx264 -preset veryfast",
    "x264 blind, GOP 250": "-c:v libx264 -preset veryfast -sc_threshold 0 -g 250",
    "x264 blind, GOP 30": "-c:v libx264 -preset veryfast -sc_threshold 0 -g 30",
    "x265": "-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=4",
    "x265 blind, open GOP 60": "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=60:scenecut=0:open-gop=1:bframes=4",
}
Picture = np.ndarray[Any, Any]


def texture(random: np.random.Generator, *, levels: int = 110, middle: int = 128) -> Picture:
    """A scene, larger than the picture: soft shapes of three sizes, every channel its own."""
    height, width = HEIGHT * 2, WIDTH * 2
    found = np.full((height, width, 3), float(middle))
    for cells, share in ((5, 0.6), (17, 0.3), (71, 0.15)):
        noise = random.uniform(-1, 1, (cells, cells * 2, 3)).astype(np.float32)
        found += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * levels * share
    return found.clip(0, 255).astype(np.uint8)


def window(scene: Picture, x: float, y: float, zoom: float = 1.0) -> Picture:
    width, height = WIDTH / zoom, HEIGHT / zoom
    centre = (WIDTH + x, HEIGHT + y)
    return (
        cv2.getRectSubPix(scene, (WIDTH, HEIGHT), centre)
        if zoom == 1
        else cv2.resize(cv2.getRectSubPix(scene, (int(width), int(height)), centre), (WIDTH, HEIGHT))
    )


def still(scene: Picture, at: float, random: np.random.Generator) -> Picture:
    return window(scene, 0, 0)


def pans(scene: Picture, at: float, random: np.random.Generator) -> Picture:
    return window(scene, 400 * np.sin(at * 0.8), 60 * np.sin(at * 0.5))


def fast(scene: Picture, at: float, random: np.random.Generator) -> Picture:
    return window(scene, 450 * np.sin(at * 4), 200 * np.cos(at * 3))


def zooms(scene: Picture, at: float, random: np.random.Generator) -> Picture:
    return window(scene, 0, 0, 1 + 0.12 * at)


def grain(scene: Picture, at: float, random: np.random.Generator) -> Picture:
    noise = random.integers(-25, 26, (HEIGHT, WIDTH, 1), np.int16)
    grained: Picture = (window(scene, 30 * at, 0) + noise).clip(0, 255).astype(np.uint8)
    return grained


def flashes(scene: Picture, at: float, random: np.random.Generator) -> Picture:
    picture = window(scene, 40 * at, 0)
    return cv2.addWeighted(picture, 0.3, np.full_like(picture, 255), 0.7, 0) if 1.2 < at % 2 < 1.28 else picture


def objects(scene: Picture, at: float, random: np.random.Generator) -> Picture:
    picture = window(scene, 0, 0)
    for number in range(3):
        centre = int((at * 300 + number * 400) % WIDTH), int(HEIGHT * (0.3 + 0.2 * number))
        cv2.circle(picture, centre, 110, (40 + 90 * number, 200, 250 - 100 * number), -1)
    return picture


KINDS: dict[str, tuple[Callable[[Picture, float, np.random.Generator], Picture], dict[str, int]]] = {
    "still": (still, {}), "pans": (pans, {}), "fast": (fast, {}), "zooms": (zooms, {}), "grain": (grain, {}),
    "flashes": (flashes, {}), "objects": (objects, {}), "near": (objects, {"levels": 16}), "dark": (pans, {"levels": 18, "middle": 26}),
}  # fmt: skip


def make(folder: Path, kind: str) -> tuple[dict[str, Path], list[float]]:
    """A film in every coding, and the times of its cuts."""
    move, look = KINDS[kind]
    random = np.random.default_rng(sorted(KINDS).index(kind))
    lengths = random.integers(22, 150, SHOTS)
    cuts = [float(frame) / FPS for frame in np.cumsum(lengths)[:-1]]
    paths = {coding: folder / f"cuts_{kind}_{number}.mp4" for number, coding in enumerate(CODINGS)}
    if all(path.exists() for path in paths.values()):
        return paths, cuts
    raw = f"-f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r {FPS} -i -"
    outputs = [word for coding, path in paths.items() for word in [*CODINGS[coding].split(), "-pix_fmt", "yuv420p", str(path)]]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *raw.split(), *outputs]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin
        for length in lengths:
            scene = texture(random, **look)
            for frame in range(length):
                process.stdin.write(move(scene, frame / FPS, random).tobytes())
    return paths, cuts


def by_ours(path: Path, pool: WorkerPool) -> list[float]:
    with reading(path, pool=pool, rule="scenes:min=2,max=10", sampler="uniform:count=8") as film:
        for _ in film:
            pass
        return list(film.shots)


def by_scenedetect(path: Path, detector: Any) -> list[float]:
    import scenedetect

    return [start.seconds for start, _ in scenedetect.detect(str(path), detector())[1:]]


def judged(
    told: list[float], cuts: Sequence[float], frame: float = 1 / FPS, faded: Sequence[tuple[float, float]] = ()
) -> dict[str, int]:
    """How many cuts were found, missed, and told where there is none; what is told within a fade is neither."""
    told = [one for one in told if not any(start - frame < one < end + frame for start, end in faded)]
    found = [cut for cut in cuts if any(abs(cut - one) < 1.5 * frame for one in told)]
    exact = [cut for cut in cuts if any(abs(cut - one) < 0.5 * frame for one in told)]
    false = [one for one in told if all(abs(cut - one) >= 1.5 * frame for cut in cuts)]
    return {"found": len(found), "exact": len(exact), "missed": len(cuts) - len(found), "false": len(false)}


def judge_decks(folder: Path, ways: dict[str, Callable[[Path], list[float]]]) -> list[dict[str, Any]]:
    """One row a deck and way. ``part``: whether the rule was tuned on it, or only judged by it."""
    rows: list[dict[str, Any]] = []
    for number, deck in enumerate(decks.DECKS):
        made = decks.make(folder / f"deck{number:02}", deck, 1000 + number)
        for name, way in ways.items():
            seconds, cpu, told = timed(functools.partial(way, made.path))
            judgement = judged(told, made.cuts, 1 / (deck.fps or 10), made.fades)
            part = "judged" if number % 2 else "tuned"
            row = {"kind": "decks", "deck": deck.name, "part": part, "way": name, "cuts": len(made.cuts), **judgement}
            rows.append({**row, "hours": round(made.seconds / 3600, 4), "seconds": round(seconds, 2), "cpu": round(cpu, 2)})
            print("  ".join(f"{key}={value}" for key, value in rows[-1].items()), flush=True)
    for name in ways:
        for part in ("tuned", "judged"):
            mine = [row for row in rows if row["way"] == name and row["part"] == part]
            total = {key: round(sum(row[key] for row in mine), 3) for key in ("cuts", "found", "exact", "false", "hours", "cpu")}
            print(f"{name}, decks {part}: {total}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/scenescribe-bench"), help="where the films are kept")
    parser.add_argument("--only", nargs="+", choices=[*sorted(KINDS), "decks"], default=[*KINDS, "decks"])
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    needed(*(() if options.ours_only else ("scenedetect",)))
    options.folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    with WorkerPool() as pool:
        ways: dict[str, Callable[[Path], list[float]]] = {"ours": lambda path: by_ours(path, pool)}
        if not options.ours_only:
            from scenedetect import AdaptiveDetector, ContentDetector

            ways |= {
                "ContentDetector": lambda path: by_scenedetect(path, ContentDetector),
                "AdaptiveDetector": lambda path: by_scenedetect(path, AdaptiveDetector),
            }
        for kind in options.only:
            if kind == "decks":
                continue
            paths, cuts = make(options.folder, kind)
            for coding, path in paths.items():
                for name, way in ways.items():
                    seconds, cpu, told = timed(functools.partial(way, path))
                    row = {
                        "kind": kind,
                        "coding": coding,
                        "way": name,
                        **judged(told, cuts),
                        "seconds": round(seconds, 2),
                        "cpu": round(cpu, 2),
                    }
                    rows.append(row)
                    print("  ".join(f"{key}={value}" for key, value in row.items()), flush=True)
        slides = judge_decks(options.folder, ways) if "decks" in options.only else []
    for name in ways:
        mine = [row for row in rows if row["way"] == name]
        total = {key: round(sum(row[key] for row in mine), 1) for key in ("found", "exact", "missed", "false", "seconds", "cpu")}
        print(f"{name}: {total}")
    if options.json:
        options.json.write_text(json.dumps({"time": time.time(), "rows": rows + slides}, indent=1))


if __name__ == "__main__":
    main()
