"""How a picture is encoded: which encoder, how well, how fast."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How the picture is encoded."""

    encoder: str = "libx264"
    crf: float = 18
    """quality, less is better; for encoders of graphics cards their own scale of the same kind"""
    preset: str = "medium"
    """speed against size; an empty text leaves it to the encoder"""

    def __str__(self) -> str:
        return f"{self.encoder}, crf {self.crf:g}" + (f", preset {self.preset}" if self.preset else "")

    def options(self) -> dict[str, Any]:
        """ffmpeg's options for this encoder."""
        given: dict[str, Any] = {"c:v:0": self.encoder}
        if self.preset:
            given["preset"] = self.preset
        if self.encoder.endswith("_nvenc"):
            return given | {"rc": "vbr", "cq": f"{self.crf:g}", "b:v": "0"}
        if self.encoder.endswith(("_qsv", "_vaapi")):
            return given | {"global_quality": f"{self.crf:g}"}
        if self.encoder.startswith("libvpx"):
            given.pop("preset", None)
            return given | {"crf": f"{self.crf:g}", "b:v": "0", "row-mt": "1"}
        return given | {"crf": f"{self.crf:g}"}


def encoding_for(out: Path, *, encoder: str | None = None, crf: float | None = None, preset: str | None = None) -> Encoding:
    """The encoding for a container, where an option is not given: H.264 at 18, in WebM VP9 at 24.

    Raises UsageError ``bad_value``.
    """
    if crf is not None and not 0 <= crf <= 63:
        raise UsageError("bad_value", f"--crf is 0 (best) to 51 (63 for VP9 and AV1), not {crf:g}")
    name = encoder or ("libvpx-vp9" if out.suffix.lower() == ".webm" else "libx264")
    usual = 24.0 if name.startswith("libvpx") else 18.0
    speed = "medium" if name in ("libx264", "libx265") else ""
    return Encoding(encoder=name, crf=usual if crf is None else crf, preset=speed if preset is None else preset)
