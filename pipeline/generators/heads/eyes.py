"""Look into the eyes: trace each sample to the eyeball, paint it and light it."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads import noise
from pipeline.generators.heads.face import bell, step
from pipeline.generators.heads.light import Lights
from pipeline.generators.heads.skin import fade, of
from pipeline.generators.heads.skin_shade import column, lobe, soft_step
from pipeline.generators.heads.tone import linear
from pipeline.generators.heads.vectors import dot, unit

EYES, IRIS = SEGMENTS.index("eyes"), SEGMENTS.index("iris")

RADIUS = 12.2
IRIS_RADIUS = 6.4
"""Of an adult, mm; a child's fills more of the opening."""

CORNEA = 8.3 / IRIS_RADIUS
"""Radius of the cornea's dome over that of the iris."""

INDEX = 1.336
"""Of refraction, in the aqueous humour."""

IRISES = (
    # place on the trait, sRGB of the outer and of the inner zone
    (0.00, (40, 22, 14), (62, 35, 19)),
    (0.38, (68, 38, 20), (96, 56, 28)),
    (0.54, (92, 60, 36), (120, 80, 46)),
    (0.62, (98, 88, 54), (132, 98, 54)),
    (0.69, (80, 100, 72), (122, 112, 70)),
    (0.76, (66, 102, 124), (120, 138, 128)),
    (0.90, (58, 92, 132), (112, 140, 160)),
    (1.00, (104, 118, 126), (140, 148, 148)),
)


def gaze(t: Mapping[str, Tensor], turn: Tensor) -> Tensor:
    """Where B people look, unit [B, 3] in head space: near the camera, as far as eyes turn."""
    to_camera = turn[:, 2]
    right = to_camera[:, 0] / to_camera[:, 2].clamp(min=0.3) + 0.075 * t["gaze_x"]
    up = to_camera[:, 1] / to_camera[:, 2].clamp(min=0.3) + 0.045 * t["gaze_y"]
    d = torch.stack([0.52 * (right / 0.52).tanh(), 0.34 * (up / 0.34).tanh(), 1 + 0 * up], 1)
    return torch.nn.functional.normalize(d, dim=1)


