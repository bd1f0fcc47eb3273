"""Cast the key light's shadows: variance shadow maps of the meshes, and a veil of hair.

Variance shadow maps: Donnelly and Lauritzen (2006). Hair is no wall but a veil: the further behind
the first strand a point lies, the less light reaches it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, normalize

from pipeline.generators.heads import raster
from pipeline.generators.heads.blur import blur
from pipeline.generators.heads.gbuffer import Surface
from pipeline.generators.heads.light import Lights

CENTER = (0.0, -25.0, -85.0)
REACH = 185.0
"""The map covers a ball of REACH mm about CENTER."""


@dataclass(frozen=True)
class LightView:
    """Parallel rays of B people's key light; axes: float32 [B, 3, 3], right, up, to the light."""

    axes: Tensor
    side: int

    def project(self, p: Tensor) -> Tensor:
        """World points [B, ..., 3] to (cells right, cells down, depth 0..1 from the light)."""
        q = self.local(p.flatten(1, -2), None).view(p.shape)
        half = self.side / 2
        return torch.stack(
            [half + q[..., 0] * half / REACH, half - q[..., 1] * half / REACH,
             0.5 - q[..., 2] / (2.4 * REACH)], -1,
        )  # fmt: skip

    def local(self, p: Tensor, person: Tensor | None) -> Tensor:
        """World points in the light's axes, mm: [B, N, 3], or [N, 3] with the person of each."""
        q = p - torch.tensor(CENTER, device=p.device)
        if person is None:
            return q @ self.axes.transpose(1, 2)
        if len(self.axes) == 1:
            return q @ self.axes[0].T
        return (self.axes[person] @ q[..., None])[..., 0]


@dataclass(frozen=True)
class Shadows:
    """Depth of the first surface and of the first hair from the light.

    solid: float32 [B, 2, M, M], mean of depth and of its square, mm; hair: float32 [B, 2, M, M],
    cover 0..1 and cover times depth.
    """

    view: LightView
    solid: Tensor
    hair: Tensor

    def at(self, p: Tensor, normal: Tensor, person: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Key light at points p [N, 3].

        Returns:
            share that gets past the surfaces, 0..1; share of it that meets hair; and how far
            behind the first of that hair the point lies, mm: [N] each.
        """
        q = self.view.local(p + 1.6 * normal, person)
        depth = -q[:, 2]
        grid = q[:, :2] / REACH
        b = len(self.solid)
        maps = torch.cat([self.solid, self.hair], 1)
        if b == 1:
            uv = torch.stack([grid[:, 0], -grid[:, 1]], -1)[None, None]
            found = grid_sample(maps, uv, padding_mode="border", align_corners=False)[0, :, 0]
        else:
            found = _read(maps, grid[:, 0], -grid[:, 1], person)
        mean, square, cover, behind = found
        spread = (square - mean * mean).clamp(min=2.0)
        gap = (depth - mean - 0.8).clamp(min=0)
        solid = spread / (spread + gap * gap)
        solid = ((solid - 0.18) / 0.82).clamp(0, 1)
        inside = (depth - behind / cover.clamp(min=1e-3)).clamp(min=0)
        return solid, cover.clamp(max=1), inside


def _read(maps: Tensor, u: Tensor, v: Tensor, person: Tensor) -> Tensor:
    """Bilinear reads of maps [B, C, M, M] at u, v in -1..1 of each point's person: [C, N]."""
    b, c, m, _ = maps.shape
    stacked = maps.permute(1, 0, 2, 3).reshape(1, c, b * m, m)
    rows = ((v.clamp(-1, 1) + 1) * m / 2 - 0.5).clamp(0, m - 1)
    y = (2 * (rows + person * m) + 1) / (b * m) - 1
    grid = torch.stack([u, y], -1)[None, None]
    return grid_sample(stacked, grid, padding_mode="border", align_corners=False)[0, :, 0]


def light_view(lamps: Lights, side: int) -> LightView:
    """The key lights' views with maps of side x side cells."""
    to = lamps.key
    up = torch.tensor([0.0, 1.0, 0.0], device=to.device).expand_as(to)
    right = normalize(torch.linalg.cross(up, to), dim=-1)
    return LightView(torch.stack([right, torch.linalg.cross(to, right), to], 1), side)


def cast(
    surfaces: Sequence[Surface], hair: Tensor | None, lamps: Lights, view: LightView
) -> Shadows:
    """Draw the maps.

    Args:
        surfaces: the meshes that cast shadows.
        hair: int64 [B * M * M] of keys with the hair drawn in, or None.
        lamps: their `size` is the blur.
        view: from `light_view`.
    """
    b, m = len(lamps.key), view.side
    buffer = torch.full((b * m * m,), raster.EMPTY, device=lamps.key.device)
    for surface in surfaces:
        corners, person, face = surface.corners(view.project(surface.position), facing=False)
        raster.triangles(buffer, corners, person * m * m, face, m)
    far = 0.55 * REACH
    depth = (raster.depth_of(buffer) - 0.5) * 2.4 * REACH
    depth = torch.where(buffer == raster.EMPTY, far, depth).clamp(max=far).view(b, 1, m, m)
    solid_map = blur(torch.cat([depth, depth * depth], 1), _softness(0.20 * lamps.size, m))
    if hair is None:
        hair_map = torch.zeros_like(solid_map)
    else:
        cover = (hair != raster.EMPTY).float().view(b, 1, m, m)
        strand = (raster.depth_of(hair).view(b, 1, m, m) - 0.5) * 2.4 * REACH
        hair_map = torch.cat([cover, cover * torch.where(cover > 0, strand, 0.0)], 1)
        hair_map = blur(hair_map, _softness(1.5 + 0.10 * lamps.size, m))
    return Shadows(view, solid_map, hair_map)


def _softness(mm: Tensor, side: int) -> Tensor:
    """The blur of so many mm [B] in cells, neither nothing nor without bounds."""
    return (mm * side / (2 * REACH)).clamp(0.5, 4.0)
