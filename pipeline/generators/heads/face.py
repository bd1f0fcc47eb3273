"""Draw the features of the face as functions of the template's rest coordinates."""

import torch
from torch import Tensor

from pipeline.generators.heads.template import EYE, MOUTH_X, MOUTH_Y

EYE_X, EYE_HALF = float(EYE[0]), 16.4
"""Middle and half width of the eye openings at rest, mm."""


def bell(x: Tensor) -> Tensor:
    """exp(-x^2)."""
    return x.square().neg_().exp_()


def step(x: Tensor, low: Tensor | float, high: Tensor | float) -> Tensor:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = ((x - low) / (high - low)).clamp_(0, 1)
    return t * t * (3 - 2 * t)


def aperture(rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The eye openings at rest points [N, 3].

    Returns:
        signed distance in mm, > 0 inside; height over the edge of the upper lid, mm; u, -1 at the
        inner to 1 at the outer corner. Each float32 [N].
    """
    x, y, z = rest.unbind(-1)
    u = (x.abs() - EYE_X) / EYE_HALF
    c = (1 - u.square()).clamp(min=0)
    middle = 0.2 + 1.2 * u
    # The upper arc peaks a little inside the middle, the lower one outside: an almond.
    up = middle + 6.1 * c.pow(0.60) * (1 - 0.15 * u) - y
    low = y - middle + 5.1 * c.pow(0.72) * (1 + 0.20 * u)
    edge = (1 - u.abs()) * EYE_HALF * 0.7
    inside = torch.minimum(torch.minimum(up, low), edge)
    return torch.where(z > -40, inside, -9.0 + 0 * z), -up, u


def bow(x: Tensor) -> Tensor:
    """How the lips' meeting line dips in its middle (as in the template)."""
    return -0.6 * bell(x / 4.5) + 0.4 * bell((x.abs() - 9) / 7)


def lips(rest: Tensor) -> tuple[Tensor, Tensor]:
    """The vermilion at rest points [N, 3]: signed distance in mm, > 0 inside; height over the line.

    The height is in lips: 0 at the meeting line, 1 at the upper edge, -1 at the lower one.
    """
    x, y, z = rest.unbind(-1)
    c = (1 - (x / MOUTH_X).square()).clamp(min=0)
    cupid = 1 - 0.13 * bell(x / 3.4) + 0.06 * bell((x.abs() - 6.0) / 3.5)
    dip = bow(x)
    up, low = 7.2 * c.pow(0.8) * cupid - 0.4 * c * dip, 9.0 * c.pow(0.58) + 0.9 * c * dip
    s = y - (MOUTH_Y + dip + 0.0010 * x.square())
    inside = torch.minimum(torch.minimum(up - s, s + low), (MOUTH_X - x.abs()) * 0.6)
    height = torch.where(s > 0, s / up.clamp(min=0.3), s / low.clamp(min=0.3))
    return torch.where(z > -40, inside, -9.0 + 0 * z), height
