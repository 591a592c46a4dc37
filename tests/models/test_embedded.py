"""The embedded model behind a real ``vllm serve``: what it says is what transformers says of the same pictures."""

import base64
import io
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from thorough import examples

from models.base import Captioner, Request, Sampling
from models.engines import open_captioner
from models.engines.openai.messages import chat_body
from models.presets import EMBEDDED, preset
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter

WHOLE = (Path(preset(EMBEDDED).id) / "model.safetensors").is_file()
pytestmark = [pytest.mark.engine, pytest.mark.skipif(not WHOLE, reason="the embedded model's weights are not here")]
SCENES = examples(48)


def scene(seed: int) -> Request:
    """Eight frames of a scene, at the model's size."""
    found = preset(EMBEDDED)
    painter = Painter(sample_scene(Random(seed), size=(640, 360), duration=4.0))
    size = found.frame_size(640, 360)
    frames = [Image.fromarray(painter.frame((index + 0.5) / 8)).resize(size, Image.Resampling.BOX) for index in range(8)]
    return Request(prompt=found.prompt, video=np.stack([np.asarray(frame) for frame in frames]), sampling=Sampling(max_tokens=64))


def as_sent(request: Request) -> NDArray[np.uint8]:
    """The request's frames as the server sees them, after JPEG."""
    url: str = chat_body(request, preset(EMBEDDED), "x", stream=False)["messages"][0]["content"][0]["video_url"]["url"]
    return np.stack([np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in url.partition(",")[2].split(",")])


async def test_the_server_and_the_reference_say_the_same(endpoint: Captioner) -> None:
    reference = open_captioner("transformers", preset(EMBEDDED))
    await reference.start()
    different = []
    for seed in range(SCENES):
        request = scene(seed)
        ours = await endpoint.caption(request)
        theirs = await reference.caption(Request(prompt=request.prompt, video=as_sent(request), sampling=request.sampling))
        assert ours.prompt_tokens == theirs.prompt_tokens
        if ours.text != theirs.text:
            different.append((ours.text, theirs.text))
    await reference.close()
    assert len(different) <= SCENES // 100, different
