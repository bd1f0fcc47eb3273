"""The Ray actors: they hold the models and work shard by shard; only receipts leave them."""

import threading
from dataclasses import dataclass
from typing import Any

import torch

from pipeline.attributes import load_scorer
from pipeline.attributes.calibration import Calibration
from pipeline.attributes.directions import Directions
from pipeline.engine.calibrate import Stage, read_naturally
from pipeline.engine.directions import measure
from pipeline.engine.face import Tally
from pipeline.engine.job import Job
from pipeline.engine.shard import Models, run_shard
from pipeline.errors import JobError
from pipeline.generators import load_generator
from pipeline.models.device import device_name
from pipeline.sampling.screen import PROBES, Screen
from pipeline.sampling.seeds import probes
from pipeline.sampling.targets import Target
from pipeline.spec import parse_spec
from pipeline.storage import Store

THREADS = 1
"""Threads of one worker's arithmetic: fixed, since it changes the order of sums."""


def load_models(job: Job) -> Models:
    """Load the networks that a job names and make sure that they are the ones it was planned with.

    Raises:
        JobError: this machine's models differ from the driver's.
    """
    torch.set_num_threads(THREADS)
    generator = load_generator(job.spec.generator, job.spec.image.size)
    scorer = load_scorer(job.spec.scorer)
    if (generator.digest, scorer.digest) != (job.generator_digest, job.scorer_digest):
        raise JobError(
            "this worker's models are not the driver's (their digests differ); "
            "install the same version of populace on every node, and let all of them read the "
            "same checkpoint."
        )
    screen = None
    if job.calibration is not None:
        draws = probes(job.spec.seed, PROBES, generator.latent_size)
        limits, surrogate = job.spec.limits.where, job.calibration.surrogate
        screen = Screen(surrogate, job.spec.target, limits, generator.latents(draws))
    return Models(generator, scorer, device_name(job.spec.takes_gpu), screen)


@dataclass(frozen=True)
class Errand:
    """What an actor is started with: a job as plain values, and the store it works on.

    The store travels itself: its endpoint may come from the driver's environment.
    """

    spec: dict[str, Any]
    generator_digest: str
    scorer_digest: str
    calibration: dict[str, bytes] | None
    directions: bytes | None
    order: Target | None
    store: Store

    @staticmethod
    def of(job: Job, store: Store) -> "Errand":
        """To make the shards of a job."""
        # Addresses are absolute: a worker's current folder is another than ours.
        return Errand(
            job.spec.from_anywhere().model_dump(mode="json"),
            job.generator_digest,
            job.scorer_digest,
            job.calibration.to_files() if job.calibration else None,
            job.directions.to_bytes() if job.directions else None,
            job.order,
            store,
        )

    def job(self) -> Job:
        """The job itself."""
        files = self.calibration
        calibration = Calibration.from_files(files.__getitem__) if files else None
        digests = (self.generator_digest, self.scorer_digest)
        directions = Directions.from_bytes(self.directions) if self.directions else None
        return Job(parse_spec(self.spec), *digests, calibration, directions, self.order)


class Worker:
    """Makes shards, two at a time: one renders while the other encodes, stores and commits."""

    def __init__(self, errand: Errand) -> None:
        self._job, self._store = errand.job(), errand.store
        self._models = load_models(self._job)
        self._rendering = threading.Lock()
        self._tallies: dict[int, Tally] = {}

    def run(self, shard: int) -> dict[str, Any]:
        """Make and commit a shard; its receipt."""
        try:
            return run_shard(
                self._job,
                shard,
                self._models,
                self._store,
                rendering=self._rendering,
                watch=lambda tally: self._tallies.update({shard: tally}),
            )
        finally:
            self._tallies.pop(shard, None)

    def progress(self) -> dict[str, int]:
        """Faces, renders and previews of the shards in the making."""
        tallies = list(self._tallies.values())
        return {
            "accepted": sum(tally.accepted for tally in tallies),
            "renders": sum(tally.renders for tally in tallies),
            "previews": sum(tally.previews for tally in tallies),
        }


class Calibrator:
    """Scores natural draws, a shard at a time."""

    def __init__(self, errand: Errand) -> None:
        job, self._store = errand.job(), errand.store
        self._stage, self._models = Stage.of(job), load_models(job)
        self._alone = threading.Lock()

    def run(self, shard: int) -> dict[str, Any]:
        """Score a shard of draws and keep what was read; how many there were."""
        with self._alone:
            generator, scorer = self._models.generator, self._models.scorer
            draws = read_naturally(self._stage, shard, generator, scorer, self._store)
        return {"shard": shard, "draws": draws}

    def progress(self) -> dict[str, int]:
        """Nothing: shards are small."""
        return {}


class Measurer:
    """Measures the directions that a job brings along, one at a time."""

    def __init__(self, errand: Errand) -> None:
        self._job, self._store = errand.job(), errand.store
        self._models = load_models(self._job)
        self._alone = threading.Lock()

    def run(self, index: int) -> dict[str, Any]:
        """Measure a direction and keep what was found."""
        with self._alone:
            measure(self._job, index, self._models.generator, self._models.scorer, self._store)
        return {"direction": index}

    def progress(self) -> dict[str, int]:
        """Nothing: each takes seconds."""
        return {}
