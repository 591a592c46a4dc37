"""The container file names extras, options and paths that there are; it is built on a GPU host, not here."""

import re
import tomllib
from pathlib import Path

from pipeline.options.serve import ServeSettings

ROOT = Path(__file__).parents[2]
FILE = (ROOT / "scripts/deploy/Containerfile").read_text()


def test_what_the_container_file_names_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = re.search(r"/src\[([\w,]+)\]", FILE)
    assert asked is not None
    assert set(asked[1].split(",")) <= set(extras)
    entry = re.search(r"^ENTRYPOINT (\[.*\])$", FILE, re.MULTILINE)
    assert entry is not None
    flags = re.findall(r'"--([\w-]+)"', entry[1])
    assert {flag.replace("-", "_") for flag in flags} <= set(ServeSettings.model_fields)
    assert re.search(r"^USER [1-9]\d*$", FILE.split("ENTRYPOINT")[0], re.MULTILINE), "it does not run as root"


def test_it_is_built_in_the_format_that_knows_its_healthcheck() -> None:
    """podman and buildah write OCI's by themselves, which has none: "HEALTHCHECK is not supported for OCI image format and will be ignored"."""
    assert "\nHEALTHCHECK " in FILE
    assert re.search(r"^# +podman build --format docker ", FILE, re.MULTILINE)


def test_a_compiler_is_there_for_triton_and_installed_as_root() -> None:
    """Without one vLLM ends at its first use of a GPU: "Failed to find C compiler"."""
    as_root = FILE.split("\nUSER ")[0]
    installed = re.search(r"^RUN apt-get update && apt-get install -y (.+?) &&", as_root, re.MULTILINE)
    assert installed is not None
    assert {"gcc", "g++", "libc6-dev"} <= set(installed[1].split())
