"""Plain arithmetic on vectors kept as columns: float32 [3, N]."""

from torch import Tensor


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Products [N] of columns [3, N] or [3, 1]."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def unit(v: Tensor) -> Tensor:
    """Columns [3, N] at length 1; zero stays zero. Several times faster than a norm along rows."""
    return v * dot(v, v).clamp(min=1e-16).rsqrt()
