"""A Ray cluster of three nodes on this machine, for the tests of a module."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from patience import PATIENCE

STORE = 80 << 20


class Unhurried:
    """``time`` as Ray's start of a node reads it: it gives up after 30 s, which a busy machine takes, and has no option for it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def monotonic(self) -> float:
        return time.monotonic() * 30 / (PATIENCE / 2)


def started(kind: Any, tries: int = 3) -> Any:
    """The cluster. A node that a busy machine lets do nothing for half a minute is declared dead while it starts, and never comes:
    all are started anew then."""
    made_one = None
    try:
        made_one = kind(
            initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False}
        )
        for _ in range(2):
            add_node(made_one)
    except Exception:
        if made_one is not None:
            made_one.shutdown()
        if tries == 1:
            raise
        return started(kind, tries - 1)
    return made_one


def three_nodes() -> Iterator[Any]:
    """A head without GPUs and two nodes that say they have one each."""
    quick = {
        "RAY_ENABLE_AUTO_CONNECT": "0",  # as the door has it, which comes after Ray is imported here
        "RAY_health_check_period_ms": "1000",
        "RAY_health_check_failure_threshold": "3",
        "RAY_health_check_initial_delay_ms": "1000",
        # a node that was killed refuses, one of a busy machine is late: left to itself Ray calls that dead, and ends it, after half a minute
        "RAY_health_check_timeout_ms": f"{PATIENCE * 1000:.0f}",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in quick.items():
            patch.setenv(name, value)
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        import ray._private.node
        from ray.cluster_utils import Cluster as Nodes

        patch.setattr(ray._private.node, "time", Unhurried())
        cluster = started(Nodes)
        yield cluster
        with contextlib.suppress(Exception):
            cluster.shutdown()


def add_node(nodes: Any, **more: Any) -> Any:
    return nodes.add_node(num_cpus=1, num_gpus=1, object_store_memory=STORE, **more)
