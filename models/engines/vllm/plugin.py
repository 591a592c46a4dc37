"""What vLLM runs in each of its processes (entry point ``vllm.general_plugins``): architectures, ours and mended ones, a leash, a quick end.

An architecture that vLLM does not know is registered by an entry point of an installed package

    [project.entry-points."scenescribe.architectures"]
    MyLlavaForConditionalGeneration = "my_package.model:MyLlava"

or by a variable of the environment, for a file that is not installed

    SCENESCRIBE_ARCHITECTURES="MyLlavaForConditionalGeneration=my_model:MyLlava"

The name is what ``architectures`` in the model's config.json says. docs/custom-models.md has a whole example.
"""

import atexit
import gc
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from models.engines.vllm import seeds
from models.temporary import alive

VARIABLE = "SCENESCRIBE_ARCHITECTURES"
MENDED = {"LlavaOnevisionForConditionalGeneration": "models.engines.vllm.llava_onevision:LlavaOnevision"}
"""architectures of vLLM's own that are replaced by a class with a fault mended"""
LEASH = "SCENESCRIBE_ENGINE_LEASH"
"""set by engine.py in the processes that it starts, to its own process id"""


def register() -> None:
    """Called by vLLM, more than once in a process."""
    _leash()
    seeds.mend()
    wanted = architectures()
    from vllm import ModelRegistry

    known = set(ModelRegistry.get_supported_archs())
    # by name: a class is imported where it is needed, and by no process that has CUDA open
    for name, place in {**MENDED, **{name: place for name, place in wanted.items() if name not in known}}.items():
        if not _registered(ModelRegistry, name, place):
            ModelRegistry.register_model(name, place)


def mended(name: str) -> bool:
    """Whether a class of ours runs this architecture in this process and those that it starts (VLLM_PLUGINS may leave it out)."""
    if name not in MENDED:
        return False
    from vllm import ModelRegistry
    from vllm.plugins import load_general_plugins

    load_general_plugins()
    return _registered(ModelRegistry, name, MENDED[name])


def _registered(registry: Any, name: str, place: str) -> bool:
    """Whether a name has this class already: vLLM warns of each that it is told twice."""
    known = getattr(registry, "models", {}).get(name)
    return known is not None and f"{known.module_name}:{known.class_name}" == place


def architectures(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Architecture -> ``module:Class``, from the entry points and the environment, which wins.

    Raises ValueError for a variable that is not ``Name=module:Class,...``.
    """
    from models.families import points

    found = {point.name: point.value for point in points("architectures").values()}
    given = (os.environ if environment is None else environment).get(VARIABLE, "")
    for item in filter(None, (part.strip() for part in given.split(","))):
        name, equals, place = item.partition("=")
        module, colon, cls = place.partition(":")
        if not (equals and colon and name.isidentifier() and module and cls.isidentifier()):
            raise ValueError(f"{VARIABLE}: '{item}' is not Name=module:Class")
        found[name] = place
    return found


def _leash() -> None:
    """End this process soon after the one that started the engine: killed, it can't say goodbye, and a GPU would stay taken."""
    owner = int(os.environ.get(LEASH, "0"))
    if not owner or owner == os.getpid() or any(thread.name == LEASH for thread in threading.enumerate()):
        return

    def watch() -> None:
        while alive(owner):
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, name=LEASH, daemon=True).start()
    atexit.register(_end)


def _end() -> None:
    """The last that is done in an engine's process: what is left goes with it.

    The interpreter would look at all of vLLM's and torch's objects twice more, two seconds of a processor in each process, one after the
    other: after five the engine's owner kills them. What it says then is of no use either: counts of objects that are left.
    """
    gc.freeze()
    sys.stderr.flush()
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)
