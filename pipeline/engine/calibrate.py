"""Calibrate a job: score natural draws once, on the workers, and fit the surrogate to them.

What was found is kept below the output and in a folder of this machine, by the digests of the two
models and the number of draws, so that a later job that asks for the same has it.
"""

import io
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pyarrow import ArrowException

from pipeline.attributes.calibration import Calibration, bundled_calibration
from pipeline.attributes.scorer import Scorer
from pipeline.attributes.value_file import Values, read_values, write_values
from pipeline.catalog.calibrated import UNREADABLE, open_cache, pair_folder
from pipeline.engine.job import Job
from pipeline.errors import CatalogError
from pipeline.generators.generator import Generator
from pipeline.sampling.seeds import probes
from pipeline.storage import MissingObject, Store

SHARD = 256
"""Draws to a shard of the stage."""

BATCH = 16
"""Draws to a call: the last bits of a preview may depend on who shares it."""

SEED = 0
"""Of the draws. Not the job's: other jobs have the same calibration."""

CHOSEN = "chosen"
"""The object that names, by its digest, the one that counts of those that were fitted."""


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
    def pair(self) -> str:
        """Where calibrations of these models at this size lie, with a slash at the end."""
        return pair_folder(self.generator_digest, self.scorer_digest, self.size)

    @property
    def folder(self) -> str:
        """Where its files lie below an output or the cache, with a slash at the end."""
        return f"{self.pair}{self.draws}/"

    def shard_key(self, shard: int) -> str:
        """The key of a shard's readings."""
        return f"{self.folder}draws/{shard:05d}.parquet"

    def normals(self, rows: range, latent_size: int) -> NDArray[np.float32]:
        """The draws of these rows: float32 [len(rows), D], standard normal."""
        return probes(SEED, len(rows), latent_size, rows.start, attempt=1)

    def rows_of(self, shard: int) -> range:
        """The rows of a shard."""
        return range(shard * SHARD, min((shard + 1) * SHARD, self.draws))


def stage_of(job: Job) -> Stage | None:
    """The stage that a job wants, if nothing that is bundled serves it."""
    wanted = job.spec.calibration_draws > 0 and job.calibration is None
    return Stage.of(job) if wanted else None


def with_bundled(job: Job) -> Job:
    """The job with what comes with populace, where its spec leaves the calibration to us.

    Latent directions are fitted to draws of the job's own.
    """
    if job.spec.calibration != "auto" or job.spec.steered:
        return job
    found = bundled_calibration(job.generator_digest, job.scorer_digest)
    return replace(job, calibration=found)


def known_calibration(stage: Stage, store: Store) -> Calibration | None:
    """A calibration made by an earlier run into this output, or by another job on this machine.

    Nothing is written.

    Raises:
        CatalogError: the output's is damaged.
    """
    return _read(store, stage.folder) or _cached(stage)


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
    """Fit the surrogate to what all shards hold.

    Raises:
        CatalogError: a shard is damaged; names it and the mend.
    """
    from pipeline.training.surrogate import fit_surrogate

    parts = [_readings(stage, store, shard) for shard in range(stage.shards)]
    natural = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    w = generator.latents(stage.normals(range(stage.draws), generator.latent_size))
    digests = (stage.generator_digest, stage.scorer_digest)
    surrogate, figures = fit_surrogate(w, natural, digests)
    return Calibration(surrogate, natural, figures)


def keep(calibration: Calibration, stage: Stage, store: Store) -> Calibration:
    """Write a calibration below an output and into the cache; the one that was first counts."""
    first = _read(store, stage.folder)
    if first is None:
        store.create(stage.folder + CHOSEN, _write(calibration, stage, store).encode())
        first = _read(store, stage.folder)
        assert first is not None
    with suppress(*UNREADABLE):  # only later jobs would have saved the stage
        cache = open_cache()
        cache.put(stage.folder + CHOSEN, _write(first, stage, cache).encode())
    return first


def _readings(stage: Stage, store: Store, shard: int) -> Values:
    key = stage.shard_key(shard)
    try:
        (values,), *pair = read_values(io.BytesIO(store.get(key)), "")
        rows = {len(column) for column in values.values()}
        if pair != [stage.generator_digest, stage.scorer_digest]:
            raise ValueError("it is of other models")
        if rows != {len(stage.rows_of(shard))}:
            raise ValueError("it holds other draws")
    except (ArrowException, ValueError, KeyError, OSError) as error:
        why = " ".join(str(error).split())  # Arrow says it in several lines
        raise CatalogError(
            f"{store.uri}/{key} is damaged ({why}); delete it, and run the job again to score "
            "these draws anew."
        ) from error
    return values


def _write(calibration: Calibration, stage: Stage, store: Store) -> str:
    """Write its files under its own digest, where nobody else's lie; the digest."""
    digest = calibration.surrogate.digest
    for name, data in calibration.to_files().items():
        store.put(f"{stage.folder}{digest}/{name}", data)
    return digest


def _read(store: Store, folder: str) -> Calibration | None:
    """The calibration in a folder of a store, or None."""
    try:
        digest = store.get(folder + CHOSEN).decode()
    except MissingObject:
        return None
    try:
        found = Calibration.from_files(lambda name: store.get(f"{folder}{digest}/{name}"))
        if found.surrogate.digest != digest:
            raise ValueError("another surrogate than was chosen")
    except (MissingObject, ValueError, KeyError, OSError) as error:  # Arrow's are among these
        raise CatalogError(
            f"{store.uri}/{folder} is damaged ({error}); remove it to calibrate anew, and the "
            "output's shards and receipts with it."
        ) from error
    return found


def _cached(stage: Stage) -> Calibration | None:
    """A calibration of these models in this machine's cache.

    From as many draws, not from more: a job's faces must not depend on who ran what here before.
    """
    with suppress(*UNREADABLE):
        return _read(open_cache(), stage.folder)
    return None
