"""The same job gives the same manifest in a folder and in a bucket, in files and in packs."""

from pathlib import Path

from pipeline.catalog.pull import pull
from pipeline.catalog.read import open_catalog
from pipeline.engine.driver import run_job
from pipeline.spec import parse_spec
from pipeline.storage import open_store
from tests.engine.conftest import NULL
from tests.engine.test_driver import Watch


def test_a_folder_and_a_bucket_hold_the_same_catalog(
    s3_endpoint: str, s3_bucket: str, tmp_path: Path
) -> None:
    here = run_job(parse_spec({**NULL, "output": str(tmp_path / "out")}), Watch(), workers=1)
    place = {"uri": f"s3://{s3_bucket}/jobs/null", "endpoint": s3_endpoint}
    there = run_job(parse_spec({**NULL, "output": place}), Watch(), workers=2)
    assert there.content_digest == here.content_digest


def test_packs_in_a_bucket_are_pulled_and_checked(
    s3_endpoint: str, s3_bucket: str, tmp_path: Path
) -> None:
    place = {"uri": f"s3://{s3_bucket}/packs", "endpoint": s3_endpoint}
    made = run_job(parse_spec({**NULL, "layout": "packs", "output": place}), Watch(), workers=1)
    catalog = open_catalog(open_store(made.uri, endpoint=s3_endpoint))
    summary = pull(catalog, tmp_path, "gender_presentation = 'masculine'", None)
    assert (summary.faces, summary.fetched) == (30, 30)
    assert len(list(tmp_path.rglob("*.jpg"))) == 30
