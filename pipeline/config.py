"""Every option of ``caption`` and ``watch``, once: the command line, the environment, the files and the docs are made from here.

Precedence: flags, then ``SCENESCRIBE_*``, then the file of ``--config``, then the user's ``scenescribe.toml``, then defaults.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from annotated_types import Ge, Gt, Le
from platformdirs import user_config_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from pipeline.errors import UsageError, nearest

ENV_PREFIX = "SCENESCRIBE_"

MODEL, FRAMES, OUTPUT, LAYOUT, SAMPLING, ENGINE, RUN = "Model", "Frames", "Output", "Cues", "Sampling", "Engine", "Run"
"""panels of ``--help``"""


def option(default: Any, panel: str, help: str, *flags: str) -> Any:
    """A field that is an option: its panel of ``--help``, its one line of help, and flags beside ``--field-name``."""
    return Field(default, description=help, json_schema_extra={"panel": panel, "flags": list(flags)})


Positive = Annotated[int, Gt(0)]


class Settings(BaseSettings):
    """What ``scenescribe caption`` is told. Frozen: a run never changes its own settings."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    model: str | None = option(
        None, MODEL, "A preset, a folder or a hub id; a preset that fits the GPU where it is not given.", "-m"
    )
    engine: str = option(
        "vllm", MODEL, "Who runs the model: vllm, openai, transformers, or echo (runs none, says what it was shown)."
    )
    base_url: str | None = option(None, MODEL, "The server of --engine openai, such as http://localhost:8000/v1.")
    api_key: str | None = option(None, MODEL, "Its key; also read from OPENAI_API_KEY.")
    prompt: str | None = option(None, MODEL, "What to ask of each window; the preset's question where it is not given.", "-p")
    language: str = option("en", MODEL, "Language of the answer, a BCP 47 tag.", "-l")

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

    format: str = option("srt,vtt", OUTPUT, "Sidecars to write, by commas, or all. JSON is always written.", "-f")
    output_dir: Path | None = option(
        None, OUTPUT, "Write here and keep the inputs' tree; beside the input where it is not given.", "-o"
    )
    burn: bool = option(False, OUTPUT, "Also a video with the descriptions drawn into the picture.")
    mux: bool = option(False, OUTPUT, "Also a video with the descriptions as a track that the viewer can switch on.")
    overwrite: bool = option(False, OUTPUT, "Describe finished films anew and replace files that are in the way.")
    resume: bool = option(True, OUTPUT, "Go on where a killed run stopped.")
    strict: bool = option(False, OUTPUT, "Warnings count as failures.")

    profile: str = option("netflix", LAYOUT, "Layout and timing of cues: netflix, bbc, vertical or none.")
    max_line_width: Positive | None = option(None, LAYOUT, "Characters a line; the profile's (42) where it is not given.")
    max_lines: Positive | None = option(None, LAYOUT, "Lines a cue; the profile's (2).")
    max_cps: Annotated[float, Gt(0)] | None = option(None, LAYOUT, "Reading speed, characters a second; the profile's (17).")
    position: Literal["bottom", "top"] = option("bottom", LAYOUT, "Where on the picture: bottom, or top where dialogue is below.")

    temperature: Annotated[float, Ge(0), Le(2)] = option(0.0, SAMPLING, "0 is the likeliest word each time, and repeatable.")
    top_p: Annotated[float, Gt(0), Le(1)] = option(1.0, SAMPLING, "Draw from the likeliest words that make up this share.")
    max_tokens: Positive | None = option(None, SAMPLING, "Longest answer; the preset's where it is not given.")
    seed: Annotated[int, Ge(0)] = option(0, SAMPLING, "Of the drawing of words.")

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
    decode_workers: Positive | None = option(None, RUN, "Processes that decode; from the cores where it is not given.")
    log_file: Path | None = option(None, RUN, "Where the engine's own messages go.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what it is called with: ``load`` reads the other places itself, to know where each value came from."""
        return (init_settings,)

    def changed(self, **values: Any) -> Self:
        """A copy with these values, checked."""
        return type(self)(**{**self.model_dump(), **values})


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """Settings, and for each field the place its value came from."""

    settings: S
    origin: Mapping[str, str]


def user_file() -> Path:
    """The user's own configuration file, whether it exists or not."""
    return user_config_path("scenescribe") / "scenescribe.toml"


def load(cls: type[S], flags: Mapping[str, Any], config: Path | None = None) -> "Loaded[S]":
    """Settings from all places by precedence.

    Raises UsageError ``bad_config`` (a file that can't be read), ``unknown_option`` (a key that is no option) and ``bad_value``.
    """
    layers: list[tuple[str, Mapping[str, Any]]] = []
    if user_file().is_file():
        layers.append((str(user_file()), _from_file(cls, user_file())))
    if config is not None:
        layers.append((str(config), _from_file(cls, config)))
    layers.append(("environment", _from_environment(cls)))
    layers.append(("flag", {key: value for key, value in flags.items() if value is not None}))

    values: dict[str, Any] = {}
    origin = dict.fromkeys(cls.model_fields, "default")
    for place, layer in layers:
        values.update(layer)
        origin.update(dict.fromkeys(layer, place))
    try:
        return Loaded(cls(**values), origin)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        place = origin.get(name, "flag")
        flag = "--" + name.replace("_", "-")
        raise UsageError(
            "bad_value",
            f"{flag} {values.get(name)!s}: {first['msg'].lower()}{'' if place == 'flag' else f' (from {place})'}",
            option=name,
        ) from None


def _from_environment(cls: type[Settings]) -> dict[str, Any]:
    known = {name.upper() for name in _known(cls)}
    for name in sorted(os.environ):
        word = name.removeprefix(ENV_PREFIX)
        # not every other one is a mistake: some are no options (SCENESCRIBE_ARCHITECTURES)
        if name != word and word not in known and (meant := nearest(word, known, alike=0.8)):
            raise UsageError("unknown_option", f"there is no option {name} (from environment){meant}", option=name)
    source = EnvSettingsSource(cls, env_prefix=ENV_PREFIX)
    found = {name: value for name, value in source().items() if name in cls.model_fields}
    if "api_key" not in found and os.environ.get("OPENAI_API_KEY"):
        found["api_key"] = os.environ["OPENAI_API_KEY"]
    return found


def _from_file(cls: type[Settings], path: Path) -> dict[str, Any]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError("bad_config", f"{path}: {error.strerror or error}", path=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("bad_config", f"{path}: not valid TOML: {error}", path=str(path)) from None
    values = {key.replace("-", "_"): value for key, value in raw.items()}
    known = _known(cls)
    for key in values:
        if key not in known:
            raise UsageError("unknown_option", f"{path}: there is no option '{key}'{nearest(key, known)}", option=key)
    return {key: value for key, value in values.items() if key in cls.model_fields}


def _known(cls: type[Settings]) -> set[str]:
    """A file and the environment serve ``caption`` and ``watch`` alike: what is an option of either is no mistake."""
    import_module("pipeline.watch.settings")  # by its name: this floor of the house knows nothing of those above
    kinds: list[type[Settings]] = [Settings, cls, *Settings.__subclasses__()]
    return {name for kind in kinds for name in kind.model_fields}
