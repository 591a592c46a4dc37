"""Sentences as vectors, for search by meaning: a small text encoder run by transformers, which every engine brings.

The mean of the last layer's vectors over the sentence's own tokens, of length 1, so that the product of two is the cosine of
their angle (Reimers and Gurevych 2019, Sentence-BERT).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import EngineMissing, ModelNotFound, first_line

DEFAULT = "sentence-transformers/all-MiniLM-L6-v2"
"""English above all, 23 million weights, 384 numbers a sentence"""
TOKENS = 256
"""of a sentence, at most; the rest is not read"""
TOGETHER = 64


class Embedder:
    """A hub id (``owner/name@revision``) or a folder. Loads when it is first used; blocks while it works."""

    def __init__(self, model: str = DEFAULT) -> None:
        self.model = model
        self._loaded: tuple[Any, Any] | None = None
        self._folder: Path | None = None

    @property
    def key(self) -> str:
        """What vectors are kept under: others' vectors can't be compared with these. Raises ModelNotFound."""
        folder = self._find()
        if folder == Path(self.model):
            weights = (folder / "model.safetensors").stat()
            return f"{folder.resolve()} {weights.st_size} {weights.st_mtime_ns}"
        return f"{self.model} {folder.name}"  # the folder of a snapshot is named by its commit

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row for each text: texts x dimensions, each of length 1. Raises EngineMissing, ModelNotFound."""
        tokenizer, model = self._load()
        import torch

        # longest first: a batch is as wide as its longest sentence
        order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))
        rows: dict[int, NDArray[np.float32]] = {}
        with torch.inference_mode():
            for start in range(0, len(order), TOGETHER):
                part = order[start : start + TOGETHER]
                words = tokenizer(
                    [texts[n] for n in part], padding=True, truncation=True, max_length=TOKENS, return_tensors="pt"
                ).to(model.device)
                states = model(**words).last_hidden_state
                mask = words["attention_mask"].unsqueeze(-1).to(states.dtype)
                mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
                unit = torch.nn.functional.normalize(mean, dim=1).float().cpu().numpy()
                rows.update(zip(part, unit, strict=True))
        return np.stack([rows[n] for n in range(len(texts))]) if texts else np.zeros((0, model.config.hidden_size), np.float32)

    def _find(self) -> Path:
        if self._folder is None:
            folder = Path(self.model)
            if not folder.is_dir():
                if folder.is_absolute() or self.model.startswith("."):
                    raise ModelNotFound(f"there is no folder {self.model}", id=self.model)
                from models.hub import all_files, split_revision

                folder = all_files(*split_revision(self.model))
            if not (folder / "model.safetensors").is_file():
                raise ModelNotFound(f"{folder} holds no model.safetensors: it is no text encoder", path=str(folder))
            self._folder = folder
        return self._folder

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            folder = self._find()
            try:
                import torch
                import transformers
            except ImportError as error:
                raise EngineMissing(f"search by meaning needs transformers and torch, which an engine brings ({error})") from None
            transformers.logging.set_verbosity_error()
            transformers.logging.disable_progress_bar()
            try:
                tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
                model = transformers.AutoModel.from_pretrained(folder, use_safetensors=True, trust_remote_code=False)
            except (OSError, ValueError, KeyError) as error:
                raise ModelNotFound(f"transformers can't load {folder}: {first_line(error)}", path=str(folder)) from error
            model = model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
            self._loaded = tokenizer, model
        return self._loaded
