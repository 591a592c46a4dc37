"""A data set by the hosts of a Ray cluster: this process lists, starts hosts and writes the formats; it describes nothing itself."""

from collections.abc import Callable
from functools import partial

from pipeline.annotating import member
from pipeline.datasets.ledger import Ledger
from pipeline.datasets.results import steps
from pipeline.datasets.sole import SoleStorage
from pipeline.errors import UsageError
from pipeline.fleet import survey
from pipeline.fleet.need import need_of
from pipeline.fleet.ray_door import Cluster
from pipeline.options.annotate import AnnotateSettings


async def run(settings: AnnotateSettings, ledger: Ledger, *, model: str, say: Callable[[str], None]) -> None:
    """Until nothing is left. ``say`` hears of nodes that are left out, a line each.

    Raises UsageError ``no_conditional_put``, ``cluster_open``, EnvironmentFault ``ray_missing``, ``no_cluster``, ``no_node``, ``host_died``,
    and what a host ended with.
    """
    if isinstance(ledger.storage, SoleStorage):
        text = f"{ledger.storage} can't tell two writers apart, so one process alone can write there"
        raise UsageError("no_conditional_put", f"{text}; leave --cluster out, or write to another storage")
    assert settings.cluster is not None
    with Cluster(settings.cluster, insecure=settings.insecure_cluster) as cluster:
        need = need_of([node["Resources"] for node in cluster.nodes], settings.describing())
        arguments = member.arguments(settings, ledger, model=model)
        unfit = partial(survey.unfit, cluster, say=say)
        await cluster.run(member.FUNCTION, arguments, need, hosts=settings.hosts, done=lambda: steps(ledger), unfit=unfit)
