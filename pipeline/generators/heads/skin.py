"""Paint the skin: tone, blood, freckles, lips, brows, lashes, stubble and the mouth's inside."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads import colors, noise
from pipeline.generators.heads.anatomy import Anatomy
from pipeline.generators.heads.details import aperture, brow, bump, mouth, step
from pipeline.generators.heads.geometry import facing
from pipeline.generators.heads.hair import beard_area
from pipeline.generators.heads.layout import Person


@dataclass(frozen=True)
class Paint:
    """What shading needs of N skin points.

    albedo: float32 [3, N], linear RGB. gloss: [N], strength of the speculars. bare: [N], 1 where
    plain skin shows (no brow, lip, tooth or lash). inside: [N], 1 inside the mouth.
    """

    albedo: Tensor
    gloss: Tensor
    bare: Tensor
    inside: Tensor


def blend(base: Tensor, color: Tensor, weight: Tensor) -> Tensor:
    """Mix `color` [3] or [3, N] over `base` [3, N] by `weight` [N]."""
    other = color[:, None] if color.dim() == 1 else color
    return base + (other - base) * weight


def paint(a: Anatomy, g: Person, p: Tensor, pixel: float) -> Paint:
    """Paint skin points p: float32 [3, N] in head space; `pixel` is a ray's footprint."""
    x, y, z = p[0], p[1], p[2]
    ax = x.abs()
    front = facing(z)
    tone = colors.skin(g)
    seed = 0.13 * g["asymmetry"]
    albedo = tone[:, None].expand(3, x.shape[0])

    # Blotches, then blood in cheeks, nose tip, ears and lids: relative, so it suits every tone.
    blotch = noise.read(x * 0.5 + seed, y * 0.5 + z * 0.2, noise.CLOUD) - 0.5
    blood = 0.5 + 0.30 * g["redness"] + 0.35 * a.child
    blood = max(0.12, blood) * (1.0 if g["tone"] < 6.5 else 0.7)
    cheek = bump((ax - 0.40) / 0.19) * bump((y + 0.27) / 0.15)
    tip = bump(x / 0.13) * bump((y - a.nose_y) / 0.11)
    ear = step(ax, 0.60, 0.68) * bump((y + 0.1) / 0.3)
    rosy = (cheek * 0.75 + tip * 0.6 + ear * 0.7) * blood + 0.15 * blotch * front
    rosy = rosy + 0.12 * bump((y + 0.06) / 0.09) * bump((ax - a.eye_x) / 0.16) * blood
    tint = torch.tensor([0.05, -0.18, -0.16])[:, None]
    albedo = albedo * (1 + tint * rosy + 0.10 * blotch)
    forehead = step(y, 0.25, 0.5)
    albedo = albedo * (1 + 0.025 * forehead * torch.tensor([0.2, 0.6, -0.4])[:, None])
    # The eye sockets and the corners of nose and mouth are darker.
    socket = bump((ax - a.eye_x + 0.07) / 0.13) * bump((y + 0.10) / 0.055)
    albedo = albedo * (1 - (0.07 + 0.10 * a.old) * socket * torch.tensor([0.7, 1.0, 0.9])[:, None])

    nostril = bump((ax - 0.47 * a.nose_w) / 0.030) * bump((y - a.nose_y + 0.030) / 0.022)
    shell = bump((y + 0.12) / 0.10) * bump((z + 0.02) / 0.045) * step(ax, 0.60, 0.66)
    albedo = albedo * (1 - 0.75 * nostril * front) * (1 - 0.35 * shell)

    sharp = max(0.0, min(1.0, 0.030 / pixel - 0.3))
    spots = noise.read(x * 0.24 + seed, y * 0.24 - z * 0.05, noise.FINE)
    many = max(0.0, 0.45 * g["freckles"] - 0.35) * max(0.0, 1 - g["tone"] / 7) + 0.3 * a.old
    freckle = step(spots, 0.82 - 0.10 * many, 1.10 - 0.10 * many) * many
    where = bump((y + 0.20) / 0.26) * front + 0.6 * a.old * forehead
    albedo = albedo * (1 - 0.55 * freckle * where * torch.tensor([0.45, 0.8, 1.0])[:, None])
    pores = noise.read(x * 1.3, y * 1.3 + z * 0.4, noise.FINE) - 0.5
    albedo = albedo * (1 + 0.07 * sharp * pores)

    gloss = 0.75 + 0.5 * bump(x / 0.12) + 0.35 * forehead * bump(x / 0.35) + 0.3 * cheek
    gloss = gloss + 0.5 * sharp * pores
    bare = torch.ones_like(x)
    strand = colors.hair(g, facial=True)

    # Stubble is a shadow under the skin with dots on top; beards get it under their strands.
    kind = int(g["facial_hair"])
    if kind:
        area = beard_area(a, 1.0 if kind == 1 else min(1.0, 0.25 + 1.1 * g["beard_shape"]), x, y, z)
        dots = noise.read(x * 0.55 + 0.2, y * 0.35 + z * 0.2, noise.FINE)
        weight = area * ((0.50 if kind == 1 else 0.72) + 0.7 * (dots - 0.5) * (0.3 + 0.7 * sharp))
        stub = strand * 0.8 + tone * 0.12
        albedo = blend(albedo, stub, weight.clamp(0, 0.92))
        bare = bare * (1 - 0.8 * area)
    elif g["gender"] > 0.5 and a.child < 0.2:
        area = beard_area(a, 1.0, x, y, z)
        shadow = torch.tensor([0.14, 0.10, 0.05])[:, None]
        albedo = albedo * (1 - shadow * area)

    upper, lower, gap, mu = mouth(a, x, y)
    lips = step(torch.maximum(upper, lower), -0.007, 0.007) * front
    makeup = g["makeup"]
    warm = torch.tensor([0.90, 0.52, 0.50]) if g["tone"] < 6.5 else torch.tensor([1.06, 0.66, 0.66])
    color = tone * warm
    if makeup > 0.45:
        rouge = (
            torch.tensor([0.42, 0.035, 0.06]) if makeup > 0.8 else torch.tensor([0.40, 0.11, 0.12])
        )
        color = color * (1.3 - makeup) + rouge * (makeup - 0.3) * (0.45 + 0.55 * float(tone[0]))
    cracks = noise.read(x * 0.9, y * 0.12, noise.FINE) - 0.5
    ridge = color[:, None] * (1 + 0.16 * sharp * cracks)
    albedo = blend(albedo, ridge, lips * (0.80 - 0.25 * (a.masculinity > 0.5)))
    seam = bump(gap / 0.007)
    seam = seam * (1 - step(mu, 0.97, 1.05)) * front
    albedo = albedo * (1 - 0.62 * seam)
    gloss = gloss + lips * (0.9 + 0.8 * makeup)
    inside = step(gap, -0.002, 0.006) * front
    teeth, cavity = mouth_inside(a, x, y)
    albedo = blend(albedo, cavity, inside)
    albedo = torch.where(
        inside > 0.5,
        blend(cavity.expand(3, x.shape[0]), torch.tensor([0.74, 0.70, 0.63]), teeth),
        albedo,
    )

    hairs, along, across = brow(a, g, x, y)
    lean = along * 0.9 - across * 1.2 * (0.4 + along * 3)
    lines = noise.read(lean * 0.9 + 0.3, across * 0.22 + along * 0.10, noise.FINE)
    lines = 0.5 + (lines - 0.5) * (0.35 + 0.65 * sharp)
    cover = (hairs * (0.55 + 0.9 * lines) * (1.15 - 0.4 * a.child)).clamp(0, 1) * front
    dark = 0.75 if g["grey_share"] < 0.5 else 0.9
    brow_color = colors.hair(g) * dark + tone * 0.03
    if g["natural_color"] >= 2 and g["grey_share"] < 0.5:
        brow_color = brow_color * 0.55
    albedo = blend(albedo, brow_color, cover * 0.88)

    opening, above, u = aperture(a, x, y)
    fem = 1 - a.masculinity
    width = 0.010 + 0.010 * fem + 0.006 * makeup
    on = step(1.10 + 0.10 * fem - u.abs(), 0, 0.12) * step(u, -1.0, -0.7) * front
    lash = bump((above - 0.004) / width) * on * (0.55 + 0.45 * fem)
    lash = lash + 0.28 * bump((opening + 0.004) / 0.008) * front * (above < 0)
    albedo = blend(albedo, tone * 0.06 + 0.006, lash.clamp(0, 0.92))
    if makeup > 0.5:
        shadow = bump((above - 0.035) / 0.035) * on * (makeup - 0.4)
        albedo = albedo * (1 - shadow * torch.tensor([0.45, 0.55, 0.50])[:, None])
    bare = bare * (1 - lips) * (1 - inside) * (1 - 0.9 * cover) * (1 - lash.clamp(0, 1))
    return Paint(albedo, gloss * (1 - cover), bare, inside)


def mouth_inside(a: Anatomy, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Cover of the teeth [N] and the colour behind them [3, N]."""
    u = x.abs() / a.mouth_w
    line = a.mouth_y + a.corner_lift * u.square() - 0.3 * a.corner_lift
    top = line + a.gap * (0.22 + 0.22 * a.smile) + 0.02
    length = 0.075 + 0.02 * a.smile
    edge = top - length + 0.012 * u.square()
    cover = step(y - edge, -0.004, 0.006) * (1 - step(u, 0.78, 0.95))
    cover = cover * (0.62 + 0.38 * (1 - step(u, 0.35, 0.8)))
    gaps = (x.abs() / 0.040 * 3.14159).sin().abs()
    cover = cover * (0.86 + 0.14 * step(gaps, 0.0, 0.30))
    shade = 0.72 + 0.28 * step(top - y, 0.01, 0.04)
    low = line - a.gap * 0.72
    tongue = min(1.0, (a.gap / 0.14) ** 2) * bump(x / 0.12) * (1 - step(y - low, 0.0, 0.07))
    cavity = torch.stack([0.055 + 0.22 * tongue, 0.014 + 0.06 * tongue, 0.014 + 0.06 * tongue])
    return cover * shade, cavity
