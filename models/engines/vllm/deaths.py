"""An engine's death told to those who wait for its answers, also where vLLM's own word of it does not reach them.

vLLM tells requests through a task that reads the engine's socket. Its thread that notices a death cancels that task: a request that came
in the moment before then waits for ever, though the engine is known to be dead (seen with 0.32: a SIGKILL within a tenth of a second of the first
request).
"""

import asyncio
from collections.abc import Callable
from typing import Any

LOOK = 1.0
"""seconds between two looks: vLLM's own word is there at once where it comes at all"""


async def tell(llm: Any, word: Callable[[], Exception], *, every: float = LOOK) -> None:
    """Until it is cancelled: fail all requests of a vLLM AsyncLLM that is dead, those too that come after its death, with ``word()``."""
    while True:
        await asyncio.sleep(every)
        if llm.errored:
            llm.output_processor.propagate_error(word())
