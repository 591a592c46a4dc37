"""What is said while a model loads: that it goes on, for how long, and what is usual."""

from pipeline.cli.summary import clock
from pipeline.store.past import Past

MOMENT = 2.0
"""seconds of loading after which it is said how long that usually takes"""
USUAL = {
    "vllm": "a small model on a CPU usually takes about a minute, a large one on a GPU one to five; the first time it is downloaded too",
    "vllm-cpu": "usually about a minute; the first time a model of the hub is downloaded too",
    "transformers": "usually under a minute; the first time a model of the hub is downloaded too",
    "openai": "the server is asked",
}
"""engine -> what usually takes how long, where no earlier run says it"""


def loading(seconds: float) -> str:
    """``loading the model: 0:12``: it stands on the line of each film, so it is short."""
    return f"loading the model: {clock(seconds)}"


def usual(past: Past | None, engine: str) -> str:
    """``loading the model; the last time took 0:54``, said once where loading takes longer than a moment."""
    known = f"the last time took {clock(past.start)}" if past is not None and past.start >= 1 else USUAL.get(engine, "")
    return f"loading the model{f'; {known}' if known else ''}"
