"""The options of ``scenescribe caption``, of which those of every other command that describes are made."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, BeforeValidator, model_validator

from pipeline.errors import UsageError
from pipeline.filenames import SIDECARS, check_sidecars
from pipeline.options.base import Options, OutputPlace, Positive, option
from pipeline.options.burn import LAYOUT, PICTURE, STYLE, Burned, Cues
from pipeline.options.spread import ENGINE, Spread
from pipeline.options.summarize import SUMMARY, Summarized
from pipeline.part import Part, seconds_of
from pipeline.shard import check_shard

MODEL, FRAMES, OUTPUT, SAMPLING, RUN = "Model", "Frames", "Output", "Sampling", "Run"
"""panels of ``--help``"""
OF_ENGINES = frozenset(
    {
        "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "gpu_memory_utilization", "max_num_seqs", "max_model_len",
        "quantization", "dtype", "block_size",
    }
)  # fmt: skip
"""options that vLLM's engine has by the same name"""
Time = Annotated[float, BeforeValidator(seconds_of)]
"""seconds, also written as M:SS or H:MM:SS.5"""


class Asking(Options):
    """Which model is asked, and how, whatever it is shown."""

    model: str | None = option(
        None, MODEL, "A preset, a folder or a hub id; a preset that fits the GPU where it is not given.", "-m"
    )
    engine: str = option(
        "vllm", MODEL, "Who runs the model: vllm, openai, transformers, or echo (runs none, says what it was shown)."
    )
    base_url: str | None = option(None, MODEL, "The server of --engine openai, such as http://localhost:8000/v1.")
    api_key: str | None = option(None, MODEL, "Its key; also read from OPENAI_API_KEY.")
    prompt: str | None = option(None, MODEL, "What to ask of each window; the preset's question where it is not given.", "-p")
    context: str | None = option(
        None,
        MODEL,
        "What is known of the films (title, synopsis, names): a text of 4,000 characters at most, or a file with one. It is part of each question.",
    )
    language: str = option("en", MODEL, "Language of the answer, a BCP 47 tag.", "-l")

    temperature: Annotated[float, Ge(0), Le(2)] = option(0.0, SAMPLING, "0 is the likeliest word each time, and repeatable.")
    top_p: Annotated[float, Gt(0), Le(1)] = option(1.0, SAMPLING, "Draw from the likeliest words that make up this share.")
    max_tokens: Positive | None = option(None, SAMPLING, "Longest answer; the preset's where it is not given.")
    seed: Annotated[int, Ge(0), Le(2**62)] = option(0, SAMPLING, "Of the drawing of words.")

    tensor_parallel_size: Positive | None = option(None, ENGINE, "GPUs that share each layer.")
    pipeline_parallel_size: Positive | None = option(None, ENGINE, "GPUs that take layers in turn.")
    data_parallel_size: Positive | None = option(None, ENGINE, "Copies of the model, each on GPUs of its own.")
    gpu_memory_utilization: Annotated[float, Gt(0), Le(1)] | None = option(None, ENGINE, "Share of the GPU's memory to take.")
    max_num_seqs: Positive | None = option(None, ENGINE, "Windows that the engine works on at once.")
    max_model_len: Positive | None = option(None, ENGINE, "Longest prompt and answer together, in tokens.")
    quantization: str | None = option(None, ENGINE, "awq, gptq or fp8.")
    dtype: str | None = option(None, ENGINE, "auto, bfloat16, float16 or float32.")
    block_size: Positive | None = option(None, ENGINE, "Tokens in a block of the KV cache.")
    kv_offload_gb: Annotated[float, Gt(0)] | None = option(None, ENGINE, "GiB of main memory for KV cache that leaves the GPU.")
    engine_arg: tuple[str, ...] = option((), ENGINE, "KEY=VALUE, any option of vLLM's engine; may be repeated.")
    profile_trace: Path | None = option(None, ENGINE, "Write a torch profiler trace of the engine into this folder.")

    max_in_flight: Positive | None = option(None, RUN, "Windows asked at once; from the engine where it is not given.")
    memory_gb: Annotated[float, Gt(0)] = option(2.0, RUN, "Bound on the frames in flight, GiB.")
    nice: Annotated[int, Ge(0), Le(19)] = option(
        0, RUN, "Give way to other programs: 1 to 19, more is kinder. Decoding and an engine on this machine's cores too."
    )
    log_file: Path | None = option(None, RUN, "Where the engine's own messages go.")

    @model_validator(mode="before")
    @classmethod
    def _by_its_own_name(cls, given: Any) -> Any:
        """``--engine-arg tensor_parallel_size=2`` is ``--tensor-parallel-size 2``: what places hosts and shares out memory reads
        the option. What both say stays, and is refused by the engine."""
        if not isinstance(given, dict) or not isinstance(arguments := given.get("engine_arg"), (list, tuple)):
            return given
        left, moved = list[Any](), dict[str, str]()
        for item in arguments:
            name, _, value = item.partition("=") if isinstance(item, str) else ("", "", "")
            name = name.strip().lstrip("-").replace("-", "_")
            if name in OF_ENGINES and value.lower() not in ("", "none", "null") and given.get(name) is None and name not in moved:
                moved[name] = value
            else:
                left.append(item)
        return {**given, **moved, "engine_arg": tuple(left)} if moved else given


