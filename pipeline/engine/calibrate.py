"""Calibrate a job: score natural draws once, on the workers, and fit the surrogate to them.

What was found is kept below the output and in a folder of this machine, by the digests of the two
models, so that every later job with them has it.
"""

import hashlib
import io
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.calibration import FIGURES, Calibration, bundled_calibration
from pipeline.attributes.scorer import Scorer
from pipeline.attributes.surrogate import FORMAT
from pipeline.attributes.value_file import Values, read_values, write_values
from pipeline.engine.job import Job
from pipeline.errors import StoreError
from pipeline.generators.generator import Generator
from pipeline.sampling.seeds import probes
from pipeline.storage import MissingObject, Store, open_store

SHARD = 256
"""Draws to a shard of the stage."""

BATCH = 16
"""Draws to a call: the last bits of a preview may depend on who shares it."""

SEED = 0
"""Of the draws. Not the job's: other jobs have the same calibration."""

FOLDER = "calibration/"
"""Where an output keeps it."""


@dataclass(frozen=True)
class Stage:
    """The calibration that a job wants: of which models, from how many draws, of what size."""

    generator_digest: str
    scorer_digest: str
    draws: int
    size: int

    @staticmethod
    def of(job: Job) -> "Stage":
        """What the job's spec says of it."""
        spec = job.spec
        return Stage(
            job.generator_digest,
            job.scorer_digest,
            spec.calibration_draws,
            spec.first_look or spec.image.size,
        )

    @property
    def shards(self) -> int:
        """How many shards the draws are."""
        return -(-self.draws // SHARD)

    @property
    def folder(self) -> str:
        """Where its files lie below an output or the cache, with a slash at the end."""
        told = json.dumps(
            [FORMAT, self.generator_digest, self.scorer_digest, self.draws, self.size]
        )
        return f"{FOLDER}{hashlib.sha256(told.encode()).hexdigest()[:20]}/"

    def shard_key(self, shard: int) -> str:
        """The key of a shard's readings."""
        return f"{self.folder}draws/{shard:05d}.parquet"

    def normals(self, rows: range, latent_size: int) -> NDArray[np.float32]:
        """The draws of these rows: float32 [len(rows), D], standard normal."""
        return probes(SEED, len(rows), latent_size, rows.start, attempt=1)

    def rows_of(self, shard: int) -> range:
        """The rows of a shard."""
        return range(shard * SHARD, min((shard + 1) * SHARD, self.draws))


def known_calibration(job: Job, store: Store | None = None) -> Calibration | None:
    """The calibration that a job wants, if somebody has made it; nothing is written.

    Bundled with populace, made by an earlier run into this output, or by another job on this
    machine.
    """
    if job.spec.calibration == "auto":
        bundled = bundled_calibration(job.generator_digest, job.scorer_digest)
        if bundled is not None:
            return bundled
    stage = Stage.of(job)
    if not stage.draws:
        return None
    own = _read(store, stage) if store is not None else None
    return own or _read(_cache(), stage)


def missing_shards(stage: Stage, store: Store) -> list[int]:
    """The shards of the stage that are not scored yet."""
    done = set(store.list(f"{stage.folder}draws/"))
    return [shard for shard in range(stage.shards) if stage.shard_key(shard) not in done]


def read_naturally(
    stage: Stage, shard: int, generator: Generator, scorer: Scorer, store: Store
) -> int:
    """Preview a shard's draws, read them and keep what was read; how many there are."""
    rows = stage.rows_of(shard)
    w = generator.latents(stage.normals(rows, generator.latent_size))
    read = [
        scorer.score(generator.preview(w[start : start + BATCH], stage.size)).values
        for start in range(0, len(w), BATCH)
    ]
    values = {name: np.concatenate([one[name] for one in read]) for name in read[0]}
    file = io.BytesIO()
    write_values(file, {"": values}, stage.generator_digest, stage.scorer_digest)
    store.put(stage.shard_key(shard), file.getvalue())
    return len(w)


def fit(stage: Stage, store: Store, generator: Generator) -> Calibration:
    """Fit the surrogate to what all shards hold."""
    from pipeline.training.surrogate import fit_surrogate

    parts = [_readings(stage, store, shard) for shard in range(stage.shards)]
    natural = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    w = generator.latents(stage.normals(range(stage.draws), generator.latent_size))
    digests = (stage.generator_digest, stage.scorer_digest)
    surrogate, figures = fit_surrogate(w, natural, digests)
    return Calibration(surrogate, natural, figures)


def keep(calibration: Calibration, stage: Stage, store: Store) -> Calibration:
    """Write a calibration below an output and into the cache; the one that was first counts."""
    first = _write(calibration, stage, store)
    with suppress(StoreError):  # the output has it; only later jobs would have saved the stage
        _write(first, stage, _cache())
    return first


def _readings(stage: Stage, store: Store, shard: int) -> Values:
    (values,), *_ = read_values(io.BytesIO(store.get(stage.shard_key(shard))), "")
    return values


def _write(calibration: Calibration, stage: Stage, store: Store) -> Calibration:
    """Write what is not there; another's files are never changed, and count if they are whole."""
    for name, data in calibration.to_files().items():
        store.create(stage.folder + name, data)
    return _read(store, stage) or calibration


def _read(store: Store, stage: Stage) -> Calibration | None:
    try:
        store.get(stage.folder + FIGURES)
    except MissingObject:
        return None
    return Calibration.from_files(lambda name: store.get(stage.folder + name))


def _cache() -> Store:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return open_store(str(Path(home) / "populace"))
