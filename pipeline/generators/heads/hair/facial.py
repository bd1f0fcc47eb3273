"""Grow brows, lashes and beards straight from their moved roots."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from pipeline.generators.heads.face import bell, step
from pipeline.generators.heads.hair import colors
from pipeline.generators.heads.hair.locks import UNBOUNDED
from pipeline.generators.heads.hair.regions import BEARD_ZONES, beard_zones, brow_frame
from pipeline.generators.heads.hair.roots import BEARD, BROW, COUNTS, LASH
from pipeline.generators.heads.hair.still import Still, personal
from pipeline.generators.heads.hair.strands import Strands
from pipeline.generators.heads.tone import tones
from pipeline.generators.heads.vectors import unit

Traits = Mapping[str, Tensor]

BEARDS = (
    # moustache, corner, chin, soul, jaw, sideburn, neck; shortest and longest length, mm; share
    (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6.0, 10.0, 0.06),
    (0.0, 0.0, 1.0, 0.8, 0.0, 0.0, 0.2, 6.0, 18.0, 0.08),
    (1.0, 1.0, 1.0, 0.9, 0.0, 0.0, 0.3, 6.0, 13.0, 0.22),
    (0.9, 0.9, 1.0, 0.8, 1.0, 1.0, 0.6, 5.0, 9.0, 0.30),
    (1.0, 1.0, 1.0, 0.9, 1.0, 1.0, 0.8, 8.0, 18.0, 0.20),
    (1.0, 1.0, 1.0, 0.9, 1.0, 1.0, 0.8, 24.0, 52.0, 0.14),
)
STUBBLE = (0.9, 0.7, 1.0, 0.6, 0.85, 0.9, 0.7)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return torch.stack([
        a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0],
    ])  # fmt: skip


def _axes(normal: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
    """Directions on the skin away from the face's middle and upwards, [3, B, S] each."""
    o = torch.zeros_like(normal[0])
    out = torch.stack([side + o, o, o - 0.0])
    out = unit(out - normal * (out * normal).sum(0))
    up = torch.stack([o, o + 1, o])
    up = up - normal * (up * normal).sum(0)
    return out, unit(up - out * (up * out).sum(0))


