"""Grow all hair of B people from their roots, as the shape of the head has moved them."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from pipeline.generators.heads.face import step
from pipeline.generators.heads.hair import colors, facial
from pipeline.generators.heads.hair.locks import WIDTH, lock, waves
from pipeline.generators.heads.hair.roots import BEARD, BROW, LASH, SCALP
from pipeline.generators.heads.hair.scalp import SMALL, Plan, comb, plan
from pipeline.generators.heads.hair.still import Still, still
from pipeline.generators.heads.hair.strands import Level, Strands, join, level
from pipeline.generators.heads.hair.styles import Style, style
from pipeline.generators.heads.hair.tied import is_tied, tie
from pipeline.generators.heads.tone import tones

SETTLE = 60.0
"""Strands forget, over so many mm, how their root's skin departs from the template's form."""


def grow(
    t: Mapping[str, Tensor],
    moved: Tensor,
    normals: Tensor,
    size: int,
    index: Tensor | None = None,
) -> Strands:
    """The hair of B people.

    Args:
        t: traits, float32 [B] each.
        moved: places of all `roots()` after all deformations, head space, float32 [B, S, 3].
        normals: unit normals of the skin there, [B, S, 3].
        size: side of the final picture in pixels; sets the level of detail.
        index: int64 [B], haircuts instead of the chosen ones (`cuts.NAMES`).
    """
    lod = level(size)
    device = moved.device
    at = {kind: still(kind, lod, device) for kind in (SCALP, BROW, LASH, BEARD)}

    def roots_of(kind: int) -> tuple[Tensor, Tensor]:
        i = at[kind].index
        return moved[:, i].permute(2, 0, 1), normals[:, i].permute(2, 0, 1)

    sheer = facial.sheerness(size)
    parts = [scalp(t, style(t, index), at[SCALP], moved[:, at[SCALP].index], lod, sheer)]
    parts.append(facial.brows(t, at[BROW], *roots_of(BROW), lod.points, size))
    parts.append(facial.lashes(t, at[LASH], *roots_of(LASH), lod.points, size))
    if bool((t["facial_hair"] > 0.5).any()):
        parts.append(facial.beards(t, at[BEARD], *roots_of(BEARD), lod.points, sheer))
    return join(parts)


def scalp(
    t: Mapping[str, Tensor], chosen: Style, roots: Still, moved: Tensor, lod: Level, sheer: float
) -> Strands:
    """The hair of the scalp from its moved roots [B, S, 3]."""
    plans = plan(chosen, roots)
    p, n, open_ = comb(chosen, roots, plans, lod.points)
    plans = replace(plans, length=plans.length * ~on_ear(p, roots))
    p = lock(p, chosen, roots, plans)
    length = plans.length
    tied = is_tied(chosen, roots, plans)
    wave = waves(chosen, roots, plans, tied)
    if bool(tied.any()):
        # A tied strand is the way to the tie and a tail.
        q, m, o = tie(chosen, roots, plans, lod.points)
        p = torch.where(tied[..., None], q, p)
        n = torch.where(tied[..., None], m, n)
        open_ = torch.where(tied[..., None], o, open_)
    loose = (chosen.cut["tubes"] == 0) * (1 - 0.75 * step(chosen.curl, 0.6, 0.8))
    n, open_ = round_locks(p, n, open_, roots, loose)

    rest4 = torch.cat([roots.rest, torch.ones_like(roots.rest[:, :1])], 1)
    # One product a person: how a matrix product rounds depends on its shape.
    affine = torch.stack([roots.fit @ own for own in moved])
    home = torch.stack([own - rest4 @ fit for own, fit in zip(moved, affine, strict=True)])
    q4 = torch.cat([p, torch.ones_like(p[:1])])
    placed = torch.stack(
        [torch.einsum("csp,cd->spd", q4[:, i], fit) for i, fit in enumerate(affine)]
    )
    s = torch.linspace(0, 1, lod.points, device=p.device) * length[..., None]
    # Nothing lies over the roots of hairline and parting.
    first = torch.maximum(0.75 * (1 - plans.rim), 0.6 * plans.bare)[..., None] * (-s / 20).exp()
    open_ = torch.maximum(open_, first)
    placed = placed + home[:, :, None] * (-s / SETTLE).exp()[..., None]

    # Tones differ from lock to lock, less so where hair is too short for locks.
    locks = 0.25 + 0.75 * step(length, 15.0, 70.0)
    lock_random = 0.5 + locks * (plans.random[5][:, roots.coarse] - 0.5)
    # The sides grey before the top.
    grey = t["grey_share"][:, None] ** (1.2 - 0.5 * step(-roots.rest[:, 1], -70.0, 0.0))
    root, tip = colors.strands(t, plans.random, lock_random, grey)
    # Cropped hair is finer than a sample: sheer dots look softer than solid ones.
    cover = sheer + (1 - sheer) * step(length, 2.5, 8.0)
    cover = cover * (0.42 + 0.58 * step(length, 0.8, 3.0))
    skin = 0.62 * tones(t).skin[:, None]
    fine = 0.72 * (1 - plans.rim)
    root = skin + (root - skin) * (cover * (1 - fine))[..., None]
    tip = skin + (tip - skin) * (cover * (1 - fine * (1 - step(length, 6.0, 25.0))))[..., None]
    one = torch.ones_like(length)
    # Locks reach over the parting.
    at_part = plans.bare * step(plans.edge, 10.0, 30.0) * (chosen.cut["tubes"] == 0)[:, None]
    # Short hair stands every way, and hardly shines.
    gloss = 1.0 - 0.55 * step(chosen.curl, 0.6, 0.85)[:, None]
    gloss = gloss * (0.55 + 0.45 * step(length, 8.0, 60.0))
    return Strands(
        points=placed,
        normal=n.permute(1, 2, 3, 0),
        open=open_,
        root_color=root,
        tip_color=tip,
        length=length,
        width=WIDTH * (0.6 + 0.4 * plans.rim),
        hairs=wave.hairs * (0.8 + 0.2 * plans.rim) / cover,
        patch=wave.patch * (1 + 0.9 * plans.fringe + 0.8 * at_part),
        bare=torch.maximum(plans.bare, 0.3 * tied) * (chosen.cut["tubes"] == 0)[:, None],
        spread=wave.spread * (1.15 - 0.15 * plans.rim + 0.9 * at_part),
        taper=wave.taper,
        amp=wave.amp,
        turns=wave.turns,
        phase=wave.phase,
        start=wave.start,
        depth=wave.depth,
        weave=wave.weave,
        frizz=wave.frizz,
        wisp=wisps(plans, length, sheer) * (1 - wave.weave),
        ends=(25 / length.clamp(min=1)).clamp(max=0.3)
        * step(length, 8.0, 40.0)
        * (1 - 0.7 * plans.fringe)
        * (1 - wave.weave),
        gloss=gloss * torch.where(tied, 0.6, one),
        kind=torch.full((length.shape[1],), SCALP, device=p.device),
        root=roots.index,
    )


def wisps(plans: Plan, length: Tensor, sheer: float) -> Tensor:
    """How the hairs thin out, [B, S] as in `Strands`: at their ends, and where they stand alone."""
    single = 1.3 + 2.2 * (1 - sheer)
    outer = step(plans.layer, 0.72, 0.95) * (1 - plans.fringe) + (plans.random[7] > 0.93)
    ends = 0.35 - 0.25 * plans.fringe
    # The few strands of small pictures have to cover more.
    few = min(1.0, length.shape[1] / SMALL) ** 0.6
    wisp: Tensor = few * (ends + (single - ends) * outer.clamp(max=1)) * step(length, 8.0, 30.0)
    return wisp


def on_ear(p: Tensor, roots: Still) -> Tensor:
    """Which strands [3, B, S, P] grow onto the ear from before it: bool [B, S]."""
    x, y, z = p
    away = (p - p[..., :1]).square().sum(0)
    ear = (torch.hypot((y + 6) / 35, (z + 92) / 18) < 1) & (x.abs() > 45) & (away < 14.0**2)
    before = (roots.rest[:, 2] > -88) & (roots.rest[:, 1] < 18)
    found: Tensor = ear.any(-1) & before
    return found


def round_locks(
    p: Tensor, n: Tensor, open_: Tensor, roots: Still, loose: Tensor
) -> tuple[Tensor, Tensor]:
    """Bend normals [3, B, S, P] so that locks look round, and darken the gaps between them."""
    away = (p - p[:, :, roots.coarse]) * (loose / 4.5)[:, None, None]
    away = away * (1.25 / (1 + away.square().sum(0).sqrt()))
    facing = (away * n).sum(0)
    n = n + away
    n = n / n.square().sum(0).sqrt().clamp(min=1e-6)
    return n, (open_ * (0.88 + 0.30 * facing)).clamp(0.05, 1)
