"""Look between parted lips: trace each sample to teeth, gums, tongue or the dark behind them."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads.eyes import into_head
from pipeline.generators.heads.face import bell, step
from pipeline.generators.heads.light import Lights
from pipeline.generators.heads.shapes.expressions import HINGE, LAUGHING, SURPRISED
from pipeline.generators.heads.skin import of
from pipeline.generators.heads.skin_shade import column, lobe, soft_step
from pipeline.generators.heads.tone import tones
from pipeline.generators.heads.vectors import dot, unit

TEETH, MOUTH = SEGMENTS.index("teeth"), SEGMENTS.index("mouth")


UNEVEN = {"laugh": LAUGHING, "surprise": SURPRISED}
"""Expressions whose upper and lower lip part by different mm."""


@dataclass(frozen=True)
class Row:
    """A row of teeth on an elliptic arch: mm from the arch's front; widths from the middle out.

    half, deep: half axes of the arch. back: behind the lips' meeting line. edge: height of the
    biting edges over that line with the mouth closed, in front. lengths: of the crowns. up: where
    gums are.
    """

    half: float
    deep: float
    back: float
    edge: float
    widths: tuple[float, ...]
    lengths: tuple[float, ...]
    up: float


UPPER = Row(
    36.0, 29.0, 3.8, -5.0, (8.6, 6.8, 7.8, 7.0, 6.8, 10.0), (11.6, 10.8, 11.4, 10.2, 9.6, 9.0), 1.0
)
LOWER = Row(
    33.0, 27.0, 6.6, -5.4, (5.4, 5.9, 6.9, 7.0, 7.2, 11.0), (8.6, 8.8, 9.6, 8.4, 7.8, 7.2), -1.0
)


TONGUE, TONGUE_RADII = (0.0, -12.5, -35.0), (16.5, 9.0, 24.0)
"""Middle of the tongue from that of the closed lips' line, and half its size, mm."""

SUNK = 6.5
"""How far behind the front teeth light has gone down to a third, mm."""


@dataclass(frozen=True)
class Seen:
    """What N rays see of a row: points and normals [3, N]; tooth and gum cover, shading [N]."""

    point: Tensor
    normal: Tensor
    tooth: Tensor
    gum: Tensor
    shade: Tensor
    tip: Tensor


def _arch(o: Tensor, d: Tensor, half: float, deep: float) -> tuple[Tensor, Tensor]:
    """The near point [3, N] of the upright elliptic cylinder about 0 on rays; if they meet it."""
    a = (d[0] / half).square() + (d[2] / deep).square()
    h = o[0] * d[0] / half**2 + o[2] * d[2] / deep**2
    c = (o[0] / half).square() + (o[2] / deep).square() - 1
    room = h * h - a * c
    return o + d * ((-h - room.clamp(min=0).sqrt()) / a), room > 0


def _row(row: Row, o: Tensor, d: Tensor, seed: Tensor, young: Tensor, pixel: float) -> Seen:
    """Follow rays to a row; o is relative to the middle of the closed lips' line."""
    device = o.device
    place = column((0.0, 0.0, -row.back - row.deep), o)
    p, met = _arch(o - place, d, row.half, row.deep)
    angle = torch.atan2(p[0] / row.half, p[2] / row.deep)
    bulge = angle - angle.sin() * angle.cos()
    s = row.half * angle + 0.5 * (row.deep - row.half) * bulge
    # Teeth are narrow or wide; one in eight people has a gap between the upper two.
    apart = (4.0 * (seed * 5.9).sin() - 3.72).clamp(min=0) * (row.up > 0)
    width = torch.tensor(row.widths, device=device)
    ends = width.cumsum(0)
    far = (s.abs() - apart).clamp(min=0) / (1 + 0.06 * (seed * 5.3).sin())
    i = torch.bucketize(far, ends).clamp(max=len(row.widths) - 1)
    w = width[i]
    q = 2 * (far - (ends[i] - w)) / w - 1
    # Each tooth is set a little differently.
    own = (seed * 3.7 + i * (2.1 + 0.9 * s.sign())).sin()
    length = torch.tensor(row.lengths, device=device)[i] * (1 - 0.12 * young)
    length = length * (0.88 + 0.12 * (seed * 4.1).cos())
    canine = (i == 2).to(q.dtype)
    # The upper edges follow the arc of the lower lip, on some people more.
    arc = 0.0052 + 0.0018 * (seed * 2.7).sin() if row is UPPER else 0.0030
    curve = arc * far.square()
    rounded = 0.55 * q.square().square() + 0.45 * canine * q.abs() + 0.15 * own
    lateral = 0.40 * (i == 1).to(q.dtype)
    # Heights run from the biting edge to the gum, whichever way that is.
    height = row.up * (p[1] - row.edge - curve) - rounded - lateral * (row.up > 0)
    gum_at = length - lateral - 1.3 * q.square()
    soft = 0.15 + 0.45 * pixel
    tooth = step(height, -soft, soft) * met
    gum = step(height - gum_at, -soft, soft)
    between = step(apart - s.abs(), -0.2 * pixel, 0.1 + 0.2 * pixel)
    tooth = tooth * (1 - 0.9 * between * (1 - gum))
    side = (1 - q.abs()) * w * 0.5
    gap = bell(side / (0.16 + 0.3 * pixel)) * (1 - 0.25 * gum)
    notch = (1 - gum) * gap * (0.26 + 0.34 * bell(height / 1.6))
    tangent = torch.stack([angle.cos(), 0 * angle, -angle.sin()])
    normal = torch.stack([p[0] / row.half**2, 0 * s, p[2] / row.deep**2])
    normal = unit(normal)
    turn = (0.42 * q.pow(3) + 0.10 * own) * s.sign() * (1 - gum)
    lean = row.up * (
        0.30 * bell((height - gum_at) / 1.4) - 0.16 * (1 - height / length).clamp(0, 1)
    )
    normal = unit(normal + tangent * turn + column((0.0, 1.0, 0.0), o) * lean)
    return Seen(p + place, normal, tooth, gum, 1 - notch, height)


