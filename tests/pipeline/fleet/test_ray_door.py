"""Hosts as actors, on a real Ray cluster of three nodes on this machine; one of them is taken away in mid-run."""

import asyncio
import importlib.metadata
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import made_sets as made
import picture_files
import pytest
from patience import PATIENCE
from picture_sets import as_folder
from ray_nodes import add_node

from pipeline.datasets import results
from pipeline.datasets.ledger import Ledger
from pipeline.errors import EnvironmentFault, UsageError
from pipeline.fleet import ray_door, ray_local, survey
from pipeline.fleet.need import Need
from pipeline.fleet.ray_door import Cluster
from pipeline.storage import open_storage

pytestmark = pytest.mark.filterwarnings("ignore")
"""Ray's own warnings are not ours"""


@pytest.fixture(scope="module")
def cluster(nodes: Any) -> Iterator[Cluster]:
    with Cluster(nodes.address) as cluster:
        yield cluster


async def until_done(ledger: Ledger, units: int) -> None:
    while len(ledger.done()) < units:  # noqa: ASYNC110 - it is done by other processes
        await asyncio.sleep(0.1)


def whole(out: Path, count: int) -> bool:
    ledger = Ledger.existing(open_storage(out))
    return [row.key for row in results.rows(ledger)] == [item.key for item in made.items(count)] and results.status(
        ledger
    ).finished


def test_every_node_is_asked(cluster: Cluster) -> None:
    found = cluster.on_every_node("made_sets:ray_node", {"what": 1}, timeout=PATIENCE)
    assert len(found) == 3
    assert all(told["what"] == 1 and told["pid"] != os.getpid() for told in found.values())
    broken = cluster.on_every_node("made_sets:no_such_function", {})
    assert all(isinstance(error, Exception) for error in broken.values())


