"""Shade things that are not skin or hair: fabric, acetate, metal and gems."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipeline.generators.heads.light import Lights

ROUGH = 0.6
"""Roughness from which nothing is mirrored."""


@dataclass(frozen=True)
class Material:
    """What N samples are made of.

    albedo: [N, 3], the colour of reflections where metal. specular: [N], strength of reflections,
    1 as of glass. roughness: [N], 0..1. metal: [N], 0 or 1. sheen: [N], light caught by fuzz at
    grazing angles. segment: int64 [N], index into SEGMENTS.
    """

    albedo: Tensor
    specular: Tensor
    roughness: Tensor
    metal: Tensor
    sheen: Tensor
    segment: Tensor


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)


def hemisphere(direction: Tensor, lights: Lights, b: Tensor) -> Tensor:
    """Radiance [N, 3] of sky and ground from directions [N, 3]."""
    up = (0.5 + 0.5 * direction[:, 1:2]).clamp(0, 1)
    return torch.lerp(lights.ground[b], lights.sky[b], up)


def surroundings(direction: Tensor, roughness: Tensor, lights: Lights, b: Tensor) -> Tensor:
    """Radiance [N, 3] that shiny things mirror: a studio with one large softbox as the key."""
    y = direction[:, 1:2]
    width = 0.06 + 0.5 * roughness[:, None]
    horizon = ((y + 0.05) / width).clamp(-1, 1) * 0.5 + 0.5
    room = torch.lerp(0.35 * lights.ground[b], lights.sky[b] * (0.55 + 0.65 * y.abs()), horizon)
    toward = _dot(direction, lights.key[b])[:, None]
    box = ((toward - 0.80 + width) / (2 * width)).clamp(0, 1)
    return room + 1.6 * lights.key_color[b] * (box * box * (3 - 2 * box)) * (0.25 / (0.2 + width))


def highlight(normal: Tensor, view: Tensor, light: Tensor, roughness: Tensor) -> Tensor:
    """Lobe [N] of GGX with the visibility of Lazarov (2013), times the cosine to the light."""
    half = normalize(light + view, dim=-1)
    alpha = roughness.square().clamp(min=0.02)
    nh = _dot(normal, half).clamp(0, 1)
    d = alpha / (nh.square() * (alpha.square() - 1) + 1)
    lh = _dot(light, half).clamp(min=0.25)
    return (
        d.square()
        * _dot(normal, light).clamp(min=0)
        / (4 * torch.pi * lh.square() * (roughness + 0.5))
    )


def shade(
    m: Material, normal: Tensor, view: Tensor, lit: Tensor, ao: Tensor, lights: Lights, b: Tensor
) -> Tensor:
    """Radiance [N, 3] of samples toward the camera; arguments as the package describes."""
    key, rim = lights.key[b], lights.rim[b]
    to_key = _dot(normal, key)
    key_light = lights.key_color[b] * lit[:, None]
    # Fabric lets light wrap a little; the terminator of a knitted shoulder is never razor sharp.
    wrap = 0.25 * (m.sheen > 0).float()
    diffuse = key_light * ((to_key + wrap) / (1 + wrap)).clamp(min=0)[:, None]
    diffuse = diffuse + lights.rim_color[b] * _dot(normal, rim).clamp(min=0)[:, None]
    diffuse = diffuse + hemisphere(normal, lights, b) * ao[:, None]
    facing = _dot(normal, view).clamp(0, 1)
    own = m.albedo * (1 - m.metal)[:, None]
    own = own + (0.5 * m.sheen * (1 - facing).square())[:, None] * m.albedo.sqrt()
    out = own * diffuse
    # What is as rough as cloth mirrors nothing that one would see.
    shiny = torch.nonzero(m.roughness < ROUGH)[:, 0]
    if shiny.numel():
        out[shiny] += _mirrored(_only(m, shiny), normal[shiny], view[shiny], key_light[shiny],
                                ao[shiny], lights, b[shiny])  # fmt: skip
    return out


def _only(m: Material, which: Tensor) -> Material:
    return Material(**{name: value[which] for name, value in vars(m).items()})


def _mirrored(
    m: Material, normal: Tensor, view: Tensor, key_light: Tensor, ao: Tensor, lights: Lights,
    b: Tensor,
) -> Tensor:  # fmt: skip
    """Radiance [N, 3] mirrored by the surface: lights and surroundings."""
    rough, metal = m.roughness, m.metal[:, None]
    facing = _dot(normal, view).clamp(0, 1)
    graze = (1 - facing).square().square() * (1 - facing)
    f0 = torch.lerp(0.04 * m.specular[:, None].expand(-1, 3), m.albedo, metal)
    fresnel = (1 - f0) * (graze * (1 - rough).square() * m.specular.clamp(max=1))[:, None] + f0
    around = surroundings(2 * facing[:, None] * normal - view, rough, lights, b) * ao[:, None]
    glints = key_light * highlight(normal, view, lights.key[b], rough)[:, None]
    glints = glints + lights.rim_color[b] * highlight(normal, view, lights.rim[b], rough)[:, None]
    return fresnel * (around + torch.pi * glints)
