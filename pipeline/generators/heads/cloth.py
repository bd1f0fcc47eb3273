"""Cut the clothing: neckline, collar and cloth colour on the body."""

import torch
from torch import Tensor

from pipeline.generators.heads import colors, noise
from pipeline.generators.heads.details import bump, step
from pipeline.generators.heads.layout import Person

CREW, VEE, SHIRT, TURTLE = range(4)


def neckline(g: Person, q: Tensor) -> Tensor:
    """Signed distance to the edge of the cloth, > 0 on it, at body-space points q [3, N]."""
    ax, y, z = q[0].abs(), q[1], q[2]
    kind = int(g["cloth_style"])
    ring = -(y + 0.30 * (z + 0.22))
    if kind == TURTLE:
        return ring - 1.22
    crew = ring - 1.365
    if kind == CREW:
        return crew - 0.05 * (ax < 9)
    vee = 0.62 * ax - 0.78 * (y + (1.86 if kind == VEE else 1.72))
    return torch.where(z > -0.1, torch.minimum(crew + 0.03, vee.neg() * -1), crew + 0.03)


def dye(g: Person, q: Tensor, edge: Tensor, pixel: float) -> tuple[Tensor, Tensor]:
    """Albedo [3, N] of the cloth and its relief shade [N]."""
    base = colors.cloth(g)
    kind = int(g["cloth_style"])
    sharp = max(0.0, min(1.0, 0.02 / pixel - 0.4))
    weave = noise.read(q[0] * 1.1, q[1] * 1.1, noise.FINE) - 0.5
    folds = noise.read(q[0] * 0.22 + q[1] * 0.10, q[1] * 0.12 + g["cloth_hue"], noise.CLOUD) - 0.5
    shade = 1 + 0.10 * sharp * weave + 0.35 * folds
    band = 0.075 if kind != SHIRT else 0.15
    rib = step(edge, band - 0.012, band + 0.004)
    shade = shade * (0.86 + 0.14 * rib) * (1 - 0.35 * bump((edge - band) / 0.012))
    if kind == TURTLE:
        shade = shade * (1 + 0.12 * sharp * (torch.atan2(q[0], q[2] + 0.22) * 46).sin())
    return base[:, None].expand(3, q.shape[1]), shade.clamp(min=0.2)
