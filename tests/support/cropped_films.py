"""What the tests of cropping share: a film of 320x240 pixels, and what a container is to cut off of it."""

import subprocess
from pathlib import Path

from pipeline.media.binary import find_ffmpeg

SIDES = {"left": 16, "top": 8, "right": 32, "bottom": 20}
SIZE, REST = (320, 240), (272, 212)
OFF = (-8, -6)
"""of the middle of what is shown"""


def whole_film(path: Path) -> Path:
    """One of which all is shown."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=0.4"]
    subprocess.run([find_ffmpeg().path, "-v", "error", *source, "-c:v", "libx264", "-pix_fmt", "yuv420p", path], check=True)
    return path
