"""``caption --cluster``: films described by hosts on the nodes of a Ray cluster, led as those of this machine are."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from patience import comes

from pipeline.bench.films import FilmSpec, make_films
from pipeline.cli.films_elsewhere import elsewhere
from pipeline.errors import EnvironmentFault, UsageError
from pipeline.fleet.cluster import OnNode, places_of
from pipeline.fleet.need import Need
from pipeline.fleet.ray_door import Cluster
from pipeline.inputs import Inputs
from pipeline.options.caption import Settings

pytestmark = pytest.mark.filterwarnings("ignore")
FILMS = 4


@pytest.fixture
def films(tmp_path: Path) -> Path:
    (tmp_path / "films").mkdir()
    make_films(
        tmp_path / "films",
        [FilmSpec(seconds=40, width=160, height=90, fps=5, gop=5, seed=seed) for seed in range(FILMS)],
        at_once=2,
    )
    return tmp_path


def caption(place: Path, out: str, *more: str) -> "subprocess.Popen[str]":
    """With paths that are relative: hosts begin them where we do."""
    words = [sys.executable, "-m", "pipeline.cli", "caption", "films", "-o", out, "--engine", "echo", "--no-progress", *more]
    return subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def captions(folder: Path) -> dict[str, Any]:
    return {path.name: json.loads(path.read_text())["captions"] for path in sorted(folder.glob("*.json"))}


def hosts_in(folder: Path) -> list[int]:
    """Processes of hosts that work in a folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if b"pipeline.fleet.host" in (process / "cmdline").read_bytes() and os.readlink(process / "cwd") == str(folder):
                found.append(int(process.name))
        except (OSError, ValueError):
            continue
    return found


def test_films_are_described_by_the_nodes_as_by_one_machine_and_a_host_that_is_killed_loses_nothing(
    nodes: Any, films: Path
) -> None:
    alone = caption(films, "alone")
    assert alone.wait() == 0, alone.communicate()[0]
    running = caption(films, "out", "--cluster", nodes.address, "--engine-arg", "delay=0.2")
    assert comes(lambda: hosts_in(films) or running.poll() is not None)
    os.kill(hosts_in(films)[0], signal.SIGKILL)
    said = running.communicate()[0]
    assert running.returncode == 0, said
    assert captions(films / "out") == captions(films / "alone")
    assert len(captions(films / "out")) == FILMS
    assert comes(lambda: not hosts_in(films)), "they end with their actors"


def test_each_node_gets_the_hosts_that_it_has_room_for(nodes: Any) -> None:
    with Cluster(nodes.address) as cluster:
        places = places_of(cluster, Need(cpus=1.0), None)
        assert len({place.node for place in places}) == len(places) == 3
        assert len(places_of(cluster, Need(gpus=1), None)) == 2
        assert len(places_of(cluster, Need(cpus=1.0), 1)) == 1
        with pytest.raises(EnvironmentFault, match="no_node"):
            places_of(cluster, Need(gpus=9), None)
    assert OnNode(number=5, cores=(), node="ab", address="10.0.0.3", nth=1, of=4).words == "node 10.0.0.3, 2 of 4 there"


def test_films_at_addresses_are_refused_with_what_to_do(tmp_path: Path) -> None:
    settings = Settings(cluster="auto", output_dir=tmp_path)
    with (
        pytest.raises(UsageError, match="--shard I/N"),
        elsewhere(["s3://b/f"], Inputs((), ()), settings, (), recursive=False, dry=False),
    ):
        pass
