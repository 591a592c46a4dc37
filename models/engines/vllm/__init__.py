"""``--engine vllm``: the model in vLLM, on this machine's GPUs, or on its cores.

engine.py            starts it, asks it, ends it: the door to vLLM
args.py              from a preset and the user's options to vLLM's arguments and environment
preparing.py         from a request to what its core takes; kept.py, direct.py, pixels.py: without the processor where that is sure
faults.py            what vLLM's exceptions become
metrics.py           its gauges
log.py               keeps its lines and its processes off the screen
plugin.py            what vLLM itself loads in each of its processes; llava_onevision.py: an architecture of its own, mended
"""

from models.base import Captioner
from models.engines.base import Access
from models.options import EngineOptions
from models.preset import Preset


def open(preset: Preset, options: EngineOptions, access: Access) -> Captioner:
    """The engine, not started. Raises BadEngineOption, also for names that the installed vLLM does not take."""
    from models.engines.vllm.args import argument_names
    from models.engines.vllm.engine import VllmEngine
    from models.options import check

    check(options, known=argument_names())
    return VllmEngine(preset, options, log_path=access.log_path, verbose=access.verbose)
