"""Lay a flat sheet over the face, on which maps are drawn once and read at every sample."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

LEFT, RIGHT, BOTTOM, TOP = -86.0, 86.0, -150.0, 106.0
"""Edges of the sheet in rest coordinates, mm; what lies beyond repeats the edge."""

BEHIND = -66.0
"""Rest z from which points count as lying further out, so that the back of the head is plain."""


@dataclass(frozen=True)
class Sheet:
    """A grid of texels `texel` mm wide over the rest coordinates x and y."""

    texel: float

    @property
    def width(self) -> int:
        """Texels across."""
        return round((RIGHT - LEFT) / self.texel) + 1

    @property
    def height(self) -> int:
        """Texels from the lower edge to the upper one."""
        return round((TOP - BOTTOM) / self.texel) + 1

    def grid(self) -> tuple[Tensor, Tensor]:
        """x float32 [1, W] and y [H, 1] of the texels."""
        x = torch.linspace(LEFT, RIGHT, self.width)[None]
        return x, torch.linspace(BOTTOM, TOP, self.height)[:, None]

    def read(self, maps: Tensor, rest: Tensor, b: Tensor, mirror: Tensor) -> Tensor:
        """Values [C, N] of per-person maps [B, C, H, W] at rest points [3, N] of people b [N].

        mirror: float32 [B], -1 for people whose sheet lies the other way round.
        """
        people, channels = maps.shape[:2]
        x, y, z = rest
        flip = mirror.index_select(0, b) if people > 1 else mirror
        out = x.sign() * 2.0 * (BEHIND - z).clamp(min=0)
        u = ((x + out) * flip - LEFT).mul_(2 / (RIGHT - LEFT)).sub_(1)
        v = (y - BOTTOM).mul_(2 / (TOP - BOTTOM)).sub_(1)
        grid = torch.stack([u, v], -1)[None, None]
        if people == 1:
            return _sample(maps, grid)
        values = torch.empty(channels, len(b), device=maps.device)
        # One at a time, so that nobody's pixels depend on the company.
        for i in range(people):
            at = torch.nonzero(b == i)[:, 0]
            values[:, at] = _sample(maps[i : i + 1], grid[:, :, at])
        return values


def _sample(maps: Tensor, grid: Tensor) -> Tensor:
    """Bilinear values [C, N] of maps [1, C, H, W] at grid [1, 1, N, 2]."""
    out: Tensor = grid_sample(maps, grid, padding_mode="border", align_corners=True)
    return out[0, :, 0]


SHEETS = (Sheet(0.5), Sheet(0.8), Sheet(1.6))


def sheet_for(pixel: float) -> Sheet:
    """The sheet that suits samples `pixel` mm apart."""
    return SHEETS[0] if pixel < 0.3 else SHEETS[1] if pixel < 0.9 else SHEETS[2]
