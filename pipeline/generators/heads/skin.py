"""Paint skin: what light finds at each visible sample of a head, a neck or an ear.

How a picture uses the rooms around this one (N samples, B people; tensors float32 unless said):

    paint = skin.paint(t, rest, chart, b, pixel)                   # albedo, gloss, slopes ...
    light, gloss = skin_shade.shade(paint, normal, view, lit, ao, lights, turn, b)
    light = skin_shade.scatter(picture of light [B, 3, S, S], mask [B, 1, S, S], samples_per_mm)
    color = paint.albedo * (light at the sample) + gloss           # linear radiance
    srgb = skin_shade.film(color)

    color, segment = eyes.look(
        t, origin, ray, side, centres, gap, above, u, lit, ao, lights, turn, b, pixel
    )
    color, segment = mouth.look(
        t, origin, ray, across, jaw, middle, lit, ao, lights, turn, b, pixel
    )

`t` maps each trait to [B]; `b` int64 [N] says whose sample it is. Points, directions and colours
are [N, 3]; a transposed view of a contiguous [3, N] is the fastest, and what comes back is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads import complexion, makeup, noise, wrinkles
from pipeline.generators.heads.face import aperture, bell, lips, step
from pipeline.generators.heads.sheet import sheet_for
from pipeline.generators.heads.tone import Tones, tones

SKIN, LIPS = SEGMENTS.index("skin"), SEGMENTS.index("lips")


@dataclass(frozen=True)
class Paint:
    """What shading needs to know of N samples of skin.

    albedo: [N, 3], linear RGB. rough: [N], roughness of the surface, 0.2 (wet) .. 0.6 (dry).
    gloss: [N], strength of the speculars, about 1. bump: [N, 3], slopes of the relief in head
    space, which tilt the normal against them. open: [N], 1 on plain skin, less in pores and
    valleys. scatter: [N], how far light spreads inside, about 1. thin: [N], 0..1, how far light
    from behind glows through. flank: [N], 0 on the face's front, which hides from the rim light,
    to 1 on its sides. dark: [N], 0 up to Monk 4, 1 from Monk 8. segment: int64 [N], SKIN or LIPS.
    """

    albedo: Tensor
    rough: Tensor
    gloss: Tensor
    bump: Tensor
    open: Tensor
    scatter: Tensor
    thin: Tensor
    flank: Tensor
    dark: Tensor
    segment: Tensor


def of(table: Tensor, b: Tensor) -> Tensor:
    """Per-person values [B] or [C, B] at samples b [N]; one person's spread by broadcasting."""
    return table if table.shape[-1] == 1 else table.index_select(-1, b)


def fade(pixel: float, finest: float) -> float:
    """1 where details `finest` mm wide show in samples `pixel` mm apart, 0 where they cannot."""
    return max(0.0, min(1.0, 1.6 - 0.9 * pixel / finest))


