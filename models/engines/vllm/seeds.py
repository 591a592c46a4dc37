"""Seeded answers on the CPU: vLLM's (0.32) engine dies of one whose prompt is read in more than one step.

A step that reads a part of a prompt draws a token like any other, which is thrown away; the draw is taken back, so that an answer does
not depend on how many steps its prompt took. vLLM does that by the offset of the request's generator of random numbers, which those of
CUDA have, and those of the CPU have not: "CPU Generator does not use offset" ends the engine. Long prompts, and many at once, are read in
parts: questions at a temperature, summaries, whatever has a seed.

Here the generators of requests remember how they were before each draw, which is exact whatever a draw takes.
"""

import multiprocessing
from typing import Any

DRAW = 4
"""what vLLM takes an offset back by"""


def mend() -> None:
    """In an engine's own processes on the CPU; elsewhere nothing is changed."""
    if multiprocessing.parent_process() is None:
        return
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return
    from vllm.v1.sample.ops.topk_topp_sampler import TopKTopPSampler
    from vllm.v1.worker.gpu_input_batch import InputBatch

    if getattr(InputBatch.add_request, "mended", False) or not hasattr(TopKTopPSampler, "forward_cpu"):
        return
    add, draw = InputBatch.add_request, TopKTopPSampler.forward_cpu

    def add_request(self: Any, request: Any, *others: Any, **named: Any) -> Any:
        if request.generator is not None:
            request.generator = rewindable(request.generator)
        return add(self, request, *others, **named)

    def forward_cpu(self: Any, logits: Any, generators: Any, k: Any, p: Any) -> Any:
        for generator in generators.values():
            generator.remember()
        return draw(self, logits, generators, k, p)

    add_request.mended = True  # type: ignore[attr-defined]
    InputBatch.add_request, TopKTopPSampler.forward_cpu = add_request, forward_cpu


def rewindable(generator: Any) -> Any:
    """A generator of the CPU that goes on like this one, with an offset that can be set back by one draw."""
    import torch

    class Rewindable(torch.Generator):  # type: ignore[misc]
        before: Any = None

        def remember(self) -> None:
            self.before = self.get_state()

        def get_offset(self) -> int:
            return DRAW

        def set_offset(self, offset: int) -> None:
            if self.before is not None:
                self.set_state(self.before)

    if hasattr(generator, "remember"):
        return generator
    made = Rewindable(device="cpu")
    made.set_state(generator.get_state())
    return made
