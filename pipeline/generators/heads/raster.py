"""Rasterise triangles and points: the nearest primitive at every sample, by scattered minima.

Everything is plain tensor arithmetic, so one code serves processors and CUDA, and a batch.
"""

import torch
from torch import Tensor

EMPTY = torch.iinfo(torch.int64).max
_BITS = 28
"""Bits of a primitive's number in a key; depth takes those above."""

_STEPS = 2.0**22
"""Depth steps over the range 0..1."""


def key(depth: Tensor, number: Tensor) -> Tensor:
    """Pack depth 0..1 and a primitive's number so that the smaller key is the nearer one."""
    return ((depth * _STEPS).long() << _BITS) | number


def number(keys: Tensor) -> Tensor:
    """The primitive of each key."""
    return keys & ((1 << _BITS) - 1)


def depth_of(keys: Tensor) -> Tensor:
    """The depth 0..1 of each key; above 1 where it is EMPTY."""
    return (keys >> _BITS).float() / _STEPS


def triangles(buffer: Tensor, corners: Tensor, first: Tensor, number_of: Tensor, side: int) -> None:
    """Draw T triangles into `buffer` in place.

    Args:
        buffer: int64 [B * side * side] of keys.
        corners: float32 [3, 3 corners, T]: samples right, samples down, depth 0..1.
        first: int64 [T], where each triangle's picture starts in the buffer.
        number_of: int64 [T], the number drawn for each triangle.
    """
    x, y, _ = corners
    low_x, low_y = (x.amin(0) - 0.5).ceil(), (y.amin(0) - 0.5).ceil()
    high_x, high_y = (x.amax(0) - 0.5).floor(), (y.amax(0) - 0.5).floor()
    span = torch.maximum(high_x - low_x, high_y - low_y) + 1
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    inside = (high_x >= low_x) & (high_y >= low_y) & (area.abs() > 1e-9)
    inside &= (high_x >= 0) & (high_y >= 0) & (low_x < side) & (low_y < side)
    reach = 1
    while bool(inside.any()):
        chosen = torch.nonzero(inside & (span <= reach))[:, 0]
        if reach >= 64:
            chosen = torch.nonzero(inside)[:, 0]
            reach = int(span[chosen].max()) if chosen.numel() else reach
        if chosen.numel():
            mine = corners.flatten(0, 1).index_select(1, chosen).view(3, 3, -1)
            _cover(buffer, mine, low_x[chosen], low_y[chosen], area[chosen], number_of[chosen],
                   first[chosen], side, reach)  # fmt: skip
            inside[chosen] = False
        reach = reach + 1 if reach < 4 else reach * 2


def _cover(
    buffer: Tensor, corners: Tensor, low_x: Tensor, low_y: Tensor, area: Tensor,
    number_of: Tensor, first: Tensor, side: int, reach: int,
) -> None:  # fmt: skip
    """Test reach x reach samples from each triangle's low corner: [reach, reach, T]."""
    x, y, z = corners
    step = torch.arange(reach, device=x.device, dtype=x.dtype)
    px = low_x + step[None, :, None] + 0.5
    py = low_y + step[:, None, None] + 0.5
    inv = 1 / area

    def edge(i: int, j: int) -> Tensor:
        found: Tensor = ((x[j] - x[i]) * (py - y[i]) - (y[j] - y[i]) * (px - x[i])) * inv
        return found

    a, b = edge(1, 2), edge(2, 0)
    c = 1 - a - b
    hit = torch.minimum(torch.minimum(a, b), c) >= -1e-4
    hit &= (px >= 0) & (px < side) & (py >= 0) & (py < side)
    depth = a * z[0] + b * z[1] + c * z[2]
    which = torch.nonzero(hit.flatten())[:, 0]
    cell = (first + py.long() * side + px.long()).flatten()[which]
    keys = key(depth.flatten()[which].clamp(0, 1), number_of[which % len(area)])
    buffer.scatter_reduce_(0, cell, keys, "amin")


def weights(screen: Tensor, at: Tensor, px: Tensor, py: Tensor) -> Tensor:
    """Barycentric weights [3, N] of samples px, py [N] in triangles.

    Args:
        screen: float32 [2, V], projected vertices.
        at: int64 [3, N], corners of each sample's triangle.
        px, py: float32 [N].
    """
    (x0, y0), (x1, y1), (x2, y2) = (screen.index_select(1, k) for k in at)
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    a = ((x2 - x1) * (py - y1) - (y2 - y1) * (px - x1)) / area
    b = ((x0 - x2) * (py - y2) - (y0 - y2) * (px - x2)) / area
    return torch.stack([a, b, 1 - a - b])
