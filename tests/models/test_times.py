"""Models that understand time are told it: the prompt that Qwen3-VL's processor makes names the second of each pair of frames."""

from pathlib import Path

import numpy as np
import pytest
import tiny_qwen

from models.base import Request, Sampling
from models.engines.transformers import TransformersEngine
from models.presets import preset

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


async def test_the_prompt_names_the_times(tmp_path: Path) -> None:
    tiny_qwen.make(tmp_path)
    found = preset(str(tmp_path))
    assert found.frames == "video"
    width, height = found.frame_size(1920, 1080)
    video = np.zeros((4, height, width, 3), np.uint8)
    engine = TransformersEngine(found)
    await engine.start()
    request = Request(prompt="ba", video=video, times=(5.0, 6.0, 7.5, 9.5), sampling=Sampling(max_tokens=4))
    ids = engine._inputs(request)["input_ids"][0].tolist()
    said = "".join(engine._processor.tokenizer.convert_ids_to_tokens(ids)).replace("<unk>", "")
    assert "<0.5seconds>" in said
    assert "<3.5seconds>" in said
    assert said.count("<|video_pad|>") == 2 * (width // 32) * (height // 32), "the processor resized the frames once more"
    assert (await engine.caption(request)).completion_tokens > 0
    await engine.close()
