"""The engine's options as a user may set them, and the check that they can be, before any model is loaded."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from models.errors import BadEngineOption

QUANTIZATIONS = ("awq", "gptq", "fp8")
DTYPES = ("auto", "bfloat16", "float16", "float32")
Profile = Literal["captions", "questions"]
"""what an engine is set up for: ``captions``, windows that are each seen once; ``questions``, the same pictures asked about again and
again, by people who wait, while windows may be captioned beside them"""
OWN = {"model", "tokenizer", "revision", "tokenizer_revision", "trust_remote_code", "served_model_name"}
"""engine arguments that Scenescribe sets itself and nobody may pass beside it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What the user says of the engine; None: as the preset has it, else the engine's own default."""

    tensor_parallel_size: int | None = None
    """GPUs that one copy of the model is split over, layer by layer across"""
    pipeline_parallel_size: int | None = None
    """GPUs that one copy of the model is split over, some layers each"""
    data_parallel_size: int | None = None
    """whole copies of the model, requests shared out among them"""
    gpu_memory_utilization: float | None = None
    """part of each GPU's memory that the engine takes, above 0 and at most 1"""
    max_num_seqs: int | None = None
    """requests that run at once"""
    max_model_len: int | None = None
    """tokens of prompt, frames and answer together"""
    quantization: str | None = None
    """awq, gptq (the folder's weights are quantised) or fp8 (quantised while loading)"""
    dtype: str | None = None
    """auto, bfloat16, float16 or float32"""
    block_size: int | None = None
    """tokens in one block of the KV cache"""
    kv_offload_gb: float | None = None
    """GiB of host memory that take over blocks of the KV cache"""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """anything else that vLLM takes, by the name it has there"""
    profile_dir: str | None = None
    """folder for a torch profiler trace"""
    profile: Profile = "captions"


def parse_engine_args(items: Iterable[str]) -> dict[str, Any]:
    """``["key=value", ...]`` of ``--engine-arg`` -> arguments; a value is a Python literal where it reads as one, else text.

    ``true``, ``false`` and ``null`` are taken as JSON has them. Raises BadEngineOption.
    """
    words = {"true": True, "false": False, "null": None}
    found: dict[str, Any] = {}
    for item in items:
        key, equals, value = item.partition("=")
        key = key.strip().lstrip("-").replace("-", "_")
        if not equals or not key:
            raise BadEngineOption(f"--engine-arg wants KEY=VALUE, got '{item}'", option=item)
        if value.lower() in words:
            found[key] = words[value.lower()]
            continue
        try:
            found[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            found[key] = value
    return found


def check(options: EngineOptions, *, known: Iterable[str] | None = None, gpus: int | None = None) -> None:
    """Raise BadEngineOption, one line that says what is allowed, where an option can't be.

    ``known`` are the names that the engine takes (None: not looked at); ``gpus`` how many there are (None: not known).
    """
    for name in (
        "tensor_parallel_size",
        "pipeline_parallel_size",
        "data_parallel_size",
        "max_num_seqs",
        "max_model_len",
        "block_size",
    ):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise _bad(name, value, "a whole number from 1")
    if options.gpu_memory_utilization is not None and not 0 < options.gpu_memory_utilization <= 1:
        raise _bad("gpu_memory_utilization", options.gpu_memory_utilization, "above 0 and at most 1")
    if options.block_size is not None and options.block_size & (options.block_size - 1):
        raise _bad("block_size", options.block_size, "a power of two, such as 16, 32, 64 or 128")
    if options.quantization is not None and options.quantization not in QUANTIZATIONS:
        raise _bad("quantization", options.quantization, ", ".join(QUANTIZATIONS))
    if options.dtype is not None and options.dtype not in DTYPES:
        raise _bad("dtype", options.dtype, ", ".join(DTYPES))
    if options.kv_offload_gb is not None and options.kv_offload_gb <= 0:
        raise _bad("kv_offload_gb", options.kv_offload_gb, "above 0 (GiB of host memory)")
    _check_gpus(options, gpus)
    for name in options.extra:
        _check_extra(name, options, known)


def _check_gpus(options: EngineOptions, gpus: int | None) -> None:
    if gpus is None:
        return
    wanted = (options.tensor_parallel_size or 1) * (options.pipeline_parallel_size or 1) * (options.data_parallel_size or 1)
    if wanted > max(gpus, 1):
        raise BadEngineOption(
            f"tensor x pipeline x data parallel size is {wanted}, and this machine has {gpus or 'no'} GPU{'s' * (gpus != 1)}:"
            f" at most {max(gpus, 1)} is allowed",
            option="tensor_parallel_size",
        )


SAFE_FORMATS = ("safetensors", "dummy")
"""how weights may be loaded: without running code from them"""


def _check_extra(name: str, options: EngineOptions, known: Iterable[str] | None) -> None:
    if name in OWN:
        raise BadEngineOption(
            f"--engine-arg {name} is not allowed: Scenescribe sets it itself (choose the model with --model)", option=name
        )
    if getattr(options, name, None) is not None:
        raise BadEngineOption(f"--engine-arg {name} is set twice: use --{name.replace('_', '-')} alone", option=name)
    if name == "load_format" and options.extra[name] not in SAFE_FORMATS:
        raise BadEngineOption(
            f"--engine-arg load_format {options.extra[name]}: allowed is {', '.join(SAFE_FORMATS)}", option=name
        )
    if known is None:
        return
    names = sorted(known)
    if name not in names:
        near = get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f", did you mean {near[0]}?" if near else ""
        raise BadEngineOption(f"--engine-arg {name}: vLLM has no such argument{hint}", option=name, nearest=near)


def _bad(name: str, value: Any, allowed: str) -> BadEngineOption:
    return BadEngineOption(f"--{name.replace('_', '-')} {value}: allowed is {allowed}", option=name, value=value)
