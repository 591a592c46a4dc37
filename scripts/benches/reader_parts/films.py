"""The films that are measured, made once and kept."""

import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
PICTURE = (
    "mandelbrot=s=1920x1080:r=30:maxiter=120,noise=alls=8:allf=t,hue=h='60*floor(t/5)':s='1+0.3*mod(floor(t/5),2)',scroll=h=0.002"
)
"""A fractal that drifts under grain, about as hard as filmed material; every five seconds all its colours change at once."""
MASTER = "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -qp 16"
SLOW = "-c:v libx264 -preset ultrafast -g 30"


def run(*command: Any) -> None:
    subprocess.run([FFMPEG, "-v", "error", "-y", *[str(part) for part in command]], check=True)


def film(folder: Path, codec: str, gop: int, seconds: int) -> Path:
    """1080p at 30 frames a second, 10 Mbit/s (H.264) or 6 (HEVC)."""
    path = folder / f"{codec}_gop{gop}_{seconds}s.mp4"
    if path.exists():
        return path
    master = next(iter(sorted(folder.glob("master_*s.mkv"))), folder / f"master_{seconds}s.mkv")
    temporary = folder / f".{path.name}"
    if not master.exists():
        half = folder / f".{master.name}"
        run("-f", "lavfi", "-i", PICTURE, "-t", seconds, *MASTER.split(), half)
        half.rename(master)
    if codec == "h264":
        least = gop if gop < 60 else 25
        options = f"-c:v libx264 -preset veryfast -b:v 10M -maxrate 14M -bufsize 20M -g {gop} -keyint_min {least}"
    else:
        options = f"-c:v libx265 -preset superfast -b:v 6M -tag:v hvc1 -x265-params log-level=none:keyint={gop}:bframes=3"
    run("-i", master, "-t", seconds, *options.split(), "-f", "mp4", temporary)
    temporary.rename(path)
    return path


def twice(path: Path) -> Path:
    """A film after itself."""
    double = path.with_name(f"twice_{path.name}")
    if not double.exists():
        run("-stream_loop", 1, "-i", path, "-c", "copy", double)
    return double


def clips(whole: Path, folder: Path, length: int) -> list[Path]:
    """A film cut into short ones."""
    if not folder.exists():
        folder.mkdir()
        run("-i", whole, "-c", "copy", "-f", "segment", "-segment_time", length, "-reset_timestamps", 1, folder / "%04d.mp4")
    return sorted(folder.glob("*.mp4"))


def slow(folder: Path, name: str, seconds: int) -> Path:
    """One frame a second."""
    path = folder / f"slow_{name}.mp4"
    if not path.exists():
        run("-f", "lavfi", "-i", "testsrc2=s=640x360:r=1", "-t", seconds, *SLOW.split(), path)
    return path
