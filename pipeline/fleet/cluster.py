"""``caption --cluster``: hosts on the nodes of a Ray cluster, led by this process as those of this machine are.

    coordinator ==socket== relay ..Ray.. actor ==socket== host, a process of its node       units there, captions back

Units name films by their paths, so every node sees them under the same; what passes through Ray is what passes through a pipe
otherwise: names, recipes and captions, a few hundred bytes a window.
"""

import contextlib
import logging
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import EnvironmentFault
from pipeline.fleet import survey
from pipeline.fleet.fleet import Fleet
from pipeline.fleet.need import Need, need_of
from pipeline.fleet.placement import Placement
from pipeline.fleet.ray_actor import PIECE, FilmHost
from pipeline.fleet.ray_door import Cluster
from pipeline.options.caption import Settings

if TYPE_CHECKING:
    from models.options import Profile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnNode(Placement):
    """One host's place: a node, by Ray's id and its address, and which of its hosts it is."""

    node: str
    address: str
    nth: int = 0
    of: int = 1

    @property
    def words(self) -> str:
        return f"node {self.address}" + (f", {self.nth + 1} of {self.of} there" if self.of > 1 else "")


class Relay:
    """Stands for the process of a host on another machine (``remote.Process``): ``ours`` is led as its socket would be."""

    pid: int | None = None

    def __init__(self, cluster: Cluster, actor: Any) -> None:
        self._cluster, self._actor = cluster, actor
        self.ours, self._theirs = socket.socketpair()
        self._over = threading.Event()
        for work in (self._there, self._back):
            threading.Thread(target=work, name="relay", daemon=True).start()

    def poll(self) -> int | None:
        return 0 if self._over.is_set() else None

    def wait(self) -> int:
        self._over.wait()
        return 0

    def kill(self) -> None:
        self._cluster.end(self._actor)

    def _there(self) -> None:
        with contextlib.suppress(Exception):  # whatever ends it is seen by ``_back`` too
            while data := self._theirs.recv(PIECE):
                self._cluster.answer(self._actor.send.remote(data))

    def _back(self) -> None:
        try:
            while data := self._cluster.answer(self._actor.receive.remote()):
                self._theirs.sendall(data)
        except Exception as error:  # Ray's, of many kinds: its node is gone, its place was taken, it was ended
            log.info("a host of the cluster ended: %s", str(error).strip().partition("\n")[0])
        finally:
            self.kill()
            with contextlib.suppress(OSError):
                self._theirs.shutdown(socket.SHUT_RDWR)
            self._theirs.close()
            self._over.set()


class ClusterFleet(Fleet):
    """A fleet on the nodes that a cluster has when it is opened, but for those of another version."""

    def __init__(self, settings: Settings, *, verbose: bool = False, profile: "Profile" = "captions") -> None:
        """Raises what ``Fleet`` does; EnvironmentFault ``ray_missing``, ``no_cluster``, ``no_node``; UsageError ``cluster_open``."""
        assert settings.cluster is not None
        with contextlib.ExitStack() as held:
            self._cluster = cluster = held.enter_context(Cluster(settings.cluster, insecure=settings.insecure_cluster))
            need = need_of([node["Resources"] for node in cluster.nodes], settings)
            places = places_of(cluster, need, settings.hosts)
            folder = os.getcwd()

            def launch(place: Placement, _: Path | None) -> tuple[Relay, socket.socket]:
                assert isinstance(place, OnNode)
                relay = Relay(cluster, cluster.begin(FilmHost, (folder, place.number, place.nth, place.of), need, place.node))
                return relay, relay.ours

            super().__init__(settings, places, verbose=verbose, profile=profile, launch=launch)
            self._held = held.pop_all()

    async def __aexit__(self, *error: object) -> None:
        try:
            await super().__aexit__(*error)
        finally:
            self._held.close()


def places_of(cluster: Cluster, need: Need, most: int | None) -> tuple[OnNode, ...]:
    """A place for each host that the nodes have room for, ``most`` at most. Raises EnvironmentFault ``no_node``."""
    fit = {node["NodeID"]: node for node in cluster.nodes if need.fits(node["Resources"])}
    out = survey.unfit(cluster, list(fit), say=log.warning)
    places = list[OnNode]()
    for id, node in fit.items():
        count = 0 if id in out else need.fits(node["Resources"])
        for nth in range(count):
            places.append(OnNode(number=len(places), cores=(), node=id, address=node["NodeManagerAddress"], nth=nth, of=count))
    if not places:
        why = "every node with room for a host is left out" if fit else f"no node has {need.gpus} GPUs and {need.cpus:g} cores"
        raise EnvironmentFault("no_node", f"{why}; scenescribe doctor --cluster tells of each node")
    return tuple(places[:most])
