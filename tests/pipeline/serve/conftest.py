"""One service for the tests that leave it as it was, and one small film."""

import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from browsing import launched
from serving import Running, running

from pipeline.bench.films import FilmSpec, write


@pytest.fixture(scope="package")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("serve") / "film.mp4"
    write(path, FilmSpec(seconds=6, width=160, height=90, fps=10, gop=10))
    return path


@pytest.fixture(scope="package")
def root(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Path:
    folder = tmp_path_factory.mktemp("library") / "films"
    (folder / "series").mkdir(parents=True)
    (folder / "series/one.mp4").write_bytes(film.read_bytes())
    return folder


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("state") / "state", root=(root,)) as service:
        yield service


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


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with launched() as browser:
        yield browser
