"""People of generators without parameters are varied along their catalog's latent directions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.assets.encode import decode
from pipeline.attributes.changes import slack
from pipeline.catalog.calibrated import keep_directions
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.seal import seal
from pipeline.catalog.vary import read_changes, read_series, vary
from pipeline.cli import main
from pipeline.engine.calibrate import Stage
from pipeline.engine.driver import claim, plan_job
from pipeline.engine.job import Job
from pipeline.engine.shard import run_shard
from pipeline.engine.worker import load_models
from pipeline.errors import SpecError
from pipeline.generators import load_generator
from pipeline.spec import parse_spec
from pipeline.storage import open_store
from tests.engine.conftest import NULL
from tests.engine.learned import learned
from tests.generators.saved import tiny


def sealed(job: Job) -> Catalog:
    store, models = open_store(job.spec.location.uri), load_models(job)
    claim(store, job)
    for shard in range(job.spec.shards):
        run_shard(job, shard, models, store)
    seal(store, job.document())
    return open_catalog(store)


def with_directions(job: Job) -> None:
    made = learned(job)
    assert made.directions is not None
    keep_directions(made.directions, open_store(job.spec.location.uri), Stage.of(job).pair)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    changes = {"count": 4, "shard_size": 4, "calibration": 600, "output": str(tmp_path / "out")}
    return plan_job(parse_spec({**NULL, **changes}))


def person(catalog: Catalog) -> dict[str, Any]:
    (table,) = catalog.tables()
    row: dict[str, Any] = table.to_pylist()[0]
    return row


def test_a_series_is_read_as_asked_and_the_rest_stays(job: Job, tmp_path: Path) -> None:
    catalog = sealed(job)
    row = person(catalog)
    wishes = [read_changes(["glasses=glasses"]) | one for one in read_series(["age=20:50:4"])]
    with pytest.raises(SpecError, match="latent directions of builtin:null are known neither to"):
        vary(catalog, row["asset_id"], wishes, tmp_path / "to")
    assert not (tmp_path / "to").exists()
    with_directions(job)
    made = vary(catalog, row["asset_id"], wishes, tmp_path / "to")
    assert [one.changes["age"] for one in made] == [20, 30, 40, 50]
    for one in made:
        assert one.unread == ()
        assert one.perceived["glasses"] == "glasses"
        assert abs(float(one.perceived["age"]) - float(one.changes["age"])) <= slack("age") / 2
        assert abs(float(one.perceived["yaw"]) - row["yaw"]) < slack("yaw")
        assert (one.similarity, one.same_person) == (None, None)
    (same,) = vary(catalog, row["asset_id"], [{}], tmp_path / "to")
    ((_, image),) = catalog.images([row])
    assert np.array_equal(decode((tmp_path / "to" / same.file).read_bytes()), image)


def test_the_command_tells_what_cannot_be_had(job: Job, tmp_path: Path) -> None:
    catalog = sealed(job)
    with_directions(job)
    base = ["vary", catalog.store.uri, person(catalog)["asset_id"], "--to", str(tmp_path / "to")]
    for extra, says in (
        (["--identity", "0.5"], "identity: the network that tells people apart knows none of b"),
        (["--checkpoint", "a.pkl"], "checkpoint: builtin:null is built in; leave it out."),
        (["--set", "age=+95"], "age: this person cannot have"),
    ):
        found = CliRunner().invoke(main, [*base, *extra])
        assert (found.exit_code, found.stderr.startswith(f"populace: {says}")) == (2, True)
    good = CliRunner().invoke(main, [*base, "--set", "yaw=20"])
    assert good.exit_code == 0, good.output
    assert "yaw=20" in good.stdout
    assert "similarity" not in good.stdout


def test_a_network_is_varied_by_bands_wherever_its_file_lies_now(tmp_path: Path) -> None:
    net = tiny(tmp_path / "net.safetensors")
    spec = {
        "name": "net", "count": 2, "generator": {"checkpoint": str(net), "truncation": 0.7},
        "scorer": "builtin:null", "image": {"size": 64, "format": "png"}, "shard_size": 2,
        "calibration": 500, "output": str(tmp_path / "out"),
    }  # fmt: skip
    job = plan_job(parse_spec(spec))
    catalog = sealed(job)
    with_directions(job)
    row = person(catalog)
    moved = net.rename(tmp_path / "moved.safetensors")
    wishes = [read_changes(["age=+12"])]
    with pytest.raises(SpecError, match="checkpoint"):
        vary(catalog, row["asset_id"], wishes, tmp_path / "to")
    (made,) = vary(catalog, row["asset_id"], wishes, tmp_path / "to", checkpoint=str(moved))
    assert abs(float(made.perceived["age"]) - row["age"] - 12) <= slack("age")
    generator = load_generator(job.spec.generator.model_copy(update={"checkpoint": str(moved)}), 64)
    w = np.array([made.w], np.float32)
    assert w.shape == (1, 3 * len(row["w"]))
    image = decode((tmp_path / "to" / made.file).read_bytes())
    assert np.array_equal(generator.render(w, 64)[0], image)
