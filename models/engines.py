"""``--engine``: from its name to a captioner. To add an engine, add its file and its line here."""

from difflib import get_close_matches
from pathlib import Path

from models.base import Captioner
from models.errors import BadEngineOption
from models.options import EngineOptions
from models.preset import Preset

FILES = {"vllm": "vllm_engine", "openai": "openai_endpoint", "transformers": "transformers_engine", "echo": "echo"}
"""``--engine`` -> the file in models/ that is it (two would otherwise have the name of the library that they open)"""


def engine_names() -> tuple[str, ...]:
    """What ``--engine`` takes."""
    return tuple(FILES)


def open_captioner(
    engine: str,
    preset: Preset,
    options: EngineOptions | None = None,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    log_path: Path | None = None,
    verbose: bool = False,
) -> Captioner:
    """A captioner, not started yet; ``base_url`` and ``api_key`` are for ``openai``, ``log_path`` and ``verbose`` for ``vllm``.

    Raises BadEngineOption for an unknown name, an option that can't be, or ``openai`` without an address.
    """
    options = options or EngineOptions()
    if engine == "vllm":
        from models.options import check
        from models.vllm_args import argument_names
        from models.vllm_engine import VllmEngine

        check(options, known=argument_names())
        return VllmEngine(preset, options, log_path=log_path, verbose=verbose)
    if engine == "openai":
        from models.openai_endpoint import OpenAIEndpoint

        return OpenAIEndpoint(preset, options, base_url=base_url, api_key=api_key)
    if engine == "transformers":
        from models.transformers_engine import TransformersEngine

        return TransformersEngine(preset, options)
    if engine == "echo":
        from models.echo import EchoCaptioner

        return EchoCaptioner()
    near = get_close_matches(engine, FILES, n=1, cutoff=0.4)
    hint = f", did you mean {near[0]}?" if near else ""
    raise BadEngineOption(f"there is no engine '{engine}'{hint} (there are: {', '.join(FILES)})", engine=engine, nearest=near)
