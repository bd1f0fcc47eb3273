"""Fit latent directions to scored natural draws: ridge regression, each free of the others.

The coefficients of a linear regression of a reading on w are the normal of its hyperplanes: along
it the reading grows (InterFaceGAN; Shen et al., 2020). What they have in common with the normals of
other readings is taken out, as there, so that a step leaves those where they are; but lengths and
angles are measured in standard deviations of the natural latents, so that of all such steps it is
the one that stays most natural.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.changes import ALONG
from pipeline.attributes.directions import Direction, Directions
from pipeline.attributes.readings import Reading, readings_of

HELD_OUT = 0.1
"""Share of the draws that the strength of the ridge is chosen by."""

FEWEST = 20
"""Draws that a class must be read in, and missing in, to have a direction."""

RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Strengths tried, in mean variances of a latent's numbers."""

_FLAT = 1e-6
"""Variance, as a share of the largest, below which latents do not vary at all."""

_SAME = 1e-6
"""Ridge of the projection: normals of other readings may all but coincide."""

Floats = NDArray[np.float64]


def fit_directions(
    w: NDArray[np.float32],
    values: Mapping[str, NDArray[np.generic]],
    digests: tuple[str, str],
    orthogonal: bool = True,
) -> Directions:
    """Find the direction of every attribute, and of every class, not yet measured.

    Args:
        w: float32 [N, D], natural draws.
        values: name -> [N], as in `Scores.values`.
        digests: of generator and scorer.
        orthogonal: take out what a direction has in common with those of other attributes, but for
            those that go along with it (`changes.ALONG`).

    Returns:
        A direction for each reading that occurs often enough; its effect is left open.
    """
    readings = [one for one in readings_of(values) if _varies(one.column(values))]
    if not readings:
        return Directions((), len(w), *digests)
    y = np.stack([one.column(values) for one in readings], 1)
    basis, normals, told = _regression(w.astype(np.float64), y)
    each = []
    for k, reading in enumerate(readings):
        others = [i for i, one in enumerate(readings) if orthogonal and _must_stay(reading, one)]
        way = _freed(normals[:, k], normals[:, others])
        step = basis @ (way / np.linalg.norm(way))
        each.append(Direction(reading, step.astype(np.float32), float(told[k])))
    return Directions(tuple(each), len(w), *digests)


def _varies(column: Floats) -> bool:
    """Whether a number is not always the same, or a class neither too rare nor too common."""
    if np.isin(column, (0.0, 1.0)).all():
        return bool(FEWEST <= column.sum() <= len(column) - FEWEST)
    return bool(np.ptp(column) > 0)


def _must_stay(moved: Reading, other: Reading) -> bool:
    """Whether a reading must stay where it is when another one is moved."""
    return other.attribute not in (moved.attribute, *ALONG.get(moved.attribute, ()))


def _regression(w: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Regress each column of y, [N, K], on w, [N, D], each with the ridge that suits it.

    Returns:
        basis, [D, P]: its columns are one standard deviation each, along the principal axes of w.
        normals, [P, K]: how much each column of y grows along them. told, [K]: the share of its
        variance that this tells of held-out rows.
    """
    held = max(1, round(HELD_OUT * len(w)))
    w, y = w - w[:-held].mean(0), y - y[:-held].mean(0)
    variances, axes = np.linalg.eigh(w[:-held].T @ w[:-held] / (len(w) - held))
    kept = variances > _FLAT * variances.max()
    spread, axes = np.sqrt(variances[kept]), axes[:, kept]
    x = (w @ axes) / spread
    shared = x[:-held].T @ y[:-held] / (len(w) - held)
    normals, told = np.zeros_like(shared), np.full(y.shape[1], -np.inf)
    for ridge in RIDGES:
        # In w's own units, where directions of little variance give way first.
        shrunk = spread**2 / (spread**2 + ridge * variances.mean())
        fitted = shared * shrunk[:, None]
        errors = np.square(y[-held:] - x[-held:] @ fitted).mean(0)
        found = 1 - errors / np.maximum(np.square(y[-held:]).mean(0), 1e-12)
        better = found > told
        normals[:, better], told[better] = fitted[:, better], found[better]
    return axes * spread, normals, told


def _freed(way: Floats, others: Floats) -> Floats:
    """What is left of a way, [P], without what it shares with others, [P, K]."""
    if not others.shape[1]:
        return way
    others = others / np.maximum(np.linalg.norm(others, axis=0), 1e-12)
    common = others.T @ others + _SAME * np.eye(others.shape[1])
    left: Floats = way - others @ np.linalg.solve(common, others.T @ way)
    return left if np.linalg.norm(left) > 1e-9 * np.linalg.norm(way) else way
