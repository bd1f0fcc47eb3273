"""Read the skin's colour from its pixels: robust statistics, correction for light, Monk tone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.color import lab_from_srgb, monk_probabilities

Floats = NDArray[np.float64]

FEATURES = (
    "skin_L_20", "skin_L_50", "skin_L_80", "skin_a_20", "skin_a_50", "skin_a_80",
    "skin_b_20", "skin_b_50", "skin_b_80", "scene_L", "scene_a", "scene_b", "light_side",
)  # fmt: skip
"""What the correction sees: skin quantiles and scene medians (CIELAB), |light azimuth| / 90."""

_SURE = 0.5
"""Skin probability below which a cell does not count; certainty above it is its weight."""

_LEAST = 6.0
"""Weight (in cells of the 32 x 32 mask) below which the mask counts as empty."""


@dataclass(frozen=True)
class SkinColor:
    """Colour of the skin in B images.

    median: float64 [B, 3], CIELAB as pictured, light and all.
    features: float64 [B, len(FEATURES)].
    share: float64 [B], mean of the mask: how much of the picture is skin.
    """

    median: Floats
    features: Floats
    share: Floats


@dataclass(frozen=True)
class LightCorrection:
    """A fitted affine map from FEATURES to the CIELAB of the Monk scale in plain light.

    weight: float64 [len(FEATURES), 3]; offset: float64 [3]; spread: the error left, in dE; trust:
    how much the tones found this way count beside what the network says, 0 or more.
    """

    weight: Floats
    offset: Floats
    spread: float
    trust: float = 1.0

    def tones(self, features: Floats) -> Floats:
        """Probabilities of the ten Monk tones: [B, F] to float64 [B, 10]."""
        # Not a matrix product: BLAS rounds a row by where it stands in the batch.
        lab = (features[:, :, None] * self.weight).sum(1) + self.offset
        return monk_probabilities(lab, self.spread)


def skin_color(cells: NDArray[np.floating], mask: Floats, light_azimuth: Floats) -> SkinColor:
    """Measure the skin's colour under its mask, or the centre of the face where that is empty.

    Quantiles, not means: they shrug off highlights, brows and stray hair in the mask.

    Args:
        cells: [B, 32, 32, 3], sRGB, 0..255: area averages of the picture.
        mask: [B, 32, 32], share of skin in each cell, 0..1.
        light_azimuth: [B], degrees.
    """
    count = len(cells)
    lab = lab_from_srgb(np.asarray(cells, np.float64) / 255).reshape(count, -1, 3)
    weight = np.clip((mask.reshape(count, -1) - _SURE) / (1 - _SURE), 0, 1)
    empty = weight.sum(1) < _LEAST
    weight[empty] = _centre(mask.shape[1]).ravel()
    quantiles = [weighted_quantiles(lab[..., i], weight, (0.2, 0.5, 0.8)) for i in range(3)]
    scene = np.median(lab, 1)
    side = np.minimum(np.abs(light_azimuth) / 90, 1)
    return SkinColor(
        median=np.stack([q[:, 1] for q in quantiles], -1),
        features=np.concatenate([*quantiles, scene, side[:, None]], 1),
        share=mask.reshape(count, -1).mean(1),
    )


def weighted_quantiles(values: Floats, weight: Floats, at: tuple[float, ...]) -> Floats:
    """The weighted quantiles of each row: [B, N], [B, N] to float64 [B, len(at)]."""
    order = np.argsort(values, 1, kind="stable")
    ranked = np.take_along_axis(values, order, 1)
    reached = np.cumsum(np.take_along_axis(weight, order, 1), 1)
    index = [(reached < q * reached[:, -1:]).sum(1) for q in at]
    return np.take_along_axis(ranked, np.stack(index, 1), 1)


def _centre(side: int) -> Floats:
    """A disc over cheeks and nose, where a centred face has skin: float64 [side, side]."""
    y, x = np.mgrid[:side, :side] / (side - 1) - 0.5
    return np.asarray((x**2 + (y - 0.06) ** 2) < 0.15**2, np.float64)
