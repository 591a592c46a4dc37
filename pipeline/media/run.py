"""Running ffmpeg: its progress, its messages, its end. No user's path stands in a filter, a protocol or a shell.

ffmpeg dies with us (PDEATHSIG), and is stopped when ``cancel`` is set. Its exit status says little (0 for a file cut off by
a full disk, 69 for a good one): what was written is verified instead (``verify``).
"""

import ctypes
import os
import re
import select
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from models.temporary import temporary_folder
from pipeline.environment import child_environment
from pipeline.errors import OutputError
from pipeline.files import copy_whole, to_write
from pipeline.media.binary import Ffmpeg

Progress = Callable[[float], None]
"""Told how many seconds of the film are done."""

_PR_SET_PDEATHSIG = 1
_PRCTL = ctypes.CDLL(None, use_errno=True).prctl
_GLYPH = re.compile(rb"failed to find any fallback with glyph 0x([0-9A-Fa-f]+)")


@dataclass(slots=True)
class Ended:
    """How a run of ffmpeg ended."""

    status: int
    frames: int = 0
    """video frames written"""
    seconds: float = 0.0
    """the end of what was written"""
    messages: list[str] = field(default_factory=list)
    """the last lines of its stderr"""
    missing_glyphs: frozenset[int] = frozenset()
    """characters that no font could draw"""


@dataclass(frozen=True, slots=True)
class Place:
    """A private folder to run in, and the plain names in it."""

    folder: Path
    film: str
    """link to the film"""
    written: str
    """link to the temporary output"""
    stored: Path
    """the film's file itself: ``film`` links to a copy where viewers see another film than is stored (``video.gif``)"""
    environment: dict[str, str] = field(default_factory=dict)
    """variables of its processes beside ours; may be added to"""


@contextmanager
def workplace(film: Path, out: Path) -> Iterator[Place]:
    """A private folder with a link of a plain name to the film and one to the output.

    Names with quotes, brackets, newlines or bytes that are no UTF-8 so never reach ffmpeg or ffmpeg-python. The film is held open:
    it is read to its end even if its name goes. So is the output, where it is there already: whoever puts a link at its name gets
    nothing written through that. Raises InputError as ``gate.open_source`` does, OutputError ``unwritable``.
    """
    from pipeline.video.gif import as_shown
    from pipeline.video.source import open_source

    source = open_source(film)
    with ExitStack() as held:
        held.callback(source.close)
        folder = held.enter_context(temporary_folder())
        names = "film" + _plain(film.suffix), "written" + _written(out.suffix)
        stored = _of(source.fd, film)
        if shown := as_shown(source.fd):
            copy_whole(BufferedReader(shown), folder / names[0])
        else:
            (folder / names[0]).symlink_to(stored)
        (folder / names[1]).symlink_to(
            _of(held.enter_context(to_write(out)).fileno(), out) if os.path.lexists(out) else out.absolute()
        )
        yield Place(folder, *names, stored)


def _of(descriptor: int, path: Path) -> Path:
    """A name of an open file that no other file can take; the path itself where the system has no such names."""
    held = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    return held if held.exists() else path.absolute()


def _plain(suffix: str) -> str:
    """A suffix that can stand in a command line: ffmpeg knows raw streams, and what to write, by it."""
    return suffix.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix) else ""


def _written(suffix: str) -> str:
    """The same of what is written. By ``.m4v`` ffmpeg chooses its muxer for iPods, which refuses HEVC, E-AC-3, MP3, Opus and FLAC; players
    of today take ``.m4v`` for the MP4 that it is."""
    return ".mp4" if suffix.lower() == ".m4v" else _plain(suffix)


def entrance(name: str, **options: str) -> Any:
    """A file of the place as an input of an ffmpeg-python graph; ``entrance(...)["0"]`` is its first stream."""
    import ffmpeg as ffmpeg_python

    return ffmpeg_python.input(f"file:{name}", **options)


def repeated(picture: Any, again: Any, *, width: int, form: str) -> Any:
    """A picture of a graph, repeated wherever the tiny film ``again`` has a frame (``standing``); both become ``form``."""
    import ffmpeg as ffmpeg_python

    strip = again.filter("scale", width, 2).filter("format", form)
    stacked = ffmpeg_python.filter([picture.filter("format", form), strip], "vstack", inputs=2)
    return stacked.filter("crop", "iw", "ih-2", 0, 0)


def graph(streams: Sequence[Any], name: str, options: Mapping[str, Any]) -> Any:
    """The graph that writes these streams of entrances to a file of the place."""
    import ffmpeg as ffmpeg_python

    return ffmpeg_python.output(*streams, f"file:{name}", **options)


def run(
    ffmpeg: Ffmpeg,
    stream: Any,
    place: Place,
    *,
    beside: Sequence[str] = (),
    more: Sequence[str] = (),
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Ended:
    """Run an ffmpeg-python graph in its place; ``more`` are options of its output that ffmpeg-python can't repeat, ``beside``
    inputs after its own that give no stream, which it does not know.

    Raises OutputError ``cancelled``.
    """
    import ffmpeg as ffmpeg_python

    settings = ["-hide_banner", "-loglevel", "level+info", "-nostdin", "-y", "-progress", "pipe:1", "-nostats"]
    *arguments, out = ffmpeg_python.get_args(stream)
    inputs = max(n for n, word in enumerate(arguments) if word == "-i") + 2
    command = [str(ffmpeg.path), *settings, *arguments[:inputs], *beside, *arguments[inputs:], *more, out]
    return run_command(command, place, on_progress=on_progress, cancel=cancel)


def run_command(
    command: list[str], place: Place, *, on_progress: Progress | None = None, cancel: threading.Event | None = None
) -> Ended:
    """Run a command line of ffmpeg that writes its progress to stdout."""
    process = subprocess.Popen(
        command,
        cwd=place.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(AV_LOG_FORCE_NOCOLOR="1") | place.environment,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    ended, lines, glyphs = Ended(status=-1), deque[bytes](maxlen=200), set[int]()
    listener = threading.Thread(target=_listen, args=(process.stderr, lines, glyphs), daemon=True)
    listener.start()
    try:
        for key, value in _progress(process, cancel):
            if key == "frame" and value.isdecimal():
                ended.frames = int(value)
            elif key == "out_time_us" and value.lstrip("-").isdecimal():
                ended.seconds = int(value) / 1e6
                if on_progress and ended.seconds > 0:
                    on_progress(ended.seconds)
        ended.status = process.wait()
    finally:
        _stop(process)
        listener.join()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()
    ended.messages = [line.decode("utf-8", "replace").rstrip() for line in lines]
    ended.missing_glyphs = frozenset(glyphs)
    return ended


def _progress(process: "subprocess.Popen[bytes]", cancel: threading.Event | None) -> Iterator[tuple[str, str]]:
    """(key, value) as ffmpeg reports them, until it closes its stdout."""
    assert process.stdout is not None
    descriptor, rest = process.stdout.fileno(), b""
    while True:
        if cancel is not None and cancel.is_set():
            raise OutputError("cancelled", "stopped before it was done; nothing was written")
        if not select.select([descriptor], [], [], 0.2)[0]:
            continue
        data = os.read(descriptor, 65536)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            key, _, value = line.decode("ascii", "replace").partition("=")
            yield key.strip(), value.strip()


def _listen(pipe: Any, lines: deque[bytes], glyphs: set[int]) -> None:
    for line in pipe:
        if found := _GLYPH.search(line):
            glyphs.add(int(found.group(1), 16))
        else:
            lines.append(line[:2000])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
    if process.poll() is None:
        process.kill()
        process.wait()


def die_with_parent() -> None:
    """In a new process (``preexec_fn``): the kernel ends it when its parent ends, however that was."""
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)
