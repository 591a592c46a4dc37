"""One host of a data set that was begun: told all it needs as plain data, so that it may run in any process on any machine.

    {"settings": what annotate was told, "key": what the data set was begun with, "kept": its columns,
     "folder": where paths that are not absolute begin, "number": which host}

It takes units until none is left and ends; what it did stands in the data set.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from typing import Any

from pipeline.annotating import flow
from pipeline.annotating.answer import Told
from pipeline.annotating.recipe import PictureRecipe
from pipeline.datasets.ledger import Ledger
from pipeline.options.annotate import AnnotateSettings

FUNCTION = f"{__name__}:work"
"""as another process calls it"""


def arguments(settings: AnnotateSettings, ledger: Ledger, *, model: str) -> dict[str, Any]:
    """What hosts are told. ``model``: a name that means the same on every machine."""
    told = settings.changed(model=model).model_dump(mode="json", exclude_none=True)
    return {"settings": told, "key": dict(ledger.settings), "kept": dict(ledger.kept), "folder": os.getcwd()}


async def work(
    told: Mapping[str, Any],
    stopping: asyncio.Event,
    *,
    heard: Told = lambda item, answer: None,
) -> None:
    """Be a host until nothing is left, or until ``stopping`` is set: then what is under way is given back.

    Raises what ``flow.work`` does.
    """
    with contextlib.suppress(OSError):  # it may be that of another machine; then no path may be relative
        os.chdir(told["folder"])
    settings = AnnotateSettings(**told["settings"])
    ledger = await asyncio.to_thread(lambda: Ledger.open(flow.storage_of(settings), told["key"], kept=told["kept"]))
    host = flow.host_of(settings, ledger)
    recipe = PictureRecipe.of(settings, host.preset)
    async with host:
        doing = asyncio.ensure_future(
            flow.work(
                host,
                ledger,
                recipe,
                flow.wishes_of(settings),
                told=heard,
                name=flow.host_name(told.get("number", 0)),
                spool_gb=settings.spool_gb,
            )
        )
        told_to_stop = asyncio.ensure_future(stopping.wait())
        try:
            await asyncio.wait({doing, told_to_stop}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                doing.result()
        finally:
            for task in (doing, told_to_stop):
                task.cancel()
            await asyncio.gather(doing, told_to_stop, return_exceptions=True)
