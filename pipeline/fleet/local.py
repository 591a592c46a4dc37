"""Starts a host as a child process, led by a socket that is its standard input."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

from pipeline.fleet.cores import written
from pipeline.fleet.placement import Placement

ROOT = str(Path(__file__).resolve().parents[2])


def launch(placement: Placement, log: Path | None) -> tuple["subprocess.Popen[bytes]", socket.socket]:
    """The process and our end of its socket. ``log``: where what it and its engine print goes; None: where we print.

    It is a session of its own: Ctrl-C in a terminal reaches us alone, and we end it in order.
    """
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", "-m", "pipeline.fleet.host", "--number", str(placement.number)]
    command += ["--cores", written(placement.cores)]
    command += ["--gpus", ",".join(placement.gpus)] if placement.gpus else []
    paths = os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths, **placement.environment}
    output: IO[bytes] | None = log.open("ab") if log is not None else None
    try:
        process = subprocess.Popen(
            command, stdin=theirs.fileno(), stdout=output or 2, stderr=output, env=environment, start_new_session=True
        )  # fmt: skip
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        if output is not None:
            output.close()
    return process, ours
