"""Piper: neural voices that sound like people, many languages. The package piper-tts speaks a voice's file, MODEL.onnx, which has its
settings beside it, MODEL.onnx.json; ``python -m piper.download_voices`` fetches one."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import EnvironmentFault, UsageError
from pipeline.safe_open import MEGABYTE, read_text, regular
from pipeline.voices.base import Spoken

LARGEST, SETTINGS = 1024 * MEGABYTE, 4 * MEGABYTE
"""bytes of a voice's file and of its settings: those of Piper's own are up to 120 MB and 100 KB"""


@dataclass(slots=True)
class Voice:
    """A voice of Piper's."""

    file: Path
    """MODEL.onnx"""
    speaker: int | None = None
    """which one, of a model with several"""
    _voice: Any = field(default=None, init=False, repr=False)

    def start(self, language: str) -> None:
        try:
            from piper import PiperVoice
        except ImportError:
            raise EnvironmentFault("no_voice", "Piper's voices need its package: pip install piper-tts") from None
        settings = Path(f"{self.file}.json")
        try:
            with regular(self.file) as file:
                if os.fstat(file.fileno()).st_size > LARGEST:
                    raise UsageError("bad_voice", f"{self.file} is larger than {LARGEST // MEGABYTE} MB, which no voice is")
            read_text(settings, SETTINGS)
        except OSError as error:
            text = f"{error.filename or settings}: {error.strerror or error}"
            form = "a voice of Piper's is MODEL.onnx with MODEL.onnx.json beside it"
            raise UsageError("bad_voice", f"{text}; {form}") from None
        try:
            self._voice = PiperVoice.load(self.file, settings)
            rate, scale = self._voice.config.sample_rate, self._voice.config.length_scale
            if not isinstance(rate, int) or not isinstance(scale, int | float) or not 0.1 <= scale <= 10:
                raise ValueError(f"a sample_rate of {rate!r}, a length_scale of {scale!r}")
            if self._voice.config.phoneme_type == "pinyin":
                raise ValueError("its letters are Pinyin, for which Piper fetches another model by itself")
        except Exception as error:  # onnxruntime and json say it in many ways
            cause = " ".join(str(error).split())[:200]
            raise UsageError("bad_voice", f"{self.file} is no voice that Piper can load: {cause}") from error

    def say(self, text: str, *, faster: float) -> Spoken:
        from piper import SynthesisConfig

        usual = self._voice.config.length_scale
        settings = SynthesisConfig(speaker_id=self.speaker, length_scale=usual / faster)
        text = text.replace("[[", "[ [")  # what stands between double brackets is phonemes to Piper, not words
        pieces = [chunk.audio_int16_bytes for chunk in self._voice.synthesize(text, syn_config=settings)]
        return Spoken(b"".join(pieces), int(self._voice.config.sample_rate))
