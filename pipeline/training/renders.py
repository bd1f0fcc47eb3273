"""Render labelled sets in processes, shard by shard on disk, so that a broken-off run goes on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.network import LANDMARKS, MASK_SIZE, SIZE
from pipeline.attributes.resample import area_average, resized
from pipeline.generators.generator import SEGMENTS
from pipeline.training.draws import LabelledGenerator
from pipeline.training.processes import in_processes

SHARD = 64
"""Images in a shard."""

_ARRAYS = ("images", "masks", "landmarks", "w", "sizes", "digest")
"""What a shard's file holds."""

_SKIN = SEGMENTS.index("skin")

MakeGenerator = Callable[[], LabelledGenerator]
"""Builds the generator; a class or function that other processes can import."""


@dataclass(frozen=True)
class Order:
    """A set to render: w float32 [N, D], one picture size for each, int64 [N], px."""

    name: str
    w: NDArray[np.float32]
    sizes: NDArray[np.int64]


@dataclass(frozen=True)
class Renders:
    """What scorers learn from.

    images: uint8 [N, 128, 128, 3], the pictures brought to the network's size; masks: uint8
    [N, 32, 32], share of skin, 0..255; landmarks: float32 [N, 68, 2], x and y as fractions of the
    side; w: float32 [N, D].
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    w: NDArray[np.float32]

    def first(self, count: int) -> "Renders":
        """The first of them."""
        return Renders(
            self.images[:count], self.masks[:count], self.landmarks[:count], self.w[:count]
        )


def render_set(
    order: Order,
    folder: Path,
    make_generator: MakeGenerator,
    workers: int,
    progress: Callable[[int, int], None],
) -> Renders:
    """Render what is missing of a set, and read all of it.

    A shard on disk is taken as done when its latents, sizes and generator digest are the same.

    Args:
        order: the set.
        folder: where its shards lie, `<name>-<shard>.npz`.
        make_generator: builds the generator in each process.
        workers: processes; 1 or less renders in this one.
        progress: called with images done and in all.

    Raises:
        JobError: a rendering process died.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = make_generator().digest
    shards = list(_shards(order, folder, digest))
    missing = [shard for shard in shards if not shard.is_done()]
    done = len(order.w) - sum(len(shard.w) for shard in missing)
    progress(done, len(order.w))
    for shard in _render_all(missing, make_generator, workers):
        done += len(shard.w)
        progress(done, len(order.w))
    parts = [shard.read() for shard in shards]
    return Renders(
        np.concatenate([part["images"] for part in parts]),
        np.concatenate([part["masks"] for part in parts]),
        np.concatenate([part["landmarks"] for part in parts]),
        order.w,
    )


def render_small(
    generator: LabelledGenerator, w: NDArray[np.float32], sizes: NDArray[np.int64]
) -> Renders:
    """Render each w at its own size, int64 [N], and bring it to the network's."""
    images = np.empty((len(w), SIZE, SIZE, 3), np.uint8)
    masks = np.empty((len(w), MASK_SIZE, MASK_SIZE), np.uint8)
    landmarks = np.empty((len(w), LANDMARKS, 2), np.float32)
    for size in np.unique(sizes):
        rows = np.flatnonzero(sizes == size)
        pictures = generator.pictures(w[rows], int(size))
        images[rows] = np.rint(resized(pictures.images, SIZE)).astype(np.uint8)
        skin = (pictures.segmentation == _SKIN)[..., None]
        masks[rows] = np.rint(255 * area_average(skin, MASK_SIZE)[..., 0]).astype(np.uint8)
        landmarks[rows] = pictures.landmarks / size
    return Renders(images, masks, landmarks, w)


@dataclass(frozen=True)
class _Shard:
    path: Path
    digest: str
    w: NDArray[np.float32]
    sizes: NDArray[np.int64]

    def is_done(self) -> bool:
        """Whether the file is there, whole, and holds this very shard."""
        try:
            held = self.read()
        except (OSError, ValueError, KeyError, BadZipFile):
            return False
        same = np.array_equal(held["w"], self.w) and np.array_equal(held["sizes"], self.sizes)
        return same and str(held["digest"]) == self.digest

    def read(self) -> dict[str, NDArray[np.generic]]:
        with np.load(self.path, allow_pickle=False) as file:
            return {name: file[name] for name in _ARRAYS}

    def render(self, generator: LabelledGenerator) -> None:
        found = render_small(generator, self.w, self.sizes)
        part = self.path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(
                file,
                images=found.images,
                masks=found.masks,
                landmarks=found.landmarks,
                w=self.w,
                sizes=self.sizes,
                digest=np.array(self.digest),
            )
        part.replace(self.path)


def _shards(order: Order, folder: Path, digest: str) -> Iterator[_Shard]:
    for start in range(0, len(order.w), SHARD):
        rows = slice(start, start + SHARD)
        path = folder / f"{order.name}-{start // SHARD:05d}.npz"
        yield _Shard(path, digest, order.w[rows], order.sizes[rows])


def _render_all(
    shards: list[_Shard], make_generator: MakeGenerator, workers: int
) -> Iterator[_Shard]:
    """Render shards, giving each back as it is done."""
    if workers <= 1 or len(shards) <= 1:
        generator = make_generator()
        for shard in shards:
            shard.render(generator)
            yield shard
        return
    died = (
        "train: a rendering process died, perhaps for lack of memory; run the same "
        "command again (with fewer workers) to go on from the shards that are done."
    )
    start = partial(_Process.start, make_generator)
    yield from in_processes(_Process.render, shards, workers, died, start)


class _Process:
    """The generator of one rendering process."""

    generator: ClassVar[LabelledGenerator]

    @classmethod
    def start(cls, make_generator: MakeGenerator) -> None:
        cls.generator = make_generator()

    @classmethod
    def render(cls, shard: _Shard) -> None:
        shard.render(cls.generator)
