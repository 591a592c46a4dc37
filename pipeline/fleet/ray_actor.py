"""What runs in a Ray actor or task: functions by their names, since nothing but names and ids passes through Ray."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any

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


def call(function: str, arguments: Mapping[str, Any]) -> Any:
    """``module:function`` with these arguments."""
    return _named(function)(arguments)


def _named(function: str) -> Any:
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)