def brows(t: Traits, still: Still, p: Tensor, n: Tensor, points: int, size: int) -> Strands:
    """Brows from moved roots and normals [3, B, S], for a picture `size` px wide."""
    r = personal(still.random, t["hair_seed"])
    u, v = brow_frame(still.rest)
    m, old, child = (t[k][:, None] for k in ("m_soft", "old", "child"))
    thick = t["brow_thickness"][:, None]
    arch = (t["brow_arch"][:, None] * 0.5 + 0.9 * (0.5 - m)) * (1 - 0.8 * child)
    # Small pictures have fewer, softer hairs.
    small = min(1.0, max(0.0, (420 - size) / 240))
    # The drawn brow within the band where brows may grow.
    middle = arch * 1.6 * bell((u - 0.62) / 0.30) - 0.8 * m + 0.5 * (1 - m)
    half = (
        (2.9 + 1.7 * m + 0.65 * thick - 1.3 * child)
        * (0.30 + 0.70 * step(u, -0.05, 0.22))
        * (1 - 0.62 * step(u, 0.45, 1.05))
    )
    half = half.clamp(min=0.9)
    start = 0.03 + 0.05 * (1 - m)
    inside = step(half - (v - middle).abs() + 1.0 * (r[0] - 0.5), -0.9, 0.9)
    inside = inside * step(u + 0.06 * (r[1] - 0.5), start - 0.05, start + 0.07)
    inside = inside * (1 - step(u, 0.90 + 0.05 * thick * 0.5, 1.04))
    dense = (0.66 + 0.10 * thick + 0.08 * m - 0.34 * child - 0.12 * old).clamp(0.22, 1)
    alive = inside * dense > r[2]
    side = torch.where(still.rest[:, 0] > 0, 1.0, -1.0)
    out, up = _axes(n, side)
    # Inner hairs stand up, the others lie outwards and meet on the brow's middle line.
    rise = 0.8 - 0.85 * step(u, -0.02, 0.38) - 0.42 * step(u, 0.45, 1.0)
    turn = (
        rise
        - 0.11 * (v - middle) * step(u, 0.05, 0.4)
        + (0.26 - 0.08 * small) * (r[3] - 0.5) * (1 + 0.8 * old)
    )
    bend = -0.10 * (v - middle) - 0.25 * step(u, 0.0, 0.3)
    length = (5.4 + 1.6 * m + 0.6 * thick + 3.0 * old * m * (r[4] ** 3)) * (0.75 + 0.45 * r[5])
    length = length * (1 - 0.35 * step(u, 0.6, 1.0)) * (1 - 0.25 * child) * alive
    s = torch.linspace(0, 1, points, device=p.device)
    angle = turn[..., None] + bend[..., None] * s
    along = length[..., None] * s
    lift = 0.25 + 0.10 * along - 0.045 * along * s * (1 - 0.6 * old[..., None])
    q = p[..., None] + along * (angle.cos() * out[..., None] + angle.sin() * up[..., None])
    q = q + n[..., None] * lift * 0.9
    sheer = (0.5 + 0.5 * sheerness(size)) * (1 - 0.30 * small) * (1 - 0.25 * child[..., None])
    tone, tip = _facial_colors(t, r, 0.62, 0.55 * t["grey_share"][:, None] + 0 * length, sheer)
    # Brows of fair people are warmer than their hair.
    fair = step(colors.base_color(t)[:, 0], 0.15, 0.35) * (1 - t["grey_share"])
    warm = 1 + fair[:, None, None] * torch.tensor([-0.12, -0.27, -0.40], device=p.device)
    tone, tip = tone * warm, tip * warm
    # Hairs are finest at their tips: there most of a sample is skin.
    tip = torch.lerp(tip, 0.7 * tones(t).skin[:, None], 0.28)
    return _strands(
        still,
        q,
        n,
        length,
        tone,
        tip,
        BROW,
        width=0.16,
        hairs=1.7 * (1 - 0.3 * small) / (0.5 + 0.5 * sheerness(size)),
        spread=0.7,
        gloss=0.12,
    )


def lashes(t: Traits, still: Still, p: Tensor, n: Tensor, points: int, size: int) -> Strands:
    """Lashes from moved roots and normals [3, B, S], for a picture `size` px wide."""
    r = personal(still.random, t["hair_seed"])
    u, lid = still.lash.T
    m, makeup = t["m_soft"][:, None], t["makeup"][:, None]
    side = torch.where(still.rest[:, 0] > 0, 1.0, -1.0)
    o = torch.zeros_like(p[0])
    upper = (lid > 0).float()
    length = (4.4 + 1.8 * (1 - m) + 1.6 * makeup) * (0.78 + 0.30 * step(u, -0.6, 0.7))
    # Lashes thin out to their tips: at low resolution, short ones stand for their thick ends.
    length = length * (0.30 + 0.70 * upper) * (0.25 + 0.75 * r[0] ** 1.8)
    # Small pictures have few, short lashes or none: the skin's lash line stands for them.
    share = min(1.0, max(0.0, (size - 112) / 288))
    child, old = t["child"][:, None], t["old"][:, None].clamp(0, 1)
    length = length * (1 - 0.45 * child) * (1 - 0.25 * old) * (0.6 + 0.4 * share)
    alive = 0.70 + 0.15 * (1 - m) + 0.15 * makeup - 0.25 * child - 0.25 * old
    # Both eyes draw the same lots.
    golden = torch.where(lid > 0, 30.06, 14.86)
    lot = (golden * (u + 1) + 0.37 * lid + 3.7 * t["hair_seed"][:, None]) % 1.0
    length = length * (lot < alive * share)
    # Neighbours lean together, in tufts.
    fan = side * (0.25 + 0.75 * u + 0.30 * (41.0 * u + 6.3 * r[2]).sin())
    forward = unit(torch.stack([fan + o, -0.05 - 0.30 * (1 - upper) + o, 0.9 + o]))
    s = torch.linspace(0, 1, points, device=p.device)
    along = length[..., None] * s
    curl = (0.42 + 0.25 * makeup) * (upper - 0.55 * (1 - upper))
    rise = curl[..., None] * length[..., None] * (0.10 * s + 0.90 * s * s)
    q = p[..., None] + forward[..., None] * along * (1 - 0.3 * s) + n[..., None] * 0.3
    q = torch.stack([q[0], q[1] + rise, q[2]])
    base = (colors.natural(t) * 0.30 * (1 - makeup) + 0.010)[:, None].expand(*length.shape, 3)
    wide = (0.12 + 0.08 * (1 - m) + 0.14 * makeup) * (0.25 + 0.75 * upper)
    tip = torch.lerp(base, 0.6 * tones(t).skin[:, None], 0.45 * (1 - 0.6 * makeup[..., None]))
    return _strands(
        still, q, n, length, base, tip, LASH, width=wide, hairs=1.0, spread=0.0, gloss=0.0
    )


