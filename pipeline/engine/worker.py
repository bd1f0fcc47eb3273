"""The Ray actor that makes shards: it holds the models; only receipts leave it."""

import threading
from typing import Any

import torch

from pipeline.attributes import load_scorer
from pipeline.attributes.surrogate import bundled_surrogate
from pipeline.engine.faces import Tally
from pipeline.engine.job import Job
from pipeline.engine.shard import Models, run_shard
from pipeline.errors import JobError
from pipeline.generators import load_generator
from pipeline.models.device import device_name
from pipeline.sampling.screen import PROBES, Screen
from pipeline.sampling.seeds import probes
from pipeline.spec import parse_spec
from pipeline.storage import open_store

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
    surrogate = bundled_surrogate(generator.digest, scorer.digest)
    found = (generator.digest, scorer.digest, surrogate.digest if surrogate else "")
    if found != (job.generator_digest, job.scorer_digest, job.surrogate_digest):
        raise JobError(
            "this worker's models are not the driver's (their digests differ); "
            "install the same version of populace on every node, and let all of them read the "
            "same checkpoint."
        )
    screen = None
    if surrogate is not None:
        draws = probes(job.spec.seed, PROBES, generator.latent_size)
        limits = job.spec.limits.where
        screen = Screen(surrogate, job.spec.target, limits, generator.latents(draws))
    return Models(generator, scorer, device_name(), screen)


class Worker:
    """Makes shards, two at a time: one renders while the other encodes, stores and commits."""

    def __init__(
        self, spec: dict[str, Any], digests: tuple[str, str, str], uri: str, endpoint: str | None
    ) -> None:
        self._job = Job(parse_spec(spec), *digests)
        self._store = open_store(uri, endpoint=endpoint)
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
