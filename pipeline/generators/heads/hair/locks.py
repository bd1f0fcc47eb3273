"""Gather strands into locks, tubes and rows, and wave them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.face import step
from pipeline.generators.heads.hair import cuts
from pipeline.generators.heads.hair.roots import COUNTS, SCALP
from pipeline.generators.heads.hair.scalp import SMALL, Plan
from pipeline.generators.heads.hair.still import Still
from pipeline.generators.heads.hair.styles import Style

TAU = 2 * torch.pi

WIDTH = 0.09
"""Width of a hair, mm."""

UNBOUNDED = 1e6
"""A patch, mm2, too large to be covered: all hairs are drawn."""


@dataclass(frozen=True)
class Wave:
    """How strands wind about their curves; [B, S] each, as in `Strands`."""

    amp: Tensor
    turns: Tensor
    phase: Tensor
    depth: Tensor
    weave: Tensor
    spread: Tensor
    taper: Tensor
    hairs: Tensor
    patch: Tensor


def gather(
    p: Tensor, plan: Plan, guide: Tensor, strength: Tensor, start: float, end: float
) -> Tensor:
    """Draw strands [3, B, S, P] to their guides: guide int64 [S], strength [B, S] or [B, 1]."""
    u = torch.linspace(0, 1, p.shape[-1], device=p.device)
    length = plan.length
    other = length[:, guide]
    alike = (plan.side == plan.side[:, guide]) & (other > 0.55 * length) & (length > 0.5 * other)
    alike &= (plan.fringe > 0.3) == (plan.fringe[:, guide] > 0.3)
    pull = (strength * alike)[..., None] * step(u, start, end)
    return p + pull * (p[:, :, guide] - p)


def lock(p: Tensor, style: Style, still: Still, plan: Plan) -> Tensor:
    """Gather all strands as the cut asks: [3, B, S, P]."""
    cut = {name: value[:, None] for name, value in style.cut.items()}
    messy = 0.75 + 0.5 * style.mess[:, None]
    loose = (cut["tubes"] == 0) & (cut["rows"] == 0)
    stray = (plan.random[7] < 0.90).float()
    # Short hair, as at the hairline, is too stiff to run together.
    soft = cut["clump"] * messy * loose * stray * (1 - 0.85 * (plan.fringe > 0.9).float())
    soft = soft * (0.1 + 0.9 * step(plan.length, 8.0, 50.0)) * step(plan.edge, -2.0, 24.0)
    p = gather(p, plan, still.coarse, (0.66 * soft).clamp(max=0.85), 0.05, 0.85)
    p = gather(p, plan, still.fine, (0.75 * soft).clamp(max=0.9), 0.0, 0.7)
    if bool((cut["tubes"] > 0).any()):
        many = cut["tubes"] > 180
        tube = (cut["tubes"] > 0).float()
        p = gather(p, plan, still.many, tube * many, -0.2, 0.0)
        p = gather(p, plan, still.few, tube * ~many, -0.2, 0.0)
    if bool((cut["rows"] > 0).any()):
        p = _rows(p, still, cut["rows"])
    return p


def _rows(p: Tensor, still: Still, share: Tensor) -> Tensor:
    """Draw strands sideways to the middle of their cornrow."""
    x, y, _ = still.rest.T
    around = torch.atan2(x, y - 8)
    pitch = 12.0 / 84
    off = ((around / pitch).round() * pitch - around) * torch.hypot(x, y - 8)
    u = torch.linspace(0, 1, p.shape[-1], device=p.device)
    pull = share[..., None] * off[None, :, None] * torch.ones_like(u)
    c, s = around.cos()[None, :, None], around.sin()[None, :, None]
    return torch.stack([p[0] + pull * c, p[1] - pull * s, p[2]])


def waves(style: Style, still: Still, plan: Plan) -> Wave:
    """The waves of every strand."""
    cut = {name: value[:, None] for name, value in style.cut.items()}
    curl = style.curl[:, None] + 0 * plan.length
    wavy, curly, coily = step(curl, 0.28, 0.55), step(curl, 0.55, 0.72), step(curl, 0.74, 0.86)
    r = plan.random
    one = torch.ones_like(plan.length)
    amp = 3.4 + 1.6 * wavy + 1.2 * curly - 3.4 * coily
    wavelength = 190 - 128 * wavy - 36 * curly - 16 * coily
    amp = torch.minimum(amp, 0.16 * plan.length) * (0.75 + 0.5 * r[3][:, still.coarse])
    wavelength = wavelength * (0.85 + 0.3 * r[4][:, still.coarse])
    turns = TAU * plan.length / wavelength
    # Neighbouring locks wave together.
    swell = 0.9 * (still.rest[:, 0] * 0.035).sin() + 0.9 * (still.rest[:, 2] * 0.03).sin()
    phase = TAU * (swell + 0.55 * r[6][:, still.coarse] + 0.10 * (1 + 2.5 * coily) * (r[7] - 0.5))
    depth = 0.35 * wavy + 0.6 * curly
    plait = (cut["tie"] == cuts.BRAID) & (cut["weave"] > 0)
    tubes = (cut["tubes"] > 0) | (cut["rows"] > 0) | plait
    radius = cut["radius"] + 0 * one
    pitch = torch.where(cut["weave"] > 0, 3.6 * radius, 7.0 * radius).clamp(min=1)
    if len(still.rest) <= SMALL:
        amp = 0.8 * amp
    amp = torch.where(tubes, radius * (0.72 + 0.2 * r[3]), amp)
    # A plait fills only the second half of its strands.
    turns = torch.where(tubes, TAU * plan.length / pitch * (1 + plait.float()), turns)
    third = torch.where(cut["weave"] > 0, (3 * r[7]).floor() / 3, r[7])
    # The plaits of a row are in step wherever their strands are rooted.
    along = torch.where(cut["rows"] > 0, -still.rest[:, 2] / pitch, 0 * one)
    phase = torch.where(tubes, TAU * (third + along), phase)
    depth = torch.where(tubes, one, depth.clamp(max=1))
    spacing = (72000.0 / plan.length.shape[1]) ** 0.5
    short = 1 - step(plan.length, 10.0, 40.0)
    spread = torch.where(tubes, 0.45 * radius, (0.62 + 0.38 * short) * spacing)
    taper = torch.where(tubes, 0.9 * one, 0.70 + 0.15 * coily + 0.3 * short - 0.25 * cut["clump"])
    # Enough hairs to cover a tube, however many strands it has; a plait holds all strands anyway.
    thin = tubes & ~plait
    tube = 5.5 * radius * torch.where(cut["tubes"] > 180, 220.0, 120.0)
    strands = plan.length.shape[1]
    hairs = torch.where(thin, tube / (strands * WIDTH), 15.0 * COUNTS[SCALP] / strands)
    patch = torch.where(thin, UNBOUNDED, spacing * spacing * one)
    return Wave(amp, turns, phase, depth, cut["weave"] * tubes * one, spread, taper, hairs, patch)
