"""Guess from a latent what the scorer will read of its picture, before anything is rendered."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy.special import ndtr

from pipeline.attributes.bins import Bin, bin_probability
from pipeline.attributes.heads_scorer import softmax
from pipeline.attributes.taxonomy import BY_NAME

FORMAT = "surrogate-1"

LEAST_SPREAD = 0.02
"""Smallest standard deviation of a number, in units of its scale."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Guess:
    """What the scorer will probably read of B pictures.

    classes: name -> float64 [B, C], how probable each class is to be the one read. means, spreads:
    name -> float64 [B], the number that will be read and its standard deviation, in its unit.
    """

    classes: Mapping[str, Floats]
    means: Mapping[str, Floats]
    spreads: Mapping[str, Floats]

    def probability(self, name: str, bins: Sequence[Bin]) -> Floats:
        """How probable it is that the value read lies in each bin: float64 [B, len(bins)].

        1 where nothing is known of the attribute.
        """
        if name in self.classes:
            return bin_probability(bins, name, self.classes[name])
        if name not in self.means:
            return np.ones((len(self), len(bins)))
        mean, spread = self.means[name][:, None], self.spreads[name][:, None]
        entry = BY_NAME[name]
        # Values are clipped to the attribute's range: what lies beyond an end belongs to its bin.
        low = np.array([-np.inf if one.low <= entry.low else one.low for one in bins])
        high = np.array([np.inf if one.high >= entry.high else one.high for one in bins])
        inside: Floats = ndtr((high - mean) / spread) - ndtr((low - mean) / spread)
        return inside

    def __len__(self) -> int:
        columns = [*self.classes.values(), *self.means.values()]
        return len(columns[0]) if columns else 0


@dataclass(frozen=True)
class Surrogate:
    """A small network from w to the scorer's readings of one generator's pictures.

    layers: weight float32 [I, O] and bias [O] of each; the first takes (w - center) / scale, all
    but the last are followed by a rectifier. classes: names read as a softmax over the taxonomy's
    classes, in the order of the output; numbers: name -> centre and scale of the two outputs that
    follow, mean and logarithm of the standard deviation. The digests say whose pictures it knows,
    and who reads them.
    """

    center: NDArray[np.float32]
    scale: NDArray[np.float32]
    layers: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]
    classes: Sequence[str]
    numbers: Mapping[str, tuple[float, float]]
    generator_digest: str
    scorer_digest: str

    def guess(self, w: NDArray[np.float32]) -> Guess:
        """What the scorer will read of the pictures of w: float32 [B, D]."""
        # By torch, whose threads a worker fixes: how a sum is split decides how it is rounded.
        x = torch.from_numpy((w - self.center) / self.scale)
        for i, (weight, bias) in enumerate(self.layers):
            x = torch.addmm(torch.from_numpy(bias), x.relu() if i else x, torch.from_numpy(weight))
        out = x.numpy().astype(np.float64)
        at, classes, means, spreads = 0, {}, {}, {}
        for name in self.classes:
            end = at + len(BY_NAME[name].classes)
            classes[name] = softmax(out[:, at:end])
            at = end
        for name, (center, scale) in self.numbers.items():
            means[name] = center + scale * out[:, at]
            spreads[name] = scale * np.maximum(np.exp(out[:, at + 1]), LEAST_SPREAD)
            at += 2
        return Guess(classes, means, spreads)

    def to_bytes(self) -> bytes:
        """One safetensors file."""
        tensors = {"center": self.center, "scale": self.scale}
        for i, (weight, bias) in enumerate(self.layers):
            tensors |= {f"{i}.weight": weight, f"{i}.bias": bias}
        meta = {
            "format": FORMAT,
            "classes": {name: list(BY_NAME[name].classes) for name in self.classes},
            "numbers": {name: list(pair) for name, pair in self.numbers.items()},
            "generator_digest": self.generator_digest,
            "scorer_digest": self.scorer_digest,
        }
        return bytes(save(tensors, {"surrogate": json.dumps(meta)}))

    @property
    def digest(self) -> str:
        """sha256 (hex) of all of it."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @staticmethod
    def from_bytes(data: bytes) -> "Surrogate":
        """Read what `to_bytes` wrote; nothing in it is executed.

        Raises:
            ValueError: it holds something else, or reads other classes than the taxonomy's.
        """
        try:
            tensors = load(data)
            length = int.from_bytes(data[:8], "little")
            header = json.loads(data[8 : 8 + length])
            meta = json.loads(header["__metadata__"]["surrogate"])
            known = meta["format"] == FORMAT and all(
                list(BY_NAME[name].classes) == classes for name, classes in meta["classes"].items()
            )
        except (SafetensorError, KeyError, ValueError) as error:
            raise ValueError(f"no surrogate: {error}") from None
        if not known:
            raise ValueError("a surrogate of another version of populace")
        count = sum(key.endswith(".weight") for key in tensors)
        return Surrogate(
            tensors["center"],
            tensors["scale"],
            [(tensors[f"{i}.weight"], tensors[f"{i}.bias"]) for i in range(count)],
            list(meta["classes"]),
            {name: (pair[0], pair[1]) for name, pair in meta["numbers"].items()},
            meta["generator_digest"],
            meta["scorer_digest"],
        )
