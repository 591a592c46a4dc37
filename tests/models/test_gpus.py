"""Which GPUs a program that is started now would see, told by the driver's tool and CUDA_VISIBLE_DEVICES."""

import os
from pathlib import Path

import driver
import pytest

from models.gpus import Gpu, read, visible

SAME = "GPU-aaaa0000-1", "GPU-aaaa0000-2"
"""UUIDs that begin alike"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four GPUs of 80 GiB."""
    cards = [driver.card(0), driver.card(1), driver.card(2, uuid=SAME[0]), driver.card(3, uuid=SAME[1])]
    monkeypatch.setenv("PATH", f"{driver.put_in(tmp_path / 'bin', cards)}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("chosen", "seen"),
    [
        (None, "0123"), ("2,0", "20"), (" 1 , 3 ", "13"), ("01", "1"), ("1,-1,2", "1"), ("0,7,1", "0"), ("", ""), ("-1", ""), ("none", ""),
        ("GPU-1f1c", "1"), (f"{SAME[1]},GPU-0", "30"), ("GPU-aaaa", ""), ("GPU-", ""), ("GPU-ffff", ""), ("1,GPU-ffff,2", "1"),
    ],
)  # fmt: skip
def test_numbers_and_uuids_as_cuda_reads_them(chosen: str | None, seen: str) -> None:
    found = visible({} if chosen is None else {"CUDA_VISIBLE_DEVICES": chosen})
    assert [gpu.name for gpu in found] == list(seen)
    assert all(gpu.memory_gb == 80.0 and gpu.bus for gpu in found)


def test_a_part_of_a_card_is_taken_as_it_is() -> None:
    assert visible({"CUDA_VISIBLE_DEVICES": "MIG-7,0"}) == (Gpu(name="MIG-7"), visible({})[0])


def test_what_the_tool_says_is_read() -> None:
    row = read("1", "GPU-8f", "00000000:1B:00.0", "143771")
    assert row == Gpu(name="1", uuid="GPU-8f", bus="0000:1b:00.0", memory_gb=143771 / 1024)
    assert read("0", "GPU-8f", "00000000:1B:00.0", "[N/A]").memory_gb == 0.0, (
        "a card that shares the machine's memory does not say"
    )


def test_without_a_driver_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible({}) == visible({"CUDA_VISIBLE_DEVICES": "0"}) == ()
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho Failed to initialize NVML: Driver/library version mismatch\nexit 18\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert visible({}) == (), "a driver that does not answer"
