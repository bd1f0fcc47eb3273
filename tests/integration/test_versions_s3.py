"""On S3, too, of two who revoke at once neither loses, and pinned versions stay as they were."""

from concurrent.futures import ThreadPoolExecutor

from pipeline.catalog.exports.export import export
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.seal import seal
from pipeline.catalog.versions import revoke
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob


def test_revokers_on_s3_make_one_version_after_the_other(s3_uri, s3_endpoint, tmp_path):
    store = open_store(s3_uri, endpoint=s3_endpoint)
    seal(store, FakeJob(layout="packs").run(store))
    wanted = [f"f{slot:07d}" for slot in (2, 9, 20)]
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda name: revoke(store, [name], "Questioned."), wanted))
    assert sorted(one.version for one in done) == [2, 3, 4]
    newest = open_catalog(store)
    assert (newest.version, newest.count()) == (4, 21)
    assert Catalog.open(f"{s3_uri}@1", s3_endpoint).count() == 24
    summary = export(newest, tmp_path / "to", "webdataset", samples=8)
    assert (summary.faces, summary.fetched) == (21, 21)
    assert export(newest, tmp_path / "to", "webdataset", samples=8).written == 0