def wanted_zones(t: Traits) -> tuple[Tensor, Tensor]:
    """Share of each of BEARD_ZONES that B people let grow, [B, Z], and the length there, mm [B]."""
    device = t["facial_hair"].device
    table = torch.tensor(BEARDS, device=device)
    edge = table[:, -1].cumsum(0) / table[:, -1].sum()
    row = table[(t["beard_style_p"][:, None] > edge[:-1]).sum(1)]
    count = len(BEARD_ZONES)
    stubble = torch.tensor(STUBBLE, device=device).expand(len(row), count)
    kind = t["facial_hair"].round()[:, None]
    wanted = torch.where(kind == 2, row[:, :count], stubble) * (kind > 0)
    f = (t["beard_length"] * 0.25 + 0.5).clamp(0, 1)
    length = row[:, count] + (row[:, count + 1] - row[:, count]) * f
    return wanted, torch.where(kind[:, 0] == 2, length, 0.7 + 1.3 * f) * (kind[:, 0] > 0)


def beards(t: Traits, still: Still, p: Tensor, n: Tensor, points: int, sheer: float) -> Strands:
    """Beards from moved roots and normals [3, B, S]; `sheer` as of `sheerness`."""
    r = personal(still.random, t["hair_seed"])
    zones = beard_zones(still.rest)
    wanted, longest = wanted_zones(t)
    cover = (wanted[:, None] * zones[None]).amax(-1)
    length = longest[:, None] + 0 * cover
    x, y = still.rest[:, 0], still.rest[:, 1]
    name = {zone: zones[:, i] for i, zone in enumerate(BEARD_ZONES)}
    lip = name["moustache"]
    patchy = 0.92 - 0.25 * (1 - step(t["age"], 18.0, 26.0))[:, None]
    alive = cover * patchy > 0.08 + 0.92 * r[0]
    full = step(length, 2.5, 6.0)
    length = torch.where(lip > 0.3, torch.minimum(length, 10 + 1.5 * r[1]), length)
    cheek = step(y, -92.0, -58.0)
    taper = 1 - 0.72 * cheek * step(length, 6.0, 30.0)
    taper = taper * (1 - 0.75 * name["sideburn"] * step(length, 3.0, 10.0))
    taper = taper * (1 - 0.55 * name["neck"] * step(length, 6.0, 30.0))
    length = length * taper * (0.70 + 0.45 * r[2]) * (0.28 + 0.72 * step(cover, 0.1, 0.95)) * alive
    side = torch.where(x > 0, 1.0, -1.0)
    out, up = _axes(n, side)
    aside = 0.25 * (r[3] - 0.5) + 0.9 * lip * step(x.abs(), 0.0, 10.0) - 0.15 * cheek
    curl = t["curl"][:, None]
    lift = 0.28 + 0.25 * full + 0.22 * (r[4] - 0.5) + 0.35 * step(curl, 0.5, 0.9)
    d = unit(out * aside - up * (1 - 0.35 * lip) + n * lift)
    s = torch.linspace(0, 1, points, device=p.device)
    along = length[..., None] * s
    # Long hair bends down under its weight, and the whole beard narrows to its end.
    heavy = step(length, 6.0, 40.0)[..., None] * s
    down = torch.tensor([0.0, -1.0, 0.10], device=p.device)[:, None, None, None]
    way = unit(d[..., None] * (1 - 0.75 * heavy) + down * heavy)
    q = p[..., None] + way * along + n[..., None] * 0.25
    q = torch.stack([q[0] * (1 - 0.22 * heavy * step(along, 8.0, 40.0)), q[1], q[2]])
    grey = t["grey_share"][:, None] * (1.0 + 0.35 * name["chin"] + 0.2 * name["corner"])
    solid = 0.62 * sheer + (1 - 0.62 * sheer) * full
    # Stubble shows the dark roots of fair hair; a beard runs out into the skin.
    fair = step(colors.base_color(t)[:, 0], 0.10, 0.30)[:, None]
    shade = 0.80 - 0.30 * fair * (1 - full)
    edge = 0.5 + 0.5 * torch.maximum(step(cover, 0.15, 0.85), 1 - full)
    tone, tip = _facial_colors(t, r, shade[..., None], grey + 0 * length, (solid * edge)[..., None])
    strands = _strands(
        still, q, n, length, tone, tip, BEARD, width=0.13, hairs=2.2, spread=1.6, gloss=0.0
    )
    amp = torch.minimum(0.25 + 1.5 * step(curl, 0.35, 0.85), 0.13 * length)
    turns = 2 * torch.pi * length / (14 - 8 * step(curl, 0.4, 0.9))
    inner = (0.45 + 0.55 * r[5])[..., None] * (0.45 + 0.55 * step(s, 0.0, 0.5))
    open_ = torch.where(full[..., None] > 0.5, inner, inner.clamp(min=0.8))
    return replace(
        strands, amp=amp, turns=turns, phase=6.28 * r[6], depth=0.6 + 0 * amp, open=open_,
        gloss=0.08 * full, hairs=strands.hairs * (0.6 + 1.9 * full) / solid,
        spread=0.4 + 1.4 * full, wisp=0.7 * step(length, 3.0, 9.0), ends=0.35 * full,
    )  # fmt: skip


