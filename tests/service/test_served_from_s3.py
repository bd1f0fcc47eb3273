"""Catalogs in S3 are served by links where a file lies alone, and by a range where it is packed."""

import hashlib
from urllib.request import urlopen

import pytest
from fastapi.testclient import TestClient

from pipeline.catalog.seal import seal
from pipeline.service.app import create_app
from pipeline.service.library import Library
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_an_image_in_s3(s3_endpoint: str, s3_uri: str, layout: str) -> None:
    store = open_store(s3_uri, endpoint=s3_endpoint)
    seal(store, FakeJob(layout=layout, per_cell=1).run(store))
    library = Library.open([f"far={s3_uri}"], s3_endpoint)
    client = TestClient(create_app(library), follow_redirects=False)
    row = next(library.get("far").tables()).to_pylist()[0]
    answer = client.get(f"/v1/catalogs/far/assets/{row['asset_id']}/image")
    data = answer.content
    if layout == "files":
        assert answer.status_code == 302
        link = answer.headers["location"]
        assert "X-Amz-Expires=300" in link
        assert answer.headers["cache-control"] == "private, max-age=150"
        with urlopen(link) as linked:
            data = linked.read()
    else:
        assert answer.status_code == 200
    assert hashlib.sha256(data).hexdigest() == row["sha256"]
    assert f"blob: {s3_endpoint};" in answer.headers["content-security-policy"]
