"""The transformers door: the plain reference, one request at a time, float32 and greedy unless told otherwise.

For machines where vLLM does not run, and what the vllm engine is checked against. Slow on purpose: nothing is batched or cached.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from models.base import Captioner, Reply, Request
from models.engines.base import Access
from models.errors import (
    BadEngineOption,
    EngineDead,
    EngineMissing,
    ModelNotFound,
    PromptTooLong,
    RequestRefused,
    SchemaUnsupported,
    first_line,
)
from models.installed import adding
from models.model_folder import chat_template, check_weights
from models.options import EngineOptions, check
from models.preset import Preset
from models.prompts import frame_metadata, pictures, render
from models.streams import strip_pieces


def open(preset: Preset, options: EngineOptions, access: Access) -> Captioner:
    """The engine, not started. Raises BadEngineOption."""
    return TransformersEngine(preset, options)


class TransformersEngine:
    """A model in this process; ``dtype`` and ``max_model_len`` are the options that it has."""

    engine = "transformers"

    def __init__(self, preset: Preset, options: EngineOptions | None = None) -> None:
        self.preset = preset
        self.options = options or EngineOptions()
        check(self.options)
        if self.options.quantization is not None or self.options.extra:
            raise BadEngineOption("--quantization and --engine-arg are vLLM's: --engine transformers has no use for them")
        self.engine_version = "unknown"
        self._model: Any = None
        self._processor: Any = None
        self._template: str | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0

    @property
    def capacity(self) -> int:
        """One that runs and one that waits."""
        return 2

    async def start(self) -> None:
        if self._model is None:
            await asyncio.to_thread(self._load)

    def _load(self) -> None:
        folder = Path(self.preset.id)
        if not folder.is_dir():
            from models.hub import all_files

            folder = all_files(self.preset.id, self.preset.revision)
        check_weights(folder)
        try:
            import torch
            import transformers
        except ImportError as error:
            raise EngineMissing(f"transformers and torch are not installed ({error}): {adding('cpu')}") from None
        self.engine_version = transformers.__version__
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        dtype = self.options.dtype if self.options.dtype not in (None, "auto") else "float32"
        try:
            processor = transformers.AutoProcessor.from_pretrained(folder, trust_remote_code=False)
            model = transformers.AutoModelForImageTextToText.from_pretrained(
                folder, dtype=getattr(torch, str(dtype)), use_safetensors=True, trust_remote_code=False
            )
        except MemoryError as error:
            raise EngineDead(f"no memory for {self.preset.name}") from error
        except Exception as error:  # safetensors, tokenizers, torch and transformers say it in as many ways as there are files
            raise ModelNotFound(f"transformers can't load {folder}: {first_line(error)}", path=str(folder)) from error
        self._template = chat_template(folder)
        self._model = model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        self._processor = processor

    async def caption(self, request: Request) -> Reply:
        return await self._generate(request, lambda _: None)

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str | Reply | None] = asyncio.Queue()

        def put(piece: str) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, piece)

        async def run() -> None:
            try:
                reply = await self._generate(request, put)
                loop.call_soon(queue.put_nowait, reply)
            finally:
                loop.call_soon(queue.put_nowait, None)

        async def pieces() -> AsyncIterator[str | Reply]:
            while (piece := await queue.get()) is not None:
                yield piece

        task = asyncio.create_task(run())
        try:
            async for piece in strip_pieces(pieces()):
                yield piece
            await task
        finally:
            task.cancel()

    async def _generate(self, request: Request, on_piece: Callable[[str], None]) -> Reply:
        """Cancelled, it stops the model at its next word, and only then lets the next request in."""
        if self._model is None:
            raise EngineDead("the engine is not running: start it first")
        if request.schema is not None and not request.schema.choices:
            raise SchemaUnsupported(
                "--engine transformers makes no JSON of a schema, it takes lists of choices; vllm can, and many servers"
            )
        stop = threading.Event()
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        work = asyncio.get_running_loop().run_in_executor(None, self._answer, request, on_piece, stop)
        work.add_done_callback(lambda _: self._turn.release())
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.set()
            work.add_done_callback(lambda done: done.exception())
            raise

    def _answer(self, request: Request, on_piece: Callable[[str], None], stop: threading.Event) -> Reply:
        import torch
        import transformers

        sampling = request.sampling
        inputs = self._inputs(request)
        length = int(inputs["input_ids"].shape[1])
        room = self.options.max_model_len or self.preset.engine.get("max_model_len") or _context(self._model.config)
        if length >= room:
            raise PromptTooLong(f"the prompt with its frames has {length} tokens, and the model's context holds {room}")

        class Pieces(transformers.TextStreamer):  # type: ignore[misc]
            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                if text:
                    on_piece(text)

        class Stopped(transformers.StoppingCriteria):  # type: ignore[misc]
            def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
                return torch.full((input_ids.shape[0],), stop.is_set(), device=input_ids.device, dtype=torch.bool)

        drawn = (
            {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p}
            if sampling.temperature > 0
            else {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        )
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed(sampling.seed)
            output = self._model.generate(
                **inputs,
                **drawn,
                max_new_tokens=min(sampling.max_tokens, room - length),
                prefix_allowed_tokens_fn=self._allowed(request, length),
                streamer=Pieces(self._processor.tokenizer, skip_prompt=True, skip_special_tokens=True),
                stopping_criteria=transformers.StoppingCriteriaList([Stopped()]),
            )
        answer = output[0, length:]
        ended = self._model.generation_config.eos_token_id
        ends = set(ended if isinstance(ended, list) else [ended])
        text = self._processor.tokenizer.decode(answer, skip_special_tokens=True)
        return Reply(
            text=text.strip(),
            finish="stop" if len(answer) and int(answer[-1]) in ends else "length",
            prompt_tokens=length,
            completion_tokens=len(answer),
        )

    def _allowed(self, request: Request, length: int) -> Callable[[int, Any], list[int]] | None:
        """Which tokens may follow, where the answer is one of a list of choices; ``length``: tokens of the prompt."""
        if request.schema is None:
            return None
        ended = self._model.generation_config.eos_token_id
        end = ended[0] if isinstance(ended, list) else int(ended)
        tokenizer = self._processor.tokenizer
        choices = [[*tokenizer.encode(choice, add_special_tokens=False), end] for choice in request.schema.choices]

        def allowed(batch: int, tokens: Any) -> list[int]:
            said = tokens[length:].tolist()
            return list({choice[len(said)] for choice in choices if len(choice) > len(said) and choice[: len(said)] == said}) or [
                end
            ]

        return allowed

    def _inputs(self, request: Request) -> Any:
        video, images = pictures(request, self.preset)
        text = render(
            self._processor.tokenizer,
            self._template,
            request.prompt,
            videos=int(video is not None),
            images=len(images),
            history=request.history,
            preamble=request.preamble,
        )
        shown: dict[str, Any] = {}
        if video is not None:
            metadata = frame_metadata(request.times, *video.shape[:3])
            sampled = metadata.pop("do_sample_frames")
            shown |= {"videos": [video], "video_metadata": [metadata], "do_sample_frames": sampled}
        if images:
            shown["images"] = list(images)
        try:
            return self._processor(text=[text], return_tensors="pt", **shown).to(self._model.device, dtype=self._model.dtype)
        except (ValueError, TypeError) as error:
            raise RequestRefused(f"the model's processor refuses the request: {first_line(error)}") from error

    async def metrics(self) -> Mapping[str, Any]:
        return {"running": int(self._turn.locked()), "waiting": self._waiting}

    async def close(self) -> None:
        async with self._turn:
            self._model = self._processor = None


def _context(config: Any) -> int:
    """Tokens that a model's configuration gives room for."""
    text = getattr(config, "text_config", config)
    return int(getattr(text, "max_position_embeddings", 2048))