def irises(t: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Colours of the outer and the inner zone, linear [B, 3] each."""
    x = t["iris"]
    stops = torch.tensor([row[0] for row in IRISES], device=x.device)
    colors = linear(torch.tensor([[*row[1], *row[2]] for row in IRISES], device=x.device) / 255)
    i = (x[:, None] >= stops[1:]).sum(1).clamp(max=len(IRISES) - 2)
    f = ((x - stops[i]) / (stops[i + 1] - stops[i])).clamp(0, 1)[:, None]
    both = colors[i] * (1 - f) + colors[i + 1] * f
    return both[:, :3], both[:, 3:]


def into_head(v: Tensor, turn: Tensor) -> Tensor:
    """World directions [B, 3] in head space, [3, B]."""
    return (turn.transpose(1, 2) * v[:, None]).sum(2).t()


def _meet(o: Tensor, d: Tensor, radius: Tensor | float) -> tuple[Tensor, Tensor]:
    """The nearest point [3, N] of a sphere about 0 on rays, and whether they meet it."""
    along = dot(o, d)
    off = o - d * along
    room = radius * radius - dot(off, off)
    p = off - d * room.clamp(min=0).sqrt()
    # Rays that just miss see the edge.
    return torch.where(room > 0, p, unit(off) * radius), room > 0


def look(
    t: Mapping[str, Tensor], origin: Tensor, ray: Tensor, side: Tensor, centres: Tensor,
    gap: Tensor, above: Tensor, u: Tensor, lit: Tensor, ao: Tensor, lights: Lights, turn: Tensor,
    b: Tensor, pixel: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Paint and light N samples that see an eyeball.

    Args:
        t: traits by name, float32 [B] each.
        origin, ray: float32 [N, 3], in head space; `ray` is unit and leaves the camera.
        side: int64 [N], 0 for the eye on the left of a frontal picture.
        centres: float32 [B, 2, 3], of the eyeballs in head space, mm.
        gap, above, u: float32 [N], of face.aperture.
        lit, ao: float32 [N], 0..1, as for skin.
        lights: of B people, in the world. turn: float32 [B, 3, 3], world from head.
        b: int64 [N]. pixel: distance of the samples, mm.

    Returns:
        linear radiance float32 [N, 3] and index of the segment int64 [N].
    """
    d = ray.t().contiguous()
    middle = centres.reshape(-1, 3).t().contiguous().index_select(1, 2 * b + side)
    o = origin.t() - middle
    axis = gaze(t, turn).t().contiguous()
    # The eyes converge a little.
    axis = of(axis, b) + torch.stack([-0.012 * (2 * side - 1), 0 * side, 0 * side]).to(d.dtype)
    axis = unit(axis)
    ball, _ = _meet(o, d, RADIUS)
    big = of(IRIS_RADIUS * (1 + 0.22 * t["child"]), b)
    # From the eye's centre to the disc of the iris, and from the dome's centre to it.
    disc, rise = (RADIUS**2 - big * big).sqrt(), (CORNEA**2 - 1) ** 0.5 * big
    dome, meets = _meet(o - axis * (disc - rise), d, CORNEA * big)
    front = meets & (dot(dome, axis) > rise)
    n_ball, n_dome = ball / RADIUS, dome / (CORNEA * big)

    # Through the cornea to the disc of the iris (Snell).
    c = -dot(d, n_dome)
    k = 1 - (1 - c * c) / INDEX**2
    inner = d / INDEX + n_dome * (c / INDEX - k.clamp(min=0).sqrt())
    from_disc = dome + axis * (0.25 - rise)
    s = -dot(from_disc, axis) / dot(inner, axis).clamp(max=-0.2)
    spot = from_disc + inner * s
    right = unit(torch.stack([axis[2], 0 * axis[0], -axis[0]]))
    high = torch.stack(
        [axis[1] * right[2] - axis[2] * right[1], axis[2] * right[0] - axis[0] * right[2],
         axis[0] * right[1] - axis[1] * right[0]]
    )  # fmt: skip
    ix, iy = dot(spot, right), dot(spot, high)
    r = torch.hypot(ix, iy) / big
    soft = 0.035 + 0.5 * pixel / IRIS_RADIUS
    # Distance from the axis on the ball decides where the white begins.
    reach = torch.where(front, torch.hypot(ix, iy), dot(ball, right).hypot(dot(ball, high)))
    reach = torch.where(dot(ball, axis) > 0, reach, 99.0 + 0 * reach) / big
    colored = 1 - step(reach, 0.985 - soft, 1.0 + soft)

    iris = _iris(t, r.clamp(max=1.2), torch.atan2(iy, ix), side, b, soft, pixel)
    white = _white(t, ball, u, reach, b, pixel)
    key = of(into_head(lights.key, turn), b)
    rim = of(into_head(lights.rim, turn), b)
    up = of(into_head(lights.dome, turn), b)
    key_color, sky = of(lights.key_color.t(), b), of(lights.sky.t(), b)
    ground = of(lights.ground.t(), b)

    # Lids and lashes throw a soft shadow on the ball; corners lie deep.
    depth = -above
    deep = of(0.10 * step(t["tone"], 5, 9), b)
    lid = 0.22 - deep + (0.78 + 0.5 * deep) * step(depth, -0.2, 6.5)
    hollow = (0.62 + 0.38 * step(gap, -0.4, 2.8)) * (1 - 0.38 * step(u.abs(), 0.25, 1.0))
    shade = lid * hollow
    lit = 0.25 + 0.75 * lit
    cosine = dot(n_ball, key)
    hemi = ground + (sky - ground) * (0.5 + 0.5 * dot(n_ball, up))
    around = hemi * ((0.40 + 0.60 * ao) * (0.20 + 0.80 * shade))
    # Nose, brow and cheek throw the key back, fair ones more.
    bounce = of(0.17 - 0.13 * step(t["tone"], 2, 9), b)
    around = around + key_color * (bounce * (0.35 + 0.65 * shade))
    light = key_color * (soft_step(cosine, 0.45) * lit * (0.12 + 0.88 * lid) * (0.4 + 0.6 * hollow))
    warm = column((1.03, 0.985, 0.96), d)
    ball_color = white * (light + around) * warm

    # The dome gathers the key on the far side of the iris.
    toward = dot(key, right) * ix + dot(key, high) * iy
    caustic = (0.80 - 0.16 * toward).clamp(0.35, 1.7)
    disc_light = key_color * (soft_step(dot(axis, key), 0.5) * lit * (0.45 + 0.55 * lid) * caustic)
    iris_color = iris * (1.25 * disc_light + 1.15 * hemi * (0.45 + 0.55 * shade))
    color = ball_color + (iris_color - ball_color) * colored

    # The wet corner, lit from all sides by the skin around it.
    inner_corner = step(-u, 0.70, 0.90)
    # Melanin dims it, too.
    flesh = column((0.60, 0.27, 0.23), d) * of(1 - 0.5 * step(t["tone"], 3, 9), b)
    flesh = flesh * (light + around + 0.45 * hemi)
    color = color + (flesh - color) * (inner_corner * 0.9)

    # Reflections: lights in the dome, a broad shine on the white, a wet line on the lower lid.
    n = torch.where(front, n_dome, n_ball)
    color = color * (1 - 0.03) + _mirror(d, n, key, rim, up, lights, lid, lit, front, b)
    half = unit(key - d)
    gloss = lobe(dot(n_ball, half).clamp(min=0), 0.8 + 0 * u, 0.30 + 0 * u)
    color = color + key_color * (0.035 * gloss * lit * lid * (1 - colored))
    tear = bell((gap - 0.30) / (0.28 + 0.4 * pixel)) * step(depth, 4.0, 6.5)
    # A camera that exposes for dark skin would let it glow.
    tear = tear * of(1 - 0.65 * step(t["tone"], 3, 8), b) * (0.6 - 0.45 * u.abs())
    color = color + (key_color * (0.20 * lit) + hemi * 0.14) * tear
    edge = step(gap, -0.35 * pixel - 0.25, 0.35 * pixel + 0.45)
    edge = torch.where(depth < 4, edge, 0.6 + 0.4 * edge)
    color = color * torch.lerp(0.35 + 0.65 * edge, 0.70 + 0.30 * edge, inner_corner)
    segment = torch.where(reach < 1, IRIS, EYES)
    return color.clamp(min=0).t(), segment


def _iris(
    t: Mapping[str, Tensor], r: Tensor, angle: Tensor, side: Tensor, b: Tensor,
    soft: float, pixel: float,
) -> Tensor:  # fmt: skip
    """Colour [3, N] of the disc at radius r (1 at its edge) and angle."""
    cloud = noise.cloud(r.device)
    turns = angle * (cloud.tile / 6.283185)
    seed = of(31.0 * t["mark_seed"], b) + 50.0 * side
    fibres = cloud.read(turns, seed + 7.0 * r)
    fine = fade(pixel, 0.7)
    strands = (0.75 * fine * fibres[2] + 0.45 * fade(pixel, 1.5) * fibres[1]).clamp(-2, 2)
    outer, middle = (of(v.t().contiguous(), b) for v in irises(t))
    dark = of(step(0.54 - t["iris"], 0, 0.35), b)
    pupil = of(0.335 + 0.05 * t["child"] - 0.05 * t["old"] + 0.02 * t["light_contrast"], b)
    # The collarette: a wavy ring where the inner zone ends.
    ring = 0.56 + 0.030 * fibres[1].clamp(-2, 2)
    inside = 1 - step(r, ring - 0.13, ring + 0.15)
    color = outer + (middle - outer) * inside
    color = color * torch.exp(strands * (0.26 - 0.06 * inside))
    crypt = step(fibres[1] + 0.8 * fibres[0], 0.9, 2.2) * bell((r - 0.66) / 0.14)
    color = color * (1 - 0.35 * fine * crypt)
    color = color * (1 + 0.30 * bell((r - ring) / 0.07))
    limbus = step(r, 0.70, 1.0)
    color = color * (1 - (0.78 - 0.10 * dark) * limbus)
    hole = step(r, pupil - soft, pupil + soft)
    rim = 1 - 0.45 * bell((r - pupil - 0.03) / 0.06)
    return color * (1.25 * rim * hole) + 0.0035 * (1 - hole)


def _white(
    t: Mapping[str, Tensor], p: Tensor, u: Tensor, reach: Tensor, b: Tensor, pixel: float
) -> Tensor:
    """Colour [3, N] of the white at points p [3, N] about the centre."""
    device = p.device
    young = torch.tensor([0.80, 0.775, 0.775], device=device)
    adult = torch.tensor([0.775, 0.725, 0.69], device=device)
    aged = torch.tensor([0.71, 0.62, 0.52], device=device)
    base = adult + (young - adult) * t["child"][:, None]
    base = base + (aged - base) * (0.85 * t["old"])[:, None]
    cream = torch.tensor([0.585, 0.61, 0.645], device=device)
    base = base * (1 - step(t["tone"], 3.5, 9.5)[:, None] * cream)
    color = of(base.t().contiguous(), b)
    corner = step(u.abs(), 0.35, 1.05)
    pink = torch.tensor([0.06, 0.42, 0.40], device=device)[:, None]
    red = of(0.42 + 0.08 * t["redness"] + 0.25 * t["old"], b)
    absorb = corner * red * 0.9
    fine = fade(pixel, 0.45)
    if fine:
        field = noise.cloud(device).read(p[0] * 6 + 40 * of(t["mark_seed"], b), p[1] * 10.0)
        vein = bell(field[1] / 0.10) + 0.6 * bell(field[2] / 0.16)
        absorb = absorb + fine * 0.34 * vein * (0.15 + corner) * step(reach, 1.0, 1.5)
    edge = bell((reach - 1.0) / 0.13)
    grey = torch.tensor([0.30, 0.24, 0.20], device=device)[:, None]
    return color * torch.exp(-pink * absorb - grey * (1.2 * edge))


def _mirror(
    d: Tensor, n: Tensor, key: Tensor, rim: Tensor, up: Tensor,
    lights: Lights, lid: Tensor, lit: Tensor, front: Tensor, b: Tensor,
) -> Tensor:  # fmt: skip
    """What the wet surface mirrors [3, N]: the key as a soft round pane, its echo and the sky."""
    facing = dot(d, n)
    back = d - 2 * facing * n
    fresnel = 0.025 + 0.55 * (1 + facing).clamp(0, 1) ** 4
    across = unit(torch.stack([key[2], 0 * key[0], -key[0]]))
    over = torch.stack(
        [key[1] * across[2] - key[2] * across[1], key[2] * across[0] - key[0] * across[2],
         key[0] * across[1] - key[1] * across[0]]
    )  # fmt: skip
    size = of(0.135 + 0.006 * lights.size, b)
    x, y = dot(back, across) / size, dot(back, over) / (1.12 * size)
    ahead = (dot(back, key) > 0.2).to(d.dtype)
    # Rounder than a square, with a soft border.
    box = (1 - step(torch.hypot(x, y), 0.45, 1.30)) * ahead * (0.85 + 0.15 * y)
    near = torch.where(front, 1.0, 0.22)
    window = box * near * (0.45 + 0.55 * lit) * (0.35 + 0.65 * lid)
    # A faint echo of a reflector opposite the key, low.
    low = unit(torch.stack([-0.8 * key[0], -0.35 + 0 * key[0], 0.9 + 0 * key[0]]))
    echo = step(dot(back, low), 0.88, 1.0) * near
    high = step(dot(back, up), 0.1, 0.9)
    edge = step(dot(back, rim), 0.80, 1.0) * near
    sky, key_color = of(lights.sky.t(), b), of(lights.key_color.t(), b)
    return (
        key_color * (1.55 * window)
        + sky * (0.04 * echo + fresnel * high * 0.9 * lid)
        + of(lights.rim_color.t(), b) * (0.10 * edge)
    )
