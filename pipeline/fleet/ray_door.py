"""Hosts as actors of a Ray cluster: the door to Ray (extra ``ray``; Ray Core alone, none of its data or serving libraries).

    driver (this process)            actor on k GPUs of any node        ... one for each group of GPUs, also of nodes that join later
    starts actors, starts them       runs ``module:function`` until it ends
    again where a node died          takes its work from the data set's storage, not from us: nothing but ids ever passes through Ray

An actor that dies is started again where there is room; its work is known to be undone by its claims. Deaths without anything done
between them end the run, with their reason.
"""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from models.installed import adding
from pipeline.errors import EnvironmentFault
from pipeline.fleet.need import Need
from pipeline.fleet.ray_actor import HostActor, call
from pipeline.fleet.ray_address import refuse_open, refuse_silent
from pipeline.fleet.ray_local import alone, slow_nodes

PATIENCE = 5
"""deaths in a row, with nothing done between them, after which the run ends: one more than it takes to find an item that kills"""
LOOK = 2.0
"""seconds between two looks at the cluster"""
ENDING = 30.0
"""seconds that hosts have to commit what is ready, once they are told to stop"""
STARTING = 300.0
"""seconds until the first host must have a place, and until a node answers whose worker has to be loaded first"""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Member:
    """One actor; ``work`` is the reference of its answer."""

    number: int
    actor: Any
    work: Any


