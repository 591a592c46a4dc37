"""``--engine``: its name is the name of a file here (or of an entry point in the group ``scenescribe.engines``). See base.py."""

from difflib import get_close_matches
from pathlib import Path

from models.base import Captioner
from models.engines.base import Access, Opener
from models.errors import BadEngineOption, EngineMissing
from models.families import BrokenMember, is_member, member, names
from models.options import EngineOptions
from models.preset import Preset


def engine_names() -> tuple[str, ...]:
    """What ``--engine`` takes."""
    return tuple(names(__name__, __path__))


def open_captioner(
    engine: str,
    preset: Preset,
    options: EngineOptions | None = None,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    log_path: Path | None = None,
    verbose: bool = False,
) -> Captioner:
    """A captioner, not started yet; what is said of a server or a log is for the engines that have one.

    Raises BadEngineOption for an unknown name or an option that can't be, EngineMissing for a plug-in that can't be imported.
    """
    if not is_member(__name__, __path__, engine):
        known = engine_names()
        near = get_close_matches(engine, known, n=1, cutoff=0.4)
        hint = f", did you mean {near[0]}?" if near else ""
        raise BadEngineOption(f"there is no engine '{engine}'{hint} (there are: {', '.join(known)})", engine=engine, nearest=near)
    try:
        found = member(__name__, __path__, engine)
    except BrokenMember as error:
        raise EngineMissing(f"the engine {error}", engine=engine) from error
    opener: Opener | None = getattr(found, "open", None)
    if opener is None:
        raise EngineMissing(f"the engine '{engine}' is no engine: its module has no open(preset, options, access)", engine=engine)
    access = Access(base_url=base_url, api_key=api_key, log_path=log_path, verbose=verbose)
    return opener(preset, options or EngineOptions(), access)
