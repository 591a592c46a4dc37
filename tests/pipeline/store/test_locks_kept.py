"""A database of the state folder that is opened once more in its process: the first one's locks stay, by which other processes see it."""

import subprocess
import sys
from pathlib import Path

from patience import PATIENCE

from pipeline.store.database import Database
from pipeline.store.state_folder import DATABASE

LOCKED = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)"
"""SQLite's bytes for who reads a file: as long as a database is open others see that it is, and leave its write-ahead log"""


def test_one_more_that_opens_it_lets_go_of_no_lock_of_the_first(tmp_path: Path) -> None:
    first = Database(tmp_path)
    first.rows("SELECT * FROM jobs")
    Database(tmp_path).close()
    tried = subprocess.run(
        [sys.executable, "-c", LOCKED, first.path], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert "BlockingIOError" in tried.stderr
    first.close()


def test_a_link_to_where_nothing_is_yet_is_followed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / DATABASE).symlink_to(tmp_path / "elsewhere.sqlite3")
    Database(tmp_path / "state").close()
    assert (tmp_path / "elsewhere.sqlite3").is_file()
