"""The Slurm array of docs/storage.md, as it is written there but for its folder and its model: three tasks over films, one preempted."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from pipeline.bench.films import FilmSpec, make_films

DOCS = Path(__file__).resolve().parents[3] / "docs/storage.md"
TASKS = 3


def script(place: Path) -> str:
    """The block of the page, for this machine."""
    block = re.search(r"test_slurm\.py.*?```bash\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert block is not None
    assert "#SBATCH --array" in block[1]
    return block[1].replace("/shared", str(place)).replace("--model llava-onevision-7b", "--engine echo --model shapes --unit 1")


def task(number: int, place: Path) -> "subprocess.Popen[str]":
    """One task of the array, as Slurm starts it."""
    told = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_TASK_COUNT": str(TASKS)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.Popen(
        ["bash", "-c", script(place)],
        env={**os.environ, **told, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_array_of_the_docs_over_films(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    specs = [FilmSpec(seconds=20, width=160, height=90, fps=5, gop=5, seed=seed) for seed in range(6)]
    films = make_films(tmp_path / "films", specs, at_once=2)
    running = [task(number, tmp_path) for number in range(1, TASKS + 1)]
    while not (tmp_path / "captions/_scenescribe/plan").exists() and running[1].poll() is None:
        time.sleep(0.02)
    running[1].send_signal(signal.SIGTERM)  # preempted, and queued again
    running[1].communicate()
    running[1] = task(2, tmp_path)
    said = [one.communicate()[0] for one in running]
    assert [one.returncode for one in running] == [0] * TASKS, said
    assert all("6 of 6 items described" in one for one in said), said  # films are no pictures
    finish = [sys.executable, "-m", "pipeline.cli", "dataset", str(tmp_path / "captions"), "finish", "--format", "jsonl"]
    done = subprocess.run(finish, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "captions/captions.jsonl").read_text().splitlines()]
    windows = [(row["key"], row["start"]) for row in rows]
    assert len(set(windows)) == len(windows), "each window once"
    assert {key for key, _ in windows} == {film.name for film in films}
    assert all(row["outcome"] == "ok" for row in rows)
