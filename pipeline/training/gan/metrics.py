"""Say how far generated pictures lie from real ones, in all and for groups of people."""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.attributes.scorer import Scores
from pipeline.generators.heads.layout import LATENT_SIZE
from pipeline.generators.stylegan2.reference import Network
from pipeline.training.gan.draws import draws
from pipeline.training.gan.features import Features
from pipeline.training.gan.grids import drawn
from pipeline.training.gan.people import people_figures, people_of, read_by_scorer
from pipeline.training.gan.shards import Pictures, Records
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
    def _real(self) -> tuple[Records, Array]:
        """Pictures drawn without replacement, and their features."""
        count = min(self._count, len(self._pictures))
        rows = np.random.default_rng(self._seed).permutation(len(self._pictures))[:count]
        pictures = self._pictures.read(np.sort(rows))
        return pictures, self._seen(pictures["image"])

    def frechet(self, network: Network) -> float:
        """The distance alone."""
        return frechet(self._real[1], self._seen(self._drawn(network)))

    def figures(self, network: Network) -> dict[str, Any]:
        """Everything, for the card: distances overall and of each group of scored people.

        And, where pictures come with latents of `builtin:heads`, whether these people are drawn.
        """
        real, wanted = self._real
        images = self._drawn(network)
        found = self._seen(images)
        ours, theirs = read_by_scorer(images), read_by_scorer(real["image"])
        groups = []
        one, other = _groups(ours), _groups(theirs)
        for name in one:
            apart = _distances(wanted[other[name]], found[one[name]], self._seed)
            groups.append({"group": name, **apart})
        figures: dict[str, Any] = {
            "features": "builtin:heads scorer, last hidden layer",
            "seed": self._seed,
            **_distances(wanted, found, self._seed),
            "groups": groups,
        }
        if real["latent"].shape[1] == LATENT_SIZE:
            w = real["latent"].astype(np.float32)
            people = people_of(self._z(network).numpy())
            figures["people"] = {
                "drawn": people_figures(ours, people, self._seed),
                "real": people_figures(theirs, w, self._seed),
            }
        return figures

    def _z(self, network: Network) -> Tensor:
        """Standard normal draws, float32 [count, z_dim]."""
        return draws(self._seed, 0, "samples").normal(self._count, network.config.z_dim)

    def _drawn(self, network: Network) -> NDArray[np.uint8]:
        """Pictures of `_z`."""
        return drawn(network, self._z(network))

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


def _groups(scores: Scores) -> dict[str, NDArray[np.bool_]]:
    """Who belongs to each group, by the scorer's reading: name -> bool [N]."""
    found = {}
    for attribute, groups in GROUPS.items():
        values = np.asarray(scores.values[attribute], np.float64)
        for label, low, high in groups:
            found[f"{attribute} {label}"] = (values >= low) & (values < high)
    return found
