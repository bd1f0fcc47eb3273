"""Gather strands into locks, tubes and rows, and wave them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.face import step
from pipeline.generators.heads.hair import cuts
from pipeline.generators.heads.hair.roots import COUNTS, SCALP
from pipeline.generators.heads.hair.scalp import SMALL, Plan, topness
from pipeline.generators.heads.hair.still import Still
from pipeline.generators.heads.hair.styles import Style

TAU = 2 * torch.pi

WIDTH = 0.09
"""Width of a hair, mm."""

DENSE = 3.8
"""Distance of the strands in large pictures, mm."""

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
    frizz: Tensor
    start: Tensor


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
    stray = torch.where(plan.random[7] < 0.90, 1.0, 0.5)
    # Short hair, as at the hairline, is too stiff to run together.
    soft = cut["clump"] * messy * loose * stray * (1 - 0.85 * (plan.fringe > 0.9).float())
    soft = soft * (0.1 + 0.9 * step(plan.length, 8.0, 50.0)) * step(plan.edge, -2.0, 24.0)
    # Long locks would leave gaps between their ends.
    soft = soft * (1 - 0.4 * step(plan.length, 90.0, 220.0))
    # Nor does coily hair run together, which stands by itself.
    soft = soft * (1 - 0.7 * step(style.curl, 0.74, 0.86)[:, None])
    p = gather(p, plan, still.coarse, (0.66 * soft).clamp(max=0.85), 0.05, 0.85)
    p = gather(p, plan, still.fine, (0.75 * soft).clamp(max=0.9), 0.0, 0.7)
    if bool((cut["tubes"] > 0).any()):
        # Roots cover the scalp between the tubes into which they run.
        many = cut["tubes"] > 180
        tube = (cut["tubes"] > 0).float()
        p = gather(p, plan, still.many, tube * many, -0.2, 0.3)
        p = gather(p, plan, still.few, tube * ~many, -0.1, 0.08)
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


def waves(style: Style, still: Still, plan: Plan, tied: Tensor) -> Wave:
    """The waves of every strand; `tied` bool [B, S]."""
    cut = {name: value[:, None] for name, value in style.cut.items()}
    curl = style.curl[:, None] + 0 * plan.length
    wavy, curly, coily = step(curl, 0.20, 0.38), step(curl, 0.50, 0.70), step(curl, 0.74, 0.86)
    r = plan.random
    one = torch.ones_like(plan.length)
    amp = 3.4 + 5.6 * wavy - 4.0 * curly - 2.8 * coily
    wavelength = 190 - 96 * wavy - 58 * curly - 24 * coily
    # Curls stand out at the surface of the hair; below it they lie close.
    amp = amp * (1 + coily * (1.1 * plan.layer - 0.4))
    amp = torch.minimum(amp, 0.16 * plan.length) * (0.75 + 0.5 * r[3][:, still.coarse])
    # Waves run on from lock to lock; curls and straight locks each go their own way.
    apart = 1 - 0.75 * wavy * (1 - curly)
    wavelength = wavelength * (1 + 0.3 * apart * (r[4][:, still.coarse] - 0.5))
    turns = TAU * plan.length / wavelength
    # Neighbouring locks wave together.
    swell = 0.6 * (still.rest[:, 0] * 0.035).sin() + 0.6 * (still.rest[:, 2] * 0.03).sin()
    own = 0.55 * r[6][:, still.coarse] + 0.10 * (1 + 2.5 * coily) * (r[7] - 0.5)
    # Waves that hang are level, wherever their strands are rooted.
    fallen = -(still.rest[:, 1] + 52 * topness(still.rest.T)) / wavelength
    phase = TAU * ((swell + own) * apart + fallen * (cut["cut"] > -900))
    depth = 0.6 * wavy + 0.35 * curly
    # The hairs of a wave keep together, those of a coil go their own ways.
    frizz = TAU * (0.02 * wavy + 0.10 * curly + 0.7 * coily)
    plait = (cut["tie"] == cuts.BRAID) & (cut["weave"] > 0)
    tubes = (cut["tubes"] > 0) | (cut["rows"] > 0) | plait
    radius = cut["radius"] + 0 * one
    pitch = torch.where(cut["weave"] > 0, 3.6 * radius, 7.0 * radius).clamp(min=1)
    if len(still.rest) <= SMALL:
        amp = 0.8 * amp
    # Short ends at the hairline would wind into loops.
    wound = torch.minimum(radius * (0.72 + 0.2 * r[3]), 0.12 * plan.length)
    amp = torch.where(tubes, wound, amp)
    # A plait fills only the second half of its strands.
    turns = torch.where(tubes, TAU * plan.length / pitch * (1 + plait.float()), turns)
    third = torch.where(cut["weave"] > 0, (3 * r[7]).floor() / 3, r[7])
    # The plaits of a row are in step wherever their strands are rooted.
    along = torch.where(cut["rows"] > 0, -still.rest[:, 2] / pitch, 0 * one)
    phase = torch.where(tubes, TAU * (third + along), phase)
    depth = torch.where(tubes, one, depth.clamp(max=1))
    spacing = (72000.0 / plan.length.shape[1]) ** 0.5
    # The few locks of small pictures are not as wide as they lie apart, or the hair would swell.
    wide = min(spacing, DENSE + 0.5 * (spacing - DENSE))
    spread = torch.where(tubes, 0.45 * radius, (0.62 + 0.4 * coily) * wide)
    # Short hair covers the skin evenly: its locks reach into each other.
    short = 1 - step(plan.length, 10.0, 40.0)
    spread = torch.where(tubes, spread, spread + short * (min(spacing, 2.8) - spread).clamp(min=0))
    spread = torch.where(tubes, spread, torch.minimum(spread, 1.0 + 0.4 * plan.length))
    soft = 0.4 * curly + 0.4 * coily
    taper = torch.where(tubes, 0.9 * one, 0.85 + soft + 0.15 * short - 0.25 * cut["clump"])
    # Enough hairs to cover a tube, however many strands it has; a plait holds all strands anyway.
    thin = tubes & ~plait
    tube = 5.5 * radius * torch.where(cut["tubes"] > 180, 220.0, 120.0)
    strands = plan.length.shape[1]
    hairs = torch.where(thin, tube / (strands * WIDTH), 15.0 * COUNTS[SCALP] / strands)
    patch = torch.where(thin, UNBOUNDED, spacing * spacing * one)
    frizz = torch.where(tubes, 0 * one, frizz)
    weave = cut["weave"] * tubes * one
    loose_tie = tied & ~tubes
    # Tied hair is drawn taut: its waves are small up to the tie, and as many on all strands.
    amp = torch.where(loose_tie, amp.clamp(max=4.2) * (0.2 + 0.7 * wavy), amp)
    count = 3.0 + 4.0 * wavy + 6.0 * curly + 5.0 * coily
    turns = torch.where(loose_tie, TAU * count * (0.9 + 0.2 * r[4][:, still.coarse]), turns)
    # Wide waves begin below the crown; at their roots they would part the hair.
    start = 0.15 * wavy * (1 - curly) * ~tubes * step(plan.length, 60.0, 160.0)
    start = torch.where(tied, 0.5 - 0.45 * wavy * ~tubes, start)
    return Wave(amp, turns, phase, depth, weave, spread, taper, hairs, patch, frizz, start)
