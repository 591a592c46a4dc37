"""What is read is a regular file: pipes, devices and links end at once, with a reason."""

import os
import socket
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.live.tail import Tail
from pipeline.safe_open import append, lines_of, read_bytes, read_text, starts_with


@pytest.fixture(params=["fifo", "folder", "device", "socket", "link to a device"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "odd"
    match request.param:
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "device":
            return Path("/dev/zero")
        case "socket":
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            listener.close()
        case _:
            path.symlink_to("/dev/zero")
    return path


def test_what_is_no_file_is_refused_at_once(odd: Path) -> None:
    for act in (lambda: read_bytes(odd, 10), lambda: starts_with(odd, b"x", 10), lambda: append(odd)):
        with pytest.raises(OSError) as caught:
            act()
        assert caught.value.strerror


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    assert read_bytes(path, 10) == b"0123456789"
    assert starts_with(path, b"234", 5)
    assert not starts_with(path, b"234", 4)
    with pytest.raises(OSError, match="larger than"):
        read_bytes(path, 9)


def test_links_are_followed_only_where_that_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("héllo")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_text(tmp_path / "link", 100) == "héllo"
    with pytest.raises(OSError):
        read_text(tmp_path / "link", 100, follow=False)
    with pytest.raises(OSError):
        append(tmp_path / "link")
    with append(tmp_path / "a") as file:
        file.write(b"!")
    assert (tmp_path / "a").read_text() == "héllo!"


def test_a_file_that_is_made_to_append_to_is_never_a_link_or_a_pipe(tmp_path: Path) -> None:
    made = tmp_path / "new"
    for _ in range(2):
        with append(made, create=True) as file:
            file.write(b"a\n")
    with lines_of(made) as lines:
        assert list(lines) == [b"a\n", b"a\n"]
    link, pipe, target = tmp_path / "link", tmp_path / "pipe", tmp_path / "target"
    link.symlink_to(target)
    os.mkfifo(pipe)
    for place in (link, pipe):
        with pytest.raises(OSError):
            append(place, create=True)
        with pytest.raises(OSError):
            lines_of(place)
    assert not target.exists()


async def test_a_stream_from_a_pipe_that_nobody_writes_to_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ts")
    with pytest.raises(InputError, match="not_a_regular_file"):
        await Tail(os.fspath(tmp_path / "pipe.ts"), idle_end=1.0).run(-1)
