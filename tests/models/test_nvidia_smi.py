"""What the driver's own tool says, with a tool in its place."""

from pathlib import Path

import pytest

from models.nvidia_smi import query


def tool(folder: Path, text: str) -> None:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_row_for_each_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    tool(tmp_path, 'echo "$1 $2" >&2; echo "0, 81559"; echo "1, [N/A]"; echo; echo "No devices"')
    assert query("index", "memory.total") == [["0", "81559"], ["1", "[N/A]"]]
    tool(tmp_path, 'test "$1 $2" = "--query-gpu=name --format=csv,noheader" && echo H100')
    assert query("name", units=True) == [["H100"]]


def test_no_tool_and_no_driver_are_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert query("name") == []
    tool(tmp_path, "echo 'couldn''t communicate with the NVIDIA driver'; exit 9")
    assert query("name") == []
