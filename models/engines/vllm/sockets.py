"""The sockets between vLLM's processes: where they lie, and how their ZeroMQ context ends.

They lie in a private folder with a short path, gone with the process that started the engine.

Left to itself vLLM puts them into TMPDIR, names of 36 characters, and leaves them there; where TMPDIR has more than 66 characters, it
says so after a minute of loading. The folder stays for the process's life: an engine that is started again uses it again.

vLLM closes an engine's sockets and leaves the context (the threads that serve them) to Python's garbage collector, which ends it in
whatever line it collects at. Ending a context waits until all its sockets are closed: where one is not (an engine that died while its event
loop ended), that line would wait for ever, and with it a service. So it is ended here, on a thread that nobody waits for.
"""

import atexit
import os
import threading
import traceback
from contextlib import ExitStack
from types import TracebackType
from typing import Any

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


def end(client: Any) -> None:
    """End the ZeroMQ context of vLLM's client of an engine (``AsyncLLM.engine_core``) that was shut down, without waiting for it. To be called
    on the event loop that the engine was used on: what vLLM left open is closed first, and a socket belongs to its loop."""
    resources = getattr(client, "resources", None)
    for part in list(vars(resources).values()) if resources is not None else ():
        if _is_zmq(part, "Socket") and not part.closed:
            part.close(linger=0)
    _end(getattr(resources, "ctx", None))


def end_failed(frames: TracebackType | None) -> None:
    """The same for a client whose making failed: only the frames of its error still know it. Its sockets were closed by vLLM.

    Its class and those that it is made from have a frame each: a context that is ended twice at once aborts the process (libzmq).
    """
    made = (getattr(frame.f_locals.get("self"), "resources", None) for frame, _ in traceback.walk_tb(frames))
    for context in {id(one): one for one in (getattr(each, "ctx", None) for each in made)}.values():
        _end(context)


def _end(context: Any) -> None:
    if _is_zmq(context, "Context") and not context.closed:
        threading.Thread(target=context.term, name="end of an engine's sockets", daemon=True).start()


def _is_zmq(part: Any, name: str) -> bool:
    """Whether it is a ZeroMQ Context or Socket, of either kind (pyzmq comes with vLLM: it is not imported here)."""
    return any(kind.__name__ == name and kind.__module__.startswith("zmq.") for kind in type(part).__mro__)


def _fits(folder: str) -> bool:
    return len(os.fsencode(folder)) + NAME <= SOCKET
