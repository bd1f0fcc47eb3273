"""Keep pictures to learn from on disk, shard by shard, and read any of them at once."""

import os
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.errors import JobError
from pipeline.training.gan import ranks
from pipeline.training.gan.draws import Draws

SHARD = 256
"""Pictures in a shard."""

_FORGOTTEN = 3600.0
"""Seconds after which a half written shard is nobody's."""

_LOOK = 0.2
"""Seconds between two looks for a shard that is being made."""

Records = NDArray[np.void]
"""Structured array [N]: image uint8 [R, R, 3]; focus and setting uint8 [R, R]; latent float16 [D].

focus is the share of a pixel, 0..255, that is eye, mouth or glasses; setting the share that is
backdrop or clothes. D may be 0.
"""


@dataclass(frozen=True)
class Sample:
    """Pictures as networks want them.

    rows: int64 [B], which ones of all; images: float32 [B, 3, R, R], -1..1;
    latents: float32 [B, D]; focus and setting: float32 [B, 1, R, R], 0..1.
    """

    rows: NDArray[np.int64]
    images: Tensor
    latents: Tensor
    focus: Tensor
    setting: Tensor

    def mirrored(self, source: Draws) -> Self:
        """Every second picture or so in a mirror."""
        turned = source.uniform(len(self.images))[:, None, None, None] < 0.5
        turned = turned.to(self.images.device)
        images, focus, setting = (
            torch.where(turned, x.flip(3), x) for x in (self.images, self.focus, self.setting)
        )
        return replace(self, images=images, focus=focus, setting=setting)

    def weights(self, focus: float, setting: float) -> Tensor:
        """How much an error counts where, float32 [B, 1, R, R]: 1 but for the parts given."""
        return 1 + (focus - 1) * self.focus + (setting - 1) * self.setting


def records(
    images: NDArray[np.uint8], focus: NDArray[Any], setting: NDArray[Any], latents: NDArray[Any]
) -> Records:
    """Put arrays of N pictures, as in `Records`, into one."""
    side, width = images.shape[1], latents.shape[1]
    kind = [
        ("image", np.uint8, (side, side, 3)),
        ("focus", np.uint8, (side, side)),
        ("setting", np.uint8, (side, side)),
        ("latent", np.float16, (width,)),
    ]
    made = np.empty(len(images), kind)
    made["image"], made["focus"], made["setting"] = images, focus, setting
    made["latent"] = latents
    return made


