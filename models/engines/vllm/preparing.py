"""From a request to what the engine core takes: tokens, and the pictures as the model's processor makes them.

What is made once is made by one thread, while the others wait: the model's processor, which vLLM builds where it is first needed (seconds of
a real tokenizer's copies, and eight threads that build it at once take six times as long as one), and what is learned of a shape. The
chat template is one thread's at a time: vLLM copies the whole tokenizer for each that comes meanwhile.
"""

import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import numpy as np

from models.base import Request
from models.engines.vllm.direct import DirectInputs
from models.engines.vllm.kept import KeptInputs, head_of, tail_of
from models.nvtx import marked
from models.preset import Preset
from models.prompts import frame_metadata, pictures, render

SPOKEN = frozenset({"prompt", "prompt_token_offsets"})
"""of a rendered input, what is true of its own text alone"""


class Preparer:
    """One engine's; threads may share it. ``kept``: heads of prompts, for requests that have a key; None: none is kept.
    ``direct``: for pictures that need no processor; None: all do."""

    def __init__(
        self,
        preset: Preset,
        tokenizer: Any,
        template: str | None,
        renderer: Callable[[dict[str, Any]], Any],
        *,
        kept: KeptInputs | None,
        direct: DirectInputs | None = None,
    ) -> None:
        """``renderer``: vLLM's own, from a prompt's text and pictures to what its core takes."""
        self._preset, self._tokenizer, self._template, self._render, self.kept = preset, tokenizer, template, renderer, kept
        self._direct = direct
        self._template_lock, self._first_lock = threading.Lock(), threading.RLock()
        self._rendered_before = False

    def warm(self) -> None:
        """Prepare one picture, so that no request waits for what is made once. What goes wrong is said to the first request."""
        with suppress(Exception):
            width, height = self._preset.frame_size(1, 1)
            shown = np.zeros((1, height, width, 3), np.uint8)
            self.prepare(Request(prompt=self._preset.prompt, video=shown, times=(0.0,)))

    def prepare(self, request: Request) -> Any:
        """vLLM's input of the request. Raises RequestRefused, and what vLLM's renderer raises."""
        with marked("prepare"):
            text = self._text(request)
            return self._joined(request, text) or self._directly(request, text) or self._rendered(request, text)

    def _directly(self, request: Request, text: str) -> dict[str, Any] | None:
        """The request's input where its pictures alone make it different from one before; rendered, and learned from, where none was."""
        video, images = pictures(request, self._preset)
        shown = images if video is None else (video,)
        if self._direct is None or not shown or (video is not None and images) or request.key is not None:
            return None
        if (found := self._direct.get(shown, text)) is not None:
            return found
        if self._direct.knows(shown):
            return None
        with self._first_lock:
            if self._direct.knows(shown):
                return self._direct.get(shown, text)
            rendered: dict[str, Any] = self._rendered(request, text)
            self._direct.learn(shown, text, rendered)
            return rendered

    def _joined(self, request: Request, text: str) -> dict[str, Any] | None:
        """The kept head of the prompt and the tokens after it; None where there is no such head."""
        if self.kept is None or request.key is None or (request.video is None and not request.images):
            return None
        head = head_of(lambda prompt, shown: self._text(request, prompt=prompt, shown=shown))
        if head is None or not text.startswith(head):
            return None
        tail = tail_of(self._tokenizer.encode(head), self._tokenizer.encode(text))
        if tail is None:
            return None
        kept = self.kept.get((request.key, head), lambda: self._rendered(request, head))
        found = {name: value for name, value in kept.items() if name not in SPOKEN}
        return found | {"prompt_token_ids": [*kept["prompt_token_ids"], *tail]}

    def _text(self, request: Request, *, prompt: str | None = None, shown: bool = True) -> str:
        """The prompt's text; with another prompt in place of the request's it has no history, and no pictures unless ``shown``."""
        video, images = pictures(request, self._preset)
        with self._template_lock:
            return render(
                self._tokenizer,
                self._template,
                request.prompt if prompt is None else prompt,
                videos=int(video is not None and shown),
                images=len(images) if shown else 0,
                history=request.history if prompt is None else (),
                preamble=request.preamble,
            )

    def _rendered(self, request: Request, text: str) -> Any:
        with nullcontext() if self._rendered_before else self._first_lock:
            rendered = self._render(self._prompt(request, text))
        self._rendered_before = True
        return rendered

    def _prompt(self, request: Request, text: str) -> dict[str, Any]:
        video, images = pictures(request, self._preset)
        data: dict[str, Any] = {}
        if video is not None:
            frames, height, width = video.shape[:3]
            data["video"] = [(video, frame_metadata(request.times, frames, height, width))]
        if images:
            from PIL import Image

            data["image"] = [Image.fromarray(image) for image in images]
        if not data:
            return {"prompt": text}
        prompt: dict[str, Any] = {"prompt": text, "multi_modal_data": data}
        if request.key is not None:  # vLLM's caches then know the pictures without hashing them
            prompt["multi_modal_uuids"] = {
                kind: [f"{request.key}/{n}" for n in range(len(items))] for kind, items in data.items()
            }
        return prompt
