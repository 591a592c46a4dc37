"""The options of several engines: those of ``caption``, ``watch`` and ``serve``."""

from pipeline.options.base import Options, Positive, option

ENGINE = "Engine"
"""panel of ``--help``"""


class Spread(Options):
    """How many engines there are, and on which GPUs."""

    gpus: str = option(
        "all", ENGINE, "Which GPUs: all, how many (2), or which (0,1,3). One host (an engine, its decoders) for each."
    )
    hosts: Positive | None = option(
        None, ENGINE, "How many hosts in all; by itself one for each GPU. More share a GPU and its memory: docs/scaling.md."
    )