class Cluster:
    """A Ray cluster that this process is a driver of. A context manager."""

    def __init__(self, address: str, *, insecure: bool = False) -> None:
        """``address``: ``local`` starts one on this machine, ``auto`` is that of RAY_ADDRESS or of this machine, else HOST:PORT.

        Raises EnvironmentFault ``ray_missing``, ``no_cluster``; UsageError ``cluster_open``: another machine's, without a token.
        """
        # left to itself any call of Ray's behind the end of its session starts another one, in which it knows nothing of ours
        os.environ |= {"RAY_USAGE_STATS_ENABLED": os.environ.get("RAY_USAGE_STATS_ENABLED", "0"), "RAY_ENABLE_AUTO_CONNECT": "0"}
        self._rest = contextlib.ExitStack()
        own = self._rest.enter_context(alone()) if address == "local" else {}
        try:
            self._join(address, own, insecure=insecure)
        except BaseException:
            self._rest.close()
            raise

    def _join(self, address: str, own: Mapping[str, Any], *, insecure: bool) -> None:
        self._ray = door()
        given = os.environ.get("RAY_ADDRESS", "auto") if address == "auto" else address
        if not insecure and address != "local" and not _inside_a_job():
            refuse_open(given, self._ray.util.get_node_ip_address)
        refuse_silent(given)
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            with slow_nodes(self._ray):  # "local" starts one; no address at all would join whatever cluster this machine has
                self._ray.init(address=given, **own, namespace="scenescribe", configure_logging=False, log_to_driver=False)
        except Exception as error:  # Ray raises ``Exception`` itself where a node does not come up
            says = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise EnvironmentFault("no_cluster", f"--cluster {address}: there is no Ray cluster to be had: {says}") from error
        finally:
            for number, handler in before.items():  # Ray puts its own there, which would end us in the middle of things
                signal.signal(number, handler)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._ray.shutdown()
        finally:
            self._rest.close()

    @property
    def nodes(self) -> list[dict[str, Any]]:
        """Nodes that are alive: their id, address and resources."""
        return [node for node in self._ray.nodes() if node["Alive"]]

    def room(self, need: Need, *, without: Collection[str] = ()) -> int:
        """How many hosts all nodes together, but those of these ids, have room for, whether others use it or not."""
        return sum(need.fits(node["Resources"]) for node in self.nodes if node["NodeID"] not in without)

    def on_every_node(
        self, function: str, arguments: Mapping[str, Any], *, only: Collection[str] | None = None, timeout: float = STARTING
    ) -> dict[str, Any]:
        """Have ``module:function`` called once on each node, or on those of these ids: id -> what it returned, or the exception."""
        remote, ids = self._ray.remote(call), [node["NodeID"] for node in self.nodes]
        asked = {
            id: remote.options(num_cpus=0, scheduling_strategy=_on(id)).remote(function, dict(arguments))
            for id in ids
            if only is None or id in only
        }
        found: dict[str, Any] = {}
        for node, reference in asked.items():
            try:
                found[node] = self._ray.get(reference, timeout=timeout)
            except Exception as error:
                found[node] = error
        return found

    def begin(self, kind: type, arguments: tuple[Any, ...], need: Need, node: str) -> Any:
        """An actor of that class on a node, or on another one where that is gone; it may wait for its place."""
        options = {"num_gpus": need.gpus, "num_cpus": need.cpus, "max_restarts": 0, "scheduling_strategy": _on(node, soft=True)}
        return self._ray.remote(kind).options(**options).remote(*arguments)

    def answer(self, reference: Any) -> Any:
        """Waits for it. Raises what it raised, RayError where its process is gone."""
        return self._ray.get(reference)

    def end(self, actor: Any) -> None:
        """At once; harmless when repeated."""
        with contextlib.suppress(Exception):  # Ray has no class for an actor that is not there
            self._ray.kill(actor)

    async def run(
        self,
        function: str,
        arguments: Mapping[str, Any],
        need: Need,
        *,
        hosts: int | None = None,
        done: Callable[[], int] = lambda: 0,
        unfit: Callable[[Collection[str]], Collection[str]] = lambda ids: (),
        stopping: asyncio.Event | None = None,
    ) -> None:
        """Have ``module:function`` (a ``Work``) run by hosts until all have ended well.

        ``arguments`` are those of all hosts, with ``number`` added. ``hosts``: how many at most; otherwise as many as there is room for,
        and more when nodes join. ``done``: something that grows while work is done, by which deaths are judged. ``unfit``: given the
        ids of nodes that came, those of them that can't be hosts.
        Raises the error of ours that a host ended with; EnvironmentFault ``host_died``, ``no_node``.
        """
        actors, members, ended = self._ray.remote(HostActor), list[Member](), 0
        deaths, reached, told = 0, done(), False
        began, number = time.monotonic(), 0
        seen, out = set[str](), set[str]()
        try:
            while True:
                if came := {node["NodeID"] for node in self.nodes if need.fits(node["Resources"])} - seen:
                    seen |= came
                    out |= set(await asyncio.to_thread(unfit, came))
                self._refuse_no_room(members, ended, need, began, out)
                wanted = min(hosts or 10**9, max(1, self.room(need, without=out)))
                while not ended and not told and len(members) < wanted:
                    actor = actors.options(
                        num_gpus=need.gpus, num_cpus=need.cpus, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD",
                        label_selector={"ray.io/node-id": f"!in({','.join(sorted(out))})"} if out else None,
                    ).remote()  # fmt: skip
                    members.append(Member(number, actor, actor.work.remote(function, {**arguments, "number": number})))
                    number += 1
                references = [member.work for member in members]
                ready, _ = await asyncio.to_thread(self._ray.wait, references, num_returns=1, timeout=LOOK)
                for member in [member for member in members if member.work in ready]:
                    members.remove(member)
                    error = await asyncio.to_thread(self._ended, member)
                    if error is None:
                        ended += 1
                        continue
                    now = await asyncio.to_thread(done)
                    deaths, reached = (1 if now > reached else deaths + 1), max(now, reached)
                    log.warning("host %d died (%s); its units go to others", member.number, error)
                    if deaths >= PATIENCE:
                        text = f"{deaths} hosts died one after the other with nothing done between them; the last: {error}"
                        raise EnvironmentFault("host_died", text)
                if not members and (ended or told):
                    return
                if stopping is not None and stopping.is_set() and not told:
                    told = True
                    for member in members:
                        member.actor.stop.remote()
        finally:
            await self._end(members)

    def _ended(self, member: Member) -> str | None:
        """None where a host ended well; what was said of it where it died. Raises an error of ours that it ended with."""
        from pipeline.errors import ScenescribeError

        try:
            self._ray.get(member.work)
        except self._ray.exceptions.RayTaskError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, ScenescribeError):
                raise cause from error
            return str(error).strip().splitlines()[-1]
        except self._ray.exceptions.RayError as error:
            return str(error).strip().splitlines()[0]
        return None

    def _refuse_no_room(self, members: list[Member], ended: int, need: Need, began: float, out: Collection[str]) -> None:
        if ended or self.room(need, without=out):
            return
        if out and not members:
            text = "every node with room for a host is left out; have the same Scenescribe on all of them (scenescribe doctor --cluster)"
            raise EnvironmentFault("no_node", text)
        if time.monotonic() - began < STARTING:
            return
        text = f"no node of the cluster has {need.gpus} GPUs and {need.cpus:g} cores; see ray status"
        raise EnvironmentFault("no_node", text)

    async def _end(self, members: list[Member]) -> None:
        """Hosts that still run come to an end, in order if they do it in time."""
        if not members:
            return
        for member in members:
            with contextlib.suppress(Exception):  # as in ``end``
                member.actor.stop.remote()
        await asyncio.to_thread(self._ray.wait, [member.work for member in members], num_returns=len(members), timeout=ENDING)
        for member in members:
            self.end(member.actor)


def _on(node: str, *, soft: bool = False) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node, soft=soft)


def door() -> Any:
    """Ray. Raises EnvironmentFault ``ray_missing``."""
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise EnvironmentFault("ray_missing", f"--cluster needs Ray: {adding('ray')}") from error
    return ray


def _inside_a_job() -> bool:
    """Whether ``ray job submit`` started this process: then it is in the cluster already."""
    return "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ
