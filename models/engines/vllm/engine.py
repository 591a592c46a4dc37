"""The vLLM door: one engine in processes of its own, many requests in flight, one reply for each as it finishes.

                 caption() x many                      engine core (another process)
    pipeline  ------------------->  AsyncLLM  ------>  scheduler: continuous batching
              <-------------------             <------  GPU or CPU workers
                 Reply as it ends

vLLM is imported when the engine starts, never before: importing it takes seconds. What is used of it stands in all versions
from 0.26 on: AsyncEngineArgs, AsyncLLM (generate, abort, errored, shutdown, start_profile), SamplingParams, EngineDeadError.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from models.base import Reply, Request, Schema
from models.engines.vllm import sockets
from models.engines.vllm.args import preparers
from models.engines.vllm.deaths import tell
from models.engines.vllm.direct import DirectInputs, encoder_of
from models.engines.vllm.faults import refusal
from models.engines.vllm.kept import KeptInputs
from models.engines.vllm.loading import Loading
from models.engines.vllm.log import default_log
from models.engines.vllm.metrics import collectors, read_metrics
from models.engines.vllm.preparing import Preparer
from models.errors import EngineDead, ModelError
from models.nvtx import enable, marked
from models.options import EngineOptions
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
        self._telling: asyncio.Task[None] | None = None
        self._numbers = itertools.count()

    @property
    def capacity(self) -> int:
        """What runs at once, and half as many waiting where nobody waits for an answer; before the start, a guess from the options."""
        if self._llm is not None:
            at_once = self._llm.vllm_config.scheduler_config.max_num_seqs
        else:
            at_once = self.options.max_num_seqs or self.preset.engine.get("max_num_seqs", 128)
        # where questions are asked none waits inside, or the places that the gate keeps for them would be taken there
        return max(2, int(at_once * (1.0 if self.options.profile == "questions" else 1.5)))

    async def start(self) -> None:
        if self._llm is not None:
            return
        loading = Loading(self.preset, self.options, self.log_path, verbose=self._verbose)
        self._llm = await loading.load()
        from vllm.v1.engine.exceptions import EngineDeadError

        self._telling = asyncio.create_task(tell(self._llm, EngineDeadError), name="engine deaths")
        self.engine_version, template = loading.engine_version, loading.template
        self._collectors = collectors()
        kept = KeptInputs() if self.options.profile == "questions" else None
        tokenizer = self._llm.renderer.tokenizer
        direct = encoder_of(tokenizer) if loading.as_bytes else None
        self._preparer = Preparer(
            self.preset, tokenizer, template, self._render, kept=kept, direct=DirectInputs(direct) if direct else None
        )
        self._threads = ThreadPoolExecutor(preparers(), thread_name_prefix="prepare")
        if self.options.profile == "questions":  # or a question would stand behind the windows that wait for a thread
            self._soon = ThreadPoolExecutor(2, thread_name_prefix="prepare soon")
        await asyncio.get_running_loop().run_in_executor(self._threads, self._preparer.warm)
        enable()
        if self.options.profile_dir is not None:
            await self._llm.start_profile()

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
            prompt = await self._prepared(request, threads)
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

    async def _prepared(self, request: Request, threads: ThreadPoolExecutor | None) -> Any:
        """What ``_prepare`` makes, on a thread. Raises EngineDead where the engine is closed before a thread has come to it."""
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, self._prepare, request)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # who asks was not cancelled: ``close`` emptied the line, since the engine died while others were prepared
            raise EngineDead("the engine went away while pictures were prepared for it") from None

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
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        for threads in (self._threads, self._soon):
            if threads is not None:
                threads.shutdown(wait=False, cancel_futures=True)
        self._threads = self._soon = None
        if self.options.profile_dir is not None and not llm.errored:
            await llm.stop_profile()
        await asyncio.to_thread(llm.shutdown)
        sockets.end(getattr(llm, "engine_core", None))
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


def _nothing(timeout: float | None = None) -> None:
    """In place of AsyncLLM.shutdown after it was called."""
