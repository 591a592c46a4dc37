"""What runs in a Ray actor or task: functions by their names, since nothing but names and ids passes through Ray."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any

PIECE = 1 << 20
"""bytes at once"""
Work = Callable[[Mapping[str, Any], asyncio.Event], Awaitable[Any]]
"""what an actor runs: told its arguments, and an event that is set when it should come to an end"""


class HostActor:
    """An actor: one host."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()

    async def work(self, function: str, arguments: Mapping[str, Any]) -> Any:
        return await _named(function)(arguments, self._stopping)

    async def stop(self) -> None:
        self._stopping.set()


class FilmHost:
    """An actor: a host of films as a process of its node, which is led through us byte by byte; it ends when we do."""

    def __init__(self, folder: str, number: int, nth: int, of: int) -> None:
        """``folder``: where paths begin; the ``nth`` of ``of`` hosts of this node has its part of the cores."""
        from pipeline.fleet.cores import divided, own_cores, written
        from pipeline.fleet.fleet import host_log
        from pipeline.fleet.local import launch
        from pipeline.fleet.placement import Placement

        os.chdir(folder)
        cores = tuple(divided(own_cores(), [set()] * of)[nth])
        bound = {} if os.environ.get("CUDA_VISIBLE_DEVICES") else {"VLLM_CPU_OMP_THREADS_BIND": written(cores)}
        _, self._link = launch(Placement(number=number, cores=cores, environment=bound), host_log(None, number))
        self._link.setblocking(False)

    async def send(self, data: bytes) -> None:
        """To the host."""
        await asyncio.get_running_loop().sock_sendall(self._link, data)

    async def receive(self) -> bytes:
        """What the host says next; nothing once it has ended."""
        return await asyncio.get_running_loop().sock_recv(self._link, PIECE)


def call(function: str, arguments: Mapping[str, Any]) -> Any:
    """``module:function`` with these arguments."""
    return _named(function)(arguments)


def _named(function: str) -> Any:
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)
