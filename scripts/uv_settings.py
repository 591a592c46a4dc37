"""What pip is told on this machine, said to uv: `scripts/setup` installs with uv, and people have configured pip.

    .venv/bin/python scripts/uv_settings.py        writes NAME=value, a line each, for uv's environment

Indexes (with what lets one in), folders of wheels, constraints, certificates, proxies and time limits, from pip's files and
``PIP_*``. A variable of uv's own that is set already stays. Exit code 1, and the setting's name on stderr, where pip is told
something that uv has no word for: then pip has to do it.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping

WORDS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "build-constraint": "UV_BUILD_CONSTRAINT",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "retries": "UV_HTTP_RETRIES",
    "no-cache-dir": "UV_NO_CACHE",
}
OF_NO_MATTER = frozenset(
    """cache-dir config-file disable-pip-version-check no-input progress-bar quiet verbose no-color log require-virtualenv root-user-action
    break-system-packages user no-warn-script-location no-compile compile no-python-version-warning python""".split()
)
"""what changes nothing about what is installed into .venv"""


def listed(text: str) -> dict[str, str]:
    """The settings that count for ``pip install``, from what ``pip config list`` prints: a later place outdoes an earlier one."""
    places: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in text.splitlines():
        key, found, value = line.partition("=")
        section, _, name = key.partition(".")
        if found and section in places:
            places[section][name.replace("_", "-")] = str(ast.literal_eval(value))
    return {**places["global"], **places["install"], **places[":env:"]}


def for_uv(told: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """uv's variables. Raises LookupError with the name of a setting that uv has no word for."""
    said: dict[str, str] = {}
    for name, value in told.items():
        if name in WORDS and value.strip():
            several = {
                "find-links": ",".join(value.split()),
                "cert": value,
                "client-cert": value,
            }  # else parted by white space, as pip does
            said[WORDS[name]] = several.get(name, " ".join(value.split()))
        elif name not in WORDS and name not in OF_NO_MATTER:
            raise LookupError(name)
    if "UV_INDEX" in said:
        said["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip: the best version of all indexes, whichever has it
    for bundle in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # which pip goes by
        if environment.get(bundle):
            said.setdefault("SSL_CERT_FILE", environment[bundle])
    return {name: value for name, value in said.items() if name not in environment}


def main() -> None:
    listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    try:
        said = for_uv(listed(listing.stdout), os.environ)
    except LookupError as error:
        sys.exit(f"pip's setting {error.args[0]} is for pip alone")
    print("".join(f"{name}={value}\n" for name, value in said.items()), end="")


if __name__ == "__main__":
    main()
