"""Paint clothing: colours, stripes, knit and weave, seams and buttons."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads.worn import palette
from pipeline.generators.heads.worn.cloth import Outfit, outfit
from pipeline.generators.heads.worn.garments import (
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
from pipeline.generators.heads.worn.material import Material
from pipeline.generators.heads.worn.part import pick

PLAIN, HEATHER, KNIT, STRIPES = range(4)
PIECES = 5
BAND = (17.0, 15.0, 0.0, 200.0, 0.0, 0.0)
"""Width of the ribbed band at the neckline of each kind of shell, mm."""
HEM = (20.5, 18.5, -9.0, -9.0, 17.0, 12.0)
"""Distance of a row of stitches from the neckline of each kind of shell, mm; none below 0."""

TURN = 2 * torch.pi


def pattern(t: Mapping[str, Tensor], worn: Outfit) -> Tensor:
    """The pattern of each person's cloth: int64 [B]."""
    p, shell = t["cloth_pattern_p"], worn.shell
    kind = (p > 0.36).long() + (p > 0.56).long() + (p > 0.78).long()
    knitted = (shell == CREW) | (shell == VEE) | (shell == TURTLE)
    kind = torch.where((kind == KNIT) & ~knitted, HEATHER, kind)
    smooth = (kind == STRIPES) & ((shell == HOODIE) | (shell == TURTLE) | worn.jacket)
    return torch.where(smooth, PLAIN, kind)


