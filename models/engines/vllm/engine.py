"""The vLLM door: one engine in processes of its own, many requests in flight, one reply for each as it finishes.

                 caption() x many                      engine core (another process)
    pipeline  ------------------->  AsyncLLM  ------>  scheduler: continuous batching
              <-------------------             <------  GPU or CPU workers
                 Reply as it ends

vLLM is imported when the engine starts, never before: importing it takes seconds. What is used of it stands in all versions
from 0.26 on: AsyncEngineArgs, AsyncLLM (generate, abort, errored, shutdown, start_profile), SamplingParams, EngineDeadError.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import threading
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from models.base import Reply, Request, Schema
from models.engines.vllm.args import argument_names, engine_arguments, environment, preparers
from models.engines.vllm.direct import DirectInputs, encoder_of
from models.engines.vllm.faults import first_line, refusal
from models.engines.vllm.kept import KeptInputs
from models.engines.vllm.log import children_apart, default_log, hush, last_error, logging_file, make_room
from models.engines.vllm.metrics import collectors, read_metrics
from models.engines.vllm.pixels import as_bytes
from models.engines.vllm.plugin import LEASH
from models.engines.vllm.preparing import Preparer
from models.errors import BadEngineOption, EngineDead, EngineMissing, ModelError, ModelNotFound
from models.installed import adding
from models.model_folder import chat_template, check_weights
from models.nvtx import enable, marked
from models.options import EngineOptions, check
from models.preset import Preset
from models.streams import strip_pieces


class VllmEngine:
    """A model in vLLM. ``log_path``: file for everything that vLLM says; ``verbose``: let it speak on the screen instead."""

    engine = "vllm"

    def __init__(
        self, preset: Preset, options: EngineOptions | None = None, *, log_path: Path | None = None, verbose: bool = False
    ) -> None:
        self.preset = preset
        self.options = options or EngineOptions()
        self.engine_version = "unknown"
        self.log_path = log_path or default_log()
        self._verbose = verbose
        self._llm: Any = None
        self._collectors: tuple[Any, ...] = ()
        """its metrics (see metrics.py)"""
        self._preparer: Preparer | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._soon: ThreadPoolExecutor | None = None
        self._numbers = itertools.count()
        self._starting: list[int] = []
        self._unwanted = threading.Event()
        self._as_bytes = False
        """whether pictures go as bytes (see pixels.py)"""

    @property
    def capacity(self) -> int:
        """What runs at once and half as many waiting; before the start, a guess from the options."""
        if self._llm is not None:
            return max(2, int(self._llm.vllm_config.scheduler_config.max_num_seqs * 1.5))
        return int((self.options.max_num_seqs or self.preset.engine.get("max_num_seqs", 128)) * 1.5)

    async def start(self) -> None:
        if self._llm is not None:
            return
        check(self.options, known=argument_names())
        if argument_names() is None:
            raise EngineMissing(f"vLLM is not installed: {adding('gpu')} (NVIDIA), or {adding('cpu')}")
        folder = await asyncio.to_thread(self._folder)
        template = chat_template(folder)
        make_room(self.log_path)
        self._llm = await self._load_unless_cancelled(folder)
        self._collectors = collectors()
        kept = KeptInputs() if self.options.profile == "questions" else None
        tokenizer = self._llm.renderer.tokenizer
        direct = encoder_of(tokenizer) if self._as_bytes else None
        self._preparer = Preparer(
            self.preset, tokenizer, template, self._render, kept=kept, direct=DirectInputs(direct) if direct else None
        )
        self._threads = ThreadPoolExecutor(preparers(), thread_name_prefix="prepare")
        if self.options.profile == "questions":  # or a question would stand behind the windows that wait for a thread
            self._soon = ThreadPoolExecutor(2, thread_name_prefix="prepare soon")
        enable()
        if self.options.profile_dir is not None:
            await self._llm.start_profile()

    async def _load_unless_cancelled(self, folder: Path) -> Any:
        """The engine. Cancelled, its processes are ended at once, so that nobody waits for a model that nobody wants."""
        self._unwanted.clear()
        loading = asyncio.ensure_future(asyncio.to_thread(self._load, folder))
        try:
            return await asyncio.shield(loading)
        except asyncio.CancelledError:
            self._unwanted.set()
            for child in self._starting:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            loading.add_done_callback(lambda done: None if done.cancelled() or done.exception() else done.result().shutdown())
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
            self._as_bytes = as_bytes(folder, {**self.preset.engine, **self.options.extra})
            given = engine_arguments(folder, self.preset, self.options, on_gpu=has_gpu, as_bytes=self._as_bytes)
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
            cause = last_error(self.log_path, written) or first_line(error)
            raise EngineDead(f"the engine did not start: {cause} (more in {self.log_path})") from error

    async def caption(self, request: Request) -> Reply:
        last = None
        async for output in self._generate(request, whole=True):
            last = output
        if last is None:
            raise EngineDead("the engine ended a request without an answer")
        return _reply(last, last.outputs[0].text.strip(), len(last.outputs[0].token_ids))

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        async def pieces() -> AsyncIterator[str | Reply]:
            last, tokens = None, 0
            async for output in self._generate(request, whole=False):
                last, tokens = output, tokens + len(output.outputs[0].token_ids)
                yield output.outputs[0].text
            if last is None:
                raise EngineDead("the engine ended a request without an answer")
            yield _reply(last, "", tokens)

        async for piece in strip_pieces(pieces()):
            yield piece

    async def _generate(self, request: Request, *, whole: bool) -> AsyncIterator[Any]:
        llm = self._llm
        if llm is None:
            raise EngineDead("the engine is not running: start it first")
        from vllm.sampling_params import RequestOutputKind, SamplingParams
        from vllm.v1.engine.exceptions import EngineDeadError

        sampling = request.sampling
        parameters = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            seed=sampling.seed if sampling.temperature > 0 else None,  # a seeded greedy request would only leave the fast path
            output_kind=RequestOutputKind.FINAL_ONLY if whole else RequestOutputKind.DELTA,
            structured_outputs=_structured(request.schema),
        )
        ordered = llm.vllm_config.scheduler_config.policy == "priority"  # elsewhere a priority is refused
        name = f"w{next(self._numbers)}"
        threads = self._soon if self._soon is not None and request.priority <= 0 else self._threads
        try:
            prompt = await asyncio.get_running_loop().run_in_executor(threads, self._prepare, request)
            with marked("engine"):
                async for output in llm.generate(prompt, parameters, name, priority=request.priority if ordered else 0):
                    yield output
        except ModelError:
            raise
        except EngineDeadError as error:
            raise EngineDead(f"vLLM's engine process is gone (more in {self.log_path})") from error
        except Exception as error:
            if llm.errored:
                raise EngineDead(f"vLLM's engine process is gone (more in {self.log_path})") from error
            raise refusal(error, schema=request.schema is not None) from error

    def _prepare(self, request: Request) -> Any:
        """Tokens and pixels of a request, as the engine core takes them. On our own threads: vLLM has one thread for it, or the
        event loop's (docs/decisions/0042)."""
        if self._preparer is None:
            raise EngineDead("the engine is not running: start it first")
        return self._preparer.prepare(request)

    def _render(self, prompt: dict[str, Any]) -> Any:
        from vllm.renderers.inputs.preprocess import parse_model_prompt

        llm = self._llm
        if llm is None:
            raise EngineDead("the engine is not running: start it first")
        return llm.renderer.render_cmpl([parse_model_prompt(llm.vllm_config.model_config, prompt)])[0]

    async def metrics(self) -> Mapping[str, Any]:
        return await asyncio.to_thread(read_metrics, self._collectors) if self._llm is not None else {}

    async def close(self) -> None:
        llm, self._llm, self._preparer = self._llm, None, None
        if llm is None:
            return
        for threads in (self._threads, self._soon):
            if threads is not None:
                threads.shutdown(wait=False, cancel_futures=True)
        self._threads = self._soon = None
        if self.options.profile_dir is not None and not llm.errored:
            await llm.stop_profile()
        await asyncio.to_thread(llm.shutdown)
        llm.shutdown = _nothing  # its __del__ calls that once more, and complains on the screen where the interpreter ends


def _reply(output: Any, text: str, tokens: int) -> Reply:
    """What vLLM's last output of a request says of it."""
    return Reply(
        text=text,
        finish="length" if output.outputs[0].finish_reason == "length" else "stop",
        prompt_tokens=len(output.prompt_token_ids or ()),
        completion_tokens=tokens,
        cached_tokens=output.num_cached_tokens or 0,
    )


def _structured(schema: Schema | None) -> Any:
    """The schema as vLLM's sampling parameters have it; None: any words."""
    if schema is None:
        return None
    from vllm.sampling_params import StructuredOutputsParams

    if schema.json is not None:
        return StructuredOutputsParams(json=dict(schema.json))
    return StructuredOutputsParams(choice=list(schema.choices))


def gpu_count() -> int:
    """GPUs that this process may use, asked of the driver without starting CUDA."""
    import torch

    return int(torch.cuda.device_count())


def _nothing(timeout: float | None = None) -> None:
    """In place of AsyncLLM.shutdown after it was called."""