def test_a_survey_tells_what_differs(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = survey.survey(cluster, str(tmp_path / "out"))
    assert [node.wrong for node in good] == [()] * 3
    monkeypatch.setattr(survey, "_version", lambda package: "0.0.1")
    (tmp_path / "file").write_text("")
    for node in survey.survey(cluster, str(tmp_path / "file")):
        assert [wrong.split()[0] for wrong in node.wrong] == ["scenescribe", "vllm", "ray", "unwritable:"]


def test_annotate_and_doctor_as_a_person_runs_them_on_it(nodes: Any, tmp_path: Path) -> None:
    as_folder({f"{number:02}.png": picture_files.encoded(picture_files.corners(32, 32)) for number in range(8)}, tmp_path / "in")
    command = [sys.executable, "-m", "pipeline.cli"]
    words = [
        "in",
        "-o",
        str(tmp_path / "out"),
        "--engine",
        "echo",
        "--model",
        "shapes",
        "--unit",
        "2",
        "--cluster",
        nodes.address,
    ]
    done = subprocess.run(
        [*command, "annotate", *words, "--no-progress", "--json", "--metrics", "run.prom"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["by_outcome"] == {"ok": 8}
    told = re.findall(
        r"^scenescribe_annotate_host_items_total\{host=\"(.+)\"\} (\S+)$", (tmp_path / "run.prom").read_text(), re.M
    )
    assert sum(float(count) for _, count in told) == 8, "by whom each was done"
    look = subprocess.run(
        [*command, "doctor", "--cluster", nodes.address, "-o", str(tmp_path / "out"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert look.returncode == 0, look.stderr
    assert [finding["ok"] for finding in json.loads(look.stdout.splitlines()[-1])["findings"]] == [True] * 3


def test_annotate_starts_a_cluster_of_this_machine_by_itself(tmp_path: Path) -> None:
    """``--cluster local``: Ray's own processes come and go with the run."""
    as_folder({f"{number:02}.png": picture_files.encoded(picture_files.corners(32, 32)) for number in range(8)}, tmp_path / "in")
    words = [
        "annotate",
        "in",
        "-o",
        str(tmp_path / "out"),
        "--engine",
        "echo",
        "--model",
        "shapes",
        "--unit",
        "2",
        "--cluster",
        "local",
    ]
    without = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *words, "--no-progress", "--json"], cwd=tmp_path, env=without, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["by_outcome"] == {"ok": 8}


def test_room_is_by_gpus_and_cores(cluster: Cluster) -> None:
    assert [
        cluster.room(Need(gpus=1)),
        cluster.room(Need(cpus=1)),
        cluster.room(Need(gpus=2)),
        cluster.room(Need(gpus=1, cpus=2)),
    ] == [2, 3, 0, 0]


async def test_an_error_of_ours_comes_through(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not like this"):
        await cluster.run("made_sets:ray_host", {"out": str(tmp_path), "refuse": True}, Need(gpus=1))


async def test_hosts_that_die_with_nothing_done_end_the_run_and_what_kills_them_is_named(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = made.ledger(open_storage(tmp_path), 1)
    arguments = {"out": str(tmp_path), "deadly": "k000000"}
    with monkeypatch.context() as patch:
        patch.setattr(ray_door, "PATIENCE", 2)
        with pytest.raises(EnvironmentFault, match=r"host_died.*2 hosts died"):
            await cluster.run("made_sets:ray_host", arguments, Need(gpus=1), hosts=1)
    await cluster.run("made_sets:ray_host", arguments, Need(gpus=1), hosts=1, done=lambda: results.steps(ledger))
    assert whole(tmp_path, 1)
    assert results.status(ledger).by_reason == {"killed_engine": 1}


async def test_a_run_that_is_stopped_gives_its_units_back(cluster: Cluster, tmp_path: Path) -> None:
    ledger, stopping = made.ledger(open_storage(tmp_path), 4000, 10), asyncio.Event()
    arguments = {"out": str(tmp_path), "pause": 0.05}
    run = asyncio.create_task(cluster.run("made_sets:ray_host", arguments, Need(gpus=1), stopping=stopping))
    await until_done(ledger, 3)
    stopping.set()
    await run
    done = len(ledger.done())
    assert 3 <= done < 400
    claims = [entry.name for entry in ledger.storage.list("_scenescribe/claims/")]
    assert len(claims) == done, "nothing else is held"


async def test_a_node_goes_another_comes_and_nothing_is_lost_or_twice(cluster: Cluster, nodes: Any, tmp_path: Path) -> None:
    ledger = made.ledger(open_storage(tmp_path / "out"), 600, 5)
    arguments = {"out": str(tmp_path / "out"), "pause": 0.02, "waits": 60, "crowd": 3}
    run = asyncio.create_task(cluster.run("made_sets:ray_host", arguments, Need(gpus=1), done=lambda: len(ledger.done())))
    at_work = tmp_path / "out-hosts"
    while not at_work.exists() or len(os.listdir(at_work)) < 2:  # noqa: ASYNC110 - other processes
        await asyncio.sleep(0.1)
    victim = next(iter(nodes.worker_nodes))
    await asyncio.to_thread(nodes.remove_node, victim, allow_graceful=False)
    add_node(nodes)  # Ray sets signals there: in the main thread alone
    await run
    assert whole(tmp_path / "out", 600)
    hosts = results.status(ledger).hosts
    assert set(hosts) - {"ray-0", "ray-1"}, "the node that came later worked too"
    assert sum(host["units"] for host in hosts.values()) == 120


async def test_a_node_with_another_version_is_left_out_with_a_line(cluster: Cluster, nodes: Any, tmp_path: Path) -> None:
    """Also one that joins later; the others do the work, and nothing ends."""
    old = tmp_path / "old" / "scenescribe-0.0.1.dist-info"
    old.mkdir(parents=True)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: scenescribe\nVersion: 0.0.1\n")
    path = os.pathsep.join([str(old.parent), *(path for path in sys.path if path)])
    wrong = add_node(nodes, env_vars={"PYTHONPATH": path})  # three that could be hosts, one of them another's
    said = list[str]()
    ledger = made.ledger(open_storage(tmp_path / "out"), 60, 5)
    arguments = {"out": str(tmp_path / "out"), "pause": 0.05, "not_with": "0.0.1"}
    try:
        await cluster.run(
            "made_sets:ray_host", arguments, Need(gpus=1), done=lambda: len(ledger.done()),
            unfit=partial(survey.unfit, cluster, say=said.append),
        )  # fmt: skip
        assert whole(tmp_path / "out", 60)
        here = importlib.metadata.version("scenescribe")
        assert [re.sub(r"^node \S+ \S+", "node N", line) for line in said] == [
            f"node N is left out: scenescribe 0.0.1, here {here}; install the same on every node (scenescribe doctor --cluster)"
        ]
        assert len(results.status(ledger).hosts) <= 2
        with pytest.raises(EnvironmentFault, match=r"no_node.*left out"):
            await cluster.run("made_sets:ray_host", arguments, Need(gpus=1), unfit=lambda ids: ids)
    finally:
        await asyncio.to_thread(nodes.remove_node, wrong, allow_graceful=False)


async def test_no_room_is_told(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_door, "STARTING", 0.0)
    with pytest.raises(EnvironmentFault, match="no_node"):
        await cluster.run("made_sets:ray_host", {}, Need(gpus=8))


def test_a_cluster_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="cluster_open"):
        Cluster("203.0.113.9:6379")


OURS = """
import os, subprocess, sys
from pathlib import Path
from pipeline.fleet.ray_door import Cluster

with Cluster("local") as cluster:
    own = cluster._ray.get_runtime_context()
    (session,) = Path("/tmp").glob(f"scenescribe-{os.getpid()}-*/ray/session_2*")
    told = cluster.on_every_node("made_sets:ray_node", {"what": 2})
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    asked = f"from ray._raylet import GcsClient; print(GcsClient('{own.gcs_address}').get_all_node_info(timeout=100))"
    stranger = subprocess.run([sys.executable, "-c", asked], env=plain, capture_output=True, text=True)
    print(*(one["niceness"] - os.nice(0) for one in told.values()), "niceness more")
    print(len(told), stranger.stdout.strip() or "nothing", "uthenticat" in stranger.stderr, oct(session.parent.parent.stat().st_mode & 0o777))
print("RAY_AUTH_TOKEN" in os.environ, session.exists())
"""


def test_a_cluster_of_this_machine_takes_orders_from_nobody_else() -> None:
    paths = os.pathsep.join(path for path in sys.path if path)
    told = {name: value for name, value in os.environ.items() if name != "TMPDIR"}
    done = subprocess.run(
        [sys.executable, "-c", OURS],
        env={**told, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    wanted = ["0 niceness more", "1 nothing True 0o700", "False False"]
    assert done.stdout.splitlines()[-3:] == wanted, done.stdout + done.stderr


def test_a_node_that_comes_up_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray
    from ray._private import services

    late = iter([RuntimeError("not yet")] * 5)

    def get_node(address: str, node: str) -> dict[str, str]:
        if (error := next(late, None)) is not None:
            raise error
        return {"address": address, "node": node}

    monkeypatch.setattr(services, "get_node", get_node)
    with ray_local.slow_nodes(ray):
        assert services.get_node("here", node="1") == {"address": "here", "node": "1"}
    assert services.get_node is get_node, "only while a node is started"
    monkeypatch.setattr(ray_local, "REGISTERING", 0.0)
    late = iter([RuntimeError("never")])
    with ray_local.slow_nodes(ray), pytest.raises(RuntimeError, match="never"):
        services.get_node("here", "1")


def test_whatever_ray_raises_when_it_begins_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """It raises ``Exception`` itself where a node does not come up in time."""
    import ray

    def init(**_: Any) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(EnvironmentFault, match=r"no_cluster.*timed out during startup"):
        Cluster("local")


@pytest.mark.parametrize("listens", [False, True])
def test_an_address_where_no_cluster_is_is_told_and_not_waited_for(listens: bool) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        if listens:
            one.listen()
        with pytest.raises(EnvironmentFault, match="no_cluster.*no Ray cluster" if listens else "no_cluster.*nobody answers"):
            Cluster(f"127.0.0.1:{one.getsockname()[1]}")
