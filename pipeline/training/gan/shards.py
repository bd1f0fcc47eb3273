"""Keep pictures to learn from on disk, shard by shard, and read any of them at once."""

import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.training.gan.draws import Draws

SHARD = 256
"""Pictures in a shard."""

Records = NDArray[np.void]
"""Structured array [N]: image uint8 [R, R, 3]; focus uint8 [R, R]; latent float16 [D], D perhaps 0.

focus is the share of a pixel, 0..255, that is eye, mouth or glasses.
"""


@dataclass(frozen=True)
class Sample:
    """Pictures as networks want them.

    images: float32 [B, 3, R, R], -1..1; latents: float32 [B, D]; focus: float32 [B, 1, R, R], 0..1.
    """

    images: Tensor
    latents: Tensor
    focus: Tensor

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        found = (x.to(device) for x in (self.images, self.latents, self.focus))
        return type(self)(*found)

    def mirrored(self, source: Draws) -> Self:
        """Every second picture or so in a mirror."""
        turned = source.uniform(len(self.images))[:, None, None, None] < 0.5
        images, focus = (torch.where(turned, x.flip(3), x) for x in (self.images, self.focus))
        return replace(self, images=images, focus=focus)


def records(images: NDArray[np.uint8], focus: NDArray[Any], latents: NDArray[Any]) -> Records:
    """Put arrays of N pictures, as in `Records`, into one."""
    side, width = images.shape[1], latents.shape[1]
    kind = [
        ("image", np.uint8, (side, side, 3)),
        ("focus", np.uint8, (side, side)),
        ("latent", np.float16, (width,)),
    ]
    made = np.empty(len(images), kind)
    made["image"], made["focus"], made["latent"] = images, focus, latents
    return made


def write_shard(path: Path, content: Records) -> None:
    """Write a shard whole or not at all, though another run may be writing it, too."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.save(file, content)
    part.replace(path)


class Pictures:
    """Shards of one folder, mapped into memory and read where they are asked for.

    name: the folder's, which holds the digest of what was made into it.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._shards: list[Records] = [np.load(path, mmap_mode="r") for path in paths]
        self.name = paths[0].parent.name
        self._ends = np.cumsum([len(shard) for shard in self._shards]).tolist()

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Path, ...]]]:
        # Another process maps the files for itself.
        return type(self), (self._paths,)

    def read(self, rows: NDArray[np.integer]) -> Records:
        """The pictures of these rows, in their order."""
        parts = []
        for row in rows.tolist():
            shard = bisect_right(self._ends, row)
            start = self._ends[shard - 1] if shard else 0
            parts.append(self._shards[shard][row - start])
        return np.stack(parts)

    def take(self, rows: NDArray[np.integer]) -> Sample:
        """The same as tensors."""
        found = self.read(rows)
        images = torch.from_numpy(found["image"].copy()).permute(0, 3, 1, 2)
        return Sample(
            images.float() / 127.5 - 1,
            torch.from_numpy(found["latent"].astype(np.float32)),
            torch.from_numpy(found["focus"].copy())[:, None].float() / 255,
        )


class Order:
    """Which rows each step learns from: every row once a pass, in an order of the seed's.

    A step's rows follow from the seed and the step alone.
    """

    def __init__(self, count: int, batch: int, seed: int) -> None:
        self._count, self._batch, self._seed = count, batch, seed
        self._passes: dict[int, NDArray[np.int64]] = {}

    def rows(self, step: int) -> NDArray[np.int64]:
        """int64 [batch]; a batch may end one pass and begin the next."""
        at = np.arange(step * self._batch, (step + 1) * self._batch)
        return np.array([self._pass(int(i) // self._count)[int(i) % self._count] for i in at])

    def _pass(self, number: int) -> NDArray[np.int64]:
        if number not in self._passes:
            for old in [n for n in self._passes if n < number - 1]:
                del self._passes[old]
            rng = np.random.default_rng((self._seed, number))
            self._passes[number] = rng.permutation(self._count)
        return self._passes[number]
