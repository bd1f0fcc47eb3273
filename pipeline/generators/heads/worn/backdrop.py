"""Paint what is behind the person: a lit studio wall, a gradient, or a place out of focus."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from pipeline.generators.heads.face import step
from pipeline.generators.heads.light import Lights
from pipeline.generators.heads.worn import palette, scenes

FINE = 96
"""Backdrops hold nothing finer than this many pixels can show; larger ones are resampled."""

PLAIN_BELOW, GRADIENT_BELOW = 0.36, 0.58
SCENE_EDGES = (0.67, 0.76, 0.85, 0.92)
"""Quantiles of `backdrop` between the kinds of scene, in the order of `scenes`."""


def backdrop(t: Mapping[str, Tensor], lights: Lights, size: int) -> Tensor:
    """What is behind B people, linear RGB [B, size, size, 3]."""
    side = min(size, FINE)
    axis = (torch.arange(side, device=t["backdrop"].device, dtype=torch.float32) + 0.5) / side - 0.5
    x, y = axis[None, None, None, :], axis[None, None, :, None]
    p = t["backdrop_p"]
    cloth = palette.fabric(t)
    near, second = (palette.wall(t, cloth, salt)[..., None, None] for salt in (20.0, 31.0))
    lean = lights.key[:, 0, None, None, None]

    # A pool of the key's light on the wall, on the side it comes from.
    pool = (-((x - 0.32 * lean).square() + 0.8 * (y + 0.10).square()) * 2.6).exp()
    fall = 1 - 0.45 * (x.square() + y.square())
    slope = (0.5 + 0.75 * y - 0.45 * lean * x).clamp(0, 1)
    slope = slope * slope * (3 - 2 * slope)
    graded = torch.lerp(near, 0.55 * second + 0.10 * near, slope) * (0.65 + 0.45 * pool)
    plain = (p < PLAIN_BELOW)[:, None, None, None]
    out = torch.where(plain, near * (0.42 + 0.78 * pool), graded)
    placed = torch.nonzero(p >= GRADIENT_BELOW)[:, 0]
    if placed.numel():
        part = {name: t[name][placed] for name in ("backdrop_seed", "backdrop_value_p", "tone")}
        edges = torch.tensor(SCENE_EDGES, device=p.device)
        kind = (p[placed, None] > edges).sum(1)
        top, low = scenes.ground(kind, near[placed, :, 0, 0])
        under = torch.lerp(top[..., None, None], low[..., None, None], (y + 0.5).clamp(0, 1))
        # Deep skin stands before a somewhat brighter place.
        bright = 1 + 0.4 * step(part["tone"], 5.5, 9.0)[:, None, None, None]
        under = under * bright * (0.75 + 0.3 * pool[placed])
        drawn = scenes.draw(scenes.shapes(part, kind), axis, under)
        out[placed] = drawn * (0.62 + 0.45 * part["backdrop_value_p"])[:, None, None, None]

    tint = lights.key_color / lights.key_color.mean(1, keepdim=True)
    out = out * ((0.5 + 0.5 * tint)[..., None, None] * fall)
    if size != side:
        out = interpolate(out, (size, size), mode="bicubic", align_corners=False).clamp_(min=0)
    return out.permute(0, 2, 3, 1)
