"""One process that decodes, from our side: started, asked, believed only as far as its messages make sense, killed when it hangs."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pipeline.accident import NO_MORE, STARVED
from pipeline.environment import child_environment
from pipeline.errors import EnvironmentFault
from pipeline.video.children import codec, wire
from pipeline.video.children.messages import Failure, Ready, Reply, Request, Tick
from pipeline.video.children.starved import Starved
from pipeline.video.limits import Limits

_ROOT = str(Path(__file__).resolve().parents[3])
NO_CARD = -1
"""in place of a GPU's number"""
STARTS = 300.0
"""seconds for a child to load its modules, one second of a processor: one that dies is noticed at once, and a machine may be busy"""
ENDING = 60.0
"""seconds between a process's hanging up and its end, which is one step of the kernel"""
BEGUN_AGAIN = 2
"""times that a child which a signal ended before it said a word is started anew: the kernel, short of memory, or somebody killed it"""


class Crashed(Exception):
    """The child died or hung; ``stalled`` and ``spent`` (its processor time) tell which, the text what it said last."""

    def __init__(self, stalled: bool, last_words: str, *, spent: bool = False) -> None:
        super().__init__(last_words)
        self.stalled, self.last_words, self.spent = stalled, last_words, spent


Answer = TypeVar("Answer", bound=Reply)


class Child:
    """One decoding process."""

    def __init__(self, limits: Limits, card: int = NO_CARD) -> None:
        """``card``: the GPU that it shall decode on, as CUDA counts those that this process sees."""
        self.card = card
        """NO_CARD too where it can't decode there after all, once it has said so"""
        self.card_missing = ""
        """why it can't"""
        self.table = 0
        """which table it holds"""
        self._memory, self._again = limits.memory, BEGUN_AGAIN
        self._stderr = os.memfd_create("scenescribe-stderr", os.MFD_CLOEXEC)
        self._begin()
        self._ready = False
        self.dead = False

    def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        environment = child_environment(
            OPENCV_FFMPEG_LOGLEVEL="16",
            OPENCV_LOG_LEVEL="SILENT",
            PYTHONPATH=os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")])),
            OMP_NUM_THREADS="1",
            OPENBLAS_NUM_THREADS="1",
            MALLOC_ARENA_MAX="2",
        )
        with theirs:
            # -u: OpenCV's libav complains by printf, which a buffer would keep from decoder_log
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-u", "-P", "-m", "pipeline.video.decode.worker", str(self._memory), str(self.card)],
                stdin=theirs.fileno(),
                stdout=self._stderr,
                stderr=self._stderr,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        self._sock = ours

    @property
    def pid(self) -> int:
        return self._process.pid

    def request(self, message: Request, fds: Sequence[int] = ()) -> None:
        """Ask for something. Raises Crashed, and EnvironmentFault where the child could not even start: no film is to blame."""
        try:
            if not self._ready:
                self._wait_until_ready()
            self._sock.settimeout(60)
            wire.send(self._sock, *codec.encode(message), fds)
        except (wire.HungUp, TimeoutError) as error:
            raise self._crash(isinstance(error, TimeoutError)) from None

    def _wait_until_ready(self) -> None:
        self._sock.settimeout(STARTS)
        try:
            told = codec.reply(*wire.receive(self._sock))
        except (wire.HungUp, TimeoutError) as error:
            if self.dead:  # interrupted from another thread
                raise self._crash(False) from None
            if isinstance(error, wire.HungUp) and self._again and self._killed():
                self._again -= 1
                self._sock.close()
                self._begin()
                self._wait_until_ready()
                return
            said = self._crash(isinstance(error, TimeoutError)).last_words.splitlines()
            reason = said[-1] if said else "it said nothing"
            if any(words in reason for words in STARVED):
                raise EnvironmentFault("system_limit", f"the decoding process does not start: {reason}; {NO_MORE}") from None
            raise EnvironmentFault(
                "reader_broken", f"the decoding process does not start: {reason}; see what scenescribe doctor says"
            ) from None
        except codec.Malformed as error:
            raise self.distrust(str(error)) from None
        self._ready = True
        if self.card != NO_CARD and isinstance(told, Ready) and not told.card:
            self.card, self.card_missing = NO_CARD, told.why[:200] or "no reason given"

    def _killed(self) -> bool:
        """Whether it hung up because a signal ended it."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(ENDING) < 0
        return False

    def message(self, patience: float) -> Reply:
        """The next message. Raises Crashed, after ``patience`` seconds without one in which it could run, and where what comes is none."""
        if self.dead:
            raise Crashed(False, "")
        self._sock.settimeout(patience)
        try:
            return codec.reply(*wire.receive(self._sock, go_on=Starved(self.pid, patience)))
        except (wire.HungUp, TimeoutError) as error:
            raise self._crash(isinstance(error, TimeoutError)) from None
        except codec.Malformed as error:
            raise self.distrust(str(error)) from None

    def answer(self, kind: type[Answer], patience: float) -> Answer | Failure:
        """The answer to a request that has one, when it comes."""
        while True:
            told = self.message(patience)
            if isinstance(told, (kind, Failure)):
                return told
            if not isinstance(told, Tick):
                raise self.distrust(f"it answered {type(told).__name__}, not {kind.__name__}")

    def distrust(self, why: str) -> Crashed:
        """End a child that says what no film can be like: whoever sent the film may have taken it over."""
        self.kill()
        return Crashed(False, why)

    def _crash(self, stalled: bool) -> Crashed:
        self.kill()
        return Crashed(stalled, self._last_words, spent=self._process.returncode == -signal.SIGXCPU)

    def interrupt(self) -> None:
        """Wake whoever waits for this child, from another thread; the child ends."""
        self.dead = True
        self._process.kill()
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def kill(self) -> None:
        """End the child and give back all that it held. Harmless when repeated."""
        self.dead = True
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._sock.close()
        if self._stderr >= 0:
            size = os.fstat(self._stderr).st_size
            self._last_words = os.pread(self._stderr, 500, max(0, size - 500)).decode(errors="replace").strip()
            os.close(self._stderr)
            self._stderr = -1