def write_shard(path: Path, content: Records) -> None:
    """Write a shard whole or not at all, though another run may be writing it, too."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.save(file, content)
    part.replace(path)


def clear_parts(folder: Path) -> None:
    """Remove what writers that were killed left half written: nobody writes for so long."""
    for part in folder.glob("*.part"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > _FORGOTTEN:
                part.unlink()


class Pictures:
    """Shards of one folder, mapped into memory and read where they are asked for.

    name: the folder's, which holds the digest of what was made into it.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        sizes: Sequence[int] | None = None,
        maker: "Future[None] | None" = None,
        stop: Callable[[], None] | None = None,
    ) -> None:
        """Open shards.

        Args:
            sizes: how many pictures each has; None: all are there, and say so themselves.
            maker: of shards that are still being made, which are waited for where they are wanted.
            stop: lets the maker leave the rest.
        """
        self._paths = tuple(paths)
        self._shards: dict[int, Records] = {}
        self._maker, self._stop = maker, stop
        self.name = paths[0].parent.name
        own = sizes or [len(self._shard(i)) for i in range(len(paths))]
        self._ends: list[int] = np.cumsum(own).tolist()

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Path, ...]]]:
        # Another process maps the files for itself.
        return type(self), (self._paths,)

    def close(self) -> None:
        """Let no more shards be made."""
        if self._stop is not None:
            self._stop()

    def _shard(self, number: int) -> Records:
        """Map a shard, once it is made; what its maker died of is raised."""
        if number not in self._shards:
            path = self._paths[number]
            while self._maker is not None and not path.exists():
                if self._maker.done():
                    self._maker.result()
                    if not path.exists():
                        raise JobError(f"train gan: {path} is gone; run the same command again.")
                time.sleep(_LOOK)
            self._shards[number] = np.load(path, mmap_mode="r")
        return self._shards[number]

    def places(self, rows: NDArray[np.int64]) -> list[tuple[int, int]]:
        """The shard of each of these rows, and which one it is there."""
        shards = [bisect_right(self._ends, row) for row in rows.tolist()]
        return [(n, row - self._start(n)) for n, row in zip(shards, rows.tolist(), strict=True)]

    def rows_of(self, shard: int) -> NDArray[np.int64]:
        """The rows of a shard."""
        return np.arange(self._start(shard), self._ends[shard])

    def _start(self, shard: int) -> int:
        return self._ends[shard - 1] if shard else 0

    def read(self, rows: NDArray[np.int64]) -> Records:
        """The pictures of these rows, in their order."""
        return np.stack([self._shard(shard)[i] for shard, i in self.places(rows)])

    def take(self, rows: NDArray[np.int64], device: torch.device | str = "cpu") -> Sample:
        """The same as tensors, those of pixels on a device."""
        found = self.read(rows)
        names = ("image", "focus", "setting")
        images, focus, setting = (torch.from_numpy(found[n].copy()).to(device) for n in names)
        return Sample(
            rows,
            images.permute(0, 3, 1, 2).float() / 127.5 - 1,
            torch.from_numpy(found["latent"].astype(np.float32)),
            focus[:, None].float() / 255,
            setting[:, None].float() / 255,
        )


class Order:
    """Which rows each step learns from: every row once a pass, in an order of the seed's.

    A step's rows follow from the seed and the step alone.
    """

    def __init__(
        self, count: int, batch: int, seed: int, first: int = 0, growth: float = 0.0
    ) -> None:
        """Order `count` rows.

        Args:
            first: rows of the first pass; 0: all.
            growth: a pass has so many more than the one before, as a share, until it has all.
        """
        self._count, self._batch, self._seed, self._growth = count, batch, seed, growth
        self._ends = [0, min(first, count) or count]
        self._passes: dict[int, NDArray[np.int64]] = {}

    def rows(self, step: int) -> NDArray[np.int64]:
        """int64 [batch]; a batch may end one pass and begin the next."""
        at = range(step * self._batch, (step + 1) * self._batch)
        while self._ends[-1] < at.stop:
            last = self._ends[-1] - self._ends[-2]
            self._ends.append(self._ends[-1] + min(int(last * (1 + self._growth)), self._count))
        found = []
        for i in at:
            number = bisect_right(self._ends, i) - 1
            found.append(self._pass(number)[i - self._ends[number]])
        return np.array(found)

    def _pass(self, number: int) -> NDArray[np.int64]:
        if number not in self._passes:
            for old in [n for n in self._passes if n < number - 1]:
                del self._passes[old]
            rng = np.random.default_rng((self._seed, number))
            self._passes[number] = rng.permutation(self._ends[number + 1] - self._ends[number])
        return self._passes[number]


class Feed:
    """Brings this rank's share of a step's pictures, and the next step's meanwhile."""

    def __init__(self, pictures: Pictures, order: Order, device: torch.device) -> None:
        self._pictures, self._order, self._device = pictures, order, device
        self._pool = ThreadPoolExecutor(1)
        self._ahead: dict[int, Future[Sample]] = {}

    def __call__(self, step: int) -> Sample:
        """The sample of a step."""
        ready = self._ahead.get(step)
        sample = self._load(step) if ready is None else ready.result()
        self._ahead = {step + 1: self._pool.submit(self._load, step + 1)}
        return sample

    def _load(self, step: int) -> Sample:
        return self._pictures.take(ranks.share(self._order.rows(step)), self._device)
