"""Who describes films under some settings: this process, or a fleet. Nothing of a fleet is imported where there is none."""

from typing import TYPE_CHECKING

from models.base import Captioner
from pipeline.fleet.placement import Placement, placements
from pipeline.host import Host
from pipeline.options.caption import Settings

if TYPE_CHECKING:
    from models.options import Profile


def open_host(
    settings: Settings, *, captioner: Captioner | None = None, verbose: bool = False, profile: "Profile" = "captions"
) -> Host:
    """This process, where one engine is all, or a fleet.

    ``captioner`` answers in place of an engine of ours, in this process; ``profile``: what engines are set up for.

    Raises UsageError and EnvironmentFault.
    """
    if captioner is None and settings.cluster is not None:
        from pipeline.fleet.cluster import ClusterFleet

        return ClusterFleet(settings, verbose=verbose, profile=profile)
    places: tuple[Placement, ...] = ()
    if captioner is None:
        places = placements(settings)
    if not places:
        return Host(settings, captioner=captioner, verbose=verbose, profile=profile)
    from pipeline.fleet.fleet import Fleet

    return Fleet(settings, places, verbose=verbose, profile=profile)
