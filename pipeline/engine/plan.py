"""Say what a job will take before it runs: quotas, shards, renders, time and bytes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import MID_GREY, encode, over
from pipeline.assets.extras import encode_extra, truth_of
from pipeline.catalog.calibrated import known_directions
from pipeline.engine.calibrate import known_calibration, stage_of, with_bundled
from pipeline.engine.directions import check_led, pictures_taken
from pipeline.engine.job import Job
from pipeline.engine.shard import Models
from pipeline.engine.shots import take
from pipeline.engine.worker import load_models
from pipeline.sampling.natural import natural_cells
from pipeline.sampling.seeds import PROBE_SLOT, probes
from pipeline.sampling.true_balance import bundled_truth
from pipeline.storage import open_store

DRAWS = 512
"""Natural draws that are scored where no stored prior fits the models."""

CHAINS = 8
"""Chains that look for latents of each rare cell."""

MOST_TRIED = 32
"""Rare cells that are looked for; more would take minutes."""

SAMPLE = 4
"""Faces rendered to measure what a preview, a render and a file cost here."""

RENDERS = 1.5
"""Full renders an accepted face where previews come first or a surrogate will have been fitted;
`report.json` has the true figure."""

LOOKS = 3.0
"""Pictures for each that is kept where people are varied along latent directions, itself too."""

SETS = 1.5
"""People who are pictured in all variations for each that is kept: few are refused for them."""


@dataclass(frozen=True)
class Plan:
    """What a job will take.

    attempts: expected candidates a face in each cell, float64 [cells]. unseen: labels of ordered
    cells that no natural draw hit. sought: those so rare that chains look for them. unreached: of
    the first MOST_TRIED of these, those that no chain came to. draws: natural draws that the
    estimate rests on. truth: what `true_balance` says of the quotas, where errors are known.
    calibration: natural draws that are scored first. directions: pictures that measure latent
    directions. previews, renders: expected in all, without
    these. seconds: of one worker. bytes: of all files.
    """

    job: Job
    attempts: NDArray[np.float64]
    unseen: list[str]
    sought: list[str]
    unreached: list[str]
    draws: int
    truth: dict[str, Any] | None
    calibration: int
    directions: int
    previews: float
    renders: float
    seconds: float
    bytes: float

    def document(self) -> dict[str, Any]:
        """The plan as plain values."""
        quotas = self.job.slots.quotas.ravel()
        return {
            **{key: self.job.document()[key] for key in ("name", "count", "shards", "cells")},
            "shard_size": self.job.spec.shard_size,
            "variations": list(self.job.spec.labels),
            "pictures": self.job.spec.pictures,
            "output": self.job.spec.location.uri,
            "attempts_per_face": float((quotas * self.attempts).sum() / max(quotas.sum(), 1)),
            "natural_draws": self.draws,
            "cells_not_seen": self.unseen,
            "cells_looked_for": self.sought,
            "cells_not_reached": self.unreached,
            "truth": self.truth,
            "calibration_draws": self.calibration,
            "direction_pictures": self.directions,
            "previews": round(self.previews),
            "renders": round(self.renders),
            "worker_seconds": round(self.seconds, 1),
            "bytes": round(self.bytes),
        }


def plan(job: Job) -> Plan:
    """Estimate a job from natural draws and a few faces rendered here; writes nothing."""
    job = with_bundled(job)
    stage = stage_of(job)
    if stage is not None:
        place = job.spec.location
        store = open_store(place.uri, endpoint=place.endpoint)
        job = replace(job, calibration=known_calibration(stage, store))
        if job.spec.steered:
            directions = known_directions(store, stage.pair, stage.draws)
            job = replace(job, directions=directions)
            check_led(job)
    models = load_models(job)
    spec = job.spec
    values = _values(job, models)
    natural = natural_cells(values, spec.target, spec.limits.where)
    quotas = job.slots.quotas.ravel()
    attempts = natural.attempts()
    looks = float((quotas * attempts).sum())
    if models.screen is not None:
        looks = min(looks, models.screen.looks * spec.count)
    first = stage.draws if stage and job.calibration is None else 0
    previewed = spec.first_look > 0
    renders = min(looks, RENDERS * spec.count) if previewed or first else looks
    if spec.varied:
        renders = SETS * (renders + spec.pictures * (LOOKS if spec.steered else 1))
    measuring = 0
    if spec.steered and job.directions is None:
        measuring = pictures_taken(values, models.generator)
    preview, render, size = _measure(job, models)
    seconds = renders * render + ((looks if previewed else 0) + first + measuring) * preview
    digests = (job.generator_digest, job.scorer_digest)
    truth = bundled_truth(spec.target, job.slots.quotas, spec.limits.where, digests)
    ordered_unseen = np.flatnonzero((quotas > 0) & (natural.hits == 0))
    return Plan(
        job,
        attempts,
        [spec.target.label(int(cell)) for cell in ordered_unseen],
        [spec.target.label(int(cell)) for cell in _rare(job, models)],
        [spec.target.label(cell) for cell in _unreached(job, models)],
        natural.draws,
        truth,
        first,
        measuring,
        looks if previewed else 0.0,
        renders,
        seconds,
        size * spec.pictures,
    )


def _values(job: Job, models: Models) -> Mapping[str, NDArray[np.generic]]:
    """Readings of natural draws: the job's calibration where there is one, else some made now."""
    if job.calibration is not None:
        return job.calibration.natural
    size = job.spec.first_look or job.spec.image.size
    return models.scorer.score(models.generator.preview(_draw(job, models, DRAWS), size)).values


def _rare(job: Job, models: Models) -> NDArray[np.int64]:
    """Ordered cells that chains will look for."""
    if models.screen is None:
        return np.zeros(0, np.int64)
    return np.flatnonzero((job.slots.quotas.ravel() > 0) & models.screen.rare)


def _unreached(job: Job, models: Models) -> list[int]:
    """Of the first rare cells, those that no chain comes to."""
    rare = _rare(job, models)[:MOST_TRIED]
    if models.screen is None or not len(rare):
        return []
    cells = np.repeat(rare, CHAINS)
    places = [(PROBE_SLOT + i, 0) for i in range(len(cells))]
    w = models.screen.look_for(cells, places, job.spec.seed, models.generator)
    reached = models.screen.promises(w, cells).reshape(-1, CHAINS).any(1)
    return [int(cell) for cell in rare[~reached]]


def _draw(job: Job, models: Models, count: int) -> NDArray[np.float32]:
    size = models.generator.latent_size
    return models.generator.latents(probes(job.spec.seed, count, size))


def _measure(job: Job, models: Models) -> tuple[float, float, float]:
    """Seconds a preview and a full render take here, scores included, and bytes a face stores."""
    w, spec = _draw(job, models, SAMPLE), job.spec
    small = spec.first_look or spec.image.size
    models.scorer.score(models.generator.preview(w[:1], small))
    start = time.perf_counter()
    models.scorer.score(models.generator.preview(w, small))
    preview = time.perf_counter() - start
    take(spec, models.generator, w[:1])
    start = time.perf_counter()
    pixels, pictures = take(spec, models.generator, w)
    models.scorer.score(over(pixels, MID_GREY))
    full = time.perf_counter() - start
    files = [len(encode(one, spec.image.format, spec.image.quality)) for one in pixels]
    if pictures is not None:
        truths = [truth_of(pictures, i) for i in range(SAMPLE)]
        files += [len(encode_extra(kind, one, "plan")) for kind in spec.extras for one in truths]
    return preview / SAMPLE, full / SAMPLE, sum(files) / SAMPLE
