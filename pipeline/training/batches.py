"""Make the batches that the network learns from, in a thread of their own."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.attributes.network import DAMAGE_SIZE, NUMBER_HEADS, SIZE
from pipeline.attributes.resample import area_average
from pipeline.training.augment import mirrored, moved, worn
from pipeline.training.corruptions import corrupted, training_kinds
from pipeline.training.draws import Labels
from pipeline.training.renders import Renders
from pipeline.training.truth import class_targets

BROKEN = 0.33
"""Bad pictures beside each proper one."""

_MOVED = 0.6
"""Share of the proper pictures that are turned, scaled and shifted."""


_VISIBLE = 16
"""Levels by which a pixel must differ to count as changed."""


@dataclass(frozen=True)
class Batch:
    """N proper pictures and then M bad ones.

    pixels: float32 [N + M, 3, 128, 128], 0..255, channels last; damage: float32 [N + M, 16, 16],
    1 where a part was changed, 0 where it is as it should be. Of the proper ones alone: mask,
    float32 [N, 32, 32], 0..1; landmarks, float32 [N, 68, 2]; numbers, name -> float32 [N]; classes,
    name -> float32 [N, C], shares of the classes.
    """

    pixels: Tensor
    damage: Tensor
    mask: Tensor
    landmarks: Tensor
    numbers: Mapping[str, Tensor]
    classes: Mapping[str, Tensor]


@dataclass(frozen=True)
class Lesson:
    """A training set with its truth as the loss wants it.

    Every batch follows from the seed and its step alone, so that a run can go on anywhere.
    """

    renders: Renders
    numbers: Mapping[str, NDArray[np.float32]]
    classes: Mapping[str, NDArray[np.float32]]
    size: int
    seed: int

    @staticmethod
    def of(renders: Renders, labels: Labels, size: int, seed: int) -> "Lesson":
        """Batches of `size` proper pictures."""
        numbers = {n: np.asarray(labels[n], np.float32) for n in ("age", *NUMBER_HEADS)}
        classes = {n: t.astype(np.float32) for n, t in class_targets(labels).items()}
        return Lesson(renders, numbers, classes, size, seed)

    @property
    def steps(self) -> int:
        """Batches in a pass over the set."""
        return max(len(self.renders.images) // self.size, 1)

    def batches(self, start: int, end: int) -> Iterator[Batch]:
        """The batches of steps start..end, each made while the one before is used."""
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self.batch, start)
            for step in range(start, end):
                ready = ahead.result()
                if step + 1 < end:
                    ahead = pool.submit(self.batch, step + 1)
                yield ready

    def batch(self, step: int) -> Batch:
        """The batch of one step."""
        epoch, at = divmod(step, self.steps)
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.renders.images))
        rows = order[at * self.size : (at + 1) * self.size]
        rng = np.random.default_rng((self.seed, epoch, at))
        kinds = training_kinds(max(round(BROKEN * len(rows)), 1), rng)
        pixels = np.empty((len(rows) + len(kinds), SIZE, SIZE, 3), np.float32)
        damage = np.zeros((len(pixels), DAMAGE_SIZE, DAMAGE_SIZE), np.float32)
        masks, landmarks, numbers = [], [], []
        for i, row in enumerate(rows.tolist()):
            image, mask, points, values = self._proper(row, rng)
            pixels[i] = worn(image, rng)
            masks.append(mask)
            landmarks.append(points)
            numbers.append(values)
        for i, kind in enumerate(kinds, len(rows)):
            row = int(rng.integers(0, len(self.renders.images)))
            bad = corrupted(self.renders, row, kind, rng)
            damage[i] = changed(self.renders.images[row], bad)
            pixels[i] = worn(bad, rng)
        return Batch(
            torch.from_numpy(pixels).permute(0, 3, 1, 2),
            torch.from_numpy(damage),
            torch.from_numpy(np.stack(masks)).float() / 255,
            torch.from_numpy(np.stack(landmarks)),
            {n: torch.tensor([value[n] for value in numbers]) for n in self.numbers},
            {n: torch.from_numpy(target[rows]) for n, target in self.classes.items()},
        )

    def _proper(
        self, row: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32], dict[str, float]]:
        """A proper picture as it is, moved or mirrored, with its truth."""
        image, mask = self.renders.images[row], self.renders.masks[row]
        points = self.renders.landmarks[row]
        numbers = {name: float(values[row]) for name, values in self.numbers.items()}
        if rng.random() < _MOVED:
            image, mask, points = moved(image, mask, points, rng)
        if rng.random() < 0.5:
            image, mask, points, numbers = mirrored(image, mask, points, numbers)
        return image, mask, points, numbers


def changed(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Cells of which at least a fifth was visibly changed: 1 or 0, float32 [16, 16].

    Args:
        before: uint8 [S, S, 3].
        after: likewise.
    """
    apart = np.abs(before.astype(np.int16) - after).max(-1) > _VISIBLE
    share = area_average(apart[None, ..., None], DAMAGE_SIZE)[0, ..., 0]
    return np.asarray(share > 0.2, np.float32)