def _tongue(o: Tensor, d: Tensor) -> Tensor:
    """Normals [3, N] where rays meet the tongue, and 0 where they do not."""
    r = column(TONGUE_RADII, o)
    a, e = (o - column(TONGUE, o)) / r, d / r
    ee, ae = dot(e, e), dot(a, e)
    room = ae * ae - ee * (dot(a, a) - 1)
    p = a + e * ((-ae - room.clamp(min=0).sqrt()) / ee)
    return unit(p / r) * (room > 0)


def look(
    t: Mapping[str, Tensor], origin: Tensor, ray: Tensor, across: Tensor, jaw: Tensor,
    middle: Tensor, lit: Tensor, ao: Tensor, lights: Lights, turn: Tensor, b: Tensor,
    pixel: float = 0.5,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Paint and light N samples that see between the lips.

    Args:
        t: traits by name, float32 [B] each.
        origin, ray: float32 [N, 3], in head space; `ray` is unit and leaves the camera.
        across: float32 [N], where between the corners a ray enters, -1 to 1.
        jaw: float32 [B], degrees the jaw is open; it turns about HINGE.
        middle: float32 [B, 3], between the lips as they are, in head space, mm.
        lit, ao: float32 [N], 0..1, at the strip between the lips.
        lights: of B people, in the world. turn: float32 [B, 3, 3], world from head.
        b: int64 [N]. pixel: distance of the samples, mm.

    Returns:
        linear radiance float32 [N, 3] and index of the segment int64 [N].
    """
    o, d = origin.t().contiguous(), ray.t().contiguous()
    angle = torch.deg2rad(jaw)
    drop = (middle[:, 2] - HINGE[2]) * angle.sin()
    # Where the lips would meet if the jaw were closed and nobody laughed or wondered.
    sunk = sum(t[name] * 0.5 * (low - up) for name, (up, low) in UNEVEN.items())
    line = torch.stack(
        [middle[:, 0], middle[:, 1] + 0.46 * drop + sunk, middle[:, 2] + 0.08 * drop]
    )
    at = of(line, b)
    seed, young = of(t["mark_seed"], b), of(t["child"], b)
    # Lips that round in surprise drape over both rows.
    drape = torch.zeros_like(at)
    drape[1] = 3.4 * of(t["surprise"], b)
    upper = _row(UPPER, o - at - drape, d, seed, young, pixel)
    c, s = of(angle.cos(), b), of(angle.sin(), b)

    def close(v: Tensor) -> Tensor:
        """Turn with the jaw back to where it is closed."""
        return torch.stack([v[0], c * v[1] + s * v[2], c * v[2] - s * v[1]])

    hinge = column(HINGE, o)
    jaw_o, jaw_d = close(o - hinge) + hinge - at, close(d)
    lower = _row(LOWER, jaw_o + drape, jaw_d, seed + 1.3, young, pixel)
    tongue = _tongue(jaw_o, jaw_d)

    key, up = (
        of(into_head(lights.key, turn), b),
        of(into_head(lights.dome, turn), b),
    )
    key_color, sky = of(lights.key_color.t(), b), of(lights.sky.t(), b)
    ground = of(lights.ground.t(), b)
    seen_key = key_color * (0.30 + 0.70 * lit) * (0.55 + 0.45 * ao)
    half = unit(key - d)

    def lighted(n: Tensor, open_: Tensor) -> Tensor:
        hemi = ground + (sky - ground) * (0.5 + 0.5 * dot(n, up))
        return (seen_key * soft_step(dot(n, key), 0.35) + hemi * 0.85) * open_

    # Cheeks and lips keep light from the corners and from what lies deep.
    corner = (1 - 0.66 * step(across.abs(), 0.40, 1.05)) * (0.35 + 0.65 * ao)
    # A camera that exposes for dark skin would let wet flesh glow.
    dim = corner * of(1 - 0.45 * step(t["tone"], 5, 8), b)
    mouth = column((0.085, 0.020, 0.018), d) * (sky + 0.5 * key_color) * dim
    soft = unit(tongue + 1e-6)
    flesh = column((0.40, 0.125, 0.12), d) * lighted(
        soft, dim * (0.14 + 0.50 * soft[2].clamp(min=0))
    )
    wet = key_color * (0.05 * lobe(dot(soft, half).clamp(min=0), 0.8 + 0 * c, 0.35 + 0 * c))
    # Little light gets to the tongue between lips that hardly part.
    flesh = mouth + (flesh + wet * corner - mouth) * of(step(jaw, 1.0, 7.0), b)
    color = torch.where(dot(tongue, tongue) > 0.5, flesh, mouth)
    # Lips that touch: their own shaded colour, a soft line.
    line_color = of(tones(t).lips.t(), b) * (
        0.55 * (sky * (0.4 + 0.4 * ao) + key_color * (0.2 + 0.4 * lit))
    )
    color = color + (line_color - color) * of(1 - step(jaw, 0.8, 1.5), b)
    enamel_at = of(_enamel(t).t().contiguous(), b)
    # No white thread between lips that just part.
    parted = of(step(jaw, 1.0, 1.7), b)
    cover = torch.zeros_like(across)
    for row, depth, back in ((lower, 0.60, LOWER.back), (upper, 1.05, UPPER.back)):
        sunk_by = (-back - row.point[2]).clamp(min=0)
        open_ = corner * depth * (-sunk_by / SUNK).exp()
        under = step(row.point[1], 9.0, 1.0) if row is upper else 1.0
        open_ = open_ * (0.60 + 0.40 * under)
        enamel = enamel_at * (1 - 0.10 * bell(row.tip / 1.1) * column((1.3, 1.0, 0.6), d))
        gums = column((0.50, 0.19, 0.18), d)
        # Light that has been through lips and tongue is warm.
        stuff = (enamel + (gums - enamel) * row.gum) * row.shade * column((1.03, 0.99, 0.95), d)
        light = lighted(row.normal, open_)
        if row is lower:
            # The upper row shades the lower one.
            light = light * (0.45 + 0.55 * of(step(jaw, 2.0, 11.0), b))
        shine = lobe(dot(row.normal, half).clamp(min=0), 0.8 + 0 * c, 0.28 + 0 * c)
        lit_row = stuff * light + seen_key * (0.055 * shine * open_ * row.shade)
        tooth = row.tooth * parted
        color = color + (lit_row - color) * tooth
        cover = torch.maximum(cover * (1 - tooth), tooth * (1 - row.gum))
    segment = torch.where(cover > 0.5, TEETH, MOUTH)
    return color.clamp(min=0).t(), segment


def _enamel(t: Mapping[str, Tensor]) -> Tensor:
    """Colour of the teeth, linear [B, 3]: whitest in children, yellower with age."""
    device = t["old"].device
    young = torch.tensor([0.73, 0.695, 0.635], device=device)
    adult = torch.tensor([0.69, 0.64, 0.55], device=device)
    aged = torch.tensor([0.60, 0.515, 0.38], device=device)
    color = adult + (young - adult) * t["child"][:, None]
    color = color + (aged - color) * (0.9 * t["old"])[:, None]
    # A camera that exposes for dark skin would let them glow.
    color = color * (1 - 0.32 * step(t["tone"], 5, 8))[:, None]
    seed = t["mark_seed"][:, None]
    color = color * (0.94 + 0.07 * (3.3 * seed).sin())
    shift = 0.05 * seed * torch.tensor([0.3, 0.6, 1.0], device=device)
    return color * (1 - shift.clamp(-0.1, 0.12))
