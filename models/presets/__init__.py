"""``--model``: the name of a TOML file of this folder, a model folder, or an id on the Hugging Face hub.

An installed package adds presets by entry points that name the package in which ``NAME.toml`` lies

    [project.entry-points."scenescribe.presets"]
    my-model = "my_package"

and an ``id`` of theirs that begins with ``./`` is a folder beside that file.
"""

from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from models.errors import ModelError, ModelNotFound
from models.families import points
from models.model_folder import folder_preset, folder_size
from models.preset import FrameSize, Preset, read_preset

HERE = Path(__file__).parent
EMBEDDED = "shapes"
"""the model that comes with Scenescribe and runs without a GPU"""
DEFAULTS = ("llava-onevision-7b", "llava-onevision-0.5b")
"""what a GPU gets when nothing is asked for: the first that fits"""


@cache
def names() -> tuple[str, ...]:
    """Names of the presets, sorted: those here, and those of installed packages."""
    return tuple(sorted({*_ours(), *points("presets")}))


@cache
def _ours() -> frozenset[str]:
    return frozenset(path.stem for path in HERE.glob("*.toml"))


def preset(wanted: str) -> Preset:
    """The preset of a name, a model folder, or a hub id (``owner/name``, with ``@revision`` where one is meant).

    A folder or id without a preset of its own is looked into: its configuration and chat template decide. Raises
    ModelNotFound, one line that names the nearest or what is missing.
    """
    if wanted in _ours() or wanted in points("presets"):
        return _read(wanted)
    path = Path(wanted).expanduser()
    if path.exists() or wanted.startswith((".", "/", "~")):
        return folder_preset(path)
    for name in names():
        try:
            known = _read(name)
        except ModelError:
            continue  # an installed package's, broken, and not asked for
        if known.id == wanted:
            return known
    if wanted.count("/") == 1 and not wanted.endswith("/"):
        from models.hub import small_files, split_revision

        id, revision = split_revision(wanted)
        return folder_preset(small_files(id, revision), id=id, revision=revision)
    near = get_close_matches(wanted, names(), n=1, cutoff=0.4)
    hint = f", did you mean {near[0]}?" if near else ""
    raise ModelNotFound(
        f"there is no preset '{wanted}'{hint} (there are: {', '.join(names())}; or name a folder or a hub id: owner/name)",
        wanted=wanted,
        nearest=near,
    )


def served_preset(wanted: str | None) -> Preset:
    """The preset for a model that a server has (``--engine openai``): a preset's name, a folder, or any name that the server knows.

    A name that nothing is known of gets its frames as images, which every server takes; None: the only model that the server has.
    """
    if wanted is not None:
        try:
            return preset(wanted)
        except ModelNotFound:
            if wanted.startswith((".", "/", "~")):
                raise
    name = wanted or "served"
    return Preset(name=name, id=name, revision="", frames="images", size=FrameSize(mode="fit", multiple=2, max_pixels=512 * 512))


def default_preset(gpu_memory_gb: float | None) -> str:
    """Name of the preset for a machine whose largest GPU has ``gpu_memory_gb`` GiB; None: it has no GPU."""
    if gpu_memory_gb is not None:
        for name in DEFAULTS:
            if read_preset(HERE / f"{name}.toml").memory_gb <= gpu_memory_gb:
                return name
    return EMBEDDED


def _read(name: str) -> Preset:
    """The preset in the file of this name, with the path of its model where that is a folder that came with it."""
    ours = HERE / f"{name}.toml"
    path = ours if ours.is_file() else _installed_path(name)
    found = read_preset(path)
    folder = HERE.parent / found.id if found.name == EMBEDDED else path.parent / found.id
    if found.name != EMBEDDED and not found.id.startswith("./"):
        return found
    size = folder_size(folder) if (folder / "config.json").is_file() else found.size  # its folder knows its frame size
    return replace(found, id=str(folder), size=size)


def _installed_path(name: str) -> Path:
    """The TOML file of an installed package's preset. Raises ModelNotFound where its package or the file is not there."""
    point = points("presets")[name]
    try:
        spec = find_spec(point.value)
    except (ImportError, ValueError):
        spec = None
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / f"{name}.toml"
        if path.is_file():
            return path
    whose = f" of the package {point.dist.name}" if point.dist is not None else ""
    raise ModelNotFound(f"the preset '{name}'{whose} is broken: there is no {name}.toml in {point.value}", wanted=name)
