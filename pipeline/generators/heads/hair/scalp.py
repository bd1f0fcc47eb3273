"""Comb the hair of the scalp along the flow of a cut: from the roots, around the head, and down."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.face import bell, step
from pipeline.generators.heads.hair import cuts
from pipeline.generators.heads.hair.regions import WHORL, crown_loss, scalp_distance
from pipeline.generators.heads.hair.skull import neck, outward, radius
from pipeline.generators.heads.hair.still import Still, personal
from pipeline.generators.heads.hair.styles import Style
from pipeline.generators.heads.vectors import unit

BROW_STOP = 29.0
"""Height at which a fringe ends, mm."""

SMALL = 2800
"""Roots of the scalp in small pictures, which show no single hairs."""


@dataclass(frozen=True)
class Plan:
    """What is decided of each strand before it grows; [B, S] each.

    length in mm, 0 where there is none; stop: height at which it ends; layer: 0 inner .. 1 outer;
    edge: mm from the hairline; side: -1 or 1, of the parting; fringe 0..1; bare: 1 where
    roots lie open to view; rim: 1, but down to 0 where hair thins
    out into the skin; parting: 1 at the parting; random [8, B, S].
    """

    length: Tensor
    stop: Tensor
    layer: Tensor
    edge: Tensor
    side: Tensor
    fringe: Tensor
    bare: Tensor
    rim: Tensor
    parting: Tensor
    random: Tensor


def topness(p: Tensor) -> Tensor:
    """1 on top of the head, 0 at its sides, at points [3, ...]."""
    return step(p[1] + 0.2 * (p[2] + 90), 50.0, 84.0)


def plan(style: Style, still: Still) -> Plan:
    """Decide lengths, layers and sides of the strands."""
    cut = {name: value[:, None] for name, value in style.cut.items()}
    rest = still.rest[None]
    x, y, z = still.rest.T[:, None]
    seed = style.seed[:, None]
    r = personal(still.random, style.seed)
    recession = style.recession[:, None]
    edge = scalp_distance(
        rest, still.terms[None], style.masculine[:, None], recession, style.shift[:, None], seed
    )
    edge = edge.expand(len(style.seed), -1)
    # Hair thins out over the last millimetres, and where it is being lost.
    single = ((cut["tubes"] == 0) & (cut["rows"] == 0)).float()
    ahead = step(z, -95.0, -70.0) * step(y, 20.0, 45.0) * single
    # A fringe hides its roots, and needs them.
    ahead = ahead * (1 - 0.8 * (cut["fringe"] > 0).float())
    lost = crown_loss(rest, recession)
    keep = step(edge - 4 * (r[0] - 0.5), -2.5, 5.0 + 4 * ahead) * (1 - step(lost, 0.3, 1.0))
    keep = keep * style.thin[:, None] ** (0.5 + 0.5 * step(y, 40.0, 90.0))
    alive = keep > 0.06 + 0.94 * r[1] * (keep < 0.97)

    top = topness(still.rest.T[:, None])
    sides = cut["side"] * (1 - cut["fade"] * step(58 - y, 0.0, 66.0))
    # The nape is kept short.
    sides = sides * (1 - 0.6 * (cut["length"] < 2).float() * step(-y, 5.0, 45.0))
    length = (cut["top"] * top + sides * (1 - top)) * (1 - 0.7 * lost)
    hanging = (cut["cut"] > -900) & (cut["tie"] != cuts.PONYTAIL)
    stop = torch.where(hanging, cut["cut"] + cut["layers"] * (1.5 * r[2] * r[2] - 0.3), -400.0)
    lead = (y - stop).clamp(min=12) + 52 * top + 0.8 * cut["puff"] * style.volume[:, None]
    length = torch.where(hanging, torch.minimum(length, lead), length)
    length = length * (1 - 0.22 * r[3] * (1 - 0.7 * hanging.float()))

    deep = -76 + 14 * (cut["fringe"] < 0).float()
    front = step(z - deep, -11.0, 11.0) * (1 - step(x.abs(), 52.0, 70.0))
    front = (front > 0.35 + 0.3 * r[6]).float()
    full = (cut["fringe"] > 0).float() * front
    curtain = (cut["fringe"] < 0).float() * front
    # A fringe lengthens to its sides, into the hair beside the face.
    side_of = step(x.abs(), 24.0, 54.0)
    to_brows = (26 - z) + (84 - BROW_STOP) + 5 * side_of
    length = torch.where(full * cut["fringe"] > 0.5, torch.minimum(length, to_brows), length)
    stop = torch.where(
        full > 0.5, torch.maximum(stop, BROW_STOP + 5 * (r[2] - 0.4) - 5 * side_of), stop
    )
    length = torch.where(curtain > 0.5, torch.minimum(length, 120 - z + 20 * r[2]), length)
    reach = 18 - 1.35 * x.abs() + 42 * (r[2] - 0.5)
    stop = torch.where(curtain > 0.5, torch.maximum(stop, reach), stop)
    # New, short hairs soften the hairline.
    baby = step(edge, -1.5, 6.5 + 4.5 * ahead)
    least = torch.where(cut["length"] >= 2, 0.30, 0.45) * (1 - 0.4 * ahead)
    length = length * (least + (1 - least) * baby)
    # Faded sides begin short at their edge and lengthen inwards.
    blended = 1.5 + (0.9 - 0.65 * cut["fade"]) * edge.clamp(min=0) + 400 * top
    length = torch.where(cut["fade"] > 0.1, torch.minimum(length, blended), length)
    # Sideburns fade out before the ear.
    loose = (cut["tie"] == 0).float()
    burns = 1.2 + (2.3 + 7 * step(y, -12.0, 14.0)) * style.masculine[:, None] * loose
    burns = burns + 3 * step(y, -8.0, 14.0) + 400 * step(y, 8.0, 26.0) * loose
    burns = burns + 400 * step(y, 16.0, 28.0) + 400 * step(-z, 80.0, 88.0)
    length = torch.minimum(length, burns)
    alive = alive & ~((y < torch.where(cut["tie"] > 0, 20, -3)) & (z > -86))
    # What stands up is short beside the ear, where it would point at the viewer's sides.
    length = length * (1 - (cut["up"] > 0.3) * single * (1 - step(y, 16.0, 44.0)) * 0.85)
    alive = alive & (length > 1)
    length = torch.where(alive, length, torch.zeros_like(length))
    line = (
        style.part[:, None] * step(z, -170.0, -60.0) + 3.0 * (r[4] - 0.5) + 1.2 * (0.11 * z).sin()
    )
    side = torch.where(x > line, 1.0, -1.0)
    at_line = cut["part"].clamp(0, 1) * bell((x - line) / 15) * step(y, 60.0, 85.0)
    # The front hairline is fine, as are all edges of a fade and the ends of the sideburns.
    rim = 1 - torch.maximum(ahead, 0.8 * (cut["fade"] > 0.1)) * (1 - step(edge, -1.0, 11.0))
    rim = rim * (1 - 0.8 * step(-y, -16.0, 6.0) * step(z, -88.0, -80.0)) * (1 - 0.7 * lost)
    bare = torch.maximum((1 - step(edge, 8.0, 34.0)) * rim, at_line)
    # Roots on the rim of the ear go out with it, and would hold twigs.
    rim_of_ear = (x.abs() > 60) & (y > 8) & ((z + 91).abs() < 15) & (edge < 3.4)
    lone = torch.where(single > 0, _strays(still, length, r), _twigs(still, length, cut, edge))
    length = length * ~(rim_of_ear | lone)
    # Locks lie over one another as sheets.
    layer = 0.8 * r[5][:, still.coarse] + 0.2 * r[5]
    fringe = full * cut["fringe"].clamp(min=0)
    return Plan(length, stop, layer, edge, side, fringe, bare, rim, at_line, r)


def _strays(still: Still, length: Tensor, random: Tensor) -> Tensor:
    """Single long hairs that small pictures do without: bool [B, S]."""
    alone = (length[:, still.fine] == 0) & (length[:, still.coarse] == 0)
    small = len(still.rest) <= SMALL
    return (length > 20) & (alone | (random[7] > (0.90 if small else 2.0)))


def _twigs(still: Still, length: Tensor, cut: dict[str, Tensor], edge: Tensor) -> Tensor:
    """Strands at the hairline that no tube will take in, for want of one as long: bool [B, S]."""
    guide = torch.where(cut["tubes"] > 180, length[:, still.many], length[:, still.few])
    alike = (guide > 0.55 * length) & (length > 0.5 * guide)
    return (cut["tubes"] > 0) & (edge < 12) & ~alike


def comb(style: Style, still: Still, plan: Plan, points: int) -> tuple[Tensor, Tensor, Tensor]:
    """Grow the strands in rest space, P points each.

    Returns:
        points [3, B, S, P]; outward normals [3, B, S, P]; openness [B, S, P].
    """
    cut = {name: value[:, None] for name, value in style.cut.items()}
    b, s = plan.length.shape
    p = still.rest.T[:, None].expand(3, b, s)
    volume, mess = style.volume[:, None], style.mess[:, None]
    # Coily hair stands off head and neck even where it hangs.
    body = (
        1 + 0.9 * (cut["cut"] > -900) * (cut["tubes"] == 0) * step(style.curl, 0.5, 0.85)[:, None]
    )
    whorl = torch.tensor(WHORL, device=p.device)[:, None, None]
    one, zero = torch.ones_like(plan.length), torch.zeros_like(plan.length)
    hanging = ((cut["length"] >= 2) & (cut["up"] < 0.6)).float()
    curtain = (cut["fringe"] < 0).float()
    forward = torch.stack([p[0] * 0.003, -0.25 * one, one])
    backward = torch.stack([p[0] * 0.002, 0.12 * one, -one])
    frame = hanging * (0.34 + 0.2 * curtain)
    parted = torch.stack([plan.side, zero, -0.16 - 0.25 * cut["back"] + frame + zero])
    aside = torch.stack([zero, -one, -cut["sweep"] + zero])
    # Locks wander together, single hairs a little more; combed hairlines keep in line.
    least = 0.3 + 0.5 * (cut["fade"] > 0.1)
    wander = plan.random[5:8][:, :, still.coarse] - 0.5 + 0.35 * (plan.random[2:5] - 0.5)
    wander = wander * (
        0.85 * mess * (1 - 0.4 * hanging) * (least + (1 - least) * step(plan.edge, 0.0, 22.0))
    )
    front = step(still.rest.T[2], -78.0, -25.0) * (1 - step(still.rest.T[0].abs(), 32.0, 52.0))
    front = front[None] * topness(p)
    edge = 0.40 + 0.60 * step(plan.edge, 1.0, 26.0)
    # Flyaways stand off the others.
    edge = edge * (1 + 0.55 * mess * (plan.random[7] > 0.93))
    # Hanging hair has body: it swings out and in on its way.
    sway = hanging * step(p[1], -200.0, 60.0) * (0.16 + 0.30 * style.curl[:, None])
    swell = 2.2 * plan.random[6][:, still.coarse] + 0.02 * still.rest[:, 2] - 1.2
    uneven = 4 if len(still.rest) <= SMALL else 13
    face = 48 + uneven * (plan.random[6][:, still.coarse] - 0.5)
    ahead = torch.where(still.rest[:, 2] > -82, 1.0, -1.0)
    cropped = 1 - (cut["fade"] > 0.1).float()
    # Cropped hair in front leans to one side, and not as a row of bristles.
    slant = (0.55 * front * (1 - cropped)) * torch.where(style.seed > 0, 1.0, -1.0)[:, None]
    slant = torch.stack([slant, zero, zero])
    # The hairline lies closer than what stands up behind it.
    lies = 0.5 + 0.5 * step(plan.edge, 2.0, 24.0)
    ds = plan.length / (points - 1)
    # Short hair lies down along its flow as soon as it leaves the skin.
    inertia = (-ds / (0.4 * plan.length).clamp(1.0, 15.0)).exp()
    n = outward(p)
    d = n * 0.7
    gone = torch.zeros_like(plan.length)
    out_p, out_n, out_open = [p], [n], [zero]
    for i in range(1, points):
        u = i / (points - 1)
        top = topness(p)
        away = unit(p - whorl)
        f = cut["part"] * parted + cut["back"] * backward + cut["forward"] * forward
        f = (f + cut["whorl"] * away) * top + aside * (1 - top)
        f = f + plan.fringe * (1.6 * forward - f)
        f = f - n * (n * f).sum(0)
        up = cut["up"] * (1 - 0.35 * u) * torch.lerp(cropped, one, top) * lies
        f = unit(f) * (1 - up) + n * up
        stand = cut["quiff"] * front * (1 - 1.25 * u) if u < 0.8 else zero
        f = f + stand * (0.5 * n + torch.stack([zero, 1.5 * one, 0.45 * one]))
        f = f + n * (0.30 * (-gone / 14).exp())
        f = f + wander + slant + n * (sway * (1 - top) * (gone / 27 + swell).sin())
        fall = hanging * (0.10 + 0.55 * step(gone, 25.0, 110.0)) + 0.05
        f = torch.stack([f[0], f[1] - fall, f[2]])
        tip = cut["flick"] * step(one * u, 0.62, 0.95)
        inward = 1.1 * tip + 0.16 * step(-p[1], -10.0, 60.0)
        f = f - inward * n * hanging
        d = unit(d * inertia + unit(f) * (1 - inertia))
        move = torch.minimum(ds, (p[1] - plan.stop).clamp(min=0) / (-d[1]).clamp(min=0.05))
        p = p + d * move
        gone = gone + move
        p, height, shell = _off_head(p, plan, cut, volume * body, edge, gone, top)
        p = _off_face(p, plan, face, hanging)
        if bool((p[1] < -50).any()):
            p = neck(p, 2 + 10 * plan.layer * body * body)
            low = step(-p[1], 50.0, 110.0) * hanging
            p = torch.stack([p[0], p[1], p[2] + ahead * 0.10 * move * low])
        n = outward(p)
        open_ = (0.35 + 0.65 * plan.layer) * (1 - 0.6 * (-gone / 11).exp())
        open_ = torch.maximum(open_ * 0.6, open_ * (height / (shell + 1)).clamp(0, 1))
        out_p.append(p)
        out_n.append(n)
        out_open.append(open_)
    return torch.stack(out_p, -1), torch.stack(out_n, -1), torch.stack(out_open, -1)


def _off_head(
    p: Tensor, plan: Plan, cut: dict[str, Tensor], volume: Tensor, edge: Tensor, gone: Tensor,
    top: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Hold strands at their layer's height over the head; returns points, height, and the shell."""
    u, r, head = radius(p)
    shell = (cut["rise"] * top + cut["puff"] * (1 - top)) * volume * edge
    # Hair rises gently from the parting, or the parting would be a notch in the crown.
    shell = shell * (1 - 0.55 * plan.parting * (-gone / 45).exp())
    want = shell * (0.10 + 0.90 * plan.layer) * (1 - (-gone / 18).exp()) + 0.4
    height = r - head
    below = (want - height).clamp(min=0)
    combed = (1 - cut["up"]) * (1 - cut["quiff"]).clamp(min=0) * step(p[1], -60.0, -10.0)
    above = (height - want).clamp(min=0) * 0.22 * combed
    return p + u * (below - above), height + below - above, shell


def _off_face(p: Tensor, plan: Plan, face: Tensor, hanging: Tensor) -> Tensor:
    """Part hanging hair before the face like a curtain."""
    x, y, z = p
    narrow = face + 9 * bell(y / 34) - 5 * step(-y, 60.0, 120.0)
    inside = step(z, -62.0, -48.0) * step(-y, -68.0, -40.0) * (1 - step(plan.fringe, 0.2, 0.5))
    push = (narrow - x * plan.side).clamp(min=0) * inside * 0.75 * hanging
    return torch.stack([x + plan.side * push, y, z])
