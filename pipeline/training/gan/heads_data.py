"""Render heads to learn from, with the latents that they were rendered from.

The network's mapping scales every z to a mean square of one, so that z and 2 z would be the same
person. The heads are therefore drawn from that sphere: a standard normal z of the network's length
is scaled to it, and its first numbers are the renderer's latent; what the network is asked for is
then exactly what was rendered, and any normal z is a head of nearly the natural distribution. The
numbers behind them are free: see `full_latents`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.attributes.resample import area_average
from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads import Heads
from pipeline.generators.heads.generator import SMALLEST
from pipeline.generators.heads.layout import LATENT_SIZE
from pipeline.training.gan.draws import Draws
from pipeline.training.gan.shards import SHARD, Pictures, clear_parts, records, write_shard
from pipeline.training.processes import in_processes

FOCUS = ("brows", "eyes", "iris", "lips", "teeth", "mouth", "glasses")
"""Small parts of a face that much depends on."""

SETTING = ("background", "clothing")
"""What is no part of a person: its colours are drawn from lists, which no latent tells smoothly."""

_TOGETHER = 16
"""People to a pass of the renderer; always as many, since sums round with the company."""


@dataclass(frozen=True)
class HeadsOrder:
    """Which heads to render: `count` of `seed`, for latents of `z_dim`, at `resolution` px."""

    count: int
    seed: int
    z_dim: int
    resolution: int

    @property
    def digest(self) -> str:
        """sha256 (hex) of all that decides what is rendered."""
        parts = [FOCUS, SETTING]
        about = [self.count, self.seed, self.z_dim, self.resolution, parts, Heads().digest]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def render_heads(
    order: HeadsOrder,
    folder: Path,
    workers: int,
    progress: Callable[[int, int], None],
    wait: bool = True,
) -> Pictures:
    """Render what is missing below `folder`, and open all of it.

    Args:
        workers: processes; 1 renders in this one, where it is waited for.
        progress: called with pictures done and in all.
        wait: until all is rendered; else it goes on behind, and pictures are waited for when read.

    Raises:
        JobError: a rendering process died.
    """
    home = folder / f"heads-{order.digest[:16]}"
    home.mkdir(parents=True, exist_ok=True)
    clear_parts(home)
    paths = [home / f"{i:06d}.npy" for i in range(-(-order.count // SHARD))]
    missing = [(i, path) for i, path in enumerate(paths) if not path.exists()]
    stopped = None if wait else Event()

    def work() -> None:
        done = len(paths) - len(missing)
        progress(min(done * SHARD, order.count), order.count)
        for _ in _render_all(order, missing, workers, stopped):
            done += 1
            progress(min(done * SHARD, order.count), order.count)

    if stopped is None:
        work()
        return Pictures(paths)
    sizes = [min(SHARD, order.count - i * SHARD) for i in range(len(paths))]
    return Pictures(paths, sizes, ThreadPoolExecutor(1).submit(work), stopped.set)


def shard_latents(order: HeadsOrder, shard: int) -> NDArray[np.float32]:
    """The renderer's latents of one shard: float32 [N, 103], on the values of float16."""
    rng = np.random.default_rng((order.seed, shard))
    count = min(SHARD, order.count - shard * SHARD)
    z = rng.standard_normal((count, order.z_dim), np.float32)
    z /= np.sqrt(np.square(z).mean(1, keepdims=True))
    return Heads().latents(z[:, :LATENT_SIZE])


def full_latents(known: Tensor, z_dim: int, source: Draws) -> Tensor:
    """Fill the renderer's latents up with free numbers, to a mean square of one.

    Of a uniform draw on the sphere, given its first numbers, the rest points anywhere and has the
    length that is left: nothing about a head is told by the numbers that are free.

    Args:
        known: float32 [B, D].

    Returns:
        float32 [B, z_dim].
    """
    free = source.normal(len(known), z_dim - known.shape[1])
    left = (z_dim - known.square().sum(1, keepdim=True)).clamp(min=0)
    length = free.square().sum(1, keepdim=True).clamp(min=1e-8)
    return torch.cat([known, free * (left / length).sqrt()], 1)


def render_shard(order: HeadsOrder, task: tuple[int, Path]) -> None:
    """Render the shard of a number to its file."""
    shard, path = task
    if path.exists():  # another run may have made it meanwhile
        return
    w = shard_latents(order, shard)
    size = max(order.resolution, SMALLEST)
    pictures = Heads("cpu", at_once=_TOGETHER).pictures(w, size)
    images = area_average(pictures.images, order.resolution)
    focus, setting = (
        _share(pictures.segmentation, names, order.resolution) for names in (FOCUS, SETTING)
    )
    write_shard(path, records(np.rint(images).astype(np.uint8), focus, setting, w))


def _share(
    segmentation: NDArray[np.uint8], names: tuple[str, ...], resolution: int
) -> NDArray[np.uint8]:
    """The share of each pixel that is one of these segments, 0..255: uint8 [N, R, R]."""
    there = np.isin(segmentation, [SEGMENTS.index(name) for name in names])
    share = area_average(255 * there[..., None].astype(np.float32), resolution)[..., 0]
    return np.rint(share).astype(np.uint8)


def _render_all(
    order: HeadsOrder, missing: list[tuple[int, Path]], workers: int, stopped: Event | None
) -> Iterator[tuple[int, Path]]:
    """Render shards, giving each back as it is done, until `stopped` by another thread."""
    if stopped is None and (workers == 1 or len(missing) <= 1):
        for task in missing:
            render_shard(order, task)
            yield task
        return
    died = (
        "train gan: a rendering process died, perhaps for lack of memory; run the same "
        "command again (with fewer data.workers) to go on from the shards that are done."
    )
    yield from in_processes(partial(render_shard, order), missing, workers, died, stopped=stopped)
