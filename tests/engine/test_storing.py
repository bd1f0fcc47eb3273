"""Every face's files are stored side by side, labelled, whole and the same each time."""

import io
import json
import tarfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.assets.encode import decode, decode_stored, over, pixels_sha256, sha256
from pipeline.attributes.null_scorer import NullScorer
from pipeline.catalog.layout import shard_key
from pipeline.engine import storing
from pipeline.engine.face import Face
from pipeline.engine.faces import Faces
from pipeline.engine.job import Job
from pipeline.engine.plan import plan
from pipeline.engine.shard import run_shard
from pipeline.provenance.xmp import read_xmp
from pipeline.storage import Store
from tests.catalog.fake_job import snapshot
from tests.engine.modeller import EVERY, MODELS, Slab, slab_job, store_of


def made(job: Job, shard: int = 0) -> tuple[Store, list[dict[str, Any]]]:
    """A shard in its store, and its rows."""
    store = store_of(job)
    run_shard(job, shard, MODELS, store)
    return store, pq.read_table(io.BytesIO(store.get(shard_key(shard)))).to_pylist()


def fetched(store: Store, row: dict[str, Any], kind: str) -> bytes:
    """The file of a kind, checked."""
    prefix = f"{kind}_" if kind else ""
    uri, offset, length, digest = (
        row[f"{prefix}{name}"] for name in ("uri", "offset", "length", "sha256")
    )
    data = store.get(uri, offset, length)
    assert sha256(data) == digest
    return data


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_extras_tell_the_truth_about_their_image(tmp_path: Path, layout: str) -> None:
    store, rows = made(slab_job(tmp_path, extras=EVERY, layout=layout))
    assert len(rows) == 15
    for row in rows:
        truth = Slab().pictures(np.array([row["w"]], np.float32), 64)
        np.testing.assert_array_equal(decode(fetched(store, row, "")), truth.images[0])
        files = {kind: fetched(store, row, kind) for kind in EVERY}
        images = {kind: Image.open(io.BytesIO(files[kind])) for kind in EVERY[1:]}
        assert [images[kind].mode for kind in EVERY[1:]] == ["P", "L", "I;16"]
        np.testing.assert_array_equal(np.asarray(images["segmentation"]), truth.segmentation[0])
        np.testing.assert_array_equal(np.asarray(images["alpha"]), truth.alpha[0])
        depth = np.asarray(images["depth"]) * 0.1
        assert np.abs(depth - truth.depth[0]).max() <= 0.0501
        assert (depth == 0).tolist() == (truth.alpha[0] == 0).tolist()
        beside = json.loads(files["landmarks"])
        assert beside["asset_id"] == row["asset_id"]
        np.testing.assert_array_equal(np.float32(beside["landmarks"]), truth.landmarks[0])
        np.testing.assert_array_equal(np.float32(beside["camera"]), truth.cameras[0])
        np.testing.assert_array_equal(np.float32(row["landmarks"]), truth.landmarks[0].ravel())
        np.testing.assert_array_equal(np.float32(row["camera"]), truth.cameras[0].ravel())


def test_every_file_says_that_it_is_synthetic_and_whose_it_is(tmp_path: Path) -> None:
    store, rows = made(slab_job(tmp_path, extras=EVERY, image={"background": "transparent"}))
    for kind in ["", *EVERY]:
        data = fetched(store, rows[3], kind)
        said = data.decode() if kind == "landmarks" else read_xmp(data) or ""
        for words in ("trainedAlgorithmicMedia", "does not exist", rows[3]["asset_id"]):
            assert words in said


def test_only_the_extras_asked_for_are_stored(tmp_path: Path) -> None:
    store, rows = made(slab_job(tmp_path, extras=["depth"]))
    keys = list(store.list("images/"))
    assert sorted(key.partition(".")[2] for key in keys) == ["depth.png"] * 15 + ["png"] * 15
    assert {name for name in rows[0] if name.startswith(("alpha", "landmarks", "camera"))} == set()


