"""Light skin: diffuse light that bleeds red, two glossy lobes, peach fuzz, rim and film."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from pipeline.generators.heads.blur import blur
from pipeline.generators.heads.light import Lights
from pipeline.generators.heads.skin import Paint, of
from pipeline.generators.heads.vectors import dot, unit

BLEED = (0.46, 0.24, 0.15)
"""Half width in cosines of the soft step from light to dark, for red, green and blue."""

SPREAD_MM = 2.1
"""Deviation of the light that spreads inside skin; MIX is the share that does."""

MIX = (0.62, 0.40, 0.27)

EXPOSURE, SHOULDER, TOE, HUE_KEPT = 1.40, 0.44, 0.003, 0.60


GLOSS_TINT = (1.03, 0.98, 0.92)
"""Highlights of skin are a little warmer than the light."""

DARK_TINT = (1.11, 0.96, 0.81)
"""The same on the darkest skin, which mirrors DULL of the sky: more would turn it ashen."""

DULL = 0.15

REFLECTOR = 0.16
"""What skin mirrors of the reflector where it faces it straight: it looks brighter than it lights
the skin, for it is smaller than the sky."""

USUAL_LIGHT = 0.92
"""What a face receives in soft light, for `exposure`."""


def column(values: tuple[float, ...], like: Tensor) -> Tensor:
    """A colour or direction [3, 1] on the device of `like`."""
    return torch.tensor(values, device=like.device, dtype=like.dtype)[:, None]


def turned(turn: Tensor, v: Tensor, b: Tensor) -> Tensor:
    """Columns v [3, N] turned by their person's matrix of turn [B, 3, 3]."""
    m = of(turn.flatten(1).t().contiguous(), b)
    return torch.stack([dot(m[3 * i : 3 * i + 3], v) for i in range(3)])


def bend(n: Tensor, slope: Tensor) -> Tensor:
    """Normals [3, N] tilted against slopes [3, N] along the surface."""
    return unit(n - (slope - n * dot(n, slope)))


def soft_step(c: Tensor, width: Tensor | float) -> Tensor:
    """max(c, 0) with a quadratic bend of half width `width`."""
    h = ((c + width) / (2 * width)).clamp(0, 1)
    return width * h * h + (c - width).clamp(min=0)


def lobe(nh: Tensor, lh: Tensor, rough: Tensor) -> Tensor:
    """GGX highlight without Fresnel, times pi (Walter et al., 2007; Karis' visibility)."""
    a2 = rough.square().square()
    d = (nh * nh) * (a2 - 1) + 1
    return a2 / (d * d * (lh * lh).clamp(min=0.1) * (4 * rough + 2))


