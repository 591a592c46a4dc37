"""Ray works in the session that we began, or not at all."""

import subprocess
import sys

from patience import PATIENCE

BEHIND_ITS_END = """
from pipeline.fleet import ray_door
ray_door.Cluster._join = lambda *_, **__: None
ray_door.Cluster("auto"); import ray
try:
    ray.put(1)
except Exception as error:
    print(type(error).__name__, ray.is_initialized())
"""


def test_a_call_behind_the_end_of_a_session_starts_no_other() -> None:
    """A thread that waits for hosts may make one: there all references of before have an owner that is unknown."""
    done = subprocess.run([sys.executable, "-c", BEHIND_ITS_END], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.stdout.split() == ["RaySystemError", "False"], done.stderr
