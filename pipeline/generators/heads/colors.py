"""Choose one person's colours: skin, hair, lips, clothes and backdrop, in linear RGB."""

import colorsys

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.attributes.taxonomy import MONK_HEX
from pipeline.generators.heads.layout import Person

HAIR = (
    ((0.010, 0.008, 0.007), (0.022, 0.016, 0.013)),
    ((0.040, 0.021, 0.011), (0.135, 0.070, 0.034)),
    ((0.34, 0.215, 0.095), (0.62, 0.46, 0.25)),
    ((0.17, 0.045, 0.012), (0.36, 0.115, 0.030)),
    ((0.36, 0.36, 0.365), (0.76, 0.75, 0.74)),
)
"""Darkest and lightest colour of each class of the taxonomy's hair_color."""


def to_linear(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB 0..1 to linear light (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


MONK = to_linear(np.array([[int(h[i : i + 2], 16) / 255 for i in (1, 3, 5)] for h in MONK_HEX]))
"""Linear colour of each Monk tone, [10, 3]."""


def skin(g: Person) -> Tensor:
    """Albedo [3]: the Monk colours interpolated in linear light, with a little undertone."""
    t = g["tone"] - 1
    base = np.array([np.interp(t, np.arange(10), MONK[:, c]) for c in range(3)])
    under = 0.02 * g["undertone"]
    base = base * np.array([1 + 0.2 * under, 1 - 0.5 * under, 1 - 0.9 * under])
    # The palest swatches are nearly neutral; living skin of that lightness is a little warmer.
    pale = float(np.clip((5.0 - g["tone"]) / 2, 0, 1))
    base = base * (1 - pale * np.array([0.03, 0.10, 0.14]))
    return torch.from_numpy(base).float()


def hair(g: Person, facial: bool = False) -> Tensor:
    """Colour [3] of the strands; beards grey first and are a little darker."""
    dark, light = HAIR[int(g["natural_color"])]
    f = 0.5 + 0.2 * g["hair_shade"]
    natural = np.array(dark) * (1 - f) + np.array(light) * f
    grey = np.array(HAIR[4][0]) * (1 - f) + np.array(HAIR[4][1]) * f
    if int(g["natural_color"]) < 2 or f < 0.5:
        grey = grey * 0.9
    share = g["grey_share"]
    mixed = natural * (1 - share) + grey * share
    return torch.from_numpy(mixed * (0.8 if facial else 1.0)).float()


def hsv(hue: float, saturation: float, value: float) -> Tensor:
    """Linear RGB [3] of an HSV colour."""
    return torch.from_numpy(
        to_linear(np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value)))
    ).float()


def cloth(g: Person) -> Tensor:
    """Clothing colour [3]: often muted, sometimes bright."""
    hue = g["cloth_hue"]
    bright = (hue * 7.31) % 1
    saturation = 0.12 + 0.45 * bright * bright + 0.1 * (hue * 3.7 % 1)
    return hsv(hue, saturation, 0.16 + 0.72 * g["cloth_value"])


def backdrop(g: Person) -> tuple[Tensor, Tensor]:
    """Two colours [3] of the backdrop."""
    hue, v = g["backdrop"], g["backdrop_value"]
    s = 0.06 + 0.28 * ((hue * 5.17) % 1) ** 1.5
    return hsv(hue, s, 0.30 + 0.58 * v), hsv(hue + 0.07, s * 0.9, 0.18 + 0.50 * v)
