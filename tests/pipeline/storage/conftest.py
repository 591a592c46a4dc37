from collections.abc import Iterator

import pytest
from buckets import S3, moto


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    with moto() as server:
        yield server
