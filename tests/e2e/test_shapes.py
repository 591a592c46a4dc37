"""Forty fixed scenes through the command line, H.264 and the real engine: every caption must be right to the letter."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import av
import pytest

from scripts.shapes_world import words
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter
from scripts.shapes_world.world import Scene

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

SECONDS, FPS, EACH = 3.0, 12, 10
SIZES = {"wide": (640, 360), "classic": (640, 480), "square": (480, 480), "vertical": (360, 640)}


def scenes(name: str) -> list[Scene]:
    """Ten scenes of one shape of picture; the seeds are fixed, so the same ones on every machine."""
    rng = Random(f"forty/{name}")
    return [sample_scene(rng, count=1 + number % 3, size=SIZES[name], duration=SECONDS) for number in range(EACH)]


def film(name: str, path: Path) -> None:
    """The ten scenes after one another."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "23", "preset": "medium"})
        (stream.width, stream.height), stream.pix_fmt = SIZES[name], "yuv420p"
        for scene in scenes(name):
            painter, count = Painter(scene), round(SECONDS * FPS)
            for index in range(count):
                picture = painter.frame(index / (count - 1))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All four films described in one run; windows of the scenes' length, so that cuts are not part of the question."""
    folder = tmp_path_factory.mktemp("forty")
    films = [folder / f"{name}.mp4" for name in SIZES]
    for path in films:
        film(path.stem, path)
    command = [sys.executable, "-m", "pipeline.cli", "caption", *map(str, films), "--model", "shapes", "-q"]
    done = subprocess.run(
        [*command, "--windows", f"fixed:seconds={SECONDS:g}", "--no-progress"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", SIZES)
def test_every_caption_is_right_to_the_letter(described: Path, name: str) -> None:
    document = json.loads((described / f"{name}.descriptions.json").read_text(encoding="utf-8"))
    assert [caption["text"] for caption in document["captions"]] == [words.caption(scene.things) for scene in scenes(name)]
