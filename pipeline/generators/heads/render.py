"""Render one person into a picture and a mask of bare skin."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from pipeline.generators.heads import (
    backdrop,
    cloth,
    colors,
    details,
    eyes,
    glasses,
    hair,
    shading,
    skin,
    strands,
)
from pipeline.generators.heads.anatomy import anatomy
from pipeline.generators.heads.details import bump, step
from pipeline.generators.heads.geometry import PIVOT, Shape, build, rotation
from pipeline.generators.heads.layout import Person
from pipeline.generators.heads.march import FAR, HALF_VIEW, Camera, camera, coarse, fine, normals
from pipeline.generators.heads.shading import Lights

AO_STEPS = torch.tensor([0.04, 0.10, 0.20, 0.38])
SHADOW_STEPS = torch.tensor([0.03, 0.06, 0.11, 0.18, 0.28, 0.42, 0.62])


def visibility(
    shape: Shape,
    locks: hair.Hair | None,
    frame: glasses.Frame | None,
    p: Tensor,
    n: Tensor,
    lamps: Lights,
) -> tuple[Tensor, Tensor]:
    """Share of the sky and of the key light that reaches points p [3, N]: two [N] in 0..1."""
    m = p.shape[1]
    sky = p[:, None] + n[:, None] * AO_STEPS[:, None]
    lamp = p[:, None] + 0.012 * n[:, None] + lamps.key[:, None, None] * SHADOW_STEPS[:, None]
    probes = torch.cat([sky, lamp], 1)
    d = shape.distance(probes.reshape(3, -1)).view(-1, m)
    a = len(AO_STEPS)
    near = ((AO_STEPS[:, None] - d[:a]) / AO_STEPS[:, None]).clamp(0, 1)
    open_sky = (1 - (near * torch.tensor([0.34, 0.32, 0.26, 0.16])[:, None]).sum(0)).clamp(0, 1)
    ratio = d[a:] / SHADOW_STEPS[:, None]
    sun = ((ratio.amin(0) + 0.05) / 0.22).clamp(0, 1)
    sun = sun * sun * (3 - 2 * sun)
    if locks is not None:
        taps = torch.cat(
            [p + 0.07 * n, p + 0.10 * lamps.key[:, None], p + 0.24 * lamps.key[:, None]], 1
        )
        inside = (-locks.depth(taps) / 0.05).clamp(0, 1).view(3, m)
        open_sky = open_sky * (1 - 0.55 * inside[0])
        sun = sun * (1 - 0.8 * torch.maximum(inside[1], inside[2]))
    if frame is not None:
        sun = sun * glasses.shade_below(frame, p, lamps.key)
    return open_sky, sun


def spread(values: Tensor, rows: Tensor, side: int, index: Tensor) -> Tensor:
    """Interpolate values [C, M] known at half-size cells `rows` [M] to full-size rays `index`."""
    half = (side + 1) // 2
    grid = torch.zeros(values.shape[0] + 1, half * half)
    grid[:-1, rows], grid[-1, rows] = values, 1.0
    padded = torch.nn.functional.avg_pool2d(grid.view(1, -1, half, half), 3, 1, 1)
    grid = torch.where(grid[-1] > 0, grid, padded.view(-1, half * half) * 0.2)
    full = interpolate(grid.view(1, -1, half, half), (side, side), mode="bilinear")[0].flatten(1)
    picked = full[:, index]
    return picked[:-1] / picked[-1].clamp(min=1e-4)


def surfaces(
    g: Person,
    shape: Shape,
    locks: hair.Hair | None,
    frame: glasses.Frame | None,
    cam: Camera,
    lamps: Lights,
) -> tuple[Tensor, Tensor, Tensor]:
    """Radiance [3, R] of skin, eyes and clothes, their depth [R] (`FAR`: none), bare skin [R]."""
    a = anatomy(g)
    side = cam.side
    pixel = 2 * HALF_VIEW / side
    index, t = fine(shape.distance, cam, coarse(shape.distance, cam, 4, 0.03))
    p = cam.at(index, t)
    ray = cam.direction[:, index]
    n = normals(shape.distance, p, max(0.005, 0.35 * pixel))

    row, column = index // side, index % side
    known = torch.nonzero((row % 2 == 0) & (column % 2 == 0))[:, 0]
    cells = (row[known] // 2) * ((side + 1) // 2) + column[known] // 2
    seen = torch.stack(visibility(shape, locks, frame, p[:, known], n[:, known], lamps))
    open_sky, sun = spread(seen, cells, side, index)

    light = torch.zeros(3, side * side)
    light[:, index] = shading.irradiance(lamps, n, sun, open_sky)
    where = torch.zeros(side * side)
    where[index] = 1.0
    soft = shading.scatter(
        light.view(3, side, side), where.view(side, side), shading.rays_per_unit(side)
    )
    soft = soft.flatten(1)[:, index]

    painted = skin.paint(a, g, p, pixel)
    dark = min(1.0, max(0.0, (g["tone"] - 4) / 5))
    rough = (26.0 - 10 * a.old, 9.0)
    shine = shading.gloss(lamps, n, -ray, sun * open_sky, rough)
    shine = shine * painted.gloss * (0.75 + 0.95 * dark) * open_sky
    color = painted.albedo * soft * (1 + 0.10 * dark) + shine

    ex, ey, ez, _ = shape.eye
    eye_gap = shape.eyeball(p)
    is_eye = (
        (eye_gap < 1.5 * pixel * 0.12 + 0.002)
        & (details.aperture(a, p[0], p[1])[0] > -0.01)
        & (p[2] > ez)
    )
    chosen = torch.nonzero(is_eye)[:, 0]
    if chosen.numel():
        q = p[:, chosen]
        center = torch.stack([q[0].sign() * ex, 0 * q[1] + ey, 0 * q[2] + ez])
        albedo, spark, shade = eyes.paint(a, g, q, center, cam.origin, lamps.key)
        round_light = 0.35 * soft[:, chosen] + 0.65 * soft[:, chosen].mean(1, keepdim=True)
        color[:, chosen] = albedo * round_light * shade + 0.75 * spark * lamps.key_color[:, None]
    bare = painted.bare * (~is_eye)

    body = shape.body_turn.T @ (p - shape.pivot[:, None]) + shape.pivot[:, None]
    edge = cloth.neckline(g, body)
    worn = step(edge, -0.5 * pixel, 0.5 * pixel)
    dyed, folds = cloth.dye(g, body, edge, pixel)
    fabric = dyed * light[:, index] * folds
    contact = 1 - 0.40 * bump(edge.clamp(max=0) / 0.035) * (1 - worn)
    color = color * contact * (1 - worn) + fabric * worn

    image = torch.zeros(3, side * side)
    image[:, index] = color
    depth = torch.full((side * side,), FAR)
    depth[index] = t
    plain = torch.zeros(side * side)
    plain[index] = bare * (1 - worn)
    return image, depth, plain


def wear(
    g: Person,
    frame: glasses.Frame,
    cam: Camera,
    image: Tensor,
    depth: Tensor,
    lamps: Lights,
    plain: Tensor,
) -> None:
    """Draw the glasses over image [3, R] in place."""
    pixel = 2 * HALF_VIEW / cam.side
    rim, lens, profile = glasses.cover(frame, cam, depth, pixel)
    height = 0.35 + 0.65 * profile
    lit = frame.color[:, None] * (0.45 + 0.65 * height) + 0.10 * frame.shine * profile**6
    sheen = lens * (0.025 + 0.05 * g["light_contrast"])
    image.mul_(1 - 0.06 * lens).add_(sheen * lamps.sky[:, None])
    image.mul_(1 - rim).add_(lit * rim)
    plain.mul_(1 - rim)


def render(g: Person, size: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """One picture, uint8 [size, size, 3] sRGB, and its bare skin, float32 [size, size] in 0..1."""
    side = int(size * 1.25 + 0.5)
    pixel = 2 * HALF_VIEW / side
    a = anatomy(g)
    rows = 96 if size <= 96 else (240 if size <= 320 else 480)
    shape = build(g, a, details.bake(a, g, rows))
    turn = rotation(g["yaw"], g["pitch"], g["roll"])
    cam = camera(turn, PIVOT, side)
    lamps = shading.lights(g, turn)
    locks, frame = hair.grow(g, a), glasses.fit(g, a)
    image, depth, plain = surfaces(g, shape, locks, frame, cam, lamps)
    behind = backdrop.paint(g, side).flatten(1)
    image = torch.where(depth < FAR, image, behind)
    if frame is not None:
        wear(g, frame, cam, image, depth, lamps, plain)
    if locks is not None:
        layer = strands.render(locks, cam, depth, lamps, colors.hair(g), pixel)
        if layer is not None:
            image[:, layer.index] = image[:, layer.index] * (1 - layer.cover) + layer.color
            plain[layer.index] = plain[layer.index] * (1 - layer.cover)
    both = torch.cat([shading.film(image), plain[None]]).view(1, 4, side, side)
    small = interpolate(both, (size, size), mode="bicubic", antialias=True)[0].clamp(0, 1)
    rgb = (small[:3] * 255 + 0.5).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    return rgb, small[3].contiguous().numpy()
