"""Say how far generated pictures lie from real ones, in all and for groups of people."""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.attributes import load_scorer
from pipeline.attributes.heads_scorer import LEAST_SIZE
from pipeline.attributes.resample import resized
from pipeline.generators.stylegan2.reference import Network
from pipeline.training.gan.draws import draws
from pipeline.training.gan.features import Features
from pipeline.training.gan.grids import drawn
from pipeline.training.gan.shards import Pictures
from pipeline.training.groups import GROUPS

LEAST = 100
"""Pictures of either kind below which a group is counted, not judged."""

SUBSETS, SUBSET = 50, 1000
"""How often KID is estimated, and from how many pictures of either kind at most."""

_LOT = 64

Array = NDArray[np.float64]


class Judge:
    """Holds the real side, so that a network may be judged again and again.

    Features are the last hidden layer of the frozen `builtin:heads` scorer, not of Inception:
    figures compare networks judged here, and no others.
    """

    def __init__(self, pictures: Pictures, count: int, seed: int, device: torch.device) -> None:
        self._pictures, self._count, self._seed = pictures, count, seed
        self._features = Features(device)

    @cached_property
    def _real(self) -> tuple[NDArray[np.uint8], Array]:
        """Pictures drawn without replacement, and their features."""
        count = min(self._count, len(self._pictures))
        rows = np.random.default_rng(self._seed).permutation(len(self._pictures))[:count]
        images = self._pictures.read(np.sort(rows))["image"]
        return images, self._seen(images)

    def frechet(self, network: Network) -> float:
        """The distance alone."""
        return frechet(self._real[1], self._seen(self._drawn(network)))

    def figures(self, network: Network) -> dict[str, Any]:
        """Everything, for the card: distances overall and of each group of scored people."""
        real, wanted = self._real
        images = self._drawn(network)
        found = self._seen(images)
        groups = []
        ours, theirs = _groups(images), _groups(real)
        for name in ours:
            one, other = wanted[theirs[name]], found[ours[name]]
            groups.append({"group": name, **_distances(one, other, self._seed)})
        return {
            "features": "builtin:heads scorer, last hidden layer",
            "seed": self._seed,
            **_distances(wanted, found, self._seed),
            "groups": groups,
        }

    def _drawn(self, network: Network) -> NDArray[np.uint8]:
        """Pictures of standard normal z."""
        source = draws(self._seed, 0, "samples")
        z = source.normal(self._count, network.config.z_dim)
        return drawn(network, z)

    @torch.no_grad()
    def _seen(self, images: NDArray[np.uint8]) -> Array:
        parts = []
        for i in range(0, len(images), _LOT):
            lot = torch.tensor(images[i : i + _LOT], device=self._features.device)
            parts.append(self._features.of(lot.permute(0, 3, 1, 2) / 127.5 - 1))
        return torch.cat(parts).cpu().numpy().astype(np.float64)


def frechet(one: Array, other: Array) -> float:
    """Fréchet distance of two normal distributions fitted to features (Heusel et al., 2017).

    Args:
        one: [N, D]; other: [M, D].
    """
    apart = np.square(one.mean(0) - other.mean(0)).sum()
    a, b = (np.cov(features, rowvar=False) for features in (one, other))
    values, axes = np.linalg.eigh(a)
    root = (axes * np.sqrt(np.clip(values, 0, None))) @ axes.T
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ b @ root), 0, None)).sum()
    return float(apart + np.trace(a) + np.trace(b) - 2 * shared)


def kid(one: Array, other: Array, seed: int) -> tuple[float, float]:
    """Kernel distance, unbiased, of random subsets (Binkowski et al., 2018): mean and deviation."""
    rng = np.random.default_rng(seed)
    size = min(SUBSET, len(one), len(other))
    found = [
        _squared_mmd(
            one[rng.permutation(len(one))[:size]], other[rng.permutation(len(other))[:size]]
        )
        for _ in range(SUBSETS)
    ]
    return float(np.mean(found)), float(np.std(found))


def _squared_mmd(x: Array, y: Array) -> float:
    n, width = x.shape
    within = sum((k := (f @ f.T / width + 1) ** 3).sum() - np.trace(k) for f in (x, y))
    across = ((x @ y.T / width + 1) ** 3).mean()
    return float(within / (n * (n - 1)) - 2 * across)


def _distances(real: Array, found: Array, seed: int) -> dict[str, Any]:
    """Counts and, of enough pictures, distances."""
    counts = {"real": len(real), "drawn": len(found)}
    if min(counts.values()) < LEAST:
        return counts
    mean, deviation = kid(real, found, seed)
    return counts | {
        "frechet": round(frechet(real, found), 4),
        "kid": round(mean, 6),
        "kid_deviation": round(deviation, 6),
    }


def _groups(images: NDArray[np.uint8]) -> dict[str, NDArray[np.bool_]]:
    """Who of these belongs to each group, by the scorer's reading: name -> bool [N]."""
    size = max(images.shape[1], LEAST_SIZE)
    scores = load_scorer("builtin:heads").score(np.rint(resized(images, size)).astype(np.uint8))
    found = {}
    for attribute, groups in GROUPS.items():
        values = np.asarray(scores.values[attribute], np.float64)
        for label, low, high in groups:
            found[f"{attribute} {label}"] = (values >= low) & (values < high)
    return found
