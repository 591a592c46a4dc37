"""Who describes films under some settings: this process, or a fleet. Nothing of a fleet is imported where there is none."""

from models.base import Captioner
from pipeline.fleet.placement import placements
from pipeline.host import Host
from pipeline.options.caption import Settings


def open_host(settings: Settings, *, captioner: Captioner | None = None, verbose: bool = False) -> Host:
    """This process, where one engine is all, or a fleet.

    ``captioner`` answers in place of an engine of ours, in this process. Raises UsageError and EnvironmentFault.
    """
    places = placements(settings) if captioner is None else ()
    if not places:
        return Host(settings, captioner=captioner, verbose=verbose)
    from pipeline.fleet.fleet import Fleet

    return Fleet(settings, places, verbose=verbose)
