"""``--model``: the name of a TOML file of this folder, a model folder, or an id on the Hugging Face hub."""

from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from models.errors import ModelNotFound
from models.model_folder import folder_preset, folder_size
from models.preset import FrameSize, Preset, read_preset

HERE = Path(__file__).parent
EMBEDDED = "shapes"
"""the model that comes with Scenescribe and runs without a GPU"""
DEFAULTS = ("llava-onevision-7b", "llava-onevision-0.5b")
"""what a GPU gets when nothing is asked for: the first that fits"""


@cache
def names() -> tuple[str, ...]:
    """Names of the presets, sorted."""
    return tuple(sorted(path.stem for path in HERE.glob("*.toml")))


def preset(wanted: str) -> Preset:
    """The preset of a name, a model folder, or a hub id (``owner/name``, with ``@revision`` where one is meant).

    A folder or id without a preset of its own is looked into: its configuration and chat template decide. Raises
    ModelNotFound, one line that names the nearest or what is missing.
    """
    if wanted in names():
        return _embedded_path(read_preset(HERE / f"{wanted}.toml"))
    path = Path(wanted).expanduser()
    if path.exists() or wanted.startswith((".", "/", "~")):
        return folder_preset(path)
    for name in names():
        known = read_preset(HERE / f"{name}.toml")
        if known.id == wanted:
            return _embedded_path(known)
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


def _embedded_path(found: Preset) -> Preset:
    """The embedded model's id is a path below ``models/``: make it whole; its folder knows its frame size."""
    if found.name != EMBEDDED:
        return found
    folder = HERE.parent / found.id
    size = folder_size(folder) if (folder / "config.json").is_file() else found.size
    return replace(found, id=str(folder), size=size)
