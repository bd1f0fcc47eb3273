"""Store the faces of one shard while others are rendered: label, hash, put or pack, in order."""

import io
import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from pipeline.assets.encode import EXTENSIONS, MEDIA_TYPES, pixels_sha256, sha256
from pipeline.assets.extras import EXTRAS, encode_extra
from pipeline.assets.pack import PackWriter
from pipeline.catalog.layout import asset_name, own_key
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
    """A labelled file of a face: its image, or an extra of a kind.

    data: empty once stored. key: under which it was stored; empty of what goes into a pack.
    """

    kind: Extra | None
    name: str
    media_type: str
    length: int
    sha256: str
    data: bytes
    key: str = ""


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

    def under(self, keys: Mapping[str, str]) -> "Stored":
        """The same with its packs under the keys that they were stored under."""
        extras = {kind: replace(extra, uri=keys[extra.uri]) for kind, extra in self.extras.items()}
        return Stored(self.face, replace(self.image, uri=keys[self.image.uri]), extras)


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
        stored = self._stored
        if self._packs is not None:
            keys = self._packs.close()
            stored = [one.under(keys) for one in stored]
        return sorted(stored, key=lambda one: (one.face.slot, one.face.variation or 0))

    def _take(self) -> None:
        """Wait for the face that came first, so that no thread decides how packs are filled."""
        face, task = self._waiting.popleft()
        done = task.result()
        if self._packs is not None:
            places = self._packs.add(done.files)
        else:
            places = [(file.key, 0) for file in done.files]
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
        self._putting: Future[str] | None = None
        self._keys: list[str] = []
        self._stored: list[str] = []
        self._begin()

    def add(self, files: tuple[File, ...]) -> list[tuple[str, int]]:
        """Append a face's files side by side; their pack's key, see `close`, and offsets."""
        if self._size and self._size + sum(file.length for file in files) > PACK_BYTES:
            self._put()
            self._number += 1
            self._begin()
        spans = [self._writer.add(file.name, file.data) for file in files]
        self._size = spans[-1].offset + spans[-1].length
        return [(self._key, span.offset) for span in spans]

    def close(self) -> dict[str, str]:
        """Store the last pack and wait for all; the key each has got by the one it was to have."""
        self._put()
        self._wait()
        return dict(zip(self._keys, self._stored, strict=True))

    def _begin(self) -> None:
        number = f"-{self._number}" if self._number else ""
        self._key = f"packs/{self._shard:06d}{number}.tar"
        self._data = io.BytesIO()
        self._writer = PackWriter(self._data)
        self._size = 0

    def _put(self) -> None:
        self._wait()
        self._writer.close()
        self._keys.append(self._key)
        self._putting = self._storers.submit(
            put_beside, self._store, self._key, self._data.getvalue(), "application/x-tar"
        )

    def _wait(self) -> None:
        if self._putting is not None:
            self._stored.append(self._putting.result())
            self._putting = None


def put_beside(store: Store, key: str, data: bytes, media_type: str | None = None) -> str:
    """Write an object and never over another: the key that it has got.

    Other bytes under the key are those of another attempt at the same shard, on hardware that
    rounds otherwise or with another name. A receipt may vouch for them, now or in a moment, so
    these bytes go to a key of their own. As nothing is ever written over, every attempt that makes
    the same bytes comes to the same key.
    """
    if store.create(key, data, media_type):
        return key
    if store.size(key) == len(data) and store.get(key) == data:
        return key
    own = own_key(key, sha256(data))
    store.put(own, data, media_type)
    return own


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
        keys = [put_beside(store, _key(shard, one), one.data, one.media_type) for one in files]
        files = [replace(file, data=b"", key=key) for file, key in zip(files, keys, strict=True)]
    digest = pixels_sha256(face.pixels)
    clock.add(time.thread_time() - start)
    return Labelled(tuple(files), digest)


def _file(kind: Extra | None, asset: str, suffix: str, media_type: str, data: bytes) -> File:
    return File(kind, f"{asset}.{suffix}", media_type, len(data), sha256(data), data)


def _key(shard: int, file: File) -> str:
    return f"images/{shard:06d}/{file.name}"