class Describing(Asking, Burned, Cues):
    """How films are described, wherever what is written goes."""

    panels: ClassVar[tuple[str, ...]] = (MODEL, FRAMES, OUTPUT, SUMMARY, LAYOUT, STYLE, PICTURE, SAMPLING, ENGINE, RUN)

    windows: str | None = option(
        None,
        FRAMES,
        "Where a description begins and ends: scenes:min=2,max=10 or fixed:seconds=8; the preset's (scenes) otherwise.",
    )
    sampler: str | None = option(
        None,
        FRAMES,
        "Which frames of a window are shown: uniform:count=8, rate:fps=1 or keyframes:count=8; the preset's otherwise.",
    )
    skip_static: bool = option(False, FRAMES, "Give a window that looks like the one before it the same caption, without asking.")
    refine: bool = option(
        False, FRAMES, "Ask a second time, over all captions of a film, to remove repetition and keep names the same."
    )

    decode_workers: Positive | None = option(None, RUN, "Processes that decode; from the cores where it is not given.")
    decode: Literal["auto", "cpu", "gpu"] = option(
        "auto",
        RUN,
        "Who decodes: GPU and cores together (auto), the cores alone (cpu); gpu is like auto, and an error without a GPU.",
    )

    @property
    def part(self) -> Part | None:
        """What of each film is described; None: all of it."""
        return None


class Settings(Describing, Spread, Summarized):
    """What ``scenescribe caption`` is told. Frozen: a run never changes its own settings."""

    from_time: Time | None = option(
        None,
        FRAMES,
        "Describe the film from here on only: seconds, M:SS or H:MM:SS.5; the outputs' names tell the part.",
        "--from",
    )
    to_time: Time | None = option(None, FRAMES, "And only up to here; times stay those of the whole film.", "--to")

    shard: Annotated[str, AfterValidator(check_shard)] = option(
        "1/1", ENGINE, "I/N: this is the I-th of N processes that share the films; it describes its share of them alone."
    )
    cluster: str | None = option(
        None, ENGINE, "Hosts on the nodes of a Ray cluster, which see the films by the same paths: auto, local or HOST:PORT."
    )
    insecure_cluster: bool = option(False, ENGINE, "Another machine's cluster, though it asks for no token.")

    context_files: bool = option(
        True, MODEL, "Ask with what FILM.context.txt says, where one lies beside a film; --context is for all films."
    )

    format: str = option("srt,vtt", OUTPUT, "Sidecars to write, by commas, or all. JSON is always written.", "-f")
    sidecar_name: Annotated[str, AfterValidator(check_sidecars)] = option(
        SIDECARS, OUTPUT, "What sidecars are called; {name}.{language} is a name that mpv loads by itself."
    )
    output_dir: OutputPlace | None = option(
        None,
        OUTPUT,
        "Write here (also s3://, gs://, az://) and keep the inputs' tree; beside the input where it is not given.",
        "-o",
    )
    burn: bool = option(False, OUTPUT, "Also a video with the descriptions drawn into the picture.")
    mux: bool = option(False, OUTPUT, "Also a video with the descriptions as a track that the viewer can switch on.")
    sink: tuple[str, ...] = option(
        (),
        OUTPUT,
        "Also tell each caption, as soon as it is there, to jsonl:path=FILE or an installed package's sink; may be repeated.",
    )
    overwrite: bool = option(False, OUTPUT, "Describe finished films anew and replace files that are in the way.")
    resume: bool = option(True, OUTPUT, "Go on where a killed run stopped.")
    strict: bool = option(False, OUTPUT, "Warnings count as failures; what only shortens a text is none.")

    @property
    def part(self) -> Part | None:
        """Raises UsageError ``bad_range``."""
        return Part.of(self.from_time, self.to_time)

    @property
    def output_folder(self) -> Path | None:
        """``output_dir``, for what writes to this machine alone. Raises UsageError ``bad_value`` where it is an address."""
        if isinstance(self.output_dir, str):
            text = "write to a folder of this machine here; caption and watch write to storages too"
            raise UsageError("bad_value", f"--output-dir {self.output_dir}: {text}", option="output_dir")
        return self.output_dir
