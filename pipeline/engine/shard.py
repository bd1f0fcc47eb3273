"""Make one shard: find its faces while threads label and store them, then commit by a receipt."""

import hashlib
import json
import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from pipeline.assets.encode import EXTENSIONS, MEDIA_TYPES, pixels_sha256, sha256
from pipeline.assets.pack import pack
from pipeline.attributes.scorer import Scorer
from pipeline.catalog.content import content_digest
from pipeline.catalog.layout import receipt_key, shard_key
from pipeline.catalog.manifest import (
    Origin,
    Row,
    StoredImage,
    manifest_schema,
    rows_table,
    write_parquet,
)
from pipeline.engine.faces import Face, Faces, Tally
from pipeline.engine.job import Job
from pipeline.errors import CatalogError
from pipeline.generators.generator import Generator
from pipeline.provenance.xmp import embed_xmp, synthetic_packet
from pipeline.storage import Store

STORERS = 2
"""Threads to a worker that label, hash and store."""

AHEAD = 8
"""Images that may wait to be stored before rendering pauses: memory stays flat."""


@dataclass(frozen=True)
class Models:
    """The networks of a worker, loaded once."""

    generator: Generator
    scorer: Scorer
    device: str


def device_name() -> str:
    """The hardware that renders, as rows record it."""
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"cpu {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


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

    Safe to run again and to run twice at once: all keys and contents depend on (job, shard) alone.
    The receipt is written last and exclusively.

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
    faces = Faces(job, shard, models.generator, models.scorer)
    waiting = threading.BoundedSemaphore(AHEAD)
    storing = Clock()
    stored: list[tuple[Face, Future[Stored]]] = []
    with ThreadPoolExecutor(STORERS) as storers:
        with rendering or nullcontext():
            for face in faces:
                waiting.acquire()
                task = storers.submit(store_face, job, shard, face, store, storing)
                task.add_done_callback(lambda _: waiting.release())
                stored.append((face.without_pixels(), task))
                watch(faces.tally)
        done = [(face, task.result()) for face, task in stored]
    done.sort(key=lambda item: item[0].slot)
    images = [item.image for _, item in done]
    if job.spec.layout == "packs":
        images = _store_pack(shard, [item for _, item in done], store)
    rows = [_row(job, shard, face, image) for (face, _), image in zip(done, images, strict=True)]
    origin = Origin(job.generator_digest, job.scorer_digest, models.device)
    table = rows_table(rows, _schema(job, models), origin)
    data = write_parquet(table)
    store.put(shard_key(shard), data)
    tally = faces.tally
    tally.seconds["encode_store"] += storing.seconds
    return _commit(
        store,
        {
            "shard": shard,
            "rows": len(rows),
            "manifest": {"key": shard_key(shard), "sha256": sha256(data), "bytes": len(data)},
            "content_digest": content_digest(table),
            "renders": tally.renders,
            "previews": tally.previews,
            "refused": dict(sorted(tally.refused.items())),
            "seconds": {stage: round(value, 3) for stage, value in tally.seconds.items()},
            "bytes": sum(image.length for image in images),
            "device": models.device,
        },
    )


def read_receipt(store: Store, shard: int) -> dict[str, Any]:
    """The receipt of a committed shard."""
    receipt: dict[str, Any] = json.loads(store.get(receipt_key(shard)))
    return receipt


def asset_id(job: Job, slot: int) -> str:
    """The name of a slot's asset: 20 hexadecimal digits, the same in every run of the job."""
    text = f"{job.spec.digest}:{job.generator_digest}:{job.scorer_digest}:{slot}"
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Stored:
    """A stored image, or, for a pack, one that waits with its bytes."""

    image: StoredImage
    name: str
    data: bytes


class Clock:
    """CPU seconds of several threads added up."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        """Add one thread's share."""
        with self._lock:
            self.seconds += seconds


def store_face(job: Job, shard: int, face: Face, store: Store, clock: Clock) -> Stored:
    """Label and hash a face's file, and store it unless it goes into a pack."""
    start = time.thread_time()
    image = job.spec.image
    asset = asset_id(job, face.slot)
    name = f"{asset}.{EXTENSIONS[image.format]}"
    data = embed_xmp(face.file, synthetic_packet(asset))
    key = f"images/{shard:06d}/{name}"
    digest = pixels_sha256(face.pixels)
    height, width = face.pixels.shape[:2]
    stored = StoredImage(key, 0, len(data), sha256(data), digest, width, height, image.format)
    if job.spec.layout == "files":
        store.put(key, data, MEDIA_TYPES[image.format])
        data = b""
    clock.add(time.thread_time() - start)
    return Stored(stored, name, data)


def _store_pack(shard: int, members: list[Stored], store: Store) -> list[StoredImage]:
    key = f"packs/{shard:06d}.tar"
    data, spans = pack([(member.name, member.data) for member in members])
    store.put(key, data, "application/x-tar")
    return [
        StoredImage(**{**vars(member.image), "uri": key, "offset": span.offset})
        for member, span in zip(members, spans, strict=True)
    ]


def _row(job: Job, shard: int, face: Face, image: StoredImage) -> Row:
    asset = asset_id(job, face.slot)
    target = job.spec.target
    return Row(
        asset_id=asset,
        person_id=f"p{asset}",
        slot=face.slot,
        shard=shard,
        attempt=face.attempt,
        seed=job.spec.seed,
        cell=face.cell,
        cell_label=target.label(face.cell),
        bins={one.attribute: one.label for one in target.bins_of(face.cell)},
        confidence=face.confidence,
        image=image,
        w=face.w,
        scores=face.scores,
        index=face.index,
    )


def _schema(job: Job, models: Models) -> Any:
    balanced = [axis.attribute for axis in job.spec.target.axes]
    return manifest_schema(balanced, models.generator.latent_size, job.spec.digest)


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
