"""Say what a scorer is: pixels in, attribute values and probabilities out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scores:
    """What a scorer perceives in B images.

    values: name -> float32 [B] for numbers in the taxonomy's unit, int64 [B] class indices for
        classes.
    probabilities: name -> float32 [B, C], rows sum to 1, for every attribute with classes.
    quality: name -> float32 [B]: `sharpness` (0 flat .. 1 crisp), `clipped` (share of pixels at
        black or white), `realism` (0 no face, or a broken one .. 1 a proper one) and whatever else
        the scorer measures; limits in the spec's `quality`.
    landmarks: float32 [B, 68, 2], x and y as fractions of the side, in the order of iBUG 300-W;
        None where the scorer finds none.
    """

    values: Mapping[str, NDArray[np.generic]]
    probabilities: Mapping[str, NDArray[np.float32]]
    quality: Mapping[str, NDArray[np.float32]]
    landmarks: NDArray[np.float32] | None = None


def joined(parts: Sequence[Scores]) -> Scores:
    """The scores of several calls of one scorer as those of one; without landmarks."""
    first = parts[0]
    return Scores(
        {name: np.concatenate([one.values[name] for one in parts]) for name in first.values},
        {
            name: np.concatenate([one.probabilities[name] for one in parts])
            for name in first.probabilities
        },
        {name: np.concatenate([one.quality[name] for one in parts]) for name in first.quality},
    )


class Scorer(Protocol):
    """Reads attributes from pixels alone; never sees a latent."""

    digest: str
    """sha256 (hex) over weights and code: part of every row."""

    def score(self, images: NDArray[np.uint8]) -> Scores:
        """Score images: uint8 [B, H, W, 3] sRGB, square, 48 px or larger."""
        ...
