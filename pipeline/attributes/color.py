"""Measure colour: sRGB to CIELAB, the individual typology angle and the nearest Monk skin tone."""

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.taxonomy import MONK_HEX

Floats = NDArray[np.float64]

_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""Linear sRGB to CIE XYZ under D65 (IEC 61966-2-1)."""

_WHITE = (0.95047, 1.0, 1.08883)


def linear_from_srgb(srgb: NDArray[np.floating]) -> Floats:
    """Undo the sRGB transfer curve: [...], 0..1 to float64 [...], 0..1 (IEC 61966-2-1)."""
    s = np.asarray(srgb, np.float64)
    return np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)


def _curve(t: Floats) -> Floats:
    """CIELAB's compression: a cube root with a linear foot."""
    return np.where(t > (6 / 29) ** 3, np.cbrt(t), t * (29 / 6) ** 2 / 3 + 4 / 29)


def lab_from_srgb(srgb: NDArray[np.floating]) -> Floats:
    """CIELAB (D65, 2 degrees) of sRGB colours: [..., 3], 0..1 to float64 [..., 3].

    L* lies in 0..100; a* and b* within about +-110 (CIE 15:2004).
    """
    linear = linear_from_srgb(srgb)
    red, green, blue = linear[..., 0], linear[..., 1], linear[..., 2]
    # Sums of products, not a matrix product: BLAS rounds a row by where it stands in the batch.
    x, y, z = (
        _curve((row[0] * red + row[1] * green + row[2] * blue) / white)
        for row, white in zip(_TO_XYZ, _WHITE, strict=True)
    )
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def ita(lab: Floats) -> Floats:
    """Individual typology angle in degrees, -90..90: atan((L* - 50) / b*) (Chardon et al., 1991).

    Args:
        lab: [..., 3]. b* of skin is positive; a bluish colour counts as b* = 0, so that the angle
            still rises with lightness.
    """
    return np.degrees(np.arctan2(lab[..., 0] - 50, np.maximum(lab[..., 2], 0)))


def srgb_from_hex(code: str) -> Floats:
    """The colour of `#rrggbb`: float64 [3], 0..1."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])


MONK_LAB: Floats = lab_from_srgb(np.stack([srgb_from_hex(code) for code in MONK_HEX]))
"""CIELAB of the ten Monk tones: float64 [10, 3]."""


def monk_lab(tone: NDArray[np.floating]) -> Floats:
    """CIELAB at fractional Monk tones, linear between neighbours: [B] in 1..10 to [B, 3]."""
    steps = np.arange(1, 11)
    return np.stack([np.interp(tone, steps, MONK_LAB[:, channel]) for channel in range(3)], -1)


def monk_probabilities(lab: Floats, spread: float) -> Floats:
    """How likely each Monk tone is: a softmax of -dE^2 / (2 spread^2), dE in CIELAB (CIE 1976).

    Args:
        lab: [B, 3], skin colours as they would look in plain white light.
        spread: standard deviation of the colour error, in dE.

    Returns:
        float64 [B, 10], rows sum to 1; the largest is the nearest tone.
    """
    distance = ((lab[:, None, :] - MONK_LAB) ** 2).sum(-1)
    logits = -(distance - distance.min(1, keepdims=True)) / (2 * spread**2)
    weight = np.exp(logits)
    return np.asarray(weight / weight.sum(1, keepdims=True))
