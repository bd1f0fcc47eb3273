"""Say where hair grows: hairlines, brows and beards as functions of the template's rest points."""

from functools import lru_cache

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from pipeline.generators.heads.face import bell, lips, step

ANGLE_STEP = 5.0
"""Degrees between the entries of the hairline's table."""

_LINE = np.array([
    # angle from the front; height, mm; added for masculine people; added at full recession
    (0, 72.0, 3.0, 14.0),
    (14, 72.2, 5.0, 24.0),
    (27, 69.0, 8.5, 36.0),
    (38, 61.0, 14.0, 36.0),
    (47, 49.0, 13.0, 33.0),
    (55, 34.5, 8.5, 28.0),
    (63, 19.0, 1.0, 15.0),
    (69, 3.0, -11.0, 4.0),
    (75, -8.0, -16.0, 0.0),
    (82, -8.0, -14.0, 0.0),
    (112, -26.0, 0.0, 4.0),
    (128, -50.0, 0.0, 8.0),
    (150, -55.0, 0.0, 8.0),
    (180, -53.0, 0.0, 8.0),
])  # fmt: skip

WHORL = (9.0, 101.0, -140.0)
"""The crown, from which hair grows in all directions."""


@lru_cache(maxsize=1)
def _table() -> Tensor:
    """Height, masculine and recession parts, and 1 / slope length: float32 [A, 4]."""
    at = np.arange(0, 180 + ANGLE_STEP, ANGLE_STEP)
    line = PchipInterpolator(_LINE[:, 0], _LINE[:, 1:])(at)
    slope = np.gradient(line[:, 0], at) / 1.4
    return torch.from_numpy(np.column_stack([line, 1 / np.hypot(1, slope)])).float()


def around(rest: Tensor) -> Tensor:
    """Angle from the front about the vertical axis, degrees 0..180: [...]."""
    return torch.rad2deg(torch.atan2(rest[..., 0].abs(), rest[..., 2] + 90.0))


def line_terms(rest: Tensor) -> Tensor:
    """Entries of the hairline's table at rest points [..., 3]: [..., 4]."""
    table = _table().to(rest.device)
    a = around(rest) / ANGLE_STEP
    low = a.floor().clamp(0, len(table) - 2)
    f = (a - low).unsqueeze(-1)
    i = low.long()
    return table[i] * (1 - f) + table[i + 1] * f


def ragged(rest: Tensor, seed: Tensor) -> Tensor:
    """Irregularity of the hairline, about +-1.7 mm: [...]."""
    x, z = rest[..., 0], rest[..., 2]
    a = (0.23 * x + seed).sin() + 0.8 * (0.51 * x - 0.13 * z + 1.7 * seed).sin()
    return 0.8 * a + 0.5 * (1.13 * x + 0.3 * z + 2.9 * seed).sin()


def scalp_distance(
    rest: Tensor, terms: Tensor, masculine: Tensor, recession: Tensor, shift: Tensor, seed: Tensor
) -> Tensor:
    """About the distance in mm from the hairline at rest points, > 0 where hair grows.

    Args:
        rest: [..., 3], with `terms` [..., 4] of `line_terms`.
        masculine, recession: 0..1; shift: mm up; seed: any number. All broadcast to [...].
    """
    x, y, z = rest.unbind(-1)
    front = (1 - terms[..., 1].abs() / 20).clamp(0, 1)
    height = terms[..., 0] + masculine * terms[..., 1] + recession * terms[..., 2]
    height = height + shift * step(y, 20.0, 60.0) * front + ragged(rest, seed)
    line = (y - height) * terms[..., 3]
    ear = (
        torch.hypot((y + 6) / torch.where(y > -6, 29.0, 36.0), (z + 90) / (19 + 6 * (z > -90))) - 1
    ) * 19
    return torch.where(x.abs() > 45, torch.minimum(line, ear), line)


def crown_loss(rest: Tensor, recession: Tensor) -> Tensor:
    """Hair lost at the crown and, in late stages, all over the top (Norwood, 1975): 0..1."""
    x, y, z = rest.unbind(-1)
    late = step(recession.clone(), 0.62, 0.95)
    far = torch.hypot(torch.hypot(x, 0.9 * (y - 104)), z + 132)
    spot = 1 - step((far - 88 * (recession - 0.30).clamp(min=0)) / 16, -1.0, 1.0)
    spot = spot * step(recession.clone(), 0.30, 0.50)
    rim = 50.0 + 0.12 * (z + 90) + 14 * (1 - late)
    return torch.maximum(spot, late * step((y - rim) / 15, -1.0, 1.0))


BEARD_ZONES = ("moustache", "corner", "chin", "soul", "jaw", "sideburn", "neck")


def beard_zones(rest: Tensor) -> Tensor:
    """Share 0..1 of each of BEARD_ZONES at rest points [N, 3]: [N, 7]."""
    x, y, z = rest.unbind(-1)
    ax = x.abs()
    off_lips = step(-lips(rest)[0], 0.8, 2.6) * (z > -90)
    moustache = step(y + 0.0045 * ax.square(), -66.0, -63.0) * (1 - step(y, -53.0, -46.5))
    moustache = moustache * (1 - step(ax, 24.0, 35.0)) * (1 - 0.5 * bell(x / 2.2))
    corner = bell((ax - 31) / 6.5) * (1 - step(y, -63.0, -57.0)) * step(y, -92.0, -80.0)
    chin = (1 - step(y, -87.0, -80.0)) * (1 - step(ax, 17.0, 30.0))
    soul = (1 - step(ax, 4.0, 9.0)) * step(y, -90.0, -84.0) * (1 - step(y, -80.0, -77.0))
    cheek = -57.0 + 0.95 * (ax - 33).clamp(min=0) + 0.012 * (ax - 33).clamp(min=0).square()
    below = 1 - step(y - cheek, -9.0, 3.0)
    # Full beards close up beside the lower lip.
    beside = step(ax, 3.0, 8.0) * (1 - step(y, -78.0, -72.0))
    jaw = below * torch.maximum(step(ax, 16.0, 26.0), beside) * (1 - step(y, -32.0, -22.0))
    sideburn = step(y, -36.0, -24.0) * (1 - step(y, 6.0, 16.0))
    sideburn = sideburn * step(z, -77.0, -73.0) * (1 - step(z + 0.12 * y, -69.0, -57.0))
    under = step(-z, 8.0, 22.0) * (1 - step(y, -101.0, -92.0))
    neck = under.clone()
    front = step(z, -80.0, -73.0)
    zones = torch.stack([moustache, corner, chin, soul, jaw, sideburn, neck], -1)
    return zones * (off_lips * front).unsqueeze(-1)


def brow_frame(rest: Tensor) -> tuple[Tensor, Tensor]:
    """Along the brow, 0 at the inner to 1 at the outer end, and mm above its middle line."""
    u = (rest[..., 0].abs() - 11.5) / 44.0
    line = 17.1 + 8.0 * u - 1.0 * u.square() - 9.5 * u.clamp(min=0.62).sub(0.62) ** 1.3 * 2.6
    return u, rest[..., 1] - line
