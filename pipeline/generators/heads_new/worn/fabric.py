"""Paint clothing: colours, stripes, knit and weave, seams and buttons."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads_new.worn import palette
from pipeline.generators.heads_new.worn.cloth import outfit
from pipeline.generators.heads_new.worn.garments import (
    COLLAR,
    CREW,
    HOODIE,
    JACKET,
    LAPEL,
    SHELL,
    SHIRT,
    TURTLE,
    VEE,
)  # fmt: skip
from pipeline.generators.heads_new.worn.material import Material
from pipeline.generators.heads_new.worn.part import pick

PLAIN, HEATHER, KNIT, STRIPES = range(4)
BAND = (17.0, 15.0, 0.0, 200.0, 0.0, 0.0)
"""Width of the ribbed band at the neckline of each kind of shell, mm."""


def _seen(period: float, pixel: float) -> float:
    """How much of a pattern of `period` mm samples of `pixel` mm can show, 0..1."""
    return min(max((period / pixel - 1.6) / 2.2, 0.0), 1.0)


def _line(x: Tensor, width: float, pixel: float) -> Tensor:
    """1 within `width` mm of x = 0, antialiased."""
    soft = 0.5 * max(pixel, 0.25)
    return ((width + soft - x.abs()) / (2 * soft)).clamp(0, 1) * min(1.0, width / soft)


def pattern(t: Mapping[str, Tensor], shell: Tensor) -> Tensor:
    """The pattern of each person's cloth: int64 [B]."""
    p = t["cloth_pattern_p"]
    kind = (p > 0.36).long() + (p > 0.56).long() + (p > 0.78).long()
    knitted = (shell == CREW) | (shell == VEE) | (shell == TURTLE)
    return torch.where((kind == KNIT) & ~knitted, HEATHER, kind)


def _colors(t: Mapping[str, Tensor], piece: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Main and second colour [N, 3] of samples."""
    own = outfit(t)
    jacket = own.jacket[:, None]
    shell = torch.where(jacket, palette.under(t), palette.fabric(t))
    outer = palette.jacket(t)
    two = torch.stack([shell, outer], 1)
    which = ((piece == JACKET) | (piece == LAPEL)).long()
    accents = torch.stack([palette.accent(shell), palette.accent(outer)], 1)
    return two[b, which], accents[b, which]


def _stripes(
    t: Mapping[str, Tensor], chart: Tensor, shirt: Tensor, b: Tensor, pixel: float
) -> Tensor:
    """Share of the second colour [N]: across for knits, along and fine for shirts."""
    x, y, z = chart[:, 2], chart[:, 3], chart[:, 4]
    wide = (9.0 + 9.0 * pick(t["cloth_pattern"], 2.0))[b]
    period = torch.where(shirt, 6.0, wide)
    at = torch.where(shirt, x, y + 0.18 * z) / period
    phase = (at - at.floor() - 0.5).abs()
    share = torch.where(shirt, 0.14, 0.17)
    soft = 0.5 * pixel / period
    edge = ((share + soft - phase) / (2 * soft)).clamp(0, 1)
    fine = (period / pixel / 2).clamp(0, 1)
    return torch.lerp(2 * share, edge, fine)


def paint(
    t: Mapping[str, Tensor], piece: Tensor, chart: Tensor, normal: Tensor, b: Tensor, pixel: float
) -> tuple[Material, Tensor]:
    """Material of samples of clothing, and their normals with the weave's relief."""
    along, across, x, y, _, _ = chart.unbind(-1)
    own = outfit(t)
    kinds = pattern(t, own.shell)
    kind, shell = kinds[b], own.shell[b]
    base, second = _colors(t, piece, b)
    outer = (piece == JACKET) | (piece == LAPEL)
    shirt = (shell == SHIRT) & ~outer
    body = piece == SHELL
    band_of = torch.tensor(BAND, device=b.device)[shell]
    knit = (kind == KNIT) & ~outer | (shell == TURTLE) & ~outer
    band = body & (across < band_of)

    striped = (kind == STRIPES) & ~outer & ~(band & ~knit) & ~own.jacket[b]
    striped &= ~((shell == HOODIE) | (shell == TURTLE))
    albedo = torch.lerp(
        base,
        second,
        (_stripes(t, chart, shirt, b, pixel) * striped * torch.where(shirt, 0.38, 1.0))[:, None],
    )
    # Heather and wool: fibres of two shades, fading to their mean with distance.
    fleck = (x * 7.3 + 3 * (y * 5.1).sin()).sin() * (y * 8.9 + 2.5 * (x * 4.3).sin()).sin()
    cloud = (0.11 * x + 1.3 * (0.07 * y).sin()).sin() * (0.13 * y + 0.05 * along).sin()
    mottled = ((kind == HEATHER) & ~shirt) | outer
    tone = 1 + 0.03 * cloud + mottled * (0.30 * _seen(0.9, pixel) * fleck)

    # Ribs of bands and rolled collars, and the columns of a chunky knit.
    ribs = band | ((shell == TURTLE) & body)
    period = torch.where(ribs, 3.4, 4.6)
    turn = along * (2 * torch.pi) / period
    strength = torch.where(ribs & ~shirt, 1.0, torch.where(knit & body, 0.55, 0.0))
    show = (period / pixel / 2 - 0.8).clamp(0, 1) * strength
    slant = (
        torch.where(ribs, 0.0, 1.0)
        * (across * 1.9 + turn.cos().abs() * 1.6).sin()
        * _seen(3.3, pixel)
    )
    tone = tone * (1 - show * (0.12 - 0.12 * turn.cos() - 0.10 * slant) - 0.03 * strength)
    slope = -0.38 * show * turn.sin()
    weave = _seen(0.9, pixel) * (outer | shirt | (kind == PLAIN)).float() * 0.10
    tone = tone * (1 + weave * (x * 6.9).sin() * (y * 6.9).sin())

    # Seams: under bands, along the edges of collars, the placket.
    leaf = (piece == COLLAR) | (piece == LAPEL)
    stitch = _line(across - 5.0, 0.35, pixel) * leaf + _line(across - band_of - 3.5, 0.3, pixel) * (
        body & ~shirt
    )
    front = shirt & body & (chart[:, 4] > -90)
    placket = (_line(x - 15, 0.35, pixel) + _line(x + 13, 0.3, pixel)) * front
    tone = tone * (1 - 0.16 * (stitch + placket).clamp(max=1))
    row = (y + 176) / 34
    disc = torch.hypot(x - 1, (row - row.round()) * 34)
    button = _line(disc, 4.6, pixel) * front
    hole = _line(torch.hypot(disc - 1.6, x * 0), 0.5, pixel) * button
    ivory = torch.lerp(0.75 * torch.ones_like(base), base, 0.35)
    albedo = torch.lerp(albedo * tone[:, None], ivory * (1 - 0.6 * hole)[:, None], button[:, None])

    right = normalize(torch.stack([normal[:, 2], torch.zeros_like(x), -normal[:, 0]], -1), dim=-1)
    bent = normalize(normal - slope[:, None] * right, dim=-1)
    fuzzy = torch.where(shirt, 0.12, torch.where(outer, 0.25, 0.45))
    material = Material(
        albedo=albedo.clamp(0.005, 0.85),
        specular=0.5 + 0.5 * button,
        roughness=torch.where(shirt, 0.72, 0.85) - 0.4 * button,
        metal=torch.zeros_like(x),
        sheen=fuzzy * (1 - button),
        segment=torch.full_like(b, SEGMENTS.index("clothing")),
    )
    return material, bent
