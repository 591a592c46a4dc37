"""One service for the tests that leave it as it was, and one small film."""

import logging
import secrets
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from browsing import launched, signed_in
from serving import Running, running

from models.base import Request
from models.engines.echo import EchoCaptioner
from pipeline import log
from pipeline.bench.films import FilmSpec, write
from scripts.soaks.madeup import TextHost


@pytest.fixture(scope="package")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("serve") / "film.mp4"
    write(path, FilmSpec(seconds=6, width=160, height=90, fps=10, gop=10))
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """The drawn film as one that no other file of tests has: what one has described is not asked about in another."""
    path = tmp_path_factory.mktemp("serve") / "film.mp4"
    path.write_bytes(drawn.read_bytes() + b"\0\0\0\x10free" + secrets.token_bytes(8))
    return path


@pytest.fixture(scope="package")
def root(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    folder = tmp_path_factory.mktemp("library") / "films"
    (folder / "series").mkdir(parents=True)
    (folder / "series/one.mp4").write_bytes(drawn.read_bytes())
    return folder


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("state") / "state", root=(root,)) as service:
        yield service


@pytest.fixture
def log_as_it_was() -> Iterator[None]:
    yield
    log._take([], logging.WARNING)


@pytest.fixture(scope="session")
def hostile() -> ModuleType:
    """The corpus of the decoders' tests."""
    spec = util.spec_from_file_location("serve_corpus", Path(__file__).parents[1] / "video/corpus.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")  # not longer: while it lives its loop runs in this thread, and no asynchronous test can
def browser() -> Iterator[Any]:
    with launched() as browser:
        yield browser


HOSTILE = "<img src=x onerror=alert(1)> {\\an8} \u202e<script>alert(2)</script>"


class Talker(EchoCaptioner):
    """Says something hostile of one film's pictures, and answers questions in several pieces."""

    async def _words(self, request: Request) -> list[str]:
        words = await super()._words(request)
        if request.prompt == "point":
            return ["It", "is", "[1]."]
        return HOSTILE.split(" ") if "hostile" in request.prompt else words


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("page") / "films"
    root.mkdir()
    write(root / "on disk.mp4", FilmSpec(seconds=4, width=160, height=90, fps=10, gop=10))
    with running(tmp_path_factory.mktemp("state") / "state", captioner=Talker(), root=(root,)) as service:
        yield service


@pytest.fixture(scope="package")
def described(served: Running, drawn: Path) -> str:
    id = served.upload(drawn, "<b>film<b>.mp4")["id"]
    served.done(served.job(id)["id"])
    assert served.done(served.job(id, "summarize")["id"])["status"] == "completed"
    return str(id)


@pytest.fixture
def page(browser: Any, served: Running) -> Iterator[Any]:
    """A page that is signed in."""
    with signed_in(browser, served) as page:
        yield page


@pytest.fixture(scope="package")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose films are made-up texts, so that a job takes milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "pipeline.serve.service.open_host", lambda settings, captioner, **_: TextHost(settings, captioner=captioner)
        )
        service = Running(tmp_path_factory.mktemp("state") / "state", captioner=EchoCaptioner())
    yield service
    service.stop()


@pytest.fixture(scope="package")
def made_up_films(made_up: Running, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two of its films, described."""
    ids = []
    for number in range(2):
        path = tmp_path_factory.mktemp("film") / f"{number}.txt"
        path.write_text(f"film {number}")
        ids.append(str(made_up.upload(path)["id"]))
    assert [made_up.done(made_up.job(id)["id"])["status"] for id in ids] == ["completed"] * 2
    return ids
