"""The door to watchfiles: what the system says of a folder."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

DEBOUNCE = 400
STEP = 200
SILENCE = 2000
"""milliseconds: events are gathered for up to DEBOUNCE as long as they come at most STEP apart; after SILENCE it is clear that it listens"""

log = logging.getLogger(__name__)


async def events(root: Path, *, recursive: bool, retry: float) -> AsyncIterator[set[Path] | None]:
    """Paths about which something was said, for ever; None when it begins to listen: what came before it was not heard.

    Where there can be no events (the folder is gone, no watches are left) it tries again every ``retry`` seconds.
    """
    from watchfiles import awatch

    while True:
        deaf = True
        try:
            async for changes in awatch(
                root,
                watch_filter=None,
                recursive=recursive,
                debounce=DEBOUNCE,
                step=STEP,
                rust_timeout=SILENCE,
                yield_on_timeout=True,
                ignore_permission_denied=True,
            ):
                if deaf:
                    deaf = False
                    yield None
                if changes:
                    yield {Path(name) for _, name in changes}
        except (OSError, RuntimeError) as error:
            log.warning("no events from %s (%s); it is looked at every %.0f seconds", root, error, retry)
        await asyncio.sleep(retry)
