"""Model the ears: a folded disc with helix, antihelix, concha, tragus and lobe."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.generators.heads.template import bell, smooth

Floats = NDArray[np.float64]

ATTACH = np.array([67.5, -13.0, -82.0])
"""Where the right-hand ear of the picture sits on the head."""

UP = np.array([0.10, 0.975, -0.20])
BACK = np.array([0.50, -0.10, -0.86])
OUT = np.cross(UP, BACK) * -1.0
"""Axes of the ear: along it, backwards across it, and outwards; made unit length below."""

CENTER = ATTACH + 13.0 * BACK / np.linalg.norm(BACK)


def local(p: Floats) -> tuple[Floats, Floats]:
    """Coordinates up and backwards of rest points p [V, 3] of either ear, from its centre."""
    q = np.abs(p * [1, 0, 0]) + p * [0, 1, 1] - CENTER
    up, back = UP / np.linalg.norm(UP), BACK / np.linalg.norm(BACK)
    return np.asarray(q @ up), np.asarray(q @ back)


@lru_cache(maxsize=8)
def ears(rings: int, spokes: int) -> tuple[Floats, NDArray[np.int64]]:
    """Rest vertices [2 * (rings * spokes), 3] of both ears and their faces [F, 3]."""
    r = np.concatenate(
        [np.linspace(0.02, 1, 2 * rings // 3), np.linspace(1.02, 1.7, rings - 2 * rings // 3)]
    )
    phi = np.linspace(0, 2 * np.pi, spokes, endpoint=False)
    rr, pp = (g.ravel() for g in np.meshgrid(r, phi, indexing="ij"))
    c, s = np.cos(pp), np.sin(pp)
    # Beyond the rim the disc folds back towards the head.
    reach = np.where(rr <= 1, rr, 1.0 - 0.75 * np.maximum(rr - 1, 0) ** 1.3)
    lobe = smooth(-s, 0.55, 0.95)
    a = 31.0 * reach * s * (1 - 0.06 * lobe)
    # The lobe ends in a half circle rather than in the tip of an egg.
    across = np.sign(c) * np.abs(c) ** (1 - 0.34 * lobe)
    b = 16.5 * reach * across * (1 + 0.24 * s + 0.16 * bell((s + 0.86) / 0.2))
    b = b + (1.5 * s + 1.8 * lobe) * reach
    rear = smooth(c + 0.35 * s, -0.55, 0.1)
    height = 5.4 * bell((rr - 0.91) / 0.105) * (1 - 0.9 * lobe) * smooth(c + 0.9 * s, -0.75, -0.1)
    height += 4.2 * bell((rr - 0.53) / 0.12) * rear * (1 - 0.5 * lobe)
    height -= 2.8 * bell((rr - 0.73) / 0.11) * rear * (1 - lobe)
    height -= 10.5 * (1 - smooth(rr, 0.20, 0.48)) * (1 - 0.4 * lobe)
    height += 4.0 * bell((b + 11.5) / 4.0, (a + 4) / 6.0) * (rr <= 1)
    # Plump, and bent outwards, so that it has a round outline from the front as well.
    height += 3.2 * lobe * bell((rr - 0.72) / 0.28) + 2.4 * lobe * smooth(rr, 0.2, 0.8)
    height -= np.where(rr > 1, 5.0 * smooth(rr, 0.98, 1.22) + 10.0 * (rr - 1), 0)
    up, back, out = (v / np.linalg.norm(v) for v in (UP, BACK, OUT))
    one = CENTER + a[:, None] * up + b[:, None] * back + height[:, None] * out
    i, j = (g.ravel() for g in np.meshgrid(np.arange(len(r) - 1), np.arange(spokes), indexing="ij"))
    k = (j + 1) % spokes
    w, x, y, z = i * spokes + j, i * spokes + k, (i + 1) * spokes + j, (i + 1) * spokes + k
    faces = np.concatenate([np.stack([w, y, x], 1), np.stack([x, y, z], 1)])
    other = one * [-1, 1, 1]
    return np.concatenate([one, other]), np.concatenate([faces, faces[:, ::-1] + len(one)])


def ear_size(p: Floats) -> Floats:
    """Ears larger by 5 % a unit."""
    side = np.sign(p[:, :1])
    return np.asarray(0.05 * (p - side * ATTACH * [1, 0, 0] - ATTACH * [0, 1, 1]))


def ear_stand(p: Floats) -> Floats:
    """Ears stand out further, turning about their front edge."""
    _, back = local(p)
    away = 0.09 * np.maximum(back + 13, 0)
    side = np.sign(p[:, 0])
    return np.stack([side * away, 0 * away, 0.35 * away], -1)


def ear_average(p: Floats) -> Floats:
    """Ears of the average adult: smaller than the template's, and closer to the head."""
    return -3.2 * ear_size(p) - 1.3 * ear_stand(p)


def ear_old(p: Floats) -> Floats:
    """Ears of ninety: longer, above all the lobe."""
    up, _ = local(p)
    out = 1.4 * ear_size(p)
    out[:, 1] -= 4.0 * smooth(-up, 8, 30)
    return out
