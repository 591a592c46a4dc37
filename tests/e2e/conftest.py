"""One real engine for the tests of this folder that ask about what is said, not about a start: the service's."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from serving import Running, running

FOLDER = Path(__file__).parent
_open = ExitStack()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service with the embedded model, loaded. ``service.service.studio`` is its engine; ``on_loop`` runs beside its jobs."""
    with _open:
        service = _open.enter_context(
            running(tmp_path_factory.mktemp("state") / "state", engine="vllm", model="shapes", windows=None)
        )
        service.on_loop(_ready(service))
        yield service


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """End it with the folder's last test: for the rest of the run it would hold three gigabytes that other engines want."""
    yield
    if nextitem is None or nextitem.path.parent != FOLDER:
        _open.close()


async def _ready(service: Running) -> None:
    await service.service.studio.engine.warm()
