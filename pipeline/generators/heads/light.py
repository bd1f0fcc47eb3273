"""Set up the lights: key, sky, bounce and rim, for each person."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipeline.generators.heads.face import step


@dataclass(frozen=True)
class Lights:
    """Lights of B people in the world (the camera's axes); directions point to the light.

    key, rim, fill: unit [B, 3]; fill is a large reflector opposite the key. key_color, rim_color,
    fill_color, sky, ground: linear RGB [B, 3]; a white wall that faces the key is about 1.
    dome: unit [B, 3], where the sky is brightest.
    size: [B], softness of the key's shadows, mm of blur a 100 mm throw.
    """

    key: Tensor
    rim: Tensor
    fill: Tensor
    key_color: Tensor
    rim_color: Tensor
    fill_color: Tensor
    sky: Tensor
    ground: Tensor
    dome: Tensor
    size: Tensor


SETUPS = (
    # share of the draws; key, sky, ground, rim strengths; softness of shadows;
    # how far the sky leans to the key; warmth of the key, of which the sky has the opposite
    ("soft", 0.30, 0.70, 0.38, 0.18, 0.25, 30.0, 1.0, 0.0),
    ("beauty", 0.22, 0.74, 0.30, 0.38, 0.60, 17.0, 0.3, 0.2),
    ("window", 0.20, 1.04, 0.11, 0.07, 0.08, 24.0, 1.0, -1.2),
    ("sun", 0.16, 1.10, 0.10, 0.10, 0.10, 2.0, 0.0, 1.8),
    ("stage", 0.12, 1.00, 0.03, 0.03, 2.60, 7.0, 0.0, 0.4),
)

UP = (0.0, 0.72, 0.69)
"""Middle of the sky, in the world, where it does not lean: a studio's sky leans to the viewer."""

FILLED = (0.36, 0.18)
"""Sky and ground that need no help; a photographer fills weaker ones, most before dark skin."""

BOUNCED = (1.20, 0.97, 0.80)
"""Colour of the light that comes back from the reflector and the person's surroundings."""

WARM = (0.045, 0.0, -0.055)
"""What one unit of warmth adds to red, green and blue."""


def _toward(azimuth: Tensor, elevation: Tensor) -> Tensor:
    a, e = torch.deg2rad(azimuth), torch.deg2rad(elevation)
    return torch.stack([a.sin() * e.cos(), e.sin(), a.cos() * e.cos()], -1)


def hue_color(hue: Tensor, saturation: Tensor) -> Tensor:
    """A light's colour [B, 3] of mean about 1 from hue 0..1 and saturation 0..1."""
    shift = torch.tensor([0.0, 1 / 3, 2 / 3], device=hue.device)
    wheel = 1 + (2 * torch.pi * (hue[:, None] - shift)).cos()
    return 1 + (wheel - 1) * saturation[:, None]


def lights(t: Mapping[str, Tensor]) -> Lights:
    """The lights of B people with traits t, [B] each."""
    p = t["light_setup_p"]
    table = torch.tensor([row[1:] for row in SETUPS], device=p.device, dtype=p.dtype)
    edges = table[:, 0].cumsum(0)[:-1]
    setup = table[(p[:, None] > edges).sum(1)]
    _, key, sky, ground, rim, size, lean, warmth = setup.unbind(1)
    deep = step(t["tone"], 4.0, 8.0)
    lack = (1 - sky / FILLED[0]).clamp(min=0)
    helped = 0.10 + 0.28 * deep
    sky = sky + helped * (FILLED[0] - sky).clamp(min=0)
    ground = ground + helped * (FILLED[1] - ground).clamp(min=0)
    harder = 0.9 + 0.25 * t["light_contrast_p"]
    azimuth = t["light_azimuth"]
    # Behind the head on the other side, never so far round that it lights the nose.
    behind = torch.where(azimuth < 0, 1.0, -1.0) * (148 - 0.2 * azimuth.abs())
    w = t["light_warmth"][:, None]
    tint = torch.tensor(WARM, device=p.device)
    warm = 1 + (w + 0.5 * warmth[:, None]) * tint
    cool = 1 - (0.6 * w + 2.5 * warmth[:, None]) * tint
    toward = _toward(azimuth, t["light_elevation"])
    key_color = warm * (key * harder)[:, None]
    across = toward.new_tensor([-0.85, 0, 0]) * toward
    dome = torch.tensor(UP, device=p.device) + lean[:, None] * toward * toward.new_tensor([1, 0, 0])
    colored = (t["rim_hue_p"] < 0.30).to(p.dtype)
    rim_hue = (t["rim_hue_p"] / 0.30).clamp(max=1)
    rim_tint = hue_color(rim_hue, 0.8 * colored)
    # Dark skin and hair need an edge to stand off the backdrop.
    strength = rim * (0.35 + 1.1 * t["rim_light_p"]) * (1 + 0.25 * deep)
    return Lights(
        key=toward,
        rim=normalize(_toward(behind, 24 + 0 * azimuth), dim=-1),
        fill=normalize(across + toward.new_tensor([0.0, -0.08, 0.62]), dim=-1),
        key_color=key_color,
        rim_color=rim_tint * cool * strength[:, None],
        fill_color=key_color
        * toward.new_tensor(BOUNCED)
        * (lack * (0.035 + 0.065 * deep))[:, None],
        sky=cool * (sky * (1.12 - 0.3 * t["light_contrast_p"]))[:, None],
        ground=(1 + torch.tensor([0.05, -0.01, -0.06], device=p.device))
        * (ground * (1.1 - 0.3 * t["light_contrast_p"]))[:, None],
        dome=normalize(dome, dim=-1),
        size=size,
    )
