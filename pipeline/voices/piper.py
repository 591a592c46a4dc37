"""Piper: neural voices that sound like people, many languages. The package piper-tts speaks a voice's file, MODEL.onnx, which has its
settings beside it, MODEL.onnx.json; ``python -m piper.download_voices`` fetches one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import EnvironmentFault, UsageError
from pipeline.voices.base import Spoken


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
        for path in (self.file, settings):
            if not path.is_file():
                raise UsageError(
                    "bad_voice", f"{path} is not there; a voice of Piper's is MODEL.onnx with MODEL.onnx.json beside it"
                )
        try:
            self._voice = PiperVoice.load(self.file, settings)
        except Exception as error:  # onnxruntime and json say it in many ways
            cause = " ".join(str(error).split())[:200]
            raise UsageError("bad_voice", f"{self.file} is no voice that Piper can load: {cause}") from error

    def say(self, text: str, *, faster: float) -> Spoken:
        from piper import SynthesisConfig

        usual = self._voice.config.length_scale
        settings = SynthesisConfig(speaker_id=self.speaker, length_scale=usual / faster)
        pieces = [chunk.audio_int16_bytes for chunk in self._voice.synthesize(text, syn_config=settings)]
        return Spoken(b"".join(pieces), int(self._voice.config.sample_rate))
