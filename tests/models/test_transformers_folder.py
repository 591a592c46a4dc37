"""A model's folder that transformers can't read: one line that says so, whichever of its libraries found out."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.engines import open_captioner
from models.errors import ModelNotFound
from models.presets import EMBEDDED, preset


@pytest.mark.parametrize("weights", [b"", (1 << 62).to_bytes(8, "little") + b"x" * 100, b"\x80\x04."])
async def test_weights_that_are_none(weights: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(preset(EMBEDDED).id, folder)
    (folder / "model.safetensors").write_bytes(weights)
    captioner = open_captioner("transformers", replace(preset(EMBEDDED), id=str(folder)))
    with pytest.raises(ModelNotFound, match="can't load"):
        await captioner.start()
