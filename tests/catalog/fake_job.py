"""Finished jobs of small flat pictures, as a worker would leave them, ready to be sealed."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import EXTENSIONS, encode, pixels_sha256, sha256
from pipeline.assets.pack import pack
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.catalog.content import content_digest
from pipeline.catalog.manifest import (
    QUALITIES,
    Origin,
    Row,
    StoredImage,
    manifest_schema,
    rows_table,
    write_parquet,
)
from pipeline.provenance.xmp import embed_xmp, synthetic_packet
from pipeline.storage import Store

LATENT_SIZE = 8
AXES = (
    ("age", ("18-29", "30-44", "45-59")),
    ("gender_presentation", ("feminine", "masculine")),
)

Picture = Callable[[int], NDArray[np.uint8]]


def flat_picture(slot: int) -> NDArray[np.uint8]:
    """A 32 px picture of one colour, another one for every slot: uint8 [32, 32, 3]."""
    color = np.random.default_rng(slot).integers(0, 256, 3, dtype=np.uint8)
    return np.broadcast_to(color, (32, 32, 3)).copy()


@dataclass(frozen=True)
class FakeJob:
    """An order over `axes` with `per_cell` faces a cell, and how to fulfil it."""

    axes: Sequence[tuple[str, Sequence[str]]] = AXES
    per_cell: int = 4
    shard_size: int = 7
    layout: str = "files"
    format: str = "jpeg"
    device: str = "test"
    picture: Picture = field(default=flat_picture)
    sign: Callable[[bytes], bytes] = field(default=bytes)

    @property
    def cells(self) -> list[dict[str, Any]]:
        names = [name for name, _ in self.axes]
        return [
            {
                "cell": index,
                "label": ", ".join(f"{n}={b}" for n, b in zip(names, bins, strict=True)),
                "bins": dict(zip(names, bins, strict=True)),
                "count": self.per_cell,
            }
            for index, bins in enumerate(product(*(bins for _, bins in self.axes)))
        ]

    @property
    def count(self) -> int:
        return self.per_cell * len(self.cells)

    @property
    def shards(self) -> int:
        return -(-self.count // self.shard_size)

    def document(self) -> dict[str, Any]:
        """The content of `job.json`."""
        return {
            "name": "villagers",
            "spec": {"name": "villagers", "count": self.count, "layout": self.layout},
            "spec_digest": "5" * 64,
            "generator": {"name": "builtin:heads", "digest": "6" * 64},
            "scorer": {"name": "builtin:heads", "digest": "7" * 64},
            "count": self.count,
            "shards": self.shards,
            "shard_size": self.shard_size,
            "cells": self.cells,
            "versions": {"populace": "0.1.0"},
        }

    def run(self, store: Store) -> dict[str, Any]:
        """Do all the work up to the last receipt; the content of `job.json`."""
        document = self.document()
        store.put("job.json", json.dumps(document).encode())
        for shard in range(self.shards):
            self.run_shard(store, shard)
        return document

    def run_shard(self, store: Store, shard: int) -> None:
        slots = range(shard * self.shard_size, min(self.count, (shard + 1) * self.shard_size))
        images = [self.picture(slot) for slot in slots]
        names = [f"f{slot:07d}" for slot in slots]
        files = [
            self.sign(embed_xmp(encode(image, self.format, 95), synthetic_packet(name)))  # type: ignore[arg-type]
            for name, image in zip(names, images, strict=True)
        ]
        extension = EXTENSIONS[self.format]
        places = []
        if self.layout == "packs":
            data, spans = pack(
                (f"{name}.{extension}", file) for name, file in zip(names, files, strict=True)
            )
            store.put(f"packs/{shard:06d}.tar", data)
            places = [(f"packs/{shard:06d}.tar", span.offset) for span in spans]
        else:
            for name, file in zip(names, files, strict=True):
                places.append((f"images/{shard:06d}/{name}.{extension}", 0))
                store.put(places[-1][0], file)
        scores = _scores(len(slots), shard)
        cells = self.cells
        rows = []
        for index, slot in enumerate(slots):
            cell = cells[slot % len(cells)]
            image = images[index]
            uri, offset = places[index]
            stored = StoredImage(
                uri=uri,
                offset=offset,
                length=len(files[index]),
                sha256=sha256(files[index]),
                pixels_sha256=pixels_sha256(image),
                width=image.shape[1],
                height=image.shape[0],
                format=self.format,
            )
            rows.append(
                Row(
                    asset_id=names[index],
                    person_id=f"p{slot:07d}",
                    slot=slot,
                    shard=shard,
                    attempt=slot * 7 % 5,
                    seed=2**63 + slot,
                    cell=cell["cell"],
                    cell_label=cell["label"],
                    bins=cell["bins"],
                    confidence=0.5 + slot % 4 / 10,
                    image=stored,
                    w=latent(slot),
                    scores=scores,
                    index=index,
                )
            )
        schema = manifest_schema([name for name, _ in self.axes], LATENT_SIZE, "5" * 64)
        table = rows_table(rows, schema, Origin("6" * 64, "7" * 64, self.device))
        data = write_parquet(table)
        key = f"shards/{shard:06d}.parquet"
        store.put(key, data)
        receipt = {
            "shard": shard,
            "rows": len(rows),
            "manifest": {"key": key, "sha256": sha256(data), "bytes": len(data)},
            "content_digest": content_digest(table),
            "renders": len(rows) + 1,
            "draws": sum(row.attempt + 1 for row in rows),
            "previews": sum(row.attempt + 1 for row in rows),
            "refused": {"preview: other cell": sum(row.attempt for row in rows), "cell": 1},
            "seconds": {"render": 2.5, "preview": 1.5, "score": 0.3, "encode_store": 0.1},
            "bytes": sum(len(file) for file in files),
            "device": self.device,
        }
        assert store.create(f"receipts/{shard:06d}.json", json.dumps(receipt).encode())


def latent(slot: int) -> NDArray[np.float32]:
    """The latent of a slot: float32 [LATENT_SIZE], on the lattice of float16."""
    draw = np.random.default_rng(slot).standard_normal(LATENT_SIZE)
    return draw.astype(np.float16).astype(np.float32)


def _scores(count: int, seed: int) -> Scores:
    rng = np.random.default_rng(seed)
    values: dict[str, NDArray[np.generic]] = {}
    probabilities = {}
    for attribute in ATTRIBUTES:
        if attribute.kind == "class":
            values[attribute.name] = rng.integers(0, len(attribute.classes), count)
        else:
            draw = rng.uniform(attribute.low, attribute.high, count)
            values[attribute.name] = draw.astype(np.float32)
        if attribute.classes:
            raw = rng.random((count, len(attribute.classes))).astype(np.float32)
            probabilities[attribute.name] = raw / raw.sum(1, keepdims=True)
    quality = {name: rng.random(count).astype(np.float32) for name in QUALITIES}
    return Scores(values, probabilities, quality)


def snapshot(store: Store, prefix: str = "") -> dict[str, str]:
    """Key -> sha256 of every object below a prefix."""
    return {key: hashlib.sha256(store.get(key)).hexdigest() for key in store.list(prefix)}


@dataclass
class Watched:
    """A store that counts what is read, and dies at the write that it is told to."""

    store: Store
    dies_at_write: int = -1
    reads: int = 0
    bytes_read: int = 0
    writes: int = 0

    @property
    def uri(self) -> str:
        return self.store.uri

    @property
    def readers(self) -> int:
        return self.store.readers

    def get(self, key: str, start: int | None = None, length: int | None = None) -> bytes:
        data = self.store.get(key, start, length)
        self.reads += 1
        self.bytes_read += len(data)
        return data

    def put(self, key: str, data: bytes, content_type: str | None = None) -> None:
        self._count_write()
        self.store.put(key, data, content_type)

    def create(self, key: str, data: bytes, content_type: str | None = None) -> bool:
        self._count_write()
        return self.store.create(key, data, content_type)

    def exists(self, key: str) -> bool:
        return self.store.exists(key)

    def size(self, key: str) -> int:
        return self.store.size(key)

    def stamp(self, key: str) -> str:
        return self.store.stamp(key)

    def list(self, prefix: str) -> Iterator[str]:
        return self.store.list(prefix)

    def _count_write(self) -> None:
        if self.writes == self.dies_at_write:
            raise KeyboardInterrupt
        self.writes += 1
