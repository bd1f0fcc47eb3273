"""Evaluate groups of smoothly joined ellipsoids at many points with one matrix product."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Vec = tuple[float, float, float]

CHUNK = 16384
"""Points a matrix product takes at once: the intermediates stay in the cache."""


@dataclass
class Blobs:
    """Ellipsoids by group; `sharp[group]` is 1 / blending width."""

    names: list[str] = field(default_factory=list)
    blends: list[float] = field(default_factory=list)
    rows: list[tuple[int, Vec, Vec, NDArray[np.float64], bool]] = field(default_factory=list)

    def group(self, name: str, blend: float) -> None:
        """Start a group: its ellipsoids join each other over `blend` units."""
        self.names.append(name)
        self.blends.append(blend)

    def add(
        self,
        center: Vec,
        radii: Vec,
        turn: NDArray[np.float64] | None = None,
        mirrored: bool = True,
    ) -> None:
        """Add an ellipsoid to the latest group, in its own axes (rows of `turn`).

        `mirrored` ones see |x|, so that one stands for both sides.
        """
        axes = np.eye(3) if turn is None else turn
        self.rows.append((len(self.names) - 1, center, radii, axes, mirrored))

    def compile(self) -> "Field":
        """The coefficients as tensors."""
        k = len(self.rows)
        q0, q1 = np.zeros((k, 14)), np.zeros((k, 14))
        group = np.zeros((len(self.names), k))
        for i, (g, center, radii, axes, mirrored) in enumerate(self.rows):
            group[g, i] = 1
            for q, power in ((q0, 2), (q1, 4)):
                m = axes.T @ np.diag(np.asarray(radii) ** -float(power)) @ axes
                c = np.asarray(center)
                linear = -2 * m @ c
                across = (3, 4, 6) if mirrored else (10, 11, 12)
                q[i, [0, 1, 2]] = m[0, 0], m[1, 1], m[2, 2]
                q[i, across] = 2 * m[0, 1], 2 * m[0, 2], linear[0]
                q[i, 5], q[i, 7], q[i, 8], q[i, 9] = 2 * m[1, 2], linear[1], linear[2], c @ m @ c
        blends = np.asarray(self.blends)
        sharp = (1 / blends)[[g for g, *_ in self.rows]]
        return Field(
            torch.from_numpy(np.concatenate([q0, q1])).float().contiguous(),
            torch.from_numpy(-sharp[:, None]).float(),
            torch.from_numpy(group).float().contiguous(),
            torch.from_numpy(-blends[:, None]).float(),
        )


def turned(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> NDArray[np.float64]:
    """Axes of an ellipsoid turned by degrees about x, then y, then z (rows are its axes)."""
    a, b, c = np.radians([x, y, z])
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray((rz @ ry @ rx).T)


@dataclass(frozen=True)
class Field:
    """Compiled blobs: distance bounds to each group at once."""

    quadrics: Tensor
    sharp: Tensor
    group: Tensor
    blend: Tensor

    def distances(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Signed distance bounds, float32 [groups, N], at points of [N] coordinates.

        The ellipsoid bound is |q| (|q| - 1) / |q / r| of Quilez; groups join by log-sum-exp.
        """
        n = x.shape[0]
        out = torch.empty(self.group.shape[0], n)
        k = self.quadrics.shape[0] // 2
        for i in range(0, n, CHUNK):
            u, v, w = x[i : i + CHUNK], y[i : i + CHUNK], z[i : i + CHUNK]
            f = torch.empty(14, u.shape[0])
            torch.mul(u, u, out=f[0])
            torch.add(f[0], 0.0004, out=f[13])
            torch.sqrt(f[13], out=f[6])
            torch.mul(v, v, out=f[1])
            torch.mul(w, w, out=f[2])
            torch.mul(f[6], v, out=f[3])
            torch.mul(f[6], w, out=f[4])
            torch.mul(v, w, out=f[5])
            f[7], f[8], f[9], f[12] = v, w, 1.0, u
            torch.mul(u, v, out=f[10])
            torch.mul(u, w, out=f[11])
            lengths = (self.quadrics @ f).clamp_(min=1e-6).sqrt_()
            k0, k1 = lengths[:k], lengths[k:]
            e = k0.sub(1).mul_(k0).div_(k1).mul_(self.sharp).clamp_(-60, 40).exp_()
            torch.mul(
                (self.group @ e).clamp_(min=1e-30).log_(), self.blend, out=out[:, i : i + CHUNK]
            )
        return out


def smooth_min(a: Tensor, b: Tensor, k: float) -> Tensor:
    """Polynomial smooth minimum with blending width k (Quilez)."""
    h = (k - (a - b).abs()).clamp_(min=0)
    return torch.minimum(a, b).sub_(h.mul_(h), alpha=0.25 / k)


def smooth_max(a: Tensor, b: Tensor, k: float) -> Tensor:
    """Polynomial smooth maximum with blending width k."""
    h = (k - (a - b).abs()).clamp_(min=0)
    return torch.maximum(a, b).add_(h.mul_(h), alpha=0.25 / k)
