"""Run by test_custom_models.py in a process of its own: caption with the model folder of argument 1, then wait to be killed.

Prints the answer, the engine's process ids, and whether it was still able to write while the engine started.
"""

import asyncio
import json
import multiprocessing
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np


async def main() -> None:
    from models.base import Request, Sampling
    from models.engines import open_captioner
    from models.engines.vllm import sockets
    from models.options import EngineOptions
    from models.presets import preset

    folder, log = sys.argv[1:3]
    engine = {"max_model_len": 1024, "max_num_seqs": 8, "limit_mm_per_prompt": {"video": 1, "image": 0}}
    captioner = open_captioner("vllm", replace(preset(folder), engine=engine), EngineOptions(dtype="float32"), log_path=Path(log))
    starting = asyncio.create_task(captioner.start())
    ticks = 0
    while not starting.done():
        print(json.dumps({"tick": ticks}), flush=True)
        ticks += 1
        await asyncio.wait([starting], timeout=2)
    await starting
    video = np.random.default_rng(0).integers(0, 255, (8, 56, 56, 3), dtype=np.uint8)
    reply = await captioner.caption(Request(prompt="bara dote", video=video, sampling=Sampling(max_tokens=12)))
    children = [child.pid for child in multiprocessing.active_children()]
    print(json.dumps({"text": reply.text, "children": children, "sockets": os.environ[sockets.VARIABLE]}), flush=True)
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main())
