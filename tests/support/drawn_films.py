"""Drawn scenes, as many of each shape of picture, whose captions are known to the letter."""

from pathlib import Path
from random import Random

import av
from thorough import examples

from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter
from scripts.shapes_world.world import Scene

SECONDS, FPS, EACH = 3.0, 12, examples(20)
SIZES = {"wide": (640, 360), "classic": (640, 480), "square": (480, 480), "vertical": (360, 640)}


def scenes(name: str) -> list[Scene]:
    """Scenes of one shape of picture; the seeds are fixed, so the same ones on every machine."""
    rng = Random(f"forty/{name}")
    return [sample_scene(rng, count=1 + number % 3, size=SIZES[name], duration=SECONDS) for number in range(EACH)]


def film(name: str, folder: Path) -> Path:
    """Its scenes after one another, in a file of that name."""
    path = folder / f"{name}.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "23", "preset": "medium"})
        (stream.width, stream.height), stream.pix_fmt = SIZES[name], "yuv420p"
        for scene in scenes(name):
            painter, count = Painter(scene), round(SECONDS * FPS)
            for index in range(count):
                picture = painter.frame(index / (count - 1))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path
