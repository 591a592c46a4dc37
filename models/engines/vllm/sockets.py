"""Where the sockets between vLLM's processes lie: a private folder with a short path, gone with the process that started the engine.

Left to itself vLLM puts them into TMPDIR, names of 36 characters, and leaves them there; where TMPDIR has more than 66 characters, it
says so after a minute of loading. The folder stays for the process's life: an engine that is started again uses it again.
"""

import atexit
import os
from contextlib import ExitStack

from models.errors import EngineDead
from models.temporary import SOCKET, temporary_folder

VARIABLE = "VLLM_RPC_BASE_PATH"
"""read by vLLM whenever it makes a socket, in each of its processes"""
NAME = 1 + 36
"""characters that a socket adds to the folder's path: a slash and a UUID"""

_held = ExitStack()
atexit.register(_held.close)


def prepare() -> None:
    """Name the folder in this process's environment, from which the engine's processes have it. One that is named there already stays, if
    sockets can lie in it. Raises EngineDead where no folder can be made, or none with a short path."""
    given = os.environ.get(VARIABLE, "")
    if os.path.isdir(given) and _fits(given):
        return
    try:
        folder = str(_held.enter_context(temporary_folder(SOCKET - NAME)))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EngineDead(f"no temporary folder can be made for the engine's sockets ({reason}): set TMPDIR to another") from error
    if not _fits(folder):
        most = SOCKET - NAME
        raise EngineDead(
            f"the engine's sockets need a folder whose path has {most} characters at most: set TMPDIR to a shorter one"
        )
    os.environ[VARIABLE] = folder


def _fits(folder: str) -> bool:
    return len(os.fsencode(folder)) + NAME <= SOCKET
