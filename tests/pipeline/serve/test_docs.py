"""The blocks of docs/serve.md against a running service."""

import os
import re
from pathlib import Path

import pytest
from blocks import ROOT, blocks
from serving import Running

BLOCKS = [block for block in blocks(ROOT / "docs/serve.md") if block.mark == "run by"]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_the_page_runs(block: object, service: Running, film: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "film.mp4").write_bytes(film.read_bytes())
    command = [sys.executable, "-c"] if block.kind == "python" else ["bash", "-euo", "pipefail", "-c"]  # type: ignore[attr-defined]
    environment = {**os.environ, "URL": service.url, "KEY": service.key}
    done = subprocess.run(
        [*command, block.text],  # type: ignore[attr-defined]
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if "film.vtt" in block.text:  # type: ignore[attr-defined]
        assert (tmp_path / "film.vtt").read_text().startswith("WEBVTT")
        assert "event: done" in done.stdout
    elif block.kind == "python":  # type: ignore[attr-defined]
        assert "8 frames" in done.stdout
        assert "cached_tokens" in done.stdout
    else:
        assert "/hooks/plex?key=" in done.stdout


def test_the_metrics_are_those_that_the_page_names(service: Running) -> None:
    page = (ROOT / "docs/serve.md").read_text().partition("### Metrics")[2].partition("## ")[0]
    named = {"scenescribe_" + name for name in re.findall(r"`([a-z_]+)(?:\{[a-z,]+\})?`", page) if name != "scenescribe_"}
    said = set(re.findall(r"^# TYPE (scenescribe_\w+)", service.client.get("/metrics").text, re.MULTILINE))
    missing = {name for name in said if name not in named and not name.startswith("scenescribe_engine_")}
    assert not missing, "each is named"
    assert not {name for name in named if name not in said and not name.startswith(("scenescribe_engine_", "scenescribe_gpu"))}
