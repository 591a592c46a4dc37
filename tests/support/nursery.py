"""Hosts of a data set as real processes that die by SIGKILL wherever a test wants it."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from patience import PATIENCE

NURSERY = """
import asyncio, os, random, signal, sys
import made_sets as made
from pipeline.annotating.pull import pull
from pipeline.datasets.arrow import arrow
from pipeline.datasets.grants import Grants
from pipeline.datasets.ledger import Ledger
from pipeline.storage import open_storage

arrow()
out, deadly = sys.argv[1:]

async def host(name, pause, told, turns):
    asked = 0
    crowd = asyncio.Semaphore(16)

    async def ask(item):
        nonlocal asked
        async with crowd:
            asked += 1
            if item.key == deadly or asked == turns:
                os.kill(os.getpid(), signal.SIGKILL)
            await asyncio.sleep(0)

    async def unit(grant, read):
        read()
        os.write(told, b".")
        await asyncio.gather(*map(ask, grant.items))
        await asyncio.sleep(pause)
        await grant.commit(made.rows_of(grant.items))

    async with Grants(Ledger.open(open_storage(out), made.SETTINGS), host=name, poll=(0.02, 0.05), slow=9e9, lease=9e9) as grants:
        await pull(grants, unit)

def born(name, pause=0.0, turns=0):
    heard, told = os.pipe()
    process = os.fork()
    if process:
        return process, heard
    asyncio.run(host(name, pause, told, turns))
    os._exit(0)

def until_one_lives(turns=lambda: 0):
    while (status := os.waitpid(born("h", turns=turns())[0], 0)[1]) != 0:
        print(os.waitstatus_to_exitcode(status), flush=True)
"""
"""a process with all imports done, which forks hosts; what it prints is what the test is told. No lease of theirs ever ends. A host
dies by SIGKILL when it comes to the deadly item, or to the item that ``turns`` counts to"""


def nursery(out: Path, script: str, deadly: str = "") -> list[str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    words = [sys.executable, "-c", NURSERY + textwrap.dedent(script), str(out), deadly]
    found = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE
    )
    return found.stdout.split()
