"""The start of vLLM's engine: folder, options and log made ready, the model loaded in processes of its own, or one of our errors."""

import asyncio
import contextlib
import os
import signal
import threading
from pathlib import Path
from typing import Any

from models.engines.vllm import sockets
from models.engines.vllm.args import argument_names, engine_arguments, environment
from models.engines.vllm.faults import first_line
from models.engines.vllm.log import children_apart, hush, last_error, logging_file, make_room
from models.engines.vllm.pixels import as_bytes
from models.engines.vllm.plugin import LEASH
from models.errors import BadEngineOption, EngineDead, EngineMissing, ModelNotFound
from models.installed import adding
from models.model_folder import chat_template, check_weights
from models.options import EngineOptions, check
from models.preset import Preset


class Loading:
    """One start; ``engine_version``, ``template`` (the model's chat template) and ``as_bytes`` are known after it."""

    def __init__(self, preset: Preset, options: EngineOptions, log_path: Path, *, verbose: bool) -> None:
        self.preset, self.options, self.log_path = preset, options, log_path
        self.engine_version = "unknown"
        self.template: str | None = None
        self.as_bytes = False
        """whether pictures go as bytes (see pixels.py)"""
        self._verbose = verbose
        self._starting: list[int] = []
        self._unwanted = threading.Event()

    async def load(self) -> Any:
        """vLLM's AsyncLLM. Raises BadEngineOption, EngineMissing, ModelNotFound, EngineDead."""
        check(self.options, known=argument_names())
        if argument_names() is None:
            raise EngineMissing(f"vLLM is not installed: {adding('gpu')} (NVIDIA), or {adding('cpu')}")
        folder = await asyncio.to_thread(self._folder)
        self.template = chat_template(folder)
        make_room(self.log_path)
        return await self._unless_cancelled(folder)

    async def _unless_cancelled(self, folder: Path) -> Any:
        """The engine. Cancelled, its processes are ended at once, so that nobody waits for a model that nobody wants."""
        loading = asyncio.ensure_future(asyncio.to_thread(self._load, folder))
        try:
            return await asyncio.shield(loading)
        except asyncio.CancelledError:
            self._unwanted.set()
            for child in self._starting:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            loading.add_done_callback(_unwanted_after_all)
            raise

    def _folder(self) -> Path:
        folder = Path(self.preset.id)
        if not folder.is_dir():
            from models.hub import all_files

            folder = all_files(self.preset.id, self.preset.revision)
        if self.options.extra.get("load_format") != "dummy":
            check_weights(folder)
        return folder

    def _load(self, folder: Path) -> Any:
        """Make the engine; blocks for as long as the model loads. What vLLM raises becomes one of our errors."""
        has_gpu = gpu_count() > 0
        check(self.options, gpus=gpu_count() if has_gpu else None)
        os.environ.update(environment(on_gpu=has_gpu) | {LEASH: str(os.getpid())})
        sockets.prepare()
        if not self._verbose:
            os.environ["VLLM_LOGGING_CONFIG_PATH"] = str(logging_file(self.log_path))
            hush(self.log_path)  # it speaks while it is imported, before it has read that file
        import vllm

        self.engine_version = vllm.__version__
        from vllm.config import StructuredOutputsConfig
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.async_llm import AsyncLLM

        if not self._verbose:
            hush(self.log_path)
        try:
            self.as_bytes = as_bytes(folder, {**self.preset.engine, **self.options.extra})
            given = engine_arguments(folder, self.preset, self.options, on_gpu=has_gpu, as_bytes=self.as_bytes)
            if isinstance(given["structured_outputs_config"], dict):
                given["structured_outputs_config"] = StructuredOutputsConfig(**given["structured_outputs_config"])
            arguments = AsyncEngineArgs(**given)
            config = arguments.create_engine_config(UsageContext.LLM_CLASS)  # sizes of a step for throughput, not for latency
        except (ValueError, TypeError, NotImplementedError, AssertionError) as error:
            raise BadEngineOption(f"vLLM refuses these options: {first_line(error)}") from error
        except OSError as error:
            raise ModelNotFound(f"vLLM can't read {folder}: {first_line(error)}") from error
        written = self.log_path.stat().st_size if self.log_path.exists() else 0
        try:
            with children_apart(None if self._verbose else self.log_path) as self._starting:
                if self._unwanted.is_set():
                    raise EngineDead("the engine's start was cancelled")
                return AsyncLLM.from_vllm_config(config)
        except Exception as error:
            sockets.end_failed(error.__traceback__)
            cause = last_error(self.log_path, written) or first_line(error)
            raise EngineDead(f"the engine did not start: {cause} (more in {self.log_path})") from error


def _unwanted_after_all(loading: "asyncio.Future[Any]") -> None:
    """A cancelled start that came to its end all the same: its engine is shut down."""
    if not loading.cancelled() and loading.exception() is None:
        llm = loading.result()
        llm.shutdown()
        sockets.end(llm.engine_core)


def gpu_count() -> int:
    """GPUs that this process may use, asked of the driver without starting CUDA."""
    import torch

    return int(torch.cuda.device_count())
