"""Open the stores under test: each behaviour is asked of a local folder and of S3."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_proxy import Proxy, proxy_to

from pipeline.storage import Store, open_store


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store."""
    if request.param == "local":
        return open_store(str(tmp_path / "store"))
    endpoint = request.getfixturevalue("s3_endpoint")
    return open_store(request.getfixturevalue("s3_uri"), endpoint=endpoint)


@pytest.fixture
def proxy(s3_endpoint: str) -> Iterator[Proxy]:
    """A proxy to the S3 server, without faults so far."""
    with proxy_to(s3_endpoint) as running:
        yield running


@pytest.fixture
def far_store(proxy: Proxy, s3_uri: str) -> Store:
    """An empty S3 store behind the proxy."""
    return open_store(s3_uri, endpoint=proxy.endpoint)
