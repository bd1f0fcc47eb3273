"""Store the faces of one shard while others are rendered: label, hash, put or pack, in order."""

import io
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from pipeline.assets.encode import EXTENSIONS, MEDIA_TYPES, pixels_sha256, sha256
from pipeline.assets.extras import EXTRAS, encode_extra
from pipeline.assets.pack import PackWriter
from pipeline.catalog.layout import asset_name
from pipeline.catalog.manifest import StoredExtra, StoredImage
from pipeline.engine.face import Face
from pipeline.engine.job import Job
from pipeline.provenance.xmp import embed_xmp, synthetic_packet
from pipeline.spec import Extra
from pipeline.storage import Store

STORERS = 2
"""Threads to a worker that label, hash and store."""

AHEAD = 8
"""Faces that may wait to be stored before rendering pauses: memory stays flat."""

PACK_BYTES = 256 * 1024 * 1024
"""Size at which a shard's pack is stored and its next one begun, for the same reason."""


@dataclass(frozen=True)
class File:
    """A labelled file of a face: its image, or an extra of a kind; `data` is empty once stored."""

    kind: Extra | None
    name: str
    media_type: str
    length: int
    sha256: str
    data: bytes


@dataclass(frozen=True)
class Labelled:
    """The files of a face, its image first, and the digest of its pixels."""

    files: tuple[File, ...]
    pixels_sha256: str


@dataclass(frozen=True)
class Stored:
    """A face, without its pixels, whose files are stored."""

    face: Face
    image: StoredImage
    extras: dict[Extra, StoredExtra]

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return self.image.length + sum(extra.length for extra in self.extras.values())


class Clock:
    """CPU seconds of several threads added up."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        """Add one thread's share."""
        with self._lock:
            self.seconds += seconds


class Storing:
    """Stores a shard's faces by threads; a context that waits for what is under way."""

    def __init__(self, job: Job, shard: int, store: Store) -> None:
        self.clock = Clock()
        self._job, self._shard, self._store = job, shard, store
        self._storers = ThreadPoolExecutor(STORERS)
        self._packs = Packs(shard, store, self._storers) if job.spec.layout == "packs" else None
        self._waiting: deque[tuple[Face, Future[Labelled]]] = deque()
        self._stored: list[Stored] = []

    def __enter__(self) -> "Storing":
        return self

    def __exit__(self, *_: object) -> None:
        self._storers.shutdown(cancel_futures=True)

    def add(self, face: Face) -> None:
        """Store a face; waits while AHEAD others are not done."""
        if len(self._waiting) == AHEAD:
            self._take()
        task = self._storers.submit(
            store_face, self._job, self._shard, face, self._store, self.clock
        )
        self._waiting.append((face.without_pixels(), task))

    def finish(self) -> list[Stored]:
        """Wait until all is stored; the faces by slot, then variation."""
        while self._waiting:
            self._take()
        if self._packs is not None:
            self._packs.close()
        return sorted(self._stored, key=lambda one: (one.face.slot, one.face.variation or 0))

    def _take(self) -> None:
        """Wait for the face that came first, so that no thread decides how packs are filled."""
        face, task = self._waiting.popleft()
        done = task.result()
        if self._packs is not None:
            places = self._packs.add(done.files)
        else:
            places = [(_key(self._shard, file), 0) for file in done.files]
        image, *extras = zip(done.files, places, strict=True)
        size, form = self._job.spec.image.size, self._job.spec.image.format
        file, (uri, offset) = image
        self._stored.append(
            Stored(
                face,
                StoredImage(
                    uri, offset, file.length, file.sha256, done.pixels_sha256, size, size, form
                ),
                {
                    file.kind: StoredExtra(uri, offset, file.length, file.sha256)
                    for file, (uri, offset) in extras
                    if file.kind is not None
                },
            )
        )


class Packs:
    """The packs of one shard, filled as faces come; one is open and one may be on its way."""

    def __init__(self, shard: int, store: Store, storers: ThreadPoolExecutor) -> None:
        self._shard, self._store, self._storers = shard, store, storers
        self._number = self._size = 0
        self._putting: Future[None] | None = None
        self._begin()

    def add(self, files: tuple[File, ...]) -> list[tuple[str, int]]:
        """Append a face's files side by side; the key of the pack and the offset of each."""
        if self._size and self._size + sum(file.length for file in files) > PACK_BYTES:
            self._put()
            self._number += 1
            self._begin()
        spans = [self._writer.add(file.name, file.data) for file in files]
        self._size = spans[-1].offset + spans[-1].length
        return [(self._key, span.offset) for span in spans]

    def close(self) -> None:
        """Store the last pack and wait for all."""
        self._put()
        if self._putting is not None:
            self._putting.result()

    def _begin(self) -> None:
        number = f"-{self._number}" if self._number else ""
        self._key = f"packs/{self._shard:06d}{number}.tar"
        self._data = io.BytesIO()
        self._writer = PackWriter(self._data)
        self._size = 0

    def _put(self) -> None:
        if self._putting is not None:
            self._putting.result()
        self._writer.close()
        self._putting = self._storers.submit(
            self._store.put, self._key, self._data.getvalue(), "application/x-tar"
        )


def asset_id(job: Job, slot: int, variation: int | None = None) -> str:
    """The name of a slot's asset, or of one variation of its person."""
    digests = (job.spec.digest, job.generator_digest, job.scorer_digest)
    return asset_name(*digests, slot, variation)


def store_face(job: Job, shard: int, face: Face, store: Store, clock: Clock) -> Labelled:
    """Label and hash a face's files, and store them unless they go into a pack."""
    start = time.thread_time()
    image, asset = job.spec.image, asset_id(job, face.slot, face.variation)
    data = embed_xmp(face.file, synthetic_packet(asset))
    files = [_file(None, asset, EXTENSIONS[image.format], MEDIA_TYPES[image.format], data)]
    for kind in job.spec.extras:
        if face.truth is not None:
            data = encode_extra(kind, face.truth, asset)
            files.append(_file(kind, asset, EXTRAS[kind].suffix, EXTRAS[kind].media_type, data))
    if job.spec.layout == "files":
        for file in files:
            store.put(_key(shard, file), file.data, file.media_type)
        files = [replace(file, data=b"") for file in files]
    digest = pixels_sha256(face.pixels)
    clock.add(time.thread_time() - start)
    return Labelled(tuple(files), digest)


def _file(kind: Extra | None, asset: str, suffix: str, media_type: str, data: bytes) -> File:
    return File(kind, f"{asset}.{suffix}", media_type, len(data), sha256(data), data)


def _key(shard: int, file: File) -> str:
    return f"images/{shard:06d}/{file.name}"
