"""Wishes for GPUs and hosts that can't be: one line, before anything is loaded. The driver's tool tells of four GPUs."""

import os
from pathlib import Path
from typing import Any

import driver
import pytest

FOUR = [driver.card(number) for number in range(4)]


@pytest.mark.parametrize(
    ("words", "chosen", "said"),
    [
        ("--gpus 0,7", None, "gpu_not_found: --gpus 0,7: this machine has 4 GPUs, numbers 0 to 3"),
        ("--gpus 2", "3", "gpu_not_found: --gpus 2: this machine has 1 GPU, number 0"),
        ("--gpus 2", "", "gpu_not_found: --gpus 2: no GPU was found"),
        ("--gpus 0,0", None, "bad_value: --gpus 0,0: the same GPU is named twice"),
        ("--gpus -1", None, "bad_value: --gpus -1: say all, how many (2), or which ones"),
        ("--hosts 0", None, "--hosts"),
        ("--hosts 4000", None, "too_many_hosts: 4000 hosts need about"),
        ("--tensor-parallel-size 5", None, "gpu_not_found: one engine is to take 5 GPUs, and there are 4"),
    ],
)
def test_what_can_t_be_is_one_line(run: Any, tmp_path: Path, film: Path, words: str, chosen: str | None, said: str) -> None:
    path = f"{driver.put_in(tmp_path / 'bin', FOUR)}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, **({} if chosen is None else {"CUDA_VISIBLE_DEVICES": chosen})}
    done = run("caption", film, "-o", tmp_path / "out", "--model", "shapes", *words.split(), env=environment)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
