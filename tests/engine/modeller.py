"""A generator that models what it draws, at microseconds a face, and jobs and catalogs of it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import over
from pipeline.attributes.null_scorer import NullScorer
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.seal import seal
from pipeline.engine.job import Job
from pipeline.engine.shard import Models, run_shard
from pipeline.generators.generator import LANDMARKS, SEGMENTS, Pictures
from pipeline.generators.null import Null
from pipeline.spec import parse_spec
from pipeline.storage import Store, open_store
from tests.engine.conftest import NULL

SCENE = (120, 0, 120)
EVERY = ["landmarks", "segmentation", "alpha", "depth"]


class Slab(Null):
    """Null's stripes on a slab that leaves the upper quarter of a purple scene free.

    Its upper edge covers half a row of pixels; below, it stands ever further from the camera.
    """

    def render(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        return self.pictures(w, size).images

    def pictures(self, w: NDArray[np.float32], size: int) -> Pictures:
        edge, shape = size // 4, (len(w), size, size)
        cutout = super().render(w, size)
        alpha = np.zeros(shape, np.uint8)
        alpha[:, edge], alpha[:, edge + 1 :] = 128, 255
        rows = np.broadcast_to(np.arange(size)[None, :, None], shape)
        segments = np.where(alpha, 1 + rows % (len(SEGMENTS) - 1), 0)
        points = np.random.default_rng(1).uniform(0, size, (1, LANDMARKS, 2))
        points = points + w[:, None, :2]
        cameras = np.broadcast_to(np.eye(3, 4) * size, (len(w), 3, 4)) + w[:, :1, None]
        return Pictures(
            images=over(np.concatenate([cutout, alpha[..., None]], -1), SCENE),
            alpha=alpha,
            cutout=cutout,
            segmentation=segments.astype(np.uint8),
            depth=np.where(alpha, 500.03 + rows * 1.25, 0).astype(np.float32),
            landmarks=points.astype(np.float32),
            cameras=cameras.astype(np.float32),
        )


MODELS = Models(Slab(), NullScorer(), "test")


def slab_job(output: Path | str | dict[str, str], **changes: Any) -> Job:
    """A job whose shards MODELS make."""
    image = {"size": 64, "format": "png"} | changes.pop("image", {})
    output = str(output) if isinstance(output, Path) else output
    document = {**NULL, "generator": "builtin:heads", "output": output, "image": image, **changes}
    return Job(parse_spec(document), MODELS.generator.digest, MODELS.scorer.digest)


def store_of(job: Job) -> Store:
    return open_store(job.spec.location.uri, endpoint=job.spec.location.endpoint)


def sealed(job: Job) -> Catalog:
    """Make all shards of a job and seal them."""
    store = store_of(job)
    for shard in range(job.spec.shards):
        run_shard(job, shard, MODELS, store)
    seal(store, job.document())
    return open_catalog(store)
