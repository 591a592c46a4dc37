"""Which host gets the next unit, and which may be started now."""

from collections.abc import Mapping, Sequence

from pipeline.fleet.job import Job
from pipeline.fleet.remote import RemoteHost, State

ALONE = 2
"""deaths of hosts that had a unit, after which it goes alone"""


def next_host(held: Mapping[RemoteHost, Mapping[int, Job]], queue: Sequence[Job]) -> RemoteHost | None:
    """The host with the least to do that wants a unit, if the first of the queue is in its share; ``held``: what each host has."""
    job = queue[0]
    wanting = [host for host in held if host.places > 0 and not _guarded(held[host])]
    if job.deaths >= ALONE:
        wanting = [host for host in wanting if not held[host]]
    if not wanting:
        return None
    loads = {host: sum(job.left for job in jobs.values()) for host, jobs in held.items()}
    host = min(wanting, key=lambda host: loads[host])
    if not held[host]:
        return host
    everything = sum(loads.values()) + sum(job.left for job in queue)
    able = sum(host.state is not State.OUT for host in held)
    return host if loads[host] + job.left <= everything / max(1, able) else None


def _guarded(jobs: Mapping[int, Job]) -> bool:
    """Whether a host works on a suspicious unit, alone."""
    return any(job.deaths >= ALONE for job in jobs.values())


def may_start(host: RemoteHost, hosts: Sequence[RemoteHost], *, first_alone: bool) -> bool:
    """Those of one GPU start one after the other, since each measures what memory is left.

    ``first_alone``: the others wait until one was ready once, and find what it compiled.
    """
    loading = [other for other in hosts if other.state in (State.OPENING, State.LOADING)]
    if first_alone and loading and not any(other.starts for other in hosts):
        return False
    return not (host.placement.gpus and any(other.placement.gpus == host.placement.gpus for other in loading))