def sheerness(size: int) -> float:
    """Cover of one drawn hair of brows and stubble in a picture `size` px wide, up to 1.

    Where a sample is wider than a hair, more but sheerer hairs look softer than a few solid ones.
    """
    return min(1.0, 0.62 + 0.38 * size / 900)


def _facial_colors(
    t: Traits, r: Tensor, shade: Tensor | float, grey: Tensor, cover: Tensor | float
) -> tuple[Tensor, Tensor]:
    """Root and tip colours, darker than the hair by `shade` unless grey, over skin by `cover`."""
    root, tip = colors.strands(t, r, r[7], grey)
    dark = shade + (1 - shade) * step(grey, 0.3, 0.9)[..., None]
    skin = 0.72 * tones(t).skin[:, None]
    return skin + (root * dark - skin) * cover, skin + (tip * dark - skin) * cover


def _strands(
    still: Still, q: Tensor, n: Tensor, length: Tensor, root: Tensor, tip: Tensor, kind: int, *,
    width: Tensor | float, hairs: float, spread: float, gloss: float,
) -> Strands:  # fmt: skip
    one = torch.ones_like(length)
    points = q.shape[-1]
    normal = n[..., None].expand(*n.shape, points)
    return Strands(
        points=q.permute(1, 2, 3, 0),
        normal=normal.permute(1, 2, 3, 0),
        open=one[..., None].expand(*length.shape, points),
        root_color=root, tip_color=tip, length=length, width=width * one,
        hairs=hairs * COUNTS[kind] / length.shape[1] * one, patch=UNBOUNDED * one, bare=0 * one,
        spread=spread * one,
        taper=0.6 * one, amp=0 * one, turns=0 * one, phase=0 * one, start=0 * one, depth=0 * one,
        weave=0 * one, frizz=0 * one, ends=0 * one, wisp=0 * one, gloss=gloss * one,
        kind=torch.full((length.shape[1],), kind, device=length.device), root=still.index,
    )  # fmt: skip
