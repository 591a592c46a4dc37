"""What a decoding process can't do any more, tried in a process of its own; and that it still decodes (every other test here)."""

import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE

BEFORE = """
import os, socket, sys, threading, mmap, ctypes
from pathlib import Path
from pipeline import sandbox
inside, outside = socket.socketpair()
readable = Path(sys.argv[1]) / "film"
fd = os.open(readable, os.O_RDONLY)
taken = sandbox.enter(gpu=['/dev/null', '/dev/no-such-device'])
def tried(act):
    try:
        act()
    except (PermissionError, OSError, RuntimeError) as error:
        return "refused"
    return "done"
os.chdir(sys.argv[1])
"""

REFUSED = {
    "another device is written": ("landlock", "open('/dev/full', 'r+b')"),
    "a socket": ("seccomp", "socket.socket(socket.AF_INET)"),
    "a socket of another family": ("seccomp", "socket.socket(socket.AF_UNIX)"),
    "a file is made": ("landlock", "open('new', 'w')"),
    "a file is written": ("landlock", "open('film', 'r+b')"),
    "a file is cut": ("landlock", "os.truncate('film', 0)"),
    "a file is removed": ("landlock", "os.remove('film')"),
    "a file is renamed": ("landlock", "os.rename('film', 'other')"),
    "a link is made": ("landlock", "os.symlink('film', 'link')"),
    "a folder is made": ("landlock", "os.mkdir('folder')"),
    "a program is run": ("seccomp", "os.execv('/bin/true', ['true'])"),
    "a process is begun": ("seccomp", "os.fork() or os._exit(0)"),
    "a program is spawned": ("seccomp", "os.posix_spawn('/bin/true', ['true'], {})"),
}

KEPT = {
    "a thread": "t = threading.Thread(target=print); t.start(); t.join()",
    "the socket that is there": "inside.send(b'x'); assert outside.recv(1) == b'x'",
    "shared memory": "m = os.memfd_create('x'); os.ftruncate(m, 4096); mmap.mmap(m, 4096)[0:1] = b'x'",
    "a file is read": "assert open('film', 'rb').read() == b'picture'",
    "its descriptor, by its name": "assert open(f'/proc/self/fd/{fd}', 'rb').read() == b'picture'",
    "a module is loaded": "import xml.dom.minidom, decimal, sqlite3",
}


def ask(folder: Path, code: str) -> str:
    (folder / "film").write_bytes(b"picture")
    run = subprocess.run(
        [sys.executable, "-c", BEFORE + code, folder], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str, tmp_path: Path) -> None:
    layer, code = REFUSED[what]
    said = ask(tmp_path, f"print(layer := 'none' if {layer!r} not in taken else tried(lambda: {code}))")
    if said == "none":
        pytest.skip(f"this kernel has no {layer}")
    assert said == "refused"
    assert (tmp_path / "film").read_bytes() == b"picture"
    assert [path.name for path in tmp_path.iterdir()] == ["film"]


@pytest.mark.parametrize("what", KEPT)
def test_kept(what: str, tmp_path: Path) -> None:
    assert ask(tmp_path, f"{KEPT[what]}\nprint('kept')").split() == ["kept"]


def test_a_process_outside_gets_no_signal(tmp_path: Path) -> None:
    abi = "sandbox._LIBC.syscall(444, None, ctypes.c_size_t(0), 1)"
    said = ask(tmp_path, f"print({abi}, tried(lambda: os.kill(os.getppid(), 0)))").split()
    if int(said[0]) < 6:
        pytest.skip("this kernel's Landlock knows no signals")
    assert said[1] == "refused"


def test_the_decoding_process_is_in_it() -> None:
    from pipeline.video.children.child import Child
    from pipeline.video.limits import Limits

    child = Child(Limits())
    try:
        child._wait_until_ready()
        status = Path(f"/proc/{child.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status or sandbox_free()
    finally:
        child.kill()


def sandbox_free() -> bool:
    """Whether this machine has no seccomp for us."""
    return (
        "seccomp"
        not in subprocess.run(
            [sys.executable, "-c", "from pipeline import sandbox; print(sandbox.enter())"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )


def test_a_bound_that_somebody_set_already_stays() -> None:
    """``ulimit -v`` of a login node is below ours: no bound is raised, and the process starts."""
    code = """
import resource
from pipeline.sandbox import limit
resource.setrlimit(resource.RLIMIT_DATA, (5 << 30, 5 << 30))
limit(resource.RLIMIT_DATA, 6 << 30)
assert resource.getrlimit(resource.RLIMIT_DATA) == (5 << 30, 5 << 30)
limit(resource.RLIMIT_DATA, 4 << 30)
assert resource.getrlimit(resource.RLIMIT_DATA) == (4 << 30, 4 << 30)
limit(resource.RLIMIT_CORE, 0)
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
