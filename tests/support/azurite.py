"""Azure's blob storage on this machine: azurite, where it is installed."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from patience import PATIENCE
from ports import free_port

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""azurite's own, the same everywhere"""


@contextlib.contextmanager
def azurite(folder: Path) -> Iterator[Mapping[str, str]]:
    """The options of a storage that holds a container ``films``. Skips where there is no azurite."""
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("there is no azurite: npm install -g azurite@3.37.0 (360 MB), and az:// is tested too")
    port = free_port()
    words = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder), "--silent", "--skipApiVersionCheck"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *words], stdout=log, stderr=log)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    pytest.fail((folder / "log").read_text())
                time.sleep(0.05)
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        _container(endpoint, "films")
        yield {"endpoint": endpoint, "account_name": ACCOUNT, "account_key": KEY}
    finally:
        process.kill()
        process.wait()


def _container(endpoint: str, name: str) -> None:
    """Create a container: a signed request, since obstore makes none."""
    import base64
    import datetime
    import hashlib
    import hmac
    import http.client
    from urllib.parse import urlsplit

    at = urlsplit(endpoint)
    date = datetime.datetime.now(datetime.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    version = "2023-11-03"
    headers = f"x-ms-date:{date}\nx-ms-version:{version}\n"
    signed = "PUT" + "\n" * 12 + headers + f"/{ACCOUNT}{at.path}/{name}\nrestype:container"
    made = base64.b64encode(hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()).decode()
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=20)
    connection.request(
        "PUT", f"{at.path}/{name}?restype=container",
        headers={"x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey {ACCOUNT}:{made}", "Content-Length": "0"},
    )  # fmt: skip
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert answer.status == 201, said
