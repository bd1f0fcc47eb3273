"""Cut-outs and extras travel from the job to a folder of files, checked all the way."""

import hashlib
import io
import json
import tarfile
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline.assets.extras import EXTRAS
from pipeline.catalog.bring import PullState
from pipeline.catalog.content import content_digest
from pipeline.catalog.exports.export import export
from pipeline.catalog.pull import pull
from pipeline.catalog.read import Catalog
from pipeline.cli import main
from pipeline.errors import CatalogError, SpecError
from pipeline.generators.generator import SEGMENTS
from pipeline.spec import Extra
from tests.engine.modeller import EVERY, sealed, slab_job, store_of

CUT: dict[str, Any] = {"image": {"format": "webp", "quality": 100, "background": "transparent"}}


@pytest.fixture(params=["files", "packs"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Catalog:
    """A sealed catalog of 60 cut-outs with every extra, in both layouts."""
    return sealed(slab_job(tmp_path / "out", extras=EVERY, layout=request.param, **CUT))


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / "manifest.parquet").to_pylist()
    return found


def check(folder: Path, row: dict[str, Any], kinds: list[str]) -> None:
    """Each file of a pulled row is where the row says, and the one it names."""
    for prefix in ["", *(f"{kind}_" for kind in kinds)]:
        data = (folder / row[f"{prefix}uri"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row[f"{prefix}sha256"]
        assert (row[f"{prefix}offset"], row[f"{prefix}length"]) == (0, len(data))


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "images").rglob("*") if path.is_file()]


def test_a_pull_brings_the_extras_beside_their_images(catalog: Catalog, tmp_path: Path) -> None:
    progress: list[PullState] = []
    to = tmp_path / "to"
    summary = pull(catalog, to, progress=progress.append)
    assert (summary.faces, summary.fetched, summary.skipped) == (60, 60, 0)
    assert progress[-1] == PullState(60, 60, 300, summary.bytes)
    assert progress == sorted(progress, key=astuple)
    assert len(files(to)) == 300
    assert summary.bytes == sum(path.stat().st_size for path in files(to))
    for row in rows(to):
        check(to, row, EVERY)
        for kind in EVERY:
            image = to / row["uri"]
            assert to / row[f"{kind}_uri"] == image.with_suffix(f".{EXTRAS[kind].suffix}")  # type: ignore[index]


def test_a_pull_may_leave_the_extras_out_and_bring_them_later(
    catalog: Catalog, tmp_path: Path
) -> None:
    to = tmp_path / "to"
    assert pull(catalog, to, count=8, extras=False).fetched == 8
    assert len(files(to)) == 8
    assert "alpha_uri" not in rows(to)[0]
    assert len(rows(to)[0]["landmarks"]) == 136
    again = pull(catalog, to, count=8)
    assert (again.faces, again.fetched) == (8, 8)
    assert len(files(to)) == 40
    third = pull(catalog, to, count=8)
    assert (third.fetched, third.skipped, third.bytes) == (0, 8, 0)


def test_a_pull_mends_what_is_missing_or_damaged(catalog: Catalog, tmp_path: Path) -> None:
    to = tmp_path / "to"
    pull(catalog, to, count=8)
    first, second, *_ = rows(to)
    (to / first["depth_uri"]).unlink()
    (to / second["alpha_uri"]).write_bytes(b"x" * second["alpha_length"])
    summary = pull(catalog, to, count=8)
    assert (summary.fetched, summary.skipped) == (2, 6)
    assert summary.bytes == first["depth_length"] + second["alpha_length"]
    for row in rows(to):
        check(to, row, EVERY)


def test_converted_cut_outs_keep_their_alpha_and_extras_stay_as_they_are(
    catalog: Catalog, tmp_path: Path
) -> None:
    to = tmp_path / "to"
    summary = pull(catalog, to, count=8, size=16, format="png")
    assert (summary.fetched, summary.files, summary.converted) == (8, 40, 8)
    for row in rows(to):
        check(to, row, EVERY)
        image = Image.open(to / row["uri"])
        assert (image.mode, image.size, image.format) == ("RGBA", (16, 16), "PNG")
        assert Image.open(to / row["alpha_uri"]).size == (row["source_width"],) * 2 == (64, 64)
    again = pull(catalog, to, count=8, size=16, format="png")
    assert (again.files, again.converted) == (0, 0)
    without = pull(catalog, to, count=8, extras=False, size=16, format="png", sync=True)
    assert (without.files, without.removed) == (0, 32)
    assert len(files(to)) == 8
    with pytest.raises(SpecError, match="format: jpeg has no alpha channel"):
        pull(catalog, to, format="jpeg")


@pytest.mark.parametrize("kind", EVERY)
def test_a_tampered_extra_is_named(catalog: Catalog, tmp_path: Path, kind: str) -> None:
    row = next(catalog.tables()).to_pylist()[7]
    data = bytearray(catalog.store.get(row[f"{kind}_uri"]))
    data[row[f"{kind}_offset"] + row[f"{kind}_length"] // 2] ^= 1
    catalog.store.put(row[f"{kind}_uri"], bytes(data))
    with pytest.raises(CatalogError, match=f"asset '{row['asset_id']}' .* sha256 differs"):
        pull(catalog, tmp_path / "to")


def test_the_catalog_says_what_the_extras_are_and_how_to_read_them(catalog: Catalog) -> None:
    said = catalog.document["extras"]
    assert list(said) == EVERY
    assert said["segmentation"]["classes"] == list(SEGMENTS)
    assert (said["depth"]["unit_mm"], said["depth"]["background"]) == (0.1, 0)
    assert catalog.document["spec"]["image"]["background"] == "transparent"
    size = sum(
        row[name]
        for table in catalog.tables()
        for row in table.to_pylist()
        for name in ("length", *(f"{kind}_length" for kind in EVERY))
    )
    assert catalog.document["bytes"] == size
    report = json.loads(catalog.store.get("report.json"))
    assert (report["background"], report["extras"]) == ("transparent", EVERY)
    page = catalog.store.get("report.html").decode()
    assert "WebP cut out, each with landmarks, segmentation, alpha and depth beside it" in page


def test_a_job_without_extras_says_nothing_of_them(tmp_path: Path) -> None:
    catalog = sealed(slab_job(tmp_path / "out"))
    assert catalog.document["extras"] == {}
    assert "segmentation" not in catalog.store.get("report.html").decode()
    assert not {"alpha_uri", "landmarks", "camera"} & set(catalog.schema().names)


def test_images_and_sheet_show_cut_outs_on_grey(catalog: Catalog) -> None:
    row = next(catalog.tables()).to_pylist()[0]
    ((_, image),) = catalog.images([row])
    assert image.shape == (64, 64, 3)
    assert (image[:16] == 128).all()
    Image.open(io.BytesIO(catalog.store.get("previews/contact-sheet.jpg"))).verify()


def test_one_kind_alone_is_pulled_alone(tmp_path: Path) -> None:
    kinds: list[Extra] = ["segmentation"]
    catalog = sealed(slab_job(tmp_path / "out", extras=kinds, layout="packs"))
    pull(catalog, tmp_path / "to", where="cell = 0")
    assert len(files(tmp_path / "to")) == 30
    for row in rows(tmp_path / "to"):
        check(tmp_path / "to", row, ["segmentation"])
        assert "camera" not in row


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_a_bucket_holds_the_same_and_serves_it_with_its_type(
    s3_endpoint: str, s3_uri: str, tmp_path: Path, layout: str
) -> None:
    here = sealed(slab_job(tmp_path / "out", extras=EVERY, layout=layout, **CUT))
    place = {"uri": s3_uri, "endpoint": s3_endpoint}
    there = sealed(slab_job(place, extras=EVERY, layout=layout, **CUT))
    digests = [one.document["manifest"]["content_digest"] for one in (here, there)]
    assert digests[0] == digests[1] == content_digest(next(there.tables()))
    assert pull(there, tmp_path / "to", count=10).fetched == 10
    for row in rows(tmp_path / "to"):
        check(tmp_path / "to", row, EVERY)
    if layout == "files":
        import boto3

        row = next(there.tables()).to_pylist()[0]
        client = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")
        bucket, _, prefix = s3_uri.removeprefix("s3://").partition("/")
        for kind, media in (("landmarks", "application/json"), ("depth", "image/png")):
            key = f"{prefix}/{row[f'{kind}_uri']}"
            assert client.head_object(Bucket=bucket, Key=key)["ContentType"] == media


def test_the_command_pulls_with_and_without_extras(tmp_path: Path) -> None:
    job = slab_job(tmp_path / "out", extras=["alpha"])
    sealed(job)
    uri = store_of(job).uri
    for flags, count in (([], 8), (["--no-extras"], 4), (["--extras"], 8)):
        to = tmp_path / f"to{''.join(flags)}"
        done = CliRunner().invoke(main, ["pull", uri, "--to", str(to), "--count", "4", *flags])
        assert done.exit_code == 0, done.stderr
        assert len(files(to)) == count


def test_exports_take_the_extras_along(catalog: Catalog, tmp_path: Path) -> None:
    export(catalog, tmp_path / "folder", "folder", count=8, extras=True)
    found = json.loads((tmp_path / "folder" / "index.json").read_text())["faces"]
    for one in found:
        image = Path(one["file"])
        for kind in EVERY:
            path = image.with_suffix(f".{EXTRAS[kind].suffix}")  # type: ignore[index]
            assert one[f"{kind}_file"] == str(path)
            assert (tmp_path / "folder" / path).is_file()
    assert len(files(tmp_path / "folder")) == 40
    export(catalog, tmp_path / "shards", "webdataset", count=8, extras=True)
    with tarfile.open(tmp_path / "shards" / "faces-000000.tar") as tar:
        names = {name.partition(".")[2] for name in tar.getnames()}
        assert len(tar.getnames()) == 8 * 6
    assert names == {"webp", "json", *(EXTRAS[kind].suffix for kind in EVERY)}  # type: ignore[index]
