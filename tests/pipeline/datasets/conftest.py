from collections.abc import Iterator
from pathlib import Path

import pytest
from buckets import S3, moto

from pipeline.storage import Storage, open_storage


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    with moto() as server:
        yield server


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, s3: S3) -> Storage:
    return open_storage(tmp_path / "out") if request.param == "folder" else open_storage(f"{s3.bucket()}/out", s3.options)
