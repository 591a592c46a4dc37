"""Engine options: what is refused before a model is loaded, and in which words."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.engines.vllm.args import argument_names, engine_arguments, environment
from models.errors import BadEngineOption
from models.options import EngineOptions, check, parse_engine_args
from models.preset import Asking, Preset

PRESET = Preset(name="p", id="p", engine={"max_model_len": 4096, "max_num_seqs": 64})


def test_options_that_can_be_are_silent() -> None:
    check(EngineOptions())
    check(EngineOptions(tensor_parallel_size=2, pipeline_parallel_size=2, data_parallel_size=2), gpus=8)
    check(EngineOptions(gpu_memory_utilization=1.0, block_size=32, quantization="fp8", dtype="bfloat16", kv_offload_gb=0.5))
    check(EngineOptions(extra={"enable_chunked_prefill": True}), known={"enable_chunked_prefill"})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (EngineOptions(tensor_parallel_size=0), "--tensor-parallel-size 0: allowed is a whole number from 1"),
        (EngineOptions(max_num_seqs=-3), "--max-num-seqs -3: allowed is a whole number from 1"),
        (EngineOptions(gpu_memory_utilization=90), "--gpu-memory-utilization 90: allowed is above 0 and at most 1"),
        (EngineOptions(gpu_memory_utilization=0), "above 0 and at most 1"),
        (EngineOptions(block_size=24), "--block-size 24: allowed is a power of two"),
        (EngineOptions(quantization="int3"), "--quantization int3: allowed is awq, gptq, fp8"),
        (EngineOptions(dtype="fp16"), "--dtype fp16: allowed is auto, bfloat16, float16, float32"),
        (EngineOptions(kv_offload_gb=0), "--kv-offload-gb 0: allowed is above 0"),
        (EngineOptions(tensor_parallel_size=4), "is 4, and this machine has 2 GPUs: at most 2 is allowed"),
        (EngineOptions(extra={"enable_chunked_prefil": 1}), "did you mean enable_chunked_prefill?"),
        (EngineOptions(extra={"swap_space": 4}), "vLLM has no such argument"),
        (EngineOptions(extra={"model": "x"}), "Scenescribe sets it itself"),
        (EngineOptions(extra={"trust_remote_code": True}), "Scenescribe sets it itself"),
        (EngineOptions(dtype="float32", extra={"dtype": "auto"}), "is set twice: use --dtype alone"),
        (EngineOptions(extra={"load_format": "pt"}), "load_format pt: allowed is safetensors, dummy"),
    ],
)
def test_options_that_can_not_be_say_what_can(options: EngineOptions, says: str) -> None:
    with pytest.raises(BadEngineOption) as caught:
        check(options, known={"enable_chunked_prefill", "load_format"}, gpus=2)
    assert says in caught.value.message
    assert "\n" not in caught.value.message


def test_one_gpu_needs_no_more_than_one() -> None:
    with pytest.raises(BadEngineOption, match="has no GPUs: at most 1"):
        check(EngineOptions(data_parallel_size=2), gpus=0)


def test_engine_arg_values() -> None:
    assert parse_engine_args(["a=1", "b-c=0.5", "--d=true", "e=text", "f={'x': [1]}", "g=null", "h=a=b"]) == {
        "a": 1, "b_c": 0.5, "d": True, "e": "text", "f": {"x": [1]}, "g": None, "h": "a=b",
    }  # fmt: skip
    with pytest.raises(BadEngineOption, match="KEY=VALUE, got 'alone'"):
        parse_engine_args(["alone"])


def test_the_names_that_the_installed_vllm_takes() -> None:
    names = argument_names()
    assert names is not None
    assert {
        "model",
        "max_num_seqs",
        "kv_offloading_size",
        "profiler_config",
        "enable_log_requests",
        "renderer_num_workers",
    } <= names
    assert "swap_space" not in names


def test_the_user_comes_after_the_preset_and_the_preset_after_us() -> None:
    options = EngineOptions(max_num_seqs=8, kv_offload_gb=4, profile_dir="traces", extra={"seed": 3})
    found = engine_arguments(Path("/m"), PRESET, options, on_gpu=True)
    assert (found["max_model_len"], found["max_num_seqs"], found["seed"]) == (4096, 8, 3)
    assert found["kv_offloading_size"] == 4
    assert found["profiler_config"]["torch_profiler_dir"] == str(Path("traces").absolute())
    assert found["load_format"] == "safetensors"
    assert found["trust_remote_code"] is False
    assert "enforce_eager" not in found
    assert engine_arguments(Path("/m"), PRESET, EngineOptions(), on_gpu=False)["enforce_eager"] is True
    small = replace(PRESET, cpu={"dtype": "float32"})
    assert engine_arguments(Path("/m"), small, EngineOptions(), on_gpu=False)["dtype"] == "float32"
    assert engine_arguments(Path("/m"), small, EngineOptions(dtype="bfloat16"), on_gpu=False)["dtype"] == "bfloat16"
    assert "dtype" not in engine_arguments(Path("/m"), small, EngineOptions(), on_gpu=True)
    assert set(found) <= (argument_names() or set())


def test_the_profile_of_questions() -> None:
    asked = EngineOptions(profile="questions")
    preset = replace(PRESET, ask=Asking(engine={"max_model_len": 16384}))
    gpu, cpu = (engine_arguments(Path("/m"), preset, asked, on_gpu=on_gpu) for on_gpu in (True, False))
    assert (gpu["enable_prefix_caching"], gpu["scheduling_policy"], gpu["max_model_len"]) == (True, "priority", 16384)
    assert gpu["max_num_batched_tokens"] >= 64 * 196 + 1, "vLLM's encoder cache holds as many: 64 frames of LLaVA-OneVision"
    assert (cpu["enable_prefix_caching"], cpu["block_size"]) == (True, 32)
    ours = engine_arguments(Path("/m"), preset, asked, on_gpu=True, as_bytes=True)
    assert ours["limit_mm_per_prompt"]["video"] == {"count": 1, "num_frames": 96}, "the encoder cache holds so many in any step"
    assert ours["max_num_batched_tokens"] < gpu["max_num_batched_tokens"], "so a step may be short, and no question waits long"
    own = engine_arguments(Path("/m"), preset, replace(asked, max_model_len=8192, block_size=64), on_gpu=False)
    assert (own["max_model_len"], own["block_size"]) == (8192, 64)
    plain = engine_arguments(Path("/m"), preset, EngineOptions(), on_gpu=True)
    assert (plain["enable_prefix_caching"], plain["max_model_len"]) == (False, 4096)
    assert "scheduling_policy" not in plain
    assert set(gpu) | set(cpu) <= (argument_names() or set())


def test_windows_of_more_pictures_than_the_preset_has() -> None:
    twelve = replace(PRESET, frames="images", frame_count=12, engine={"limit_mm_per_prompt": {"image": 4, "video": 0}})
    found = engine_arguments(Path("/m"), twelve, EngineOptions(), on_gpu=True)
    assert found["limit_mm_per_prompt"] == {"image": 12, "video": 0}


def test_the_environment_of_the_user_stays() -> None:
    assert environment(on_gpu=True, given={})["VLLM_NO_USAGE_STATS"] == "1"
    assert environment(on_gpu=True, given={})["VLLM_USE_FLASHINFER_SAMPLER"] == "0"
    assert "VLLM_USE_FLASHINFER_SAMPLER" not in environment(on_gpu=True, given={"VLLM_USE_FLASHINFER_SAMPLER": "1"})
    assert "VLLM_USE_FLASHINFER_SAMPLER" not in environment(on_gpu=False, given={})
    assert "VLLM_CPU_KVCACHE_SPACE" not in environment(on_gpu=False, given={"VLLM_CPU_KVCACHE_SPACE": "8"})
    assert environment(on_gpu=False, given={})["VLLM_CPU_KVCACHE_SPACE"] == "1"
