"""Make batches of two pictures each of many people, in processes of their own ahead of the fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.network import SIZE
from pipeline.training.augment import moved, worn
from pipeline.training.processes import in_turn

Pictures = NDArray[np.uint8]

_MOVED = 0.6
"""Share of the pictures that are turned, scaled and shifted."""

_NO_MASK = np.zeros((1, 1), np.uint8)
_NO_POINTS = np.zeros((1, 2), np.float32)


@dataclass(frozen=True)
class Pairs:
    """What the identity network learns from.

    Every batch follows from the seed and its step alone, whatever makes it, so that a run can go on
    anywhere.

    pictures: a file of uint8 [count, views, 128, 128, 3], which processes read where it lies;
    count: people; batch: people of a batch; seed: of order and disturbances.
    """

    pictures: Path
    count: int
    batch: int
    seed: int

    @staticmethod
    def of(pictures: Pictures, folder: Path, batch: int, seed: int) -> "Pairs":
        """Keep pictures, uint8 [count, views, 128, 128, 3], in a folder that is there."""
        path = folder / "pictures.npy"
        np.save(path, pictures)
        return Pairs(path, len(pictures), batch, seed)

    @property
    def steps(self) -> int:
        """Batches in a pass over the people."""
        return max(self.count // self.batch, 1)

    def batches(self, start: int, end: int, workers: int) -> Iterator[Pictures]:
        """The batches of steps start..end, made in `workers` processes while others are used.

        Raises:
            JobError: a process died.
        """
        died = (
            "train: a process that makes batches died, perhaps for lack of memory; run the same "
            "command again to go on."
        )
        for step in in_turn(partial(_write, self), range(start, end), workers, died):
            made = self._made(step)
            pixels: Pictures = np.load(made)
            made.unlink()
            yield pixels

    def batch_of(self, step: int) -> Pictures:
        """The batch of one step: uint8 [2 N, 128, 128, 3], the N people in one order twice."""
        pictures = np.load(self.pictures, mmap_mode="r")
        epoch, at = divmod(step, self.steps)
        order = np.random.default_rng((self.seed, epoch)).permutation(self.count)
        rng = np.random.default_rng((self.seed, epoch, at))
        people = order[at * self.batch : (at + 1) * self.batch]
        batch = np.empty((2, len(people), SIZE, SIZE, 3), np.uint8)
        for i, person in enumerate(people.tolist()):
            # In a mirror both pictures are of the same other person.
            turn = -1 if rng.random() < 0.5 else 1
            for k, view in enumerate(rng.permutation(pictures.shape[1])[:2].tolist()):
                batch[k, i] = seen(np.asarray(pictures[person, view, :, ::turn]), rng)
        return batch.reshape(-1, SIZE, SIZE, 3)

    def _made(self, step: int) -> Path:
        return self.pictures.with_name(f"batch-{step}.npy")


def seen(image: Pictures, rng: np.random.Generator) -> Pictures:
    """A picture, uint8 [S, S, 3], moved and worn by chance."""
    if rng.random() < _MOVED:
        image, _, _ = moved(image, _NO_MASK, _NO_POINTS, rng)
    return np.rint(worn(image, rng)).astype(np.uint8)


def _write(pairs: Pairs, step: int) -> None:
    np.save(pairs._made(step), pairs.batch_of(step))
