"""A host as a process of its own: ``python -m pipeline.fleet.host --number 1 --cores 0-15 --gpus 0``.

What it does comes in messages over its standard input, a socket; ``ps`` shows which it is, on which GPUs and cores. It ends
when the socket does, however its coordinator ended, and its engine and decoders end with it.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from contextlib import suppress

from pipeline.fleet.codec import HungUp
from pipeline.fleet.cores import parse_cores
from pipeline.fleet.host_process import HostProcess


async def main() -> None:
    """Connect to the coordinator and do as it says."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.fleet.host")
    parser.add_argument("--number", type=int, required=True, help="which host of its fleet it is")
    parser.add_argument("--cores", default="", help="cores that it and all its children may use, such as 0-15")
    parser.add_argument("--gpus", default="", help="GPUs that it has, as CUDA_VISIBLE_DEVICES names them")
    args = parser.parse_args()
    if args.cores:
        with suppress(OSError):  # a container may have been given fewer meanwhile
            os.sched_setaffinity(0, parse_cores(args.cores))
    for number in (signal.SIGINT, signal.SIGTERM):  # the coordinator's to follow: it ends us
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"
    )
    link = socket.socket(fileno=os.dup(0))
    reader, writer = await asyncio.open_connection(sock=link, limit=1 << 20)
    with suppress(HungUp):
        await HostProcess(reader, writer).run()
    with suppress(OSError):
        await writer.drain()
        writer.close()


if __name__ == "__main__":
    asyncio.run(main())
