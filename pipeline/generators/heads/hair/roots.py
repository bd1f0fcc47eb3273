"""Place the roots of all hair on the template's surface, in an order whose prefixes are even."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.generators.heads.face import EYE_HALF, EYE_X
from pipeline.generators.heads.hair.regions import (
    beard_zones,
    brow_frame,
    line_terms,
    scalp_distance,
)
from pipeline.generators.heads.template import surface

Floats = NDArray[np.float64]

SCALP, BROW, LASH, BEARD = range(4)
COUNTS = {SCALP: 9000, BROW: 1400, LASH: 270, BEARD: 7000}
"""Roots of each kind, both sides together."""

LASH_UPPER, LASH_LOWER = 90, 45


@dataclass(frozen=True)
class Roots:
    """Roots at rest.

    rest, normal: float64 [S, 3], mm and unit. kind: int64 [S], ordered SCALP, BROW, LASH, BEARD.
    random: float64 [S, 8], uniform 0..1, fixed. lash: float64 [S, 2], along the eye -1..1 and 1 on
    the upper or -1 on the lower lid; 0 for other kinds.
    """

    rest: Floats
    normal: Floats
    kind: NDArray[np.int64]
    random: Floats
    lash: Floats

    def of(self, kind: int) -> slice:
        """The roots of one kind."""
        start = sum(COUNTS[k] for k in range(kind))
        return slice(start, start + COUNTS[kind])


def _plastic(count: int) -> Floats:
    """Evenly spread points of the unit square [count, 2] (Roberts, 2018: the R2 sequence)."""
    g = 1.32471795724474602596
    return np.asarray((0.5 + np.arange(1, count + 1)[:, None] / np.array([g, g * g])) % 1)


@dataclass(frozen=True)
class _Area:
    """Cumulated areas of the surface over a grid of (t, theta), to draw points evenly."""

    t: Floats
    theta: Floats
    rows: Floats
    columns: Floats

    def at(self, uv: Floats) -> tuple[Floats, Floats]:
        """(t, theta) [N] of points uv [N, 2] of the unit square, even on the surface."""
        t = np.interp(uv[:, 0], self.rows, self.t)
        row = np.clip(np.searchsorted(self.t, t) - 1, 0, len(self.t) - 2)
        line = self.columns[row]
        flat = line + np.arange(len(self.columns))[row, None]
        # One sorted list of all rows lets one search serve them all.
        every = (self.columns + np.arange(len(self.columns))[:, None]).ravel()
        k = np.searchsorted(every, uv[:, 1] + row) - row * line.shape[1]
        k = np.clip(k, 1, line.shape[1] - 1)
        n = np.arange(len(k))
        low, high = flat[n, k - 1], flat[n, k]
        f = (uv[:, 1] + row - low) / np.maximum(high - low, 1e-12)
        theta = self.theta[k - 1] + f * (self.theta[k] - self.theta[k - 1])
        return t, theta


def _area(low: float, high: float) -> _Area:
    t, theta = np.linspace(low, high, 180), np.linspace(-np.pi, np.pi, 240)
    tt, aa = (g.ravel() for g in np.meshgrid(t, theta, indexing="ij"))
    p = surface(tt, aa).reshape(len(t), len(theta), 3)
    a, b = np.diff(p, axis=0)[:, :-1], np.diff(p, axis=1)[:-1]
    cell = np.linalg.norm(np.cross(a, b), axis=-1) + 1e-9
    rows = np.concatenate([[0], np.cumsum(cell.sum(1))])
    columns = np.concatenate([np.zeros((len(cell), 1)), np.cumsum(cell, 1)], 1)
    return _Area(t, theta, rows / rows[-1], columns / columns[:, -1:])


def _points(t: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """Surface points and outward normals [N, 3]."""
    e = 0.004
    t = np.clip(t, e, 20 - e)
    p = surface(t, theta)
    n = np.cross(
        surface(t, theta + e) - surface(t, theta - e), surface(t - e, theta) - surface(t + e, theta)
    )
    n /= np.linalg.norm(n, axis=1, keepdims=True) + 1e-12
    return p, n


def _chosen(area: _Area, count: int, kind: int) -> tuple[Floats, Floats]:
    """The first `count` even points where hair of a kind may grow."""
    tries = count * 12 if kind == BROW else count * 4
    while True:
        t, theta = area.at(_plastic(tries))
        rest = torch.from_numpy(surface(t, theta)).float()
        keep = np.flatnonzero(_may_grow(rest, kind))
        if len(keep) >= count:
            return _points(t[keep[:count]], theta[keep[:count]])
        tries *= 2


def _may_grow(rest: torch.Tensor, kind: int) -> NDArray[np.bool_]:
    """Whether anyone has hair of the kind at rest points [N, 3]: bool [N]."""
    if kind == SCALP:
        zero = torch.zeros(len(rest))
        terms = line_terms(rest)
        d = scalp_distance(rest, terms, zero, zero, zero - 9, zero)
        # Sideburns reach lower on masculine people.
        low = scalp_distance(rest, terms, zero + 1, zero, zero - 9, zero)
        grows = torch.maximum(d, low) > -2.5
    elif kind == BROW:
        u, v = brow_frame(rest)
        reach = 7.5 - 3.5 * u.clamp(0, 1)
        grows = (u > -0.12) & (u < 1.08) & (v.abs() < reach) & (rest[:, 2] > -45)
    else:
        grows = beard_zones(rest).sum(1) > 0.12
    return np.asarray(grows.numpy())


def _lashes() -> tuple[Floats, Floats, Floats]:
    """Roots of the lashes along the lids' edges, their normals, and (along, lid) [N, 2]."""
    angle = np.linspace(-0.75, 0.75, 260)
    fine_t = np.linspace(9.0, 11.4, 140)
    tt, aa = (g.ravel() for g in np.meshgrid(fine_t, angle, indexing="ij"))
    p = surface(tt, aa)
    order = np.random.default_rng(11)
    rest, normal, frame = [], [], []
    for lid, count in ((1.0, LASH_UPPER), (-1.0, LASH_LOWER)):
        for side in (1.0, -1.0):
            u = np.linspace(-0.86, 0.97, count)[order.permutation(count)]
            c = np.clip(1 - u * u, 0, 1)
            middle = 0.2 + 1.2 * u
            up = middle + 6.0 * c**0.60 * (1 - 0.15 * u)
            low = middle - 4.5 * c**0.72 * (1 + 0.20 * u)
            at = np.stack([side * (EYE_X + u * EYE_HALF), up if lid > 0 else low], 1)
            near = np.array([np.argmin(((p[:, :2] - q) ** 2).sum(1)) for q in at])
            q, n = _points(tt[near], aa[near])
            q[:, :2] = at
            rest.append(q)
            normal.append(n)
            frame.append(np.stack([u, np.full(count, lid)], 1))
    # Mixed, so that a prefix holds lashes of all four lids.
    mix = order.permutation(COUNTS[LASH])
    stacked = [np.concatenate(v)[mix] for v in (rest, normal, frame)]
    return stacked[0], stacked[1], stacked[2]


@lru_cache(maxsize=1)
def roots() -> Roots:
    """All roots of the template, scalp first."""
    scalp, beard = _area(0.02, 14.6), _area(9.0, 19.4)
    lash_rest, lash_normal, lash = _lashes()
    parts = [
        _chosen(scalp, COUNTS[SCALP], SCALP),
        _chosen(_area(6.5, 11.0), COUNTS[BROW], BROW),
        (lash_rest, lash_normal),
        _chosen(beard, COUNTS[BEARD], BEARD),
    ]
    kind = np.repeat(np.arange(4), [len(p) for p, _ in parts])
    frame = np.zeros((len(kind), 2))
    frame[kind == LASH] = lash
    return Roots(
        rest=np.concatenate([p for p, _ in parts]),
        normal=np.concatenate([n for _, n in parts]),
        kind=kind,
        random=np.random.default_rng(2718).random((len(kind), 8)),
        lash=frame,
    )
