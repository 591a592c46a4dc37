"""An architecture that vLLM does not know, from the block of code in docs/custom-models.md; and what the screen shows of an engine."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_model
from patience import PATIENCE

from models.base import Captioner, Request, Sampling
from models.engines.vllm import sockets
from models.engines.vllm.plugin import VARIABLE, architectures
from models.temporary import SOCKET

ROOT = Path(__file__).parents[2]
NAME = "GatedLlavaForConditionalGeneration"


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def gated_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The documentation's example captioning in a process of its own, from start to SIGKILL: everything that could be seen of it."""
    from safetensors.torch import load_file, save_file

    folder = tmp_path_factory.mktemp("gated")
    model = tiny_model.make(folder / "model", architecture=NAME)
    import torch

    weights = load_file(model / "model.safetensors")
    weights["gate"] = torch.zeros(64)  # a closed gate: the frames can't be seen
    save_file(weights, model / "model.safetensors", {"format": "pt"})
    code = re.search(r"```python\n(# gated_llava\.py\n.*?)```", (ROOT / "docs/custom-models.md").read_text(), re.S)
    assert code
    (folder / "gated_llava.py").write_text(code[1])
    paths = [str(folder), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    temporary = folder / ("of_a_batch_system_" + "x" * 90)  # no socket's path may be so long
    temporary.mkdir()
    environment = os.environ | {
        "PYTHONPATH": ":".join(paths),
        VARIABLE: f"{NAME}=gated_llava:GatedLlava",
        "TMPDIR": str(temporary),
    }
    environment.pop(sockets.VARIABLE, None)
    log = folder / "engine.log"
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("custom_run.py")), str(model), str(log)],
            stdout=subprocess.PIPE, stderr=errors, env=environment, text=True, start_new_session=True,
        )  # fmt: skip
    assert process.stdout
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if '"text"' in line:
                break
    finally:
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait()
    stderr = (folder / "stderr").read_text()
    assert '"text"' in "".join(lines), stderr[-3000:] + (log.read_text()[-3000:] if log.exists() else "")
    return {"lines": lines, "stderr": stderr, "log": log.read_text(), "model": model, "temporary": temporary}


@pytest.mark.engine
async def test_the_example_of_the_documentation_captions(gated_run: dict[str, Any], reference: Captioner) -> None:
    answer = json.loads(gated_run["lines"][-1])
    video = np.random.default_rng(0).integers(0, 255, (8, 56, 56, 3), dtype=np.uint8)
    seen = await reference.caption(Request(prompt="bara dote", video=video, sampling=Sampling(max_tokens=12)))
    assert len(answer["text"].split()) > 5
    assert answer["text"] != seen.text, "the gate was not used"


@pytest.mark.engine
def test_the_engine_says_nothing_on_the_screen(gated_run: dict[str, Any]) -> None:
    assert gated_run["stderr"] == ""
    assert all(json.loads(line) for line in gated_run["lines"]), "something else was printed"
    assert any("tick" in line for line in gated_run["lines"][1:]), "our own output went on while it started"
    assert "vllm" in gated_run["log"]


@pytest.mark.engine
def test_a_killed_program_leaves_no_engine_behind(gated_run: dict[str, Any]) -> None:
    children = json.loads(gated_run["lines"][-1])["children"]
    assert children
    deadline = time.monotonic() + PATIENCE
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not any(map(alive, children))


@pytest.mark.engine
def test_its_sockets_lie_where_their_paths_are_short(gated_run: dict[str, Any]) -> None:
    folder = Path(json.loads(gated_run["lines"][-1])["sockets"])
    assert len(str(folder)) + sockets.NAME <= SOCKET
    assert not [path for path in gated_run["temporary"].iterdir() if path.is_socket()]
    if folder.is_dir():  # the process was killed: the next that makes such a folder removes it
        assert folder.stat().st_mode & 0o777 == 0o700
        assert all(path.is_socket() for path in folder.iterdir())


def test_architectures_of_the_environment() -> None:
    assert architectures({VARIABLE: "A=a.b:C, D=e:F"}) == {"A": "a.b:C", "D": "e:F"} | architectures({})


@pytest.mark.parametrize("wrong", ["A", "A=b", "A=:C", "=b:C", "A-b=c:D"])
def test_a_wrong_variable_says_what_is_wanted(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not Name=module:Class"):
        architectures({VARIABLE: wrong})
