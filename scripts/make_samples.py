"""Makes the clips of samples/ and what is true of them: ``NAME.truth.json`` with start, end and caption of each scene.

    .venv/bin/python scripts/make_samples.py [FOLDER]

Everything comes from seeds: the same script writes the same scenes. Between two scenes is a hard cut to a background that
is plainly another.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random

import av
import numpy as np

from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.colours import distance
from scripts.shapes_world.draw import Painter, Picture
from scripts.shapes_world.words import caption
from scripts.shapes_world.world import Scene

MILLISECONDS = Fraction(1, 1000)
SOUND_RATE = 48000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One sample: its file, its picture, the objects in each of its scenes, and what is special about it."""

    name: str
    size: tuple[int, int]
    fps: int
    seconds: tuple[float, ...]
    counts: tuple[int, ...]
    seed: int
    variable: bool = False
    """frames come at irregular times, as from a phone"""
    sound: bool = False


CLIPS = (
    Clip(name="first.mp4", size=(640, 360), fps=25, seconds=(4, 5, 4, 6, 5), counts=(1, 1, 2, 2, 3), seed=11),
    Clip(name="wide.mp4", size=(1280, 720), fps=30, seconds=(3, 4, 5, 4), counts=(2, 3, 1, 2), seed=23, sound=True),
    Clip(name="vertical.mp4", size=(540, 960), fps=30, seconds=(5, 4, 3), counts=(1, 2, 3), seed=31),
    Clip(name="square.mkv", size=(480, 480), fps=24, seconds=(4, 6, 3.5, 5), counts=(2, 1, 3, 0), seed=47),
    Clip(name="variable-rate.mp4", size=(854, 480), fps=30, seconds=(4, 5, 4, 4), counts=(1, 2, 1, 3), seed=59, variable=True),
    Clip(name="classic.mp4", size=(640, 480), fps=25, seconds=(6, 5, 7, 8, 5, 4), counts=(3, 2, 1, 2, 3, 1), seed=61),
)


def scenes(clip: Clip) -> list[Scene]:
    """The clip's scenes; each background is plainly another than the one before."""
    random, made = Random(clip.seed), list[Scene]()
    for count, seconds in zip(clip.counts, clip.seconds, strict=True):
        while True:
            scene = sample_scene(random, count=count, size=clip.size, duration=seconds)
            if not made or min(distance(a, b) for a in made[-1].background.colours() for b in scene.background.colours()) > 120:
                made.append(scene)
                break
    return made


def frames(clip: Clip, made: list[Scene]) -> Iterator[tuple[float, Picture]]:
    """(seconds, picture) of each frame. A scene's first frame stands exactly at its start."""
    random, start = Random(clip.seed), 0.0
    for scene in made:
        painter, count = Painter(scene), round(scene.duration * clip.fps)
        for i in range(count):
            if clip.variable and i and random.random() < 0.4:
                continue
            time = i / clip.fps
            if clip.variable and i:
                time += random.uniform(-0.3, 0.3) / clip.fps
            yield start + time, painter.frame(time / scene.duration)
        start += scene.duration


def write(folder: Path, clip: Clip) -> None:
    """Encode one clip with libx264 at crf 23, and write its truth beside it."""
    made = scenes(clip)
    with av.open(str(folder / clip.name), "w") as container:
        video = container.add_stream("libx264", rate=clip.fps)
        video.width, video.height = clip.size
        video.pix_fmt = "yuv420p"
        video.options = {"crf": "23", "preset": "medium"}
        video.time_base = video.codec_context.time_base = MILLISECONDS if clip.variable else Fraction(1, clip.fps)
        sound = container.add_stream("aac", rate=SOUND_RATE) if clip.sound else None
        for time, picture in frames(clip, made):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base = video.time_base
            frame.pts = round(time / video.time_base)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound is not None:
            for tone in _tones(made):
                container.mux(sound.encode(tone))
            container.mux(sound.encode())
    truth, start = [], 0.0
    for scene in made:
        truth.append({"start": round(start, 3), "end": round(start + scene.duration, 3), "caption": caption(scene.things)})
        start += scene.duration
    path = folder / f"{Path(clip.name).stem}.truth.json"
    path.write_text(json.dumps({"scenes": truth}, indent=2) + "\n")


def _tones(made: list[Scene]) -> Iterator[av.AudioFrame]:
    """A soft tone for each scene, so that there is a sound track to keep."""
    for number, scene in enumerate(made):
        times = np.arange(round(scene.duration * SOUND_RATE)) / SOUND_RATE
        wave = (0.05 * np.sin(2 * np.pi * (220 + 55 * number) * times)).astype(np.float32)
        for first in range(0, len(wave), 1024):
            part = av.AudioFrame.from_ndarray(wave[None, first : first + 1024], format="fltp", layout="mono")
            part.sample_rate = SOUND_RATE
            yield part


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "samples"
    folder.mkdir(exist_ok=True)
    for clip in CLIPS:
        write(folder, clip)
        print(f"{clip.name}: {sum(clip.seconds):g} s, {(folder / clip.name).stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
