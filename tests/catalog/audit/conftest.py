"""Really sealed catalogs, made once, and copies of them to alter."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.catalog.seal import seal
from pipeline.engine.driver import claim, plan_job
from pipeline.engine.shard import run_shard
from pipeline.engine.worker import load_models
from pipeline.sampling.true_balance import bundled_truth
from pipeline.spec import parse_spec
from pipeline.storage import open_store

from .tampering import Catalog

STRIPES: dict[str, Any] = {
    "name": "stripes",
    "count": 60,
    "seed": 5,
    "generator": "builtin:null",
    "scorer": "builtin:null",
    "balance": {"age": {"10-39": "60%", "40-80": "40%"}, "gender_presentation": "uniform"},
    "where": {"glasses": "none", "yaw": "..60"},
    "quality": {"min_confidence": 0.5, "min_sharpness": 0.5, "max_clipped": 0.25},
    "image": {"size": 64, "format": "png"},
    "shard_size": 16,
    "batch_size": 8,
    "preview_size": 0,
}
"""A job with limits, unequal shares and a short last shard, at a millisecond a face."""

HEADS: dict[str, Any] = {
    "name": "villagers",
    "count": 6,
    "seed": 3,
    "balance": {"gender_presentation": "uniform"},
    "image": {"size": 64, "format": "webp", "quality": 100, "background": "transparent"},
    "extras": ["landmarks", "depth"],
    "layout": "packs",
    "shard_size": 4,
    "batch_size": 4,
}
"""A job of the bundled heads and their scorer: cut-outs and extras in packs."""

CHARACTERS: dict[str, Any] = {
    "name": "characters",
    "count": 3,
    "seed": 5,
    "balance": {"gender_presentation": "uniform", "age": ["18-29", "30-44"]},
    "variations": {"age": ["+0", "+20"], "light": ["right", "left"]},
    "image": {"size": 64},
    "shard_size": 2,
    "batch_size": 4,
}
"""A job of the bundled heads that pictures each of three people four times."""


def make(job: dict[str, Any], uri: str, endpoint: str | None = None) -> None:
    """Run a job to its sealed catalog in this process."""
    planned = plan_job(parse_spec({**job, "output": {"uri": uri, "endpoint": endpoint}}))
    store, models = open_store(uri, endpoint=endpoint), load_models(planned)
    claim(store, planned)
    for shard in range(planned.spec.shards):
        run_shard(planned, shard, models, store)
    digests = (planned.generator_digest, planned.scorer_digest)
    spec = planned.spec
    truth = bundled_truth(spec.target, planned.slots.quotas, spec.limits.where, digests)
    seal(store, planned.document(), licence=spec.license, known={"truth": truth})


@pytest.fixture(scope="session")
def stripes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sealed catalog of STRIPES; not to be altered."""
    folder = tmp_path_factory.mktemp("stripes") / "catalog"
    make(STRIPES, str(folder))
    return folder


@pytest.fixture(scope="session")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sealed catalog of HEADS; not to be altered."""
    folder = tmp_path_factory.mktemp("heads") / "catalog"
    make(HEADS, str(folder))
    return folder


@pytest.fixture(scope="session")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sealed catalog of CHARACTERS; not to be altered."""
    folder = tmp_path_factory.mktemp("sets") / "catalog"
    make(CHARACTERS, str(folder))
    return folder


@pytest.fixture
def catalog(stripes: Path, tmp_path: Path) -> Catalog:
    """A copy of STRIPES, to be altered."""
    return Catalog(Path(shutil.copytree(stripes, tmp_path / "catalog")))


@pytest.fixture
def characters(sets: Path, tmp_path: Path) -> Catalog:
    """A copy of CHARACTERS, to be altered, without its commits."""
    copy = Catalog(Path(shutil.copytree(sets, tmp_path / "characters")))
    copy.forget_commits()
    return copy


@pytest.fixture
def villagers(heads: Path, tmp_path: Path) -> Catalog:
    """A copy of HEADS, to be altered."""
    return Catalog(Path(shutil.copytree(heads, tmp_path / "villagers")))
