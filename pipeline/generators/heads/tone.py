"""Give each Monk tone its albedo, its pigments and the colour of its lips, in linear light."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.attributes.taxonomy import MONK_HEX
from pipeline.generators.heads.face import step

MELANIN = (0.50, 0.86, 1.0)
"""How much one unit of melanin darkens red, green and blue (in the exponent): the way from Monk 4
to Monk 7."""

BLOOD = (0.06, 0.62, 0.50)
"""The same for blood near the surface."""

LIPS = (
    # tone, sRGB of the natural vermilion
    (1.0, (205, 138, 134)),
    (3.0, (192, 124, 122)),
    (5.0, (160, 100, 94)),
    (7.0, (112, 66, 62)),
    (8.0, (100, 58, 55)),
    (10.0, (79, 47, 46)),
)

CORRECTION = (
    (1.030, 0.890, 0.790), (0.985, 0.845, 0.755), (0.895, 0.757, 0.715),
    (0.915, 0.750, 0.725), (0.890, 0.745, 0.785), (1.000, 0.912, 1.190),
    (0.960, 0.960, 1.010), (1.330, 1.280, 1.040), (2.950, 1.800, 1.190),
    (3.200, 1.730, 1.030),
)  # fmt: skip
"""Albedo over swatch of each tone, fitted so that softly lit skin (its median) leaves the film as
the swatch, a little darker and warmer: the palest swatches leave living skin no room for light.
The darkest are about a stop and a half lighter than theirs, as a photographer would expose them, so
that features stay to be seen. Monk 6 is as red as its neighbours, where its swatch is olive."""


@dataclass(frozen=True)
class Tones:
    """Colours of B people, float32 [B, 3] linear, and pigment exponents [B, 3]."""

    skin: Tensor
    lips: Tensor
    melanin: Tensor
    blood: Tensor
    dark: Tensor
    """0 up to Monk 4, 1 from Monk 8: float32 [B]."""


def linear(srgb: Tensor) -> Tensor:
    """sRGB 0..1 to linear light (IEC 61966-2-1)."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _hex(code: str) -> list[float]:
    return [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]


MONK = linear(torch.tensor([_hex(code) for code in MONK_HEX]))
"""Linear colour of each Monk tone, float32 [10, 3]."""


def _between(table: Tensor, at: Tensor) -> Tensor:
    """Rows of table [K, 3] at fractional row numbers `at` [B]."""
    table = table.to(at.device)
    at = at.clamp(0, len(table) - 1)
    low = at.floor().clamp(max=len(table) - 2)
    f = (at - low)[:, None]
    i = low.long()
    return table[i] * (1 - f) + table[i + 1] * f


def tones(t: Mapping[str, Tensor]) -> Tones:
    """The skin colours of B people with traits t, [B] each."""
    tone, under = t["tone"], t["undertone"]
    skin = _between(MONK * torch.tensor(CORRECTION), tone - 1)
    dark = step(tone, 4.0, 8.0)
    melanin = torch.tensor(MELANIN, device=tone.device)
    blood = torch.tensor(BLOOD, device=tone.device)
    # Rosy or olive: a little more blood, or a little more yellow.
    tint = under[:, None] * torch.tensor([0.004, -0.012, -0.004], device=tone.device)
    rows = [value for _, value in LIPS]
    stops = torch.tensor([stop for stop, _ in LIPS], device=tone.device)
    place = (tone[:, None] >= stops[1:]).sum(1).clamp(max=len(rows) - 2)
    low, high = stops[place], stops[place + 1]
    lips = _between(linear(torch.tensor(rows) / 255), place + (tone - low) / (high - low))
    # Some have deeper, some redder lips; they pale with age.
    seed, old = t["mark_seed"][:, None], t["old"][:, None]
    deep = torch.tensor([0.10, 0.16, 0.14], device=tone.device)
    red = torch.tensor([0.02, -0.07, -0.03], device=tone.device)
    own = -deep * (2.9 * seed).sin() + red * ((4.7 * seed).cos() - old)
    return Tones(
        skin=skin * tint.exp(),
        lips=lips * (1.5 * tint + own).exp(),
        melanin=melanin.expand(len(tone), 3),
        # Melanin lies above the blood and hides it; the palest skin shows most.
        blood=blood * (1.25 + 0.25 * step(tone, 3.0, 1.0) - 0.7 * dark)[:, None],
        dark=dark,
    )
