"""Make one shard: find its faces while threads label and store them, then commit by a receipt."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from pipeline.assets.encode import sha256
from pipeline.attributes.changes import written
from pipeline.attributes.scorer import Scorer
from pipeline.catalog.content import content_digest
from pipeline.catalog.layout import receipt_key, shard_key
from pipeline.catalog.manifest import Origin, Row, manifest_schema, rows_table, write_parquet
from pipeline.engine.face import Tally
from pipeline.engine.faces import Faces
from pipeline.engine.job import Job
from pipeline.engine.storing import Stored, Storing, asset_id, put_beside
from pipeline.errors import CatalogError
from pipeline.generators.generator import Generator, bands_of
from pipeline.sampling.screen import Screen
from pipeline.storage import Store


@dataclass(frozen=True)
class Models:
    """The networks of a worker, loaded once."""

    generator: Generator
    scorer: Scorer
    device: str
    screen: Screen | None = None


def run_shard(
    job: Job,
    shard: int,
    models: Models,
    store: Store,
    *,
    rendering: AbstractContextManager[Any] | None = None,
    watch: Callable[[Tally], None] = lambda tally: None,
) -> dict[str, Any]:
    """Make a shard and commit it; returns its receipt.

    Safe to run again and to run twice at once: all contents depend on (job, shard) alone, the
    receipt is written last and exclusively, and nothing is ever written over: where another
    attempt has left other bytes, those of this one get keys of their own, which the receipt names.

    Args:
        rendering: held while faces are rendered, so that the next shard of this worker renders
            while this one is still being stored.
        watch: told the tally whenever a face was accepted.

    Raises:
        JobError: a cell is out of the generator's reach.
        CatalogError: the shard is committed already, with other content.
        StoreError: the store fails.
    """
    if store.exists(receipt_key(shard)):
        return read_receipt(store, shard)
    faces = Faces(job, shard, models.generator, models.scorer, models.screen)
    with Storing(job, shard, store) as storing:
        with rendering or nullcontext():
            for face in faces:
                storing.add(face)
                watch(faces.tally)
        stored = storing.finish()
    rows = [_row(job, shard, one) for one in stored]
    origin = Origin(job.generator_digest, job.scorer_digest, models.device)
    table = rows_table(rows, _schema(job, models), origin)
    data = write_parquet(table)
    key = put_beside(store, shard_key(shard), data)
    tally = faces.tally
    tally.seconds["encode_store"] += storing.clock.seconds
    return _commit(
        store,
        {
            "shard": shard,
            "rows": len(rows),
            "manifest": {"key": key, "sha256": sha256(data), "bytes": len(data)},
            "content_digest": content_digest(table),
            "draws": tally.draws,
            "renders": tally.renders,
            "previews": tally.previews,
            "refused": dict(sorted(tally.refused.items())),
            "seconds": {stage: round(value, 3) for stage, value in tally.seconds.items()},
            "bytes": sum(one.bytes for one in stored),
            "device": models.device,
            "learned": job.learned,
        },
    )


def read_receipt(store: Store, shard: int) -> dict[str, Any]:
    """The receipt of a committed shard."""
    receipt: dict[str, Any] = json.loads(store.get(receipt_key(shard)))
    return receipt


def _row(job: Job, shard: int, stored: Stored) -> Row:
    face, target = stored.face, job.spec.target
    label = None if face.variation is None else job.spec.labels[face.variation]
    return Row(
        asset_id=asset_id(job, face.slot, face.variation),
        person_id=f"p{asset_id(job, face.slot)}",
        slot=face.slot,
        shard=shard,
        attempt=face.attempt,
        seed=job.spec.seed,
        cell=face.cell,
        cell_label=target.label(face.cell),
        variation=label,
        edits=None if label is None else written(face.edits),
        bins={one.attribute: one.label for one in target.bins_of(face.cell)},
        confidence=face.confidence,
        proposal="chain" if face.chained else "natural",
        image=stored.image,
        w=face.w,
        scores=face.scores,
        index=face.index,
        extras=stored.extras,
        landmarks=None if face.truth is None else face.truth.landmarks,
        camera=None if face.truth is None else face.truth.camera,
    )


def _schema(job: Job, models: Models) -> Any:
    balanced = [axis.attribute for axis in job.spec.target.axes]
    return manifest_schema(
        balanced,
        models.generator.latent_size * (bands_of(models.generator) if job.spec.steered else 1),
        job.spec.digest,
        job.spec.extras,
        varied=bool(job.spec.varied),
    )


def _commit(store: Store, receipt: dict[str, Any]) -> dict[str, Any]:
    """Create the receipt; when somebody was first, make sure that it committed the same."""
    shard = receipt["shard"]
    data = json.dumps(receipt, indent=1).encode()
    if store.create(receipt_key(shard), data, "application/json"):
        return receipt
    first = read_receipt(store, shard)
    if first["content_digest"] != receipt["content_digest"]:
        raise CatalogError(
            f"{store.uri}/{receipt_key(shard)} commits other content than this run made "
            f"({first['device']} there, {receipt['device']} here): the hardware differs; "
            "finish the job on one kind of device, or use a new output."
        )
    return first
