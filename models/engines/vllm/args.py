"""From a preset and the user's options to the arguments and environment of vLLM's engine; pure, without importing vLLM."""

import ast
import importlib.util
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from models.engines.vllm.pixels import UNTOUCHED
from models.options import EngineOptions
from models.preset import Preset

SAME_NAME = (
    "tensor_parallel_size",
    "pipeline_parallel_size",
    "data_parallel_size",
    "gpu_memory_utilization",
    "max_num_seqs",
    "max_model_len",
    "quantization",
    "dtype",
    "block_size",
)
CPU = {"enforce_eager": True, "max_num_seqs": 32}
"""eager on the CPU: compiling takes longer than the embedded model's whole demo (docs/decisions/0041)"""
FORMS = {"backend": "xgrammar", "disable_any_whitespace": True}
"""of structured answers. Between the parts of a JSON any number of blanks is good JSON too, and a model without sense writes them until
its answer is cut off: vLLM heeds this for the whole engine alone, and with a backend that is named"""
QUESTIONS = {
    "enable_prefix_caching": True,  # the film stands before the question: it is read once
    "scheduling_policy": "priority",  # a question goes before the windows that wait
}
"""a second question about a film costs its own words (docs/decisions/0081)"""
QUESTIONS_CPU = {"block_size": 32}
"""tokens of a block of the KV cache, the least that attention on a CPU takes: whole blocks are found again, the rest is read anew"""
QUESTIONS_GPU = {"max_num_batched_tokens": 16384}
"""of one step. It bounds the pictures of one question too: vLLM's encoder cache holds as many tokens, and 64 frames of LLaVA-OneVision
are 12,545 (measured on an H200: with 4,096 such a question is refused). The price: a question waits for the step of windows under way,
half a second on an H100"""
QUESTIONS_OURS = {"max_num_batched_tokens": 8192}
"""where the class that runs the model heeds LONGEST: the encoder cache is as large as a question's pictures whatever a step takes,
and a question waits half as long"""
LONGEST = 96
"""frames of one question"""
CPU_ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1"}
GPU_ENVIRONMENT = {
    # vLLM takes FlashInfer's sampler for no request that is greedy or has a seed, and ours are one or the other. It is built all the same when
    # a model is first loaded: minutes without a word, with a compiler that machines without CUDA's toolkit lack, where engines were seen to end
    "VLLM_USE_FLASHINFER_SAMPLER": "0",
}
ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a fork of a process with readers' and interface threads may deadlock
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def engine_arguments(
    folder: Path, preset: Preset, options: EngineOptions, *, on_gpu: bool, as_bytes: bool = False
) -> dict[str, Any]:
    """Arguments of vLLM's AsyncEngineArgs: our defaults, then the preset's, then the user's. ``as_bytes``: see pixels.py."""
    arguments: dict[str, Any] = {
        "model": str(folder),
        "served_model_name": preset.name,
        "trust_remote_code": False,
        "load_format": "safetensors",
        "seed": 0,
        "mm_processor_cache_gb": 0,  # no two windows are the same: a cache of them is copies for nothing
        "enable_prefix_caching": False,  # nor two prompts, past a few words
        "limit_mm_per_prompt": {"video": 1, "image": 0},
        "structured_outputs_config": FORMS,
        **({"mm_processor_kwargs": UNTOUCHED} if as_bytes else {}),
        **({} if on_gpu else CPU),
        **preset.engine,
        **({} if on_gpu else preset.cpu),
    }
    if options.profile == "questions":
        ours = QUESTIONS_OURS if as_bytes else QUESTIONS_GPU
        arguments |= QUESTIONS | (ours if on_gpu else QUESTIONS_CPU) | dict(preset.ask.engine)
        limits = arguments["limit_mm_per_prompt"]
        if on_gpu and as_bytes and limits.get("video") == 1:
            arguments["limit_mm_per_prompt"] = {**limits, "video": {"count": 1, "num_frames": LONGEST}}
    if preset.frames == "images":  # whoever shows a window by more pictures than the preset (replace(preset, frame_count=...))
        limits = dict(arguments["limit_mm_per_prompt"])
        arguments["limit_mm_per_prompt"] = limits | {"image": max(limits.get("image", 0), preset.frame_count)}
    arguments |= {name: getattr(options, name) for name in SAME_NAME if getattr(options, name) is not None}
    if options.kv_offload_gb is not None:
        arguments["kv_offloading_size"] = options.kv_offload_gb
    if options.profile_dir is not None:
        arguments["profiler_config"] = {
            "profiler": "torch",
            "torch_profiler_dir": str(Path(options.profile_dir).absolute()),
            "torch_profiler_with_stack": False,  # ten times the size, for little more to see
            "ignore_frontend": True,  # torch's profiler, started and stopped on different threads of ours, can take the process down
        }
    return arguments | dict(options.extra)


def environment(*, on_gpu: bool, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables to set for vLLM; what the user has set stays."""
    given = os.environ if given is None else given
    wanted = ENVIRONMENT | (GPU_ENVIRONMENT if on_gpu else CPU_ENVIRONMENT)
    return {name: value for name, value in wanted.items() if name not in given}


def preparers() -> int:
    """Threads that turn frames into the model's pixels: 5 to 40 ms a window each, and they must not starve the readers."""
    return max(1, min(8, cores() // 2))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def argument_names() -> frozenset[str] | None:
    """Names that the installed vLLM's AsyncEngineArgs takes; None where there is no vLLM.

    Read from its source, since importing it takes seconds and a mistyped option should be answered at once.
    """
    spec = importlib.util.find_spec("vllm")
    if spec is None or not spec.submodule_search_locations:
        return None
    source = Path(spec.submodule_search_locations[0]) / "engine" / "arg_utils.py"
    if not source.is_file():
        return None
    found = {
        item.target.id
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name in {"EngineArgs", "AsyncEngineArgs"}
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and not item.target.id.startswith("_")
    }
    return frozenset(found)
