"""One real engine for the tests of this folder that ask about what is said, not about a start: the service's."""

from collections.abc import Iterator

import pytest
from serving import Running, running


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service with the embedded model, loaded. ``service.service.studio`` is its engine; ``on_loop`` runs beside its jobs."""
    with running(tmp_path_factory.mktemp("state") / "state", engine="vllm", model="shapes", windows=None) as service:
        service.on_loop(_ready(service))
        yield service


async def _ready(service: Running) -> None:
    await service.service.studio.engine.warm()
