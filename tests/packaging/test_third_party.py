"""What is installed along under a licence that asks for something is named in THIRD_PARTY.md, with its licence."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
NOTICES = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
PERMISSIVE = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software|ISC|Zlib|Unlicense|CC0|HPND|0BSD|Public Domain|Historical Permission", re.IGNORECASE
)
ASKING = re.compile(r"GPL|MPL|Mozilla|EUPL|CDDL|EPL|Eclipse|Proprietary|OFL|CC-BY|Artistic", re.IGNORECASE)
READ = {"espeakng-loader": "GPL-3.0-or-later", "oss-harmony": "Apache-2.0", "setuptools": "MIT"}
"""packages whose metadata names no licence: what their LICENSE file is (of espeakng-loader: espeak-ng's own)"""


def installed() -> dict[str, metadata.Distribution]:
    """All that the product and its extras bring, as far as it is installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, metadata.Distribution] = {}
    asked: set[tuple[str, frozenset[str]]] = set()

    def add(requirement: Requirement) -> None:
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in asked or key[0] == "scenescribe":
            return
        asked.add(key)
        try:
            found[key[0]] = one = metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            return
        for line in one.requires or ():
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in (*requirement.extras, "")):
                add(needed)

    for extra, lines in {"": project["dependencies"], **project["optional-dependencies"]}.items():
        if extra not in ("dev", "bench"):
            for line in lines:
                add(Requirement(line))
    return found


def licence(name: str, one: metadata.Distribution) -> str:
    """What the package says of its licence."""
    told = one.metadata
    listed = [line.rpartition("::")[2] for line in told.get_all("Classifier") or () if line.startswith("License")]
    first = str(told.get("License") or "").strip().splitlines()[:1]
    return str(told.get("License-Expression") or "") or "; ".join([*listed, *first]) or READ.get(name, "")


def test_what_asks_for_something_is_named() -> None:
    found = installed()
    assert len(found) > 30
    for name, one in found.items():
        said = licence(name, one)
        assert said, f"{name} names no licence: read its LICENSE file, then READ"
        if ASKING.search(said) or not PERMISSIVE.search(said):
            assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", NOTICES), f"{name}: {said}"