def shade(
    paint: Paint, normal: Tensor, view: Tensor, lit: Tensor, ao: Tensor, lights: Lights,
    turn: Tensor, b: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Light N samples.

    Args:
        paint: of the samples.
        normal, view: float32 [N, 3], unit, in the world; `view` points to the camera.
        lit: float32 [N], 0 in the key light's shadow .. 1.
        ao: float32 [N], openness to the sky, 0..1.
        lights: of B people, in the world.
        turn: float32 [B, 3, 3], world from head.
        b: int64 [N].

    Returns:
        light to spread and multiply by the albedo, and highlights to add: float32 [N, 3] each.
    """
    n0, v = normal.t().contiguous(), view.t().contiguous()
    n = bend(n0, turned(turn, paint.bump.t(), b))
    # Large and grazing lights see little of the pores.
    smooth = torch.lerp(n0, n, 0.35)
    key, rim = of(lights.key.t(), b), of(lights.rim.t(), b)
    key_color, rim_color = of(lights.key_color.t(), b), of(lights.rim_color.t(), b)
    sky, ground = of(lights.sky.t(), b), of(lights.ground.t(), b)

    ck, ck0 = dot(n, key), dot(n0, key)
    # Red sees the smooth form, blue the pores; large lights reach round the form.
    width = paint.scatter * of(0.75 + 0.018 * lights.size, b)
    direct = torch.stack(
        [soft_step(ck0 + (ck - ck0) * k, w * width)
         for k, w in zip((0.45, 0.75, 0.90), BLEED, strict=True)]
    )  # fmt: skip
    # The edge of a shadow turns red; beyond the terminator the form's own shadow does not count.
    edge = lit * (1 - lit)
    shadow = torch.stack([lit + 0.34 * edge, lit + 0.06 * edge, lit - 0.06 * edge])
    past = (0.5 - 2.5 * ck0).clamp(0, 1)
    shadow = shadow + (1 - shadow) * past

    up = of(lights.dome.t(), b)
    open_ = ao * paint.open
    dim = open_ * (1 - open_)
    warm = torch.stack([open_ + 0.22 * dim, open_ + 0.00 * dim, open_ - 0.07 * dim])
    # Steeper than a plain dome: what turns away from it falls off sooner.
    high = 0.5 + 0.5 * dot(n, up)
    high = high * (0.50 + 0.59 * high)
    around = ground + (sky - ground) * high
    fill, fill_color = of(lights.fill.t(), b), of(lights.fill_color.t(), b)
    to_fill = dot(smooth, fill)
    filled = soft_step(to_fill, 0.5)
    rim_cos = dot(smooth, rim)
    nv = dot(n, v).clamp(min=0.02)
    # Head and nose hide the light behind them from all that faces the camera.
    fringe = paint.flank * ao.square() * ((0.45 - nv) / 0.20).clamp(0, 1)
    back = soft_step(rim_cos, 0.20) * fringe
    light = key_color * direct * shadow + around * warm + rim_color * (0.4 * back)
    light = light + fill_color * (filled * open_)
    glow = column((1.0, 0.42, 0.28), n)
    through = paint.thin * (paint.flank * (0.1 - 0.6 * rim_cos).clamp(0, 1) * 0.22)
    behind = paint.thin * ((0.1 - 0.8 * ck0).clamp(0, 1) * lit * 0.4)
    light = light + glow * (rim_color * through + key_color * behind)

    grazing = (1 - nv).square().square()
    fresnel = 0.030 + 0.24 * grazing * (1 - nv)
    gloss = paint.gloss * paint.open
    # Large lights have large images.
    rough = (paint.rough + of(0.003 * lights.size - 0.05, b)).clamp(0.2, 0.8)
    # Form shows on dark skin by its broad sheen.
    broad = 0.42 + 0.33 * paint.dark
    normal_reflect = 0.030 + 0.012 * paint.dark
    out = torch.zeros_like(n)
    for facing, direction, color, cosine, seen in (
        (n, key, key_color, ck, lit),
        (smooth, rim, rim_color, rim_cos, fringe),
    ):
        half = unit(v + direction)
        nh, lh = dot(facing, half).clamp(min=0), dot(v, half).clamp(min=0)
        shine = 0.72 * lobe(nh, lh, rough)
        shine = shine + broad * lobe(nh, lh, (rough * 1.55).clamp(max=0.9))
        reflect = normal_reflect + 0.97 * (1 - lh).clamp(min=0) ** 5
        out = out + color * (shine * reflect * cosine.clamp(min=0) * seen * gloss)
    bounce = 2 * nv * n - v
    sheet = ground + (sky - ground) * (0.5 + 0.5 * dot(bounce, up)).square()
    # Dark skin mirrors and bristles less, or it would turn grey.
    pale = DULL + (1 - DULL) * paint.albedo[:, 1].clamp(max=0.5).mul(2).sqrt()
    fuzz = 0.10 * pale * grazing * (1 - 0.6 * grazing)
    strip = ((2 * nv * to_fill - dot(v, fill) - 0.10) / 0.90).clamp(0, 1).square()
    mirrored = (0.2 + 0.8 * paint.dark) * gloss * ao * REFLECTOR
    out = out + fill_color * (strip * mirrored)
    out = out + sheet * (fresnel * pale * 0.85 * gloss * (ao * (0.4 + 0.6 * rough)))
    out = out + (around * ao + key_color * ((0.35 + 0.65 * ck0).clamp(min=0) * lit)) * fuzz
    # A soft knee: on dark skin highlights grow broad rather than white.
    peak = out.amax(0).clamp(min=1e-6)
    cap = 0.14 + 1.6 * paint.albedo[:, 1].clamp(max=0.6)
    out = out * (cap * (1 - torch.exp(-peak / cap)) / peak)
    # What dark skin mirrors has partly been inside it.
    tint = torch.lerp(column(DARK_TINT, out), column(GLOSS_TINT, out), (pale - DULL) / (1 - DULL))
    return light.t(), (out * tint).t()


def exposure(lights: Lights) -> Tensor:
    """Gain [B] of a camera that exposes for the face: multiply radiance by it before `film`."""
    ahead = 0.30 * lights.key[:, 1] + 0.954 * lights.key[:, 2]
    light = lights.key_color.mean(1) * ahead.clamp(min=0) * 0.92
    light = light + 0.75 * lights.sky.mean(1) + 0.25 * lights.ground.mean(1)
    light = light + 0.75 * lights.fill_color.mean(1)
    return (USUAL_LIGHT / light.clamp(min=0.1)).pow(0.65).clamp(0.8, 1.4)


def scatter(light: Tensor, mask: Tensor, samples_per_mm: float) -> Tensor:
    """Spread light inside skin: a narrow part stays, a wide one is blurred, most of it red.

    After d'Eon and Luebke (2007): sums of Gaussians, here in picture space.

    Args:
        light: float32 [B, 3, S, S].
        mask: float32 [B, 1, S, S], 1 on skin.
        samples_per_mm: at the face.
    """
    sigma = SPREAD_MM * samples_per_mm
    side = light.shape[-1]
    factor = max(1, 2 ** int(max(sigma / 1.7, 1.0)).bit_length() // 2)
    while side % factor:
        factor //= 2
    both = torch.cat([light * mask, mask], 1)
    small = avg_pool2d(both, factor) if factor > 1 else both
    width = max(sigma / factor, 0.3)
    small = blur(small, torch.full((len(small),), width, device=small.device))
    if factor > 1:
        small = interpolate(small, scale_factor=float(factor), mode="bilinear", align_corners=False)
    wide = small[:, :3] / small[:, 3:].clamp(min=1e-3)
    mix = torch.tensor(MIX, device=light.device, dtype=light.dtype)[:, None, None] * mask
    return light + (wide - light) * mix


def film(linear: Tensor) -> Tensor:
    """Linear light to sRGB 0..1: a slight toe, then straight up to a soft SHOULDER.

    linear: float32 [N, 3] or [B, 3, S, S]. Bright colours keep part of their hue: half of each
    channel follows its own curve, half the brightest one's.
    """
    x = linear.clamp(min=0) * EXPOSURE
    x = x * x / (x + TOE)
    peak = x.amax(1, keepdim=True)
    x = torch.lerp(_shoulder(x), x * (_shoulder(peak) / peak.clamp(min=1e-6)), HUE_KEPT)
    return torch.where(x <= 0.0031308, x * 12.92, 1.055 * x.clamp(min=1e-6) ** (1 / 2.4) - 0.055)


def _shoulder(x: Tensor) -> Tensor:
    rest = 1 - SHOULDER
    high = (x - SHOULDER).clamp(min=0)
    return x.clamp(max=SHOULDER) + rest * (1 - torch.exp(-high / rest))
