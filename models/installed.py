"""How this very installation is added to: from a checkout, from a wheel, or by the requirements themselves.

The name ``scenescribe`` on a package index need not be ours: no message may tell anybody to install it from there.
"""

import json
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlparse

ROOT = Path(__file__).parents[1]
"""the checkout, or the folder that the wheel's packages were put in"""


def script(name: str) -> Path | None:
    """A script of the checkout; None where a wheel is installed, which has none."""
    path = ROOT / "scripts" / name
    return path if path.is_file() and (ROOT / "pyproject.toml").is_file() else None


def adding(extra: str) -> str:
    """The command that installs what an extra of ours brings: ``gpu``, ``cpu`` or ``fonts``."""
    if script("setup") is not None:
        return f"pip install '{ROOT}[{extra}]'"
    try:
        ours = distribution("scenescribe")
    except PackageNotFoundError:
        return f"what the extra '{extra}' names in our pyproject.toml has to be installed"
    wheel = _wheel(ours)
    if wheel is not None:
        return f"pip install '{wheel}[{extra}]'"
    return "pip install " + " ".join(f"'{wanted}'" for wanted in requirements(ours, extra))


def requirements(ours: Distribution, extra: str) -> Iterator[str]:
    """What an extra needs, from the installed package's own metadata."""
    for line in ours.requires or ():
        wanted, _, marker = line.partition(";")
        if f"extra == '{extra}'" in marker.replace('"', "'"):
            yield wanted.strip()


def _wheel(ours: Distribution) -> Path | None:
    """The wheel that was installed (PEP 610), as long as it is still there."""
    try:
        url = urlparse(str(json.loads(ours.read_text("direct_url.json") or "{}").get("url", "")))
    except ValueError:
        return None
    path = Path(unquote(url.path))
    return path if url.scheme == "file" and path.suffix == ".whl" and path.is_file() else None
