"""From options to an engine, not loaded yet: all that can be wrong with the options is found here, before a film is opened."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from models.base import Captioner
from models.errors import ModelError
from models.gpus import visible
from pipeline import families
from pipeline.engine.faults import translated
from pipeline.errors import UsageError
from pipeline.options.caption import Describing

if TYPE_CHECKING:
    from models.options import Profile
    from models.preset import Detail, Preset

ENGINE_FIELDS = (
    "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "gpu_memory_utilization", "max_num_seqs",
    "max_model_len", "quantization", "dtype", "block_size", "kv_offload_gb",
)  # fmt: skip


def open_captioner(
    settings: Describing, preset: "Preset", *, verbose: bool = False, profile: "Profile" = "captions"
) -> Captioner:
    """The captioner of ``--engine`` for this model, not started; ``profile``: what it is set up for.

    Raises UsageError (an option that can't be) and EnvironmentFault (no such engine is installed).
    """
    from models import engines
    from models.options import EngineOptions, parse_engine_args

    try:
        return engines.open_captioner(
            settings.engine,
            preset,
            EngineOptions(
                **{name: getattr(settings, name) for name in ENGINE_FIELDS},
                profile=profile,
                extra=parse_engine_args(settings.engine_arg),
                profile_dir=os.fspath(settings.profile_trace) if settings.profile_trace else None,
            ),
            base_url=settings.base_url,
            api_key=settings.api_key,
            log_path=settings.log_file,
            verbose=verbose,
        )
    except ModelError as error:
        raise translated(error) from error


def choose_preset(settings: Describing) -> "Preset":
    """The preset that the settings name, else one that fits this machine; with room for as many pictures as a window will have.

    Raises UsageError ``model_not_found``.
    """
    from models.presets import default_preset, preset, served_preset

    try:
        if settings.engine == "openai":  # the server may have models that nobody else has heard of
            chosen = served_preset(settings.model)
        else:
            chosen = preset(settings.model if settings.model is not None else default_preset(gpu_memory_gb()))
    except ModelError as error:
        raise translated(error) from error
    count = getattr(families.parse("samplers", settings.sampler or chosen.sampler), "count", 0)
    return replace(chosen, frame_count=max(count, chosen.frame_count))


def preset_for_pictures(settings: Describing, detail: "Detail", *, films: bool = False) -> "Preset":
    """The preset that the settings name, set up for single pictures, and ``films``. Raises UsageError ``model_not_found``."""
    try:
        return choose_preset(settings).of_pictures(detail, films=films)
    except ModelError as error:
        raise translated(error) from error


def gpu_memory_gb() -> float | None:
    """Memory of the first NVIDIA GPU that this process may use, in GiB; None where there is none, or it is not told."""
    there = visible()
    return there[0].memory_gb or None if there else None


def limits(preset: "Preset", engine: str) -> str | None:
    """What readers have to know of the words that come: what the model does not know, or that none was asked."""
    return "the echo engine runs no model: it says what it was shown" if engine == "echo" else preset.knows or None


def refuse_unnamed_embedded(settings: Describing, preset: "Preset") -> None:
    """Raise UsageError ``model_not_named`` where the embedded model would be taken only because there is no other.

    It knows drawn shapes alone. Over one film a note says so; over what nobody looks at as it runs (a watched folder, an archive)
    it would write nonsense: a GPU's driver that is gone after an update is enough.
    """
    from models.presets import EMBEDDED

    if settings.model is None and settings.engine != "echo" and preset.name == EMBEDDED:
        raise UsageError(
            "model_not_named",
            "no GPU was found, and the model that is left, shapes, knows drawn shapes only: name a model with --model "
            "(scenescribe models lists them, scenescribe doctor says what became of a GPU), or ask for it by --model shapes",
        )
