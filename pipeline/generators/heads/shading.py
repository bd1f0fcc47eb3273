"""Light the surfaces: key, fill and rim lights, scattering skin, glossy lobes, film response."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, pad

from pipeline.generators.heads.layout import Person
from pipeline.generators.heads.march import HALF_VIEW, unit


@dataclass(frozen=True)
class Lights:
    """Lights in head space: directions [3], colours [3] (linear, a white wall lit by all is ~1)."""

    key: Tensor
    rim: Tensor
    up: Tensor
    key_color: Tensor
    sky: Tensor
    ground: Tensor
    rim_color: Tensor


def lights(g: Person, turn: NDArray[np.float64]) -> Lights:
    """Place the lights; azimuth 0 is the camera's side, positive to the right of the picture."""
    az, el = np.radians(g["light_azimuth"]), np.radians(g["light_elevation"])
    key = np.array([np.sin(az) * np.cos(el), np.sin(el), np.cos(az) * np.cos(el)])
    back = np.radians(g["light_azimuth"] + (145 if g["light_azimuth"] < 0 else -145))
    rim = np.array([np.sin(back) * 0.9, 0.35, np.cos(back) * 0.9])
    contrast = 0.70 + 0.22 * g["light_contrast"]
    warm = 0.035 * g["light_warmth"]
    color = torch.tensor([1 + warm, 1.0, 1 - warm])

    def local(v: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(turn.T @ (v / np.linalg.norm(v))).float()

    fill = 0.66 - 0.50 * contrast
    return Lights(
        key=local(key),
        rim=local(rim),
        up=local(np.array([0.0, 0.85, 0.5])),
        key_color=color * contrast,
        sky=torch.tensor([0.97, 1.0, 1.04]) * fill * 1.25,
        ground=torch.tensor([1.05, 0.98, 0.92]) * fill * 0.55,
        rim_color=color * 0.55,
    )


def dot(a: Tensor, n: Tensor) -> Tensor:
    """Products of direction a [3] with each column of n [3, N]."""
    return a @ n


def irradiance(lamps: Lights, n: Tensor, shadow: Tensor, open_sky: Tensor) -> Tensor:
    """Light reaching points of normals n [3, N]: float32 [3, N].

    The key wraps a little around the terminator, red furthest, as light does inside skin.
    """
    c = dot(lamps.key, n)
    wrap = torch.tensor([0.20, 0.11, 0.08])[:, None]
    lit = ((c[None] + wrap) / (1 + wrap)).clamp_(min=0) * shadow
    up = 0.5 + 0.5 * dot(lamps.up, n)
    hemi = lamps.ground[:, None] + (lamps.sky - lamps.ground)[:, None] * up
    rim = dot(lamps.rim, n).clamp(min=0) * 0.5
    # Light bounces between folds of skin: occlusion is warmer than grey (Jimenez et al. 2016).
    warm = open_sky[None] ** torch.tensor([0.86, 1.03, 1.09])[:, None]
    return lamps.key_color[:, None] * lit + hemi * warm + lamps.rim_color[:, None] * rim * open_sky


def gloss(
    lamps: Lights, n: Tensor, view: Tensor, shadow: Tensor, rough: tuple[float, float]
) -> Tensor:
    """Two specular lobes and a grazing sheen [3, N]; `view` points to the camera [3, N]."""
    out = torch.zeros_like(n)
    nv = (n * view).sum(0).clamp(min=0)
    fresnel = 0.035 + 0.30 * (1 - nv.clamp(min=0.12)) ** 5
    for direction, color, visible in (
        (lamps.key, lamps.key_color, shadow),
        (lamps.rim, lamps.rim_color, shadow * 0 + 1),
    ):
        h = view + direction[:, None]
        nh = (n * unit(h)).sum(0).clamp(min=0)
        lobe = (
            nh ** rough[0] * (rough[0] + 8) * 0.04 * 0.5
            + nh ** rough[1] * (rough[1] + 8) * 0.04 * 0.35
        )
        facing = dot(direction, n).clamp(0, 1).sqrt()
        out += color[:, None] * (lobe * fresnel * facing * visible)
    sky = 0.5 + 0.5 * dot(lamps.up, n)
    return out + lamps.sky[:, None] * (fresnel * sky * 0.35)


def scatter(image: Tensor, mask: Tensor, rays_per_unit: float) -> Tensor:
    """Blur irradiance [3, S, S] within `mask` [S, S], red widest: subsurface scattering.

    After d'Eon and Luebke (2007): one Gaussian a channel, in picture space.
    """
    sigmas = torch.tensor([0.026, 0.017, 0.012]) * rays_per_unit
    radius = max(1, int(2.2 * float(sigmas[0]) + 0.5))
    i = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (i[None] / sigmas[:, None].clamp(min=0.3)) ** 2)
    kernel = torch.cat([kernel, kernel])
    both = torch.cat([image * mask, mask.expand_as(image)])[None]
    across = conv2d(pad(both, (radius, radius, 0, 0)), kernel[:, None, None], groups=6)
    blurred = conv2d(pad(across, (0, 0, radius, radius)), kernel[:, None, :, None], groups=6)[0]
    return blurred[:3] / blurred[3:].clamp(min=1e-4)


def film(linear: Tensor) -> Tensor:
    """Linear light to sRGB 0..1: straight up to 0.72, then a shoulder that never clips."""
    low = linear.clamp(0, 0.72)
    high = (linear - 0.72).clamp(min=0)
    x = low + 0.28 * (1 - torch.exp(-high / 0.28))
    return torch.where(x <= 0.0031308, x * 12.92, 1.055 * x.clamp(min=1e-6) ** (1 / 2.4) - 0.055)


def rays_per_unit(side: int) -> float:
    """Rays a head-space unit spans near the head."""
    return side / (2 * HALF_VIEW)