@pytest.mark.parametrize(("form", "quality"), [("png", 95), ("webp", 100), ("webp", 80)])
def test_a_transparent_image_is_stored_with_alpha_and_scored_on_grey(
    tmp_path: Path, form: str, quality: int
) -> None:
    image = {"background": "transparent", "format": form, "quality": quality}
    store, rows = made(slab_job(tmp_path, image=image))
    for row in rows:
        truth = Slab().pictures(np.array([row["w"]], np.float32), 64)
        cut = np.concatenate([truth.cutout, truth.alpha[..., None]], -1)[0]
        data = store.get(row["uri"])
        assert row["pixels_sha256"] == pixels_sha256(cut)
        assert Image.open(io.BytesIO(data)).mode == "RGBA"
        stored = decode_stored(data)
        np.testing.assert_array_equal(stored[..., 3], cut[..., 3])
        if quality != 80:
            # Also where nothing shows: the colour goes on past the silhouette.
            np.testing.assert_array_equal(stored, cut)
        again = NullScorer().score(over(stored, (128, 128, 128))[None])
        for name in ("age", "yaw", "smile", "light_azimuth"):
            assert again.values[name][0] == row[name]


def test_a_face_and_its_extras_stand_together_in_the_pack(tmp_path: Path) -> None:
    store, rows = made(slab_job(tmp_path, extras=EVERY, layout="packs"))
    with tarfile.open(fileobj=io.BytesIO(store.get("packs/000000.tar"))) as tar:
        names = [name.partition(".") for name in tar.getnames()]
    assert len(names) == 75
    for first in range(0, 75, 5):
        assert len({asset for asset, _, _ in names[first : first + 5]}) == 1
        assert [end for _, _, end in names[first : first + 5]] == [
            "png", "landmarks.json", "segmentation.png", "alpha.png", "depth.png",
        ]  # fmt: skip
    assert {asset for asset, _, _ in names} == {row["asset_id"] for row in rows}


def test_a_shard_too_large_for_one_pack_fills_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "PACK_BYTES", 20_000)
    store, rows = made(slab_job(tmp_path, extras=EVERY, layout="packs"))
    packs = list(store.list("packs/"))
    assert packs[:2] == ["packs/000000-1.tar", "packs/000000-2.tar"]
    assert {row["uri"] for row in rows} == set(packs)
    for row in rows:
        assert {row[f"{kind}_uri"] for kind in EVERY} == {row["uri"]}
        for kind in ["", *EVERY]:
            fetched(store, row, kind)
    for key in packs:
        assert store.size(key) <= 20_000 + 10 * 1024


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_a_shard_with_extras_is_the_same_each_time(tmp_path: Path, layout: str) -> None:
    found = []
    for place in ("one", "two"):
        job = slab_job(
            tmp_path / place, extras=EVERY, layout=layout, image={"background": "transparent"}
        )
        store, _ = made(job, 1)
        found.append({key: value for key, value in snapshot(store).items() if "receipt" not in key})
    assert found[0] == found[1]


def test_rendering_waits_while_faces_queue_to_be_stored(tmp_path: Path) -> None:
    job = slab_job(tmp_path, extras=EVERY, shard_size=60)
    store, gate, accepted = store_of(job), threading.Event(), []

    class Slow:
        """A store that takes nothing in until the gate opens."""

        def create(self, key: str, data: bytes, content_type: str | None = None) -> bool:
            gate.wait(60)
            return store.create(key, data, content_type)

    def render() -> None:
        with storing.Storing(job, 0, Slow()) as room:  # type: ignore[arg-type]
            for face in Faces(job, 0, MODELS.generator, MODELS.scorer):
                accepted.append(face.slot)
                room.add(face)
            done.extend(room.finish())

    done: list[storing.Stored] = []
    thread = threading.Thread(target=render)
    thread.start()
    thread.join(2)
    assert len(accepted) == storing.AHEAD + 1
    gate.set()
    thread.join(60)
    assert [one.face.slot for one in done] == list(range(60))
    assert all(one.face.pixels.size == 0 for one in done)


def test_a_waiting_face_keeps_no_more_than_its_own_pixels(tmp_path: Path) -> None:
    job = slab_job(tmp_path, extras=EVERY, batch_size=64)
    face: Face = next(iter(Faces(job, 0, MODELS.generator, MODELS.scorer)))
    assert face.truth is not None
    for array in (face.pixels, *vars(face.truth).values()):
        assert array.base is None
    left = face.without_pixels().truth
    assert left is not None
    assert left.alpha.nbytes + left.segmentation.nbytes + left.depth.nbytes == 0
    assert left.landmarks.shape == (68, 2)


def test_a_plan_counts_the_extras_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.engine.plan.load_models", lambda job: MODELS)
    bare, full = (plan(slab_job(tmp_path, extras=extras)).bytes for extras in ([], EVERY))
    store, _ = made(slab_job(tmp_path, extras=EVERY))
    stored = sum(store.size(key) for key in store.list("images/")) * 4
    assert bare < full == pytest.approx(stored, rel=0.35)
