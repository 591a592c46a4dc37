"""The exams between: fresh scenes through H.264, drawn as in training (crf 23) and by another renderer (crf 30)."""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from scripts.shapes_training import other
from scripts.shapes_training.feed import _tokenizer, prompt_tokens, through_h264
from scripts.shapes_training.folder import END, FRAMES
from scripts.shapes_training.learn import Learner, answer
from scripts.shapes_training.marks import mark
from scripts.shapes_world import words
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter

Paper = tuple[NDArray[np.uint8], str]
_DUE = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)


def papers(rng: Random, count: int) -> dict[str, list[Paper]]:
    """Windows with their captions, for each exam."""
    made: dict[str, list[Paper]] = {"world": [], "other": []}
    for name in made:
        for _ in range(count):
            scene = sample_scene(rng, size=rng.choice(((640, 360), (640, 360), (480, 480), (360, 640))))
            times = [(i + 0.5) / FRAMES for i in range(FRAMES)]
            step = 1 / 25 / scene.duration
            moments = [max(0.0, time - back) for time in times for back in (step, 0.0)]
            painter = Painter(scene)
            pictures = [painter.frame(m) if name == "world" else other.frame(scene, m) for m in moments]
            crf = 23 if name == "world" else 30
            frames = through_h264(pictures, crf=crf, preset="medium", keep=slice(1, None, 2))
            made[name].append((frames, words.caption(scene.things)))
    return made


class Exam:
    """Held-out windows and when to ask about them."""

    def __init__(self, kitchen: Any, device: torch.device) -> None:
        self._kitchen, self._device = kitchen, device
        self._papers: dict[str, list[Paper]] = {}
        self._due = list(_DUE)

    def due(self, done: float) -> bool:
        """Whether it is time for one."""
        if self._due and done >= self._due[0]:
            self._due.pop(0)
            return True
        return False

    @torch.no_grad()
    def take(self, learner: Learner) -> dict[str, dict[str, float]]:
        """Shares of what is right, for each exam."""
        if not self._papers:
            for part in self._kitchen.exam():
                for name, some in part.items():
                    self._papers.setdefault(name, []).extend(some)
        return {name: mark(self._ask(learner, some)) for name, some in self._papers.items()}

    def _ask(self, learner: Learner, some: Sequence[Paper], chunk: int = 256) -> list[tuple[str, str]]:
        prompt = prompt_tokens(words.PROMPT)
        pairs: list[tuple[str, str]] = []
        for at in range(0, len(some), chunk):
            part = list(some[at : at + chunk])
            full = part + [part[-1]] * (min(chunk, len(some)) - len(part))  # one shape, so that nothing is compiled twice
            frames = np.stack([frames for frames, _ in full])
            pixels = torch.from_numpy(frames).to(self._device).permute(0, 1, 4, 2, 3).float()
            for (_, truth), tokens in zip(part, answer(learner, pixels, prompt), strict=False):
                said = tokens[: tokens.index(END)] if END in tokens else tokens
                pairs.append((truth, _tokenizer().decode(said)))
        return pairs
