"""Lay strips of cloth along an edge on the body: necklines, collars, lapels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.generators.heads.worn.body import LAST, bare

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Strip:
    """A grid of cloth, each array [R, T]: R rows across the edge, T points along it.

    loop, angle: place on the body's grid. off: mm along the body's normal. lift: mm upwards.
    along, across: mm along the edge and from it, for patterns. ao: share of ambient light that a
    fold of the garment itself leaves.
    """

    loop: Floats
    angle: Floats
    off: Floats
    lift: Floats
    along: Floats
    across: Floats
    ao: Floats


@dataclass(frozen=True)
class Node:
    """One row of a strip: mm down from the edge, off the body, upwards; ambient light; mm along."""

    down: float | Floats
    off: float | Floats
    lift: float | Floats = 0.0
    ao: float = 1.0
    slide: float | Floats = 0.0


def around(angle: Floats, front: float, side: float, back: float) -> Floats:
    """A loop number along the angles, given in front, at the sides and behind."""
    c = np.cos(angle)
    return np.asarray(side + np.where(c > 0, front - side, back - side) * c * c)


def _tangents(s: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """Derivatives [T, 3] of the bare body by loop and by angle."""
    e = 0.01
    by_loop = bare(np.minimum(s + e, LAST), angle) - bare(s - e, angle)
    return by_loop / (2 * e), (bare(s, angle + e) - bare(s, angle - e)) / (2 * e)


def _unit(v: Floats) -> Floats:
    return np.asarray(v / np.linalg.norm(v, axis=-1, keepdims=True).clip(1e-9))


def _walk(
    s: Floats, angle: Floats, toward: Floats, distance: Floats, steps: int = 5
) -> tuple[Floats, Floats]:
    """Where one arrives on the body after `distance` mm straight on, setting out `toward`."""
    for _ in range(steps):
        ts, ta = _tangents(s, angle)
        ss, sa, aa = (ts * ts).sum(-1), (ts * ta).sum(-1), (ta * ta).sum(-1)
        sd, ad = (ts * toward).sum(-1), (ta * toward).sum(-1)
        det = (ss * aa - sa * sa).clip(1e-6)
        ds, da = (aa * sd - sa * ad) / det, (ss * ad - sa * sd) / det
        moved = ts * ds[:, None] + ta * da[:, None]
        pace = distance / steps / np.linalg.norm(moved, axis=-1).clip(1e-6)
        s, angle = np.clip(s + ds * pace, 0.02, LAST), angle + da * pace
        toward = _unit(moved)
    return s, angle


def strip(edge: Floats, angle: Floats, nodes: list[Node], fill: int = 0) -> Strip:
    """The strip whose rows are `nodes` and then `fill` more down to the body's last loop.

    edge, angle: [T], the edge on the body's grid. Rows lie across the edge.
    """
    ts, ta = _tangents(edge, angle)
    ds, da = np.gradient(edge)[:, None], np.gradient(angle)[:, None]
    on = ts * ds + ta * da
    length = np.linalg.norm(on, axis=-1)
    on = _unit(on)
    outward = _unit(np.cross(ts, ta))
    down = np.cross(on, outward)
    along = np.cumsum(length) - length.sum() / 2
    rows = []
    one = np.ones_like(edge)
    for node in nodes:
        d, e = node.down * one, node.slide * one
        leg = d[:, None] * down + e[:, None] * on
        s, a = _walk(edge, angle, _unit(leg), np.linalg.norm(leg, axis=-1))
        rows.append((s, a, node.off * one, node.lift * one,
                     along, d, node.ao * one))  # fmt: skip
    last = rows[-1]
    for k in range(fill):
        f = (k + 1) / fill
        s = last[0] + (LAST - last[0]) * f
        # Angles come back to their own meridian while the cloth falls.
        a = last[1] + (angle - last[1]) * f
        d = last[5] + f * 8 * (LAST - last[0])
        rows.append((s, a, last[2], last[3] * (1 - f), along, d, one))
    return Strip(*(np.stack(values) for values in zip(*rows, strict=True)))