def paint(t: Mapping[str, Tensor], rest: Tensor, chart: Tensor, b: Tensor, pixel: float) -> Paint:
    """Paint N samples of skin.

    Args:
        t: traits by name, float32 [B] each.
        rest: float32 [N, 3], rest coordinates, mm.
        chart: float32 [N, 2], mm around and up.
        b: int64 [N], whose sample each is.
        pixel: distance of the samples on the surface, mm.
    """
    p = rest.t().contiguous()
    around, up = chart.t().contiguous()
    c = tones(t)
    sheet = sheet_for(pixel)
    flip = complexion.mirror(t)
    face = sheet.read(complexion.bake(t, c.dark, sheet), p, b, flip)
    side = of(flip, b)

    blood, melanin, shade = face[complexion.BLOOD], face[complexion.MELANIN], face[complexion.SHADE]
    ax = p[0].abs()
    ear = step(ax - 0.115 * p[1], 72.0, 75.5) * (p[2] < -40) * ((p[1] + 8).abs() < 48)
    blood = blood + ear * of(0.02 * complexion.flushed(t), b)
    # Where the ear leaves the head nothing of the rim light gets in.
    root = bell((ax - 71) / 5) * (p[2] < -55) * ((p[1] + 8).abs() < 38)
    flank = step(-p[2], 10.0, 42.0) * (1 - root)
    thin = face[complexion.THIN] + 0.5 * ear
    shift = of(t["mark_seed"], b)
    u, v = around + 41.0 * shift, up - 23.0 * shift
    blotch = noise.cloud(p.device).read(u, v).clamp_(-2, 2)
    uneven = 0.30 + 0.22 * t["blemishes"].clamp(-1, 2.5) + 0.80 * wrinkles.years(t["old"])
    uneven = of(uneven.clamp(min=0.10), b)
    blood = blood + uneven * (
        0.022 * blotch[0] + 0.024 * blotch[1].clamp(min=-0.7) + 0.016 * blotch[2]
    )
    melanin = melanin + uneven * (0.008 * blotch[0] + 0.007 * blotch[1] + 0.008 * blotch[2])
    melanin, blood = _spots(t, c, face, blood, melanin, u, v, b, pixel)

    bump_x, bump_y = side * face[complexion.SLOPE_X], face[complexion.SLOPE_Y]
    bump_z = torch.zeros_like(bump_x)
    open_ = torch.exp(-0.7 * shade.clamp(0, 3))
    gloss = (
        (1.0 + face[complexion.GLOSS])
        * of(1 + 0.5 * c.dark, b)
        * (1 + 0.10 * blotch[2] - 0.06 * blotch[1])
    )
    fine = fade(pixel, 0.8)
    if fine:
        coarse = 0.55 + face[complexion.COARSE] + of(0.7 * t["old"] - 0.35 * t["child"], b)
        tiny = noise.micro(0 if pixel < 0.25 else 1, p.device).read(u, v)
        amount = (fine * 0.17) * coarse.clamp_(0.1, 1.8)
        angle = around / 70
        slope = tiny[1] * amount
        bump_x = bump_x + slope * angle.cos()
        bump_z = bump_z - slope * angle.sin()
        bump_y = bump_y + tiny[2] * amount
        pit = (fine * 0.026) * coarse * tiny[0].clamp(-2.5, 1.0)
        shade = shade - pit
        gloss = gloss * (1 + 5 * pit + 0.05 * fine * tiny[3])

    rough = 0.50 - 0.12 * (face[complexion.GLOSS]).clamp(-0.5, 0.8)
    # Samples that lie far apart see a rougher surface, dark skin a broader shine.
    rough = rough + of(0.10 * c.dark - 0.035 * t["oiliness"] + 0.04 * t["child"], b)
    rough = rough + min(0.10, 0.08 * max(0.0, pixel - 0.3))
    red = of(c.blood.t(), b) * blood + shade
    absorb = of(c.melanin.t(), b) * melanin + red
    albedo = of(c.skin.t(), b) * absorb.neg_().exp_()
    pale = face[complexion.PALE] * (1 - ear)
    white = torch.tensor([0.72, 0.53, 0.44], device=p.device)[:, None] * torch.exp(-0.8 * red)
    albedo = albedo + (white - albedo) * pale

    painted = makeup.palette(t, c)
    albedo = albedo + (of(painted.shadow.t(), b) - albedo) * (
        face[complexion.SHADOW].clamp(max=1) * 0.78
    )
    segment = torch.full_like(b, SKIN)
    # Light goes farthest, and turns reddest, in the palest skin.
    scatter = torch.ones_like(rough) + of(0.12 * step(t["tone"], 3.0, 1.0), b)
    out = Paint(
        albedo.t(), rough, gloss.clamp(min=0.1), torch.stack([bump_x, bump_y, bump_z]).t(),
        open_, scatter, thin.clamp(0, 1), flank, of(c.dark, b).expand_as(rough),
        segment,
    )  # fmt: skip
    _mouth(out, t, c, painted, p, b, pixel)
    _lids(out, t, c, painted, p, b, pixel)
    return out


