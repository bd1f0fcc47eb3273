"""Lay tied hair along the head to its tie: ponytails, buns, half-up styles and braids."""

import torch
from torch import Tensor

from pipeline.generators.heads.face import step
from pipeline.generators.heads.hair import cuts
from pipeline.generators.heads.hair.scalp import Plan, topness
from pipeline.generators.heads.hair.skull import CENTER, outward, radius
from pipeline.generators.heads.hair.still import Still
from pipeline.generators.heads.hair.styles import Style
from pipeline.generators.heads.vectors import unit

BRAID_WAY = (
    (52.0, -92.0, -128.0),
    (74.0, -118.0, -84.0),
    (62.0, -146.0, -36.0),
    (56.0, -230.0, -10.0),
)
PONY_WAY = (
    (10.0, 150.0, -215.0),
    (95.0, 40.0, -235.0),
    (112.0, -90.0, -130.0),
    (66.0, -215.0, -70.0),
)
"""Ways of tails from the tie over the shoulder, mm; a Bezier curve's points."""


def is_tied(style: Style, still: Still, plan: Plan) -> Tensor:
    """Which strands the cut ties: bool [B, S]."""
    kind = style.cut["tie"][:, None]
    high = topness(still.rest.T[:, None]) + 0 * plan.length > 0.35
    return (kind > 0) & ((kind != cuts.HALF_UP) | high) & (plan.length > 10)


def _tie(style: Style) -> tuple[Tensor, Tensor]:
    """Place of the tie [3, B, 1] and the direction in which hair leaves it."""
    kind = style.cut["tie"]
    over = (kind == cuts.BRAID).float() * 34
    over = torch.where((kind == cuts.BUN) & (style.cut["tie_y"] < 0), 56.0, over)
    side = style.lean
    lift = 0.25 + 0.8 * step(style.cut["tie_y"], 70.0, 95.0)
    at = torch.stack([over * side, style.cut["tie_y"], style.cut["tie_z"]])[:, :, None]
    u, r, head = radius(at)
    out = unit(u + torch.stack([0 * lift, lift, 0 * lift])[:, :, None])
    return at + u * (head + 5 - r), out


def tie(style: Style, still: Still, plan: Plan, points: int) -> tuple[Tensor, Tensor, Tensor]:
    """Strands tied at one point, in rest space.

    Returns:
        points [3, B, S, P]; outward normals [3, B, S, P]; openness [B, S, P].
    """
    cut = {name: value[:, None] for name, value in style.cut.items()}
    at, out = _tie(style)
    first = points // 2 if points < 14 else points // 2 - 1
    root = still.rest.T[:, None].expand(3, *plan.length.shape)
    center = torch.tensor(CENTER, device=root.device)[:, None, None]
    v = torch.linspace(0, 1, first, device=root.device)
    bundle = 5.0 * (plan.random[2:5] - 0.5)
    # Up to the tie: the shortest way over the skull, fuller between its ends; parted hair goes
    # sideways first.
    start, end = unit(root - center), unit(at - center)
    low = step(-cut["tie_y"], -60.0, 0.0)
    o = torch.zeros_like(plan.side)
    over = torch.stack([plan.side * (0.25 * cut["part"] + 0.75 * low), 0.5 * low + o, o])
    ahead = step(root[2], -135.0, -80.0)
    middle = unit(start + end) + over * topness(root) * ahead + 0.35 * low * over * ahead
    # Hair of the temples goes back over the ears, not down the face.
    past = torch.stack([0.7 * (root[0] / 30).clamp(-1, 1), 0.8 + o, o - 0.8])
    temple = torch.maximum(1 - topness(root), step(root[0].abs(), 15.0, 45.0))
    middle = unit(middle + low * ahead * (0.7 + 0.6 * temple) * past)
    # Curls cannot be drawn as flat.
    full = style.volume * (1 + 0.4 * step(style.curl, 0.2, 0.38) + 0.9 * step(style.curl, 0.5, 0.7))
    full = full[:, None]
    # What is tied over loose hair lies on it at its border, or it would stand out as a ledge.
    border = step(topness(root), 0.35, 1.0)
    level = torch.where(cut["tie"] == cuts.HALF_UP, 0.35 + 0.65 * border, torch.ones_like(border))
    path = []
    for i in range(first):
        w = v[i]
        q = unit(start * (1 - w) ** 2 + 2 * w * (1 - w) * middle + end * w**2)
        bulge = (torch.pi * w).sin()
        p = center + q * 100
        _, _, head = radius(p)
        rise = cut["rise"] * full * (0.15 + 0.85 * plan.layer) * level
        path.append(
            center + q * (head + 0.6 + rise * (0.25 + 0.75 * bulge) * min(1.0, 4 * float(w)))
        )
    path[-1] = at + bundle
    path[-2] = path[-2] * 0.5 + (path[-3] + path[-1]) * 0.25
    # Few points make the last bend a chord: keep it out of the skull.
    away, deep, head = radius(path[-2])
    path[-2] = path[-2] + away * (head + 1.5 - deep).clamp(min=0)
    tail = _tail(style, plan, at, out, bundle, points - first)
    p = torch.cat([torch.stack(path, -1), tail], -1)
    n = outward(p.flatten(2)).view(p.shape)
    open_ = (0.35 + 0.65 * plan.layer)[..., None].expand(*plan.length.shape, points)
    near = step((p - at[..., None]).square().sum(0).sqrt(), 4.0, 26.0)
    head_part = torch.arange(points, device=p.device) < first
    # A tail is open at its surface alone; buns and braids are wound tighter.
    r = plan.random
    deep = torch.stack([r[2] - 0.5, r[4] - 0.5, r[6] - 0.5]).square().sum(0).sqrt()
    surface = (0.15 + 0.33 * step(deep, 0.15, 0.75))[..., None] * (0.6 + 0.4 * near)
    open_ = torch.where(head_part, open_ * (0.55 + 0.45 * near), surface)
    middle = tail.mean(2, keepdim=True)
    round_ = unit(tail - middle + 0.6 * n[..., first:])
    n = torch.cat([n[..., :first], round_], -1)
    return p, n, open_


