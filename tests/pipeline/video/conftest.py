"""The corpus of hostile films, made once for a run, and children that serve all tests."""

import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.video.children.pool import WorkerPool


def _module(name: str) -> ModuleType:
    """A file beside this one: tests are no package."""
    spec = util.spec_from_file_location(f"video_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


corpus = _module("corpus")


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all films of the corpus."""
    folder = tmp_path_factory.mktemp("films")
    corpus.make(folder)
    return folder


@pytest.fixture(scope="session")
def tools() -> ModuleType:
    """The module ``corpus``: counting pictures, ffmpeg, cases."""
    return corpus


@pytest.fixture(scope="session")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool() as children:
        yield children


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, cases in (
        ("case", corpus.CASES),
        ("good", [case for case in corpus.CASES if not case.error]),
        ("bad", [case for case in corpus.CASES if case.error]),
    ):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, cases, ids=lambda case: case.name)