def _spots(
    t: Mapping[str, Tensor], c: Tones, face: Tensor, blood: Tensor, melanin: Tensor,
    u: Tensor, v: Tensor, b: Tensor, pixel: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Add freckles, age spots and blemishes to melanin and blood [N]."""
    light = 1 - 0.85 * step(t["tone"], 3.0, 7.5)
    many = (0.42 * t["freckles"] + 0.02).clamp(0, 1) * light * (1 - 0.5 * t["old"])
    aged = step(t["age"], 45, 88) * (1 + 0.15 * t["weathering"]).clamp(0.4, 1.5)
    sore = (0.45 * t["blemishes"] - 0.25).clamp(0, 1) * step(t["age"], 10, 14)
    sore = sore * (1 - 0.75 * step(t["age"], 26, 45)) * (1 - 0.6 * t["makeup"])
    if not bool((many + aged + sore).max() > 0):
        return melanin, blood
    dots = noise.spots(0 if pixel < 0.4 else 1 if pixel < 0.8 else 2, u.device).read(u, v)
    where = face[complexion.FRECKLED].clamp(0, 1.2)
    freckle = ((dots[0] - of(1.02 - 0.55 * many, b) + where * of(0.30 * many, b)) * 4).clamp_(0, 1)
    deep = 0.17 + 0.25 * fade(pixel, 2.2)
    melanin = melanin + freckle * where.clamp_(max=1) * of(deep * step(many, 0.0, 0.12), b)
    spot = ((dots[1] - of(1.06 - 0.42 * aged, b)) * 3.5).clamp_(0, 1)
    melanin = melanin + spot * of(0.32 * step(aged, 0, 0.3) * (1 - 0.4 * c.dark), b)
    pimple = ((dots[2] - of(1.02 - 0.7 * sore, b)) * 4).clamp_(0, 1)
    fresh = step(sore, 0, 0.1)
    blood = blood + pimple * of(0.55 * fresh, b)
    return melanin + pimple * of(0.30 * c.dark * fresh, b), blood


def _mouth(
    out: Paint, t: Mapping[str, Tensor], c: Tones, painted: makeup.Palette, p: Tensor, b: Tensor,
    pixel: float,
) -> None:  # fmt: skip
    """Paint the lips in place; p is rest [3, N]."""
    x, y, z = p
    near = (x.abs() < 29) & ((y + 69).abs() < 13) & (z > -40)
    k = torch.nonzero(near)[:, 0]
    if not k.numel():
        return
    q, bk = p[:, k], b[k]
    inside, height = lips(q.t())
    x, soft = q[0], max(1.2, 0.7 * pixel)
    cover = step(inside, -soft, soft)
    color = of(c.lips.t(), bk)
    dark = of(c.dark, bk)
    upper = step(height, -0.05, 0.10)
    inner = bell(height / 0.34)
    edge = bell((inside - 0.3) / 1.6)
    # The upper lip is darker, the inner rim redder, the outline darker on dark skin
    # and the lower lip pinker.
    tone = -0.26 * upper - 0.10 * inner - 0.36 * dark * edge + 0.20 * dark * (1 - upper) * inner
    red = torch.tensor([0.0, -0.22, -0.16], device=x.device)[:, None] * inner
    pink = torch.tensor([0.14, -0.02, 0.02], device=x.device)[:, None] * (dark * (1 - upper))
    color = color * (tone + red + pink).exp()
    color = color * (1 - (0.5 + 0.15 * dark) * bell(height / 0.11))
    lipstick, sheen = of(painted.lips.t(), bk), of(painted.gloss, bk)
    stain = of(painted.lip_cover, bk)
    color = color + (lipstick * (1 - 0.14 * upper) - color) * stain
    fine = fade(pixel, 1.3)
    lines = noise.micro(1, p.device).read(x * 2.6 + 3, q[1] * 0.35 + 11.0 + of(t["mark_seed"], bk))
    color = color * (1 + 0.050 * fine * lines[0].clamp(-2, 2))
    age = of(t["child"], bk)
    base = out.albedo.t()[:, k]
    weight = cover * (0.80 * (1 - 0.30 * age) + (0.15 + 0.24 * age) * stain)
    # A lighter roll of skin borders the vermilion.
    roll = 1 + 0.05 * bell((inside + 1.5) / 1.1)
    # The corners lie in a little shade.
    corner = bell((x.abs() - 25.0) / 2.4) * bell((q[1] + 67.4) / 2.0)
    roll = roll * (1 - (0.22 + 0.12 * dark) * corner)
    out.albedo.t()[:, k] = base * roll + (color - base * roll) * weight
    wet = bell(height / 0.16) + 0.35 * bell((height + 0.45) / 0.3)
    out.rough[k] = out.rough[k] + (0.41 - 0.13 * sheen - 0.06 * wet - out.rough[k]) * cover
    # Thin bright strokes would flicker along the lips' border.
    border = bell(inside / (1.3 + pixel))
    out.rough[k] = out.rough[k] + (0.62 - out.rough[k]) * (0.7 * border)
    gloss = 1.05 - 0.6 * bell(height / 0.09) + 0.8 * sheen
    out.gloss[k] = (out.gloss[k] + (gloss - out.gloss[k]) * cover) * (1 - 0.35 * dark * border)
    out.open[k] = out.open[k] * (1 - 0.45 * bell(height / 0.10) * cover)
    ridge = 0.26 * fine * lines[1] * cover * (1.0 - 0.4 * stain)
    slopes = out.bump.t()
    slopes[0, k] = slopes[0, k] * (1 - 0.7 * cover) + ridge
    slopes[1, k] = slopes[1, k] * (1 - 0.7 * cover)
    out.segment[k[inside > 0]] = LIPS


def _lids(
    out: Paint, t: Mapping[str, Tensor], c: Tones, painted: makeup.Palette, p: Tensor, b: Tensor,
    pixel: float,
) -> None:  # fmt: skip
    """Paint the margins of the lids, the inner corners and the eye line in place."""
    x, y, z = p
    near = ((x.abs() - 32).abs() < 24) & (y.abs() < 13) & (z > -45)
    k = torch.nonzero(near)[:, 0]
    if not k.numel():
        return
    q, bk = p[:, k], b[k]
    gap, above, u = aperture(q.t())
    base = out.albedo.t()[:, k]
    upper = step(above, -3.0, -1.0)
    soft = max(0.55, 0.55 * pixel)
    dark = of(c.dark, bk)
    # The wet pink margin, wider at the inner corner.
    margin = bell((gap + 0.35) / (soft + 0.25))
    inner = bell((u + 1.06) / 0.14) * bell(gap / 2.2)
    pink = torch.tensor([0.62, 0.26, 0.22], device=x.device)[:, None] * (1 - 0.75 * dark)
    rim = margin * (0.40 - 0.25 * upper) + (0.65 - 0.30 * dark) * inner
    base = base + (pink - base) * rim.clamp(0, 0.8)
    # Roots of the lashes shade the edge, more above and outside.
    root = bell((gap + 0.8) / (0.65 + 0.4 * pixel)) * (1 - inner)
    root = root * (0.30 + 0.55 * upper) * (0.55 + 0.25 * u).clamp(0.2, 1)
    base = base * torch.exp(-root * (0.8 - 0.4 * of(t["child"], bk)))
    line, color = of(painted.line, bk), of(painted.line_color.t(), bk)
    wide = (0.35 + 1.0 * line) * (0.55 + 0.45 * step(u, -0.8, 0.6))
    cover = upper * step(gap, -wide - soft, -wide + soft * 0.6) * step(u, -0.98, -0.7)
    cover = cover * (1 - step(u, 0.98, 1.08))
    wing = above - 2.2 - 8.5 * (u - 1.0)
    tail = (1 - step((wing + 1.2).abs(), 0.35, 0.8 + soft)) * step(u, 0.88, 1.0)
    tail = tail * (1 - step(u, 1.08, 1.26)) * step(line, 0.45, 0.8)
    cover = torch.maximum(cover, 0.85 * tail) * step(line, 0.02, 0.25) * (0.72 + 0.25 * line)
    base = base + (color - base) * cover
    out.albedo.t()[:, k] = base
    wet = bell((gap + 0.25) / 0.5) + inner
    crease = bell((above - 3.0) / (2.0 + pixel)) * step(above, -1.0, 0.5)
    out.rough[k] = out.rough[k] + (0.62 - out.rough[k]) * (0.6 * crease)
    wet = wet * min(1.0, 0.6 / max(pixel, 0.1)) * (1 - 0.5 * dark)
    out.rough[k] = out.rough[k] + (0.30 - out.rough[k]) * wet.clamp(0, 0.85)
    out.gloss[k] = out.gloss[k] + 0.5 * wet - (0.25 + 0.25 * dark) * crease