def _tail(style: Style, plan: Plan, at: Tensor, out: Tensor, bundle: Tensor, points: int) -> Tensor:
    """What hangs or is wound beyond the tie: [3, B, S, P]."""
    kind = style.cut["tie"][:, None, None]
    r = plan.random
    u = torch.linspace(1 / points, 1, points, device=at.device)
    # A tail falls off in a curve, opens and closes.
    s = u * (230 + 50 * (r[3][..., None] - 0.5))
    arc = 34 * (1 - (-s / 34).exp())
    spread = step(u, 0.0, 0.35) * (1 - 0.85 * step(u, 0.5, 1.0))
    disc = torch.stack([r[2] - 0.5, r[4] - 0.5, r[6] - 0.5])[..., None] * 46 * spread
    straight = at[..., None] + out[..., None] * arc
    fall = torch.stack([0 * s, -(s - arc), 0.05 * s])
    disc = disc + _swing(style, r[5], u)
    plain = straight + fall + bundle[..., None] + disc
    # A bun is wound about the direction of its hair.
    side = unit(
        torch.stack([out[2], 0 * out[0], -out[0]])
        + torch.tensor([1e-3, 0, 0], device=at.device)[:, None, None]
    )
    up = torch.stack([
        out[1] * side[2] - out[2] * side[1],
        out[2] * side[0] - out[0] * side[2],
        out[0] * side[1] - out[1] * side[0],
    ])  # fmt: skip
    turn = 2 * torch.pi * (r[3][..., None] + 0.85 * u)
    lift = (2 * r[5][..., None] - 1) * 1.25 + 0.25 * (turn + 6 * r[2][..., None]).sin()
    curly = step(style.curl, 0.5, 0.7)[:, None, None]
    size = (19 + 6 * r[4][..., None]) * style.volume[:, None, None] * (1 + 0.2 * curly)
    ring = side[..., None] * turn.cos() + up[..., None] * turn.sin()
    knot = at[..., None] + size * (out[..., None] * (0.75 * lift.sin() + 0.5) + ring * lift.cos())
    # A braid comes forward over the shoulder.
    way = style.lean[None, :, None, None]
    bezier = _bezier(at, BRAID_WAY, way, u)
    woven = style.cut["weave"][:, None, None]
    loose = disc * 0.75 * (1 - woven)
    braid = bezier + bundle[..., None] * (1 - woven) + loose
    high = (
        _bezier(at + 12 * out, PONY_WAY, way, u * (0.78 + 0.22 * r[3][..., None]))
        + bundle[..., None]
        + disc * 1.15
    )
    tail = torch.where(kind == cuts.PONYTAIL, high, plain)
    return torch.where(kind == cuts.BUN, knot, torch.where(kind == cuts.BRAID, braid, tail))


def _swing(style: Style, lock: Tensor, u: Tensor) -> Tensor:
    """How the locks of a tail swing by its texture, mm: lock [B, S] 0..1, to [3, B, S, P]."""
    curl = style.curl[:, None, None]
    wavy, curly = step(curl, 0.20, 0.38), step(curl, 0.50, 0.70)
    # A wave takes the whole tail; curls part it into locks.
    own = 2 * torch.pi * (4 * lock[..., None]).floor() / 4
    angle = 2 * torch.pi * (2.6 + 1.6 * curly) * u + own * curly
    size = (7.0 * wavy + 3.0 * curly) * step(u, 0.1, 0.4)
    x, z = size * angle.sin(), size * (0.6 + 0.4 * curly) * angle.cos()
    return torch.stack([x, 0 * x, z])


def _bezier(at: Tensor, way: tuple[tuple[float, ...], ...], side: Tensor, u: Tensor) -> Tensor:
    """A curve from `at` [3, B, 1] by control points, mirrored to a side: [3, B, 1, P]."""
    w = 1 - u
    bends = [torch.stack([x * side[0], y + 0 * side[0], z + 0 * side[0]]) for x, y, z in way]
    a, b, c, d = bends
    return (
        w**4 * at[..., None] + 4 * w**3 * u * a + 6 * w**2 * u**2 * b + 4 * w * u**3 * c + u**4 * d
    )
