"""One set of pictures as every kind of source: a folder, tars, Parquet with bytes, with addresses, and an imagefolder."""

import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow
import pyarrow.parquet


def as_folder(pictures: Mapping[str, bytes], folder: Path) -> Path:
    for name, data in pictures.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def as_tar(pictures: Mapping[str, bytes], path: Path) -> Path:
    """One shard; beside each picture a ``.json``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in pictures.items():
            for member, content in ((name, data), (name.rpartition(".")[0] + ".json", b'{"from": "elsewhere"}')):
                head = tarfile.TarInfo(member)
                head.size = len(content)
                tar.addfile(head, io.BytesIO(content))
    return path


def as_parquet(pictures: Mapping[str, bytes], path: Path, *, groups: int = 16, hugging_face: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [{"bytes": data, "path": name} if hugging_face else data for name, data in pictures.items()]
    table = pyarrow.table({"key": list(pictures), "image": values, "label": list(range(len(values)))})
    pyarrow.parquet.write_table(table, path, row_group_size=groups)
    return path


def as_urls(pictures: Mapping[str, bytes], path: Path, base: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table({"key": list(pictures), "url": [f"{base}/{name}" for name in pictures]}), path)
    return path


def as_imagefolder(pictures: Mapping[str, bytes], folder: Path) -> Path:
    as_folder({f"train/{name}": data for name, data in pictures.items()}, folder)
    lines = [json.dumps({"file_name": name, "text": f"about {name}"}) for name in pictures]
    (folder / "train" / "metadata.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@contextmanager
def served(answers: Mapping[str, bytes], *, special: "Mapping[str, object] | None" = None) -> Iterator[str]:
    """A web server on this machine; ``special``: path -> a function of the handler that answers by itself."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self.path.lstrip("/").partition("?")[0]
            if special and name in special:
                special[name](self)  # type: ignore[operator]
                return
            data = answers.get(name)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
