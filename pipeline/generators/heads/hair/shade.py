"""Light hair: two shifted highlights, soft scattering, and light let through at the rim."""

import torch
from torch import Tensor

from pipeline.generators.heads.face import step
from pipeline.generators.heads.hair.roots import LASH
from pipeline.generators.heads.hair.sampled import Samples
from pipeline.generators.heads.light import Lights

EXTINCTION = 0.045
"""Share of light lost in each mm of hair."""


CLEAR = 0.35
"""Share of the light's own colour in the highlights, beside that of the hair."""

BLACK = 0.34
"""Highlights of black hair over those of blond hair."""


def transmittance(behind: Tensor) -> Tensor:
    """Light that reaches hair `behind` mm past the nearest hair seen from the light: [N]."""
    return (-EXTINCTION * (behind - 2.0).clamp(min=0)).exp()


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)


def _lobe(tangent: Tensor, half: Tensor, power: float) -> Tensor:
    """Highlight about the cone of normals of a fibre (Kajiya and Kay, 1989)."""
    return (1 - _dot(tangent, half).square()).clamp(min=1e-6).pow(power / 2)


def shade(s: Samples, lights: Lights, eye: Tensor, lit: Tensor, ao: Tensor) -> Tensor:
    """Radiance of hair samples, linear RGB [N, 3].

    After Marschner et al. (2003): a primary highlight of the light's colour, shifted to the root;
    a wider secondary one of the hair's colour, shifted to the tip; and transmission forwards.

    Args:
        eye: the camera's place [3].
        lit: share of the key light that arrives [N]; ao: share of the surroundings seen [N].
    """
    key, rim = lights.key[s.person], lights.rim[s.person]
    view = torch.nn.functional.normalize(eye - s.position, dim=-1)
    t, n = s.tangent, s.normal
    deep = 0.30 + 0.70 * s.open
    albedo = s.color * (0.93 + 0.14 * s.random)[:, None]
    light = (albedo.mean(-1) / 0.25).clamp(0, 1)
    # Hair scatters: light colours glow between their strands, dark ones swallow.
    inner = deep ** (1.25 - 0.55 * light)

    along = (1 - _dot(t, key).square()).clamp(min=0).sqrt()
    wrap = ((_dot(n, key) + 0.35) / 1.35).clamp(min=0)
    key_in = lights.key_color[s.person] * (lit * inner)[:, None]
    up = (0.5 + 0.5 * n[:, 1])[:, None]
    sky, ground = lights.sky[s.person], lights.ground[s.person]
    around = (ground + (sky - ground) * up) * (ao * inner)[:, None]
    out = albedo * (key_in * (wrap * (0.30 + 0.70 * along))[:, None] + around)

    half = torch.nn.functional.normalize(key + view, dim=-1)
    jitter = (0.06 * (s.random - 0.5))[:, None]
    facing = step(_dot(n, key), -0.25, 0.35)
    first = _lobe(t - n * (0.09 + jitter), half, 45.0)
    second = _lobe(t + n * (0.14 + jitter), half, 16.0)
    # What leaves the hair is of its colour: white highlights on dark hair would turn it grey.
    peak = albedo.amax(-1, keepdim=True).clamp(min=1e-6)
    hue = (albedo / peak).sqrt()
    tint = hue * (peak + 0.003).pow(0.65)
    clear = (CLEAR + (1 - CLEAR) * hue) * (BLACK + (1 - BLACK) * light.sqrt())[:, None]
    sparkle = 0.85 + 0.3 * s.random
    shine = (s.gloss * facing * (0.15 + 0.75 * s.open))[:, None]
    gloss = 0.30 * first[:, None] * (sparkle[:, None] * clear)
    gloss = gloss + 0.92 * (second[:, None] * tint)
    out = out + key_in * shine * gloss
    # The sky is mirrored broadly.
    top = torch.nn.functional.normalize(
        view + torch.tensor([0.0, 1.1, 0.0], device=view.device), dim=-1
    )
    broad = _lobe(t + n * 0.05, top, 14.0)
    broad = 0.12 * broad * s.gloss * s.open * ao * step(n[:, 1], -0.2, 0.7)
    out = out + sky * (broad[:, None] * clear)

    # So is everything around, where fibres cross the view.
    cross = _lobe(t, view, 10.0) * s.gloss * s.open * 0.035
    out = out + around * (cross[:, None] * clear)

    edge = (1 - _dot(n, view).clamp(0, 1)) ** 2
    through = step(-_dot(rim, view), -0.2, 0.9)
    rim_along = (1 - _dot(t, rim).square()).clamp(min=0).sqrt()
    behind = step(_dot(n, rim), -0.35, 0.55)
    glow = (edge * (0.4 + 0.6 * through) * behind * rim_along * s.open)[:, None]
    rim_in = lights.rim_color[s.person]
    out = out + rim_in * glow * (1.1 * albedo + 0.16 * tint + 0.02)
    # Lashes are too thin to shine.
    plain = 0.7 * albedo * (key_in + around)
    return torch.where((s.kind == LASH)[:, None], plain, out)