def _recipes(t: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
    """What each piece of each person is made of: float32 [B * PIECES] or [B * PIECES, 3] each."""
    worn = outfit(t)
    kind = pattern(t, worn)[:, None]
    piece = torch.arange(PIECES, device=kind.device)[None]
    outer = (piece == JACKET) | (piece == LAPEL)
    shell = worn.shell[:, None]
    shirt = (shell == SHIRT) & ~outer
    body = piece == SHELL
    knit = ((kind == KNIT) | (shell == TURTLE)) & body
    cloth = torch.where(worn.jacket[:, None], palette.under(t), palette.fabric(t))
    base = torch.where(outer[..., None], palette.jacket(t)[:, None], cloth[:, None])
    second = palette.accent(base)
    every = torch.zeros_like(outer) | torch.zeros_like(shirt)
    stripes = (kind == STRIPES) & ~outer
    wide = (8.0 + 7.0 * pick(t["cloth_pattern"], 2.0))[:, None]
    band = torch.tensor(BAND, device=kind.device)[shell]
    hem = torch.tensor(HEM, device=kind.device)[shell]
    values = (
        torch.where(stripes, torch.where(shirt, 0.24, 1.0), 0.0),
        torch.where(shirt, 5.0, wide),
        shirt,
        ((kind == HEATHER) & ~shirt) | outer,
        torch.where(knit, 0.55, 0.0),
        torch.where(body, band, 0.0),
        torch.where(body, hem, torch.where((piece == COLLAR) | (piece == LAPEL), 5.0, -9.0)),
        shirt & body,
        torch.where(shirt, 0.12, torch.where(outer, 0.25, 0.45)),
    )
    plain = [(every + v.float()).flatten() for v in values]
    return (base.flatten(0, 1), second.flatten(0, 1), *plain)


def _seen(period: float, pixel: float) -> float:
    """How much of a pattern of `period` mm samples of `pixel` mm can show, 0..1."""
    return min(max((period / pixel - 1.6) / 2.2, 0.0), 1.0)


def _line(x: Tensor, width: float, pixel: float) -> Tensor:
    """1 within `width` mm of x = 0, antialiased."""
    soft = 0.5 * max(pixel, 0.25)
    return ((width + soft - x.abs()) / (2 * soft)).clamp(0, 1) * min(1.0, width / soft)


def _stripes(piece: Tensor, chart: Tensor, period: Tensor, upright: Tensor, pixel: float) -> Tensor:
    """Share of the second colour [N]: level stripes, or fine upright ones on shirts."""
    along, _, x, y, z, _ = chart.unbind(-1)
    across = torch.where(piece == COLLAR, along, x)
    at = torch.lerp(y - 0.40 * z, across, upright) / period
    phase = (at - at.floor() - 0.5).abs()
    share = 0.17 - 0.03 * upright
    soft = 0.5 * pixel / period
    edge = ((share + soft - phase) / (2 * soft)).clamp(0, 1)
    return torch.lerp(2 * share, edge, (period / pixel / 2).clamp(0, 1))


def _threads(chart: Tensor, mottle: Tensor, pixel: float) -> Tensor:
    """Brightness [N] of the cloth's threads and fibres, about 1."""
    along, x, y = chart[:, 0], chart[:, 2], chart[:, 3]
    cloud = (0.11 * x + 1.3 * (0.07 * y).sin()).sin() * (0.13 * y + 0.05 * along).sin()
    tone = 1 + 0.03 * cloud
    if coarse := _seen(3.0, pixel):
        melange = (x * 2.1 + 2 * (y * 1.7).sin()).sin() * (y * 2.6 + 2 * (x * 1.3).sin()).sin()
        tone = tone + 0.07 * coarse * mottle * melange
    if fine := _seen(0.9, pixel):
        fleck = (x * 7.3 + 3 * (y * 5.1).sin()).sin() * (y * 8.9 + 2.5 * (x * 4.3).sin()).sin()
        weave = (x * 6.9).sin() * (y * 6.9).sin()
        tone = tone + fine * (0.26 * mottle * fleck + 0.08 * weave)
    return tone


def paint(
    t: Mapping[str, Tensor], piece: Tensor, chart: Tensor, normal: Tensor, b: Tensor, pixel: float
) -> tuple[Material, Tensor]:
    """Material of samples of clothing, and their normals with the relief of ribs and knit."""
    recipe = b * PIECES + piece
    (base, second, striped, period, shirt, mottle, knit, band, hem, front, fuzz) = (
        value[recipe] for value in _recipes(t)
    )
    along, across, x, y, z, _ = chart.unbind(-1)
    ribs = (across < band).to(x.dtype)
    share = striped * _stripes(piece, chart, period, shirt, pixel) * (1 - ribs)
    albedo = torch.lerp(base, second, share[:, None])
    tone = _threads(chart, mottle, pixel)

    # Ribs of bands and rolled collars, and the columns of a chunky knit.
    pitch = 4.6 - 1.2 * ribs
    turn = along * TURN / pitch
    relief = torch.maximum(ribs, knit)
    show = (pitch / pixel / 2 - 0.8).clamp(0, 1) * relief
    ridge = turn.cos()
    stitch = (1 - ribs) * (across * 1.9 + ridge.abs() * 1.6).sin() * _seen(3.3, pixel)
    tone = tone * (1 - show * (0.12 - 0.12 * ridge - 0.10 * stitch) - 0.03 * relief)

    # Rows of stitches, and the placket of a shirt with its buttons.
    front = front * (z > -90)
    seam = _line(across - hem, 0.32, pixel) + front * (
        _line(x - 15, 0.35, pixel) + _line(x + 13, 0.3, pixel)
    )
    tone = tone * (1 - 0.16 * seam.clamp(max=1))
    step = (y + 176) / 34
    from_button = torch.hypot(x - 1, (step - step.round()) * 34)
    button = _line(from_button, 4.6, pixel) * front
    hole = 0.6 * _line(from_button - 1.6, 0.5, pixel)
    ivory = (0.5 + 0.35 * base) * (1 - hole)[:, None]
    albedo = torch.lerp(albedo * tone[:, None], ivory, button[:, None])

    right = normalize(torch.stack([normal[:, 2], torch.zeros_like(x), -normal[:, 0]], -1), dim=-1)
    bent = normalize(normal + (0.38 * show * turn.sin())[:, None] * right, dim=-1)
    material = Material(
        albedo=albedo.clamp(0.005, 0.85),
        specular=0.5 + 0.5 * button,
        roughness=0.85 - 0.4 * button,
        metal=torch.zeros_like(x),
        sheen=fuzz * (1 - button),
        segment=torch.full_like(b, SEGMENTS.index("clothing")),
    )
    return material, bent
