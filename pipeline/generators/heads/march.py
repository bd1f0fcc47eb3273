"""March camera rays to a distance field, coarse to fine."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d

Distance = Callable[[Tensor], Tensor]

DISTANCE, HALF_VIEW, CENTER_Y = 9.0, 1.36, -0.235
"""Camera: distance from the head's centre, half of the field of view there, aim."""

FAR = 12.5


@dataclass(frozen=True)
class Camera:
    """Rays in head space: `origin` [3], `direction` [3, side * side]."""

    origin: Tensor
    direction: Tensor
    side: int

    def at(self, index: Tensor, t: Tensor) -> Tensor:
        """Points [3, N] at depth t [N] on the rays `index` [N]."""
        return self.direction[:, index] * t + self.origin[:, None]


def camera(turn: NDArray[np.float64], pivot: NDArray[np.float64], side: int) -> Camera:
    """A long lens in front of the head; `turn` is world-from-head."""
    c = (torch.arange(side, dtype=torch.float32) + 0.5) * (2 * HALF_VIEW / side) - HALF_VIEW
    y, x = torch.meshgrid(-c + CENTER_Y, c, indexing="ij")
    d = torch.stack([x.flatten(), (y - CENTER_Y).flatten(), torch.full((side * side,), -DISTANCE)])
    d = unit(d)
    inverse = torch.from_numpy(turn.T.copy()).float()
    o = turn.T @ (np.array([0.0, CENTER_Y, DISTANCE]) - pivot) + pivot
    return Camera(torch.from_numpy(o).float(), inverse @ d, side)


def coarse(distance: Distance, camera: Camera, step: int, slack: float, steps: int = 12) -> Tensor:
    """A safe start depth for every ray [side * side]; `FAR` where nothing is near.

    Marches one ray in step x step, then takes the neighbourhood's minimum: the smallest depth
    at which any of the nine neighbours could have touched anything.
    """
    side = camera.side
    rows = torch.arange(step // 2, side, step)
    n = rows.shape[0]
    index = (rows[:, None] * side + rows[None]).flatten()
    pixel = 2 * HALF_VIEW / side * step
    t = torch.full((n * n,), DISTANCE - 1.75)
    live = torch.arange(n * n)
    for i in range(steps):
        tl = t[live]
        d = distance(camera.at(index[live], tl)) - slack - 0.75 * pixel
        t[live] = tl + d.clamp(min=0)
        if i % 4 == 3:
            live = live[(d > 0.01) & (tl < DISTANCE + 1.6)]
            if live.numel() == 0:
                break
    t[t > DISTANCE + 1.55] = FAR
    near = -max_pool2d(-t.view(1, 1, n, n), 3, 1, 1)
    return interpolate(near, size=(side, side), mode="nearest").flatten()


def fine(
    distance: Distance, camera: Camera, start: Tensor, steps: int = 5
) -> tuple[Tensor, Tensor]:
    """Rays that hit, as indices [M], and their depths [M].

    Most rays arrive in `steps`; those that graze a silhouette go on alone until they hit or pass,
    so that no half-arrived ray draws a fringe.
    """
    pixel = 2 * HALF_VIEW / camera.side
    index = torch.nonzero(start < FAR)[:, 0]
    t = start[index]
    d = t
    for _ in range(steps):
        d = distance(camera.at(index, t))
        t = t + 0.92 * d
    tolerance = 0.12 * pixel
    hit_index, hit_t = [index[d < tolerance]], [t[d < tolerance]]
    rest = d >= tolerance
    index, t = index[rest], t[rest]
    stride = max(0.6 * pixel, 0.005)
    for _ in range(24 if pixel > 0.02 else 48):
        if index.numel() == 0:
            break
        d = distance(camera.at(index, t))
        t = t + 0.92 * d
        # A ray that creeps along a surface lands on it sooner or later: let it land.
        tolerance, stride = min(1.12 * tolerance, 0.6 * pixel), 1.07 * stride
        done = d < tolerance
        hit_index.append(index[done])
        hit_t.append(t[done])
        rest = ~done & (t < DISTANCE + 1.7)
        index, t = index[rest], (t + (stride - 0.92 * d).clamp(min=0))[rest]
    hits = torch.cat(hit_index)
    order = torch.argsort(hits)
    return hits[order], torch.cat(hit_t)[order]


def unit(v: Tensor) -> Tensor:
    """Columns of v [3, N] at length 1."""
    return v / (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt().clamp(min=1e-9)


TETRAHEDRON = torch.tensor([[1.0, -1, -1, 1], [-1, -1, 1, 1], [-1, 1, -1, 1]])


def normals(distance: Distance, p: Tensor, eps: float) -> Tensor:
    """Unit gradients [3, N] by tetrahedral differences at p: float32 [3, N]."""
    n = p.shape[1]
    probes = p[:, None] + eps * TETRAHEDRON[:, :, None]
    d = distance(probes.reshape(3, 4 * n)).view(4, n)
    g = TETRAHEDRON @ d
    return unit(g)
