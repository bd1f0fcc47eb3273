"""Mark the 68 points of the iBUG 300-W scheme (Sagonas et al., 2013) on the template."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.generators.heads.template import lip_heights, mouth_line, template

_JAW = (
    (-69.5, 1, -70), (-69, -18, -68), (-67, -36, -67), (-62.5, -55, -66), (-56, -72, -60),
    (-47, -87, -50), (-35, -99, -36), (-19, -108.5, -18), (0, -112.5, -8),
)  # fmt: skip
_BROW = ((-49, 18.5), (-42, 23), (-33, 24.5), (-24, 23.5), (-14, 20))
_NOSE = (
    (0, 3),
    (0, -9),
    (0, -21),
    (0, -34.5),
    (-12, -43),
    (-6.5, -45.5),
    (0, -46.5),
    (6.5, -45.5),
    (12, -43),
)
_EYE = ((-48.2, 1.4), (-38, 5.9), (-26, 6.1), (-15.7, -1), (-26, -4.6), (-38, -4.9))


@lru_cache(maxsize=1)
def landmarks() -> NDArray[np.float64]:
    """Rest positions, float64 [68, 3]."""
    rest = _fine()

    def nearest(x: float, y: float, z: float | None = None) -> list[float]:
        d = (rest[:, 0] - x) ** 2 + (rest[:, 1] - y) ** 2
        d = d + ((rest[:, 2] - z) ** 2 if z is not None else 1e6 * (rest[:, 2] < -60))
        at = rest[int(np.argmin(d))]
        return [x, y, float(at[2])] if z is None else [float(v) for v in at]

    def flipped(points: list[list[float]]) -> list[list[float]]:
        return [[-x, y, z] for x, y, z in points]

    jaw = [nearest(*at) for at in _JAW]
    brow = [nearest(*at) for at in _BROW]
    nose = [nearest(*at) for at in _NOSE]
    eye = [nearest(*at) for at in _EYE]
    left = flipped(eye)
    points = jaw + flipped(jaw[-2::-1]) + brow + flipped(brow[::-1]) + nose
    points += eye + [left[i] for i in (3, 2, 1, 0, 5, 4)]
    for x, part in _OUTER + _INNER:
        up, low = (float(v) for v in lip_heights(np.array(float(x))))
        line = float(mouth_line(np.array(float(x))))
        y = {"up": line + up, "low": line - low, "over": line + 0.05, "under": line - 0.05}[part]
        points.append(nearest(x, y))
    return np.array(points)


_OUTER = (
    (-25, "over"), (-15, "up"), (-6, "up"), (0, "up"), (6, "up"), (15, "up"), (25, "over"),
    (15, "low"), (7, "low"), (0, "low"), (-7, "low"), (-15, "low"),
)  # fmt: skip
_INNER = (
    (-22, "over"), (-8, "over"), (0, "over"), (8, "over"), (22, "over"),
    (8, "under"), (0, "under"), (-8, "under"),
)  # fmt: skip


def nearest_front(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the face at frontal x, y [N, 2]: float64 [N, 3]."""
    rest = _fine()
    face = rest[rest[:, 2] > -60]
    d = ((face[:, None, :2] - xy[None]) ** 2).sum(-1)
    return np.column_stack([xy, face[d.argmin(0), 2]])


def _fine() -> NDArray[np.float64]:
    mesh = template(340, 440)
    return mesh.rest[: mesh.grid[0] * mesh.grid[1]]
