"""What each step of a window's way to the engine process costs on one thread, with the real objects and no engine.

frames -> prompt's text -> tokens and pixels -> core request -> messages | engine process: request again -> batch for the device
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models.base import Request
from models.engines.vllm.args import engine_arguments, environment
from models.engines.vllm.direct import DirectInputs, encoder_of
from models.engines.vllm.loading import gpu_count
from models.engines.vllm.pixels import as_bytes
from models.engines.vllm.preparing import Preparer
from models.model_folder import chat_template
from models.options import EngineOptions
from models.preset import Preset

VIDEOS = 8
"""different windows, taken in turn"""


class Stages:
    """The host side of one engine, without the engine. ``direct``: pictures as bytes; else by the model's processor alone."""

    def __init__(self, preset: Preset, extra: dict[str, Any], frames: int, *, direct: bool) -> None:
        import os

        on_gpu = gpu_count() > 0
        os.environ.update(environment(on_gpu=on_gpu))
        import torch
        from vllm.config import StructuredOutputsConfig
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.renderers import renderer_from_config
        from vllm.v1.engine.input_processor import InputProcessor

        torch.set_num_threads(1)
        folder = Path(preset.id)
        self.direct = direct and as_bytes(folder, extra)
        given = engine_arguments(folder, preset, EngineOptions(extra=extra), on_gpu=on_gpu, as_bytes=self.direct)
        given["structured_outputs_config"] = StructuredOutputsConfig(**given["structured_outputs_config"])
        self._config = AsyncEngineArgs(**given).create_engine_config()
        self._renderer = renderer_from_config(self._config)
        self._inputs = InputProcessor(self._config, self._renderer)
        tokenizer = self._renderer.tokenizer
        encode = encoder_of(tokenizer) if self.direct else None
        self._preparer = Preparer(
            preset, tokenizer, chat_template(folder), self._render, kept=None, direct=DirectInputs(encode) if encode else None
        )
        width, height = preset.frame_size(1920, 1080)
        random = np.random.default_rng(0)
        shape = (frames, height, width, 3)
        self._requests = [
            Request(
                prompt=preset.prompt.replace("{words}", "24"),
                video=random.integers(0, 255, shape, np.uint8),
                times=tuple(range(frames)),
            )
            for _ in range(VIDEOS)
        ]
        self._place = np.empty(shape, np.uint8)

    def _copy(self, number: int) -> None:
        video = self._requests[number].video
        assert video is not None
        np.copyto(self._place, video)

    def _render(self, prompt: dict[str, Any]) -> Any:
        from vllm.renderers.inputs.preprocess import parse_model_prompt

        return self._renderer.render_cmpl([parse_model_prompt(self._config.model_config, prompt)])[0]

    def measured(self, rounds: int) -> dict[str, dict[str, float]]:
        """Of each step: milliseconds by the clock, and of the processor (more where a library uses several threads)."""
        from vllm import SamplingParams
        from vllm.multimodal.utils import group_and_batch_mm_kwargs
        from vllm.v1.engine import EngineCoreRequest
        from vllm.v1.serial_utils import MsgpackDecoder, MsgpackEncoder

        sampling, encoder, decoder = (
            SamplingParams(temperature=0, max_tokens=64),
            MsgpackEncoder(),
            MsgpackDecoder(EngineCoreRequest),
        )
        self._preparer.prepare(self._requests[0])  # from the first, the way of the others is learned
        prepared = [self._preparer.prepare(request) for request in self._requests]
        core = [
            self._inputs.process_inputs(f"w{n}", one, sampling, supported_tasks=("generate",)) for n, one in enumerate(prepared)
        ]
        messages = [encoder.encode(request) for request in core]
        received = [decoder.decode([bytes(part) for part in message]) for message in messages]
        items = [(feature.modality, feature.data) for request in received for feature in request.mm_features]

        def batched(_: int) -> None:
            for _, count, _ in group_and_batch_mm_kwargs(items, device="cpu", pin_memory=False):
                assert count

        steps: dict[str, Callable[[int], object]] = {
            "copy out of the decoder's memory": self._copy,
            "prompt's text": lambda i: self._preparer._text(self._requests[i]),
            "text, tokens and pixels": lambda i: self._preparer.prepare(self._requests[i]),
            "core request": lambda i: self._inputs.process_inputs("w", prepared[i], sampling, supported_tasks=("generate",)),
            "to messages": lambda i: encoder.encode(core[i]),
            "engine: from messages": lambda i: decoder.decode(messages[i]),
        }
        found = {name: _timed(step, rounds) for name, step in steps.items()}
        whole = _timed(batched, max(1, rounds // VIDEOS))
        found["engine: batch"] = {name: round(value / VIDEOS, 3) for name, value in whole.items()}
        found["bytes"] = {"to the engine": float(sum(len(memoryview(part).cast("B")) for part in messages[0]))}
        return found


def _timed(step: Callable[[int], object], rounds: int) -> dict[str, float]:
    step(0)
    began, busy = time.perf_counter(), time.process_time()
    for number in range(rounds):
        step(number % VIDEOS)
    clock, processor = time.perf_counter() - began, time.process_time() - busy
    return {"ms": round(1000 * clock / rounds, 3), "processor_ms": round(1000 * processor / rounds, 3)}
