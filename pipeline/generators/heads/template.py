"""Build the template: one neutral adult head as grids of vertices, which all people deform.

Head space: mm; origin between the eyes on the plane of the corneas, x to the right of a frontal
picture, y up, z to the viewer. Sizes follow published anthropometry (Farkas, 1994): pupils at
x = +-31.5, chin at y = -113, crown at y = 117. Whatever is painted or placed on a face is measured
in the template's own *rest* coordinates, which travel with the vertices.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

Floats = NDArray[np.float64]

HEAD, MOUTH, EAR = range(3)
"""Parts of the mesh; MOUTH is the strip between the lips, seen when they part."""

ROWS = np.array([
    # front y, z;  half width;  side y, z;  back y, z
    (117.0, -92.0, 0.0, 117.0, -92.0, 117.0, -92.0),
    (116.3, -73.0, 13.0, 116.4, -92.0, 116.2, -112.0),
    (113.0, -57.0, 25.0, 113.8, -93.0, 112.5, -133.0),
    (106.0, -36.0, 41.0, 107.0, -93.0, 104.0, -152.0),
    (95.0, -16.5, 55.0, 96.0, -93.0, 91.0, -168.0),
    (80.0, -3.0, 66.5, 81.0, -93.0, 73.0, -179.0),
    (62.0, 5.0, 73.0, 62.0, -92.0, 51.0, -185.0),
    (42.0, 9.0, 75.2, 42.0, -90.0, 28.0, -187.5),
    (22.0, 9.5, 73.8, 22.0, -85.0, 5.0, -186.0),
    (5.0, 6.0, 71.2, 8.0, -77.0, -15.0, -181.0),
    (-10.0, 4.0, 69.8, -6.0, -70.0, -32.0, -172.0),
    (-25.0, 4.0, 68.2, -19.0, -67.0, -45.0, -160.0),
    (-40.0, 6.0, 66.0, -31.0, -67.0, -56.0, -147.0),
    (-55.0, 8.0, 63.5, -43.0, -67.0, -66.0, -134.0),
    (-70.0, 8.5, 60.5, -55.0, -68.0, -74.0, -121.0),
    (-85.0, 7.0, 57.0, -66.0, -68.0, -80.0, -109.0),
    (-98.0, 6.5, 51.5, -76.0, -65.0, -86.0, -99.0),
    (-107.5, 3.5, 44.0, -84.0, -60.0, -90.0, -91.0),
    (-112.5, -5.0, 34.0, -91.0, -54.0, -93.0, -84.0),
    (-113.0, -20.0, 19.0, -97.0, -48.0, -95.0, -72.0),
    (-104.0, -45.0, 0.0, -104.0, -45.0, -104.0, -45.0),
])  # fmt: skip
"""Horizontal loops of the bare form, crown to throat, without any feature."""

LAST = len(ROWS) - 1.0

MOUTH_Y, MOUTH_X = -68.0, 25.0
EYE = np.array([32.0, 0.0, -16.2])
EYE_RADIUS = 13.2


@dataclass(frozen=True)
class Template:
    """The neutral head.

    rest: float64 [V, 3], mm. faces: int64 [F, 3], counter-clockwise from outside. part: int64
    [F]. chart: float64 [V, 2], mm along the surface (around from the front, up), for textures.
    grid: (rows, columns) of the head's own grid, whose vertices come first.
    """

    rest: Floats
    faces: NDArray[np.int64]
    part: NDArray[np.int64]
    chart: Floats
    grid: tuple[int, int]


def smooth(x: Floats, low: float, high: float) -> Floats:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def bell(*terms: Floats) -> Floats:
    """exp(-sum of squares)."""
    return np.asarray(np.exp(-sum(t * t for t in terms)))


def bow(x: Floats) -> Floats:
    """How the lips' meeting line dips in its middle and rises beside it, mm."""
    return np.asarray(-0.6 * bell(x / 4.5) + 0.4 * bell((np.abs(x) - 9) / 7))


def mouth_line(x: Floats) -> Floats:
    """Height of the closed lips' meeting line at x."""
    return np.asarray(MOUTH_Y + bow(x) + 0.0010 * np.asarray(x) ** 2)


def _density(where: Floats, weight: Floats, count: int) -> Floats:
    """`count` positions between the ends of `where`, as dense as `weight` says."""
    total = np.concatenate([[0], np.cumsum(0.5 * (weight[1:] + weight[:-1]) * np.diff(where))])
    return np.asarray(np.interp(np.linspace(0, total[-1], count), total, where))


def bare(t: Floats, theta: Floats) -> Floats:
    """The bare form at loop t (0 crown .. 20 throat) and angle theta: float64 [..., 3]."""
    # Smooth in curvature too: its steps would show as bands across the cheeks.
    loops = CubicSpline(np.arange(len(ROWS)), ROWS, axis=0)(t)
    fy, fz, w, sy, sz, by, bz = np.moveaxis(loops, -1, 0)
    c, s = np.cos(theta), np.sin(theta)
    front = c > 0
    z = sz + np.where(front, fz - sz, sz - bz) * c
    y = sy + np.where(front, fy - sy, by - sy) * np.abs(c) ** 1.5
    return np.stack([w * s, y, z], -1)


def add(p: Floats, at: tuple[float, ...], size: tuple[float, ...], by: tuple[float, ...]) -> None:
    """Push points p [V, 3] by `by` mm around `at` on both sides, with a bell of `size` mm.

    Two coordinates make a brush that reaches through the front half alone; three a ball.
    """
    p += stroke(p, at, size, by)


def stroke(
    p: Floats, at: tuple[float, ...], size: tuple[float, ...], by: tuple[float, ...]
) -> Floats:
    """The push of `add`, float64 [V, 3]."""
    out = np.zeros_like(p)
    for side in (1.0, -1.0) if at[0] else (1.0,):
        terms = [(p[:, 0] - side * at[0]) / size[0], (p[:, 1] - at[1]) / size[1]]
        if len(at) == 3:
            terms.append((p[:, 2] - at[2]) / size[2])
        weight = bell(*terms)
        if len(at) == 2:
            weight = weight * front(p)
        out += weight[:, None] * np.array([side * by[0], by[1], by[2]])
    return out


def front(p: Floats) -> Floats:
    """1 on the face, 0 from the ears backwards."""
    return smooth(p[:, 2], -80, -45)


def sculpt(p: Floats) -> Floats:
    """Raise the features of the neutral face out of bare points: float64 [V, 3]."""
    p = p.copy()
    # Temples, cheekbones, hollow cheeks, jaw.
    add(p, (66, 20, -38), (16, 22, 22), (-3.5, 0, -2.0))
    add(p, (50, -22, -25), (16, 11, 20), (1.6, 0, 3.2))
    add(p, (45, -50), (15, 17), (0, 0, -1.4))
    add(p, (52, -70, -60), (20, 20, 26), (1.6, -0.6, 0))
    add(p, (28, -30), (14, 13), (0, 0, 2.2))
    # Forehead: two soft eminences, brow ridge, glabella.
    add(p, (24, 58), (20, 16), (0, 0, 1.0))
    add(p, (27, 19), (18, 8.5), (0, 0, 2.4))
    add(p, (0, 22), (12, 15), (0, 0, 0.8))
    # Sockets, deepest at the inner corner.
    add(p, (30, 1), (17, 11), (0, 0, -7.2))
    add(p, (14.5, 3), (6.5, 9), (0, 0, -4.0))
    add(p, (47, 0), (8, 9), (0, 0, -3.5))
    # No trough between lower lid and cheek.
    add(p, (33, -10), (14, 6.5), (0, 0, 2.0))
    # The mound of teeth under the lips, then philtrum and chin.
    add(p, (0, -66), (25, 20), (0, 0, 5.5))
    add(p, (0, -101), (13, 9), (0, 0, 4.8))
    add(p, (9, -104), (8, 7), (0, 0, 1.0))
    add(p, (0, -87.5), (15, 5.5), (0, 0, -3.4))
    _nose(p)
    _lids(p)
    _lips(p)
    return p


RIDGE = np.array([
    # y, height, half width of a soft cross-section
    (-50.5, 0.0, 9.0),
    (-48.5, 0.8, 8.5),
    (-46.5, 3.4, 8.0),
    (-44.0, 8.0, 8.2),
    (-41.0, 11.6, 8.6),
    (-37.0, 14.6, 9.4),
    (-32.0, 16.4, 9.2),
    (-27.0, 15.8, 8.6),
    (-19.0, 13.2, 7.4),
    (-10.0, 10.2, 6.8),
    (0.0, 7.2, 6.8),
    (9.0, 3.8, 8.0),
    (18.0, 0.8, 11.0),
    (26.0, 0.0, 12.0),
])  # fmt: skip
"""The nose without tip and wings, from the lip to the glabella, mm."""


def dome(height: float, radius: float, *terms: Floats) -> Floats:
    """A round hill of some height whose flank steepens outwards; below 0 beyond its foot."""
    q = np.minimum(sum(t * t for t in terms), 9)
    return np.asarray(height - radius * q * (0.5 + 0.3 * q))


def _nose(p: Floats) -> None:
    """A rounded ridge, a ball for the tip, a round wing on either side, and nostrils below."""
    ax, y, face = np.abs(p[:, 0]), p[:, 1], front(p)
    high = np.nan_to_num(PchipInterpolator(RIDGE[:, 0], RIDGE[:, 1], extrapolate=False)(y))
    wide = PchipInterpolator(RIDGE[:, 0], RIDGE[:, 2])(np.clip(y, RIDGE[0, 0], RIDGE[-1, 0]))
    # Side walls run out broadly into the cheeks.
    # A rounded back, walls with a plane of their own.
    wall = np.exp(-(np.abs(ax / wide) ** 2.6))
    body = high * (0.74 * wall + 0.26 * bell(ax / 18))
    tip = dome(19.2, 8.6, ax / 10.0, (y + 35.6) / 8.8)
    body = smooth_max(body, tip, 6.5)
    wing = dome(8.0, 6.0, (ax - 11.0) / 6.6, (y + 39.4) / 6.6)
    body = smooth_max(body, wing, 12.0)
    p[:, 2] += body * face
    add(p, (13.5, -39.8, 2), (4.5, 6.2, 14), (1.6, 0, 0))
    # The crease that sets the wing off from cheek and lip.
    crease = bell((np.hypot(ax - 11.6, y + 39.4) - 8.6) / 2.6)
    crease *= smooth(ax, 10, 17) * smooth(y, -50, -42) * (1 - smooth(y, -40, -31))
    p[:, 2] -= 0.8 * crease * face
    # Nostrils: ellipses, higher outside, to both sides of the columella.
    u, v = ax - 6.6, y + 44.6
    u, v = 0.96 * u + 0.26 * v, 0.96 * v - 0.26 * u
    p[:, 2] -= 4.0 * bell(u / 2.8, v / 1.8) * face
    # Between the wings' rims the columella hangs a little lower.
    add(p, (0, -43.0), (4.2, 3.6), (0, -1.2, 0))


def eye_lift(p: Floats) -> Floats:
    """Height z of the lids' form over points p: wider than the eyeball, low outside."""
    u, v = (np.abs(p[:, 0]) - EYE[0]) / 20.5, (p[:, 1] - EYE[1]) / 15.5
    rho = np.hypot(u, v)
    drop = 5.0 * np.maximum(u, 0) ** 3
    # An ellipsoid, then its tangent: its own edge would stand off the skin as a cliff.
    round_ = np.minimum(rho, 0.88)
    high = np.sqrt(1 - round_**2)
    return np.asarray(EYE[2] - drop + 15.1 * (high - (rho - round_) * round_ / high))


def smooth_max(a: Floats, b: Floats, k: Floats | float) -> Floats:
    """Polynomial smooth maximum with blending width k (Quilez)."""
    h = np.maximum(k - np.abs(a - b), 0)
    return np.asarray(np.maximum(a, b) + h * h / (4 * k))


def _lids(p: Floats) -> None:
    """Lay the lids over the eyeballs, with a crease above and a soft fold below."""
    # The outer rim of the socket comes forward to meet them.
    p[:, 2] += 4.0 * bell((np.abs(p[:, 0]) - 55) / 8, (p[:, 1] + 1) / 10) * front(p)
    near = front(p) * bell((np.abs(p[:, 0]) - EYE[0]) / 26, p[:, 1] / 24)
    lid = eye_lift(p)
    # Below, lid and cheek run into each other without a ring.
    raised = smooth_max(p[:, 2], lid, 5.5 + 5.0 * smooth(-p[:, 1], 3, 12))
    p[:, 2] += (raised - p[:, 2]) * (near > 0.02)
    ax, y = np.abs(p[:, 0]), p[:, 1]
    u = (ax - EYE[0]) / 18.5
    arch = 9.6 - 5.0 * u**2 - 0.6 * u
    face = front(p)
    crease = bell((y - arch) / 1.3) * smooth(1.25 - np.abs(u), 0, 0.5) * face
    p[:, 2] -= 1.5 * crease
    p[:, 2] += 1.1 * bell((y - arch - 3.4) / 2.6) * smooth(1.3 - np.abs(u), 0, 0.5) * face
    below = -9.8 + 3.2 * u**2
    p[:, 2] -= 0.45 * bell((y - below) / 2.0) * smooth(1.2 - np.abs(u), 0, 0.6) * face


def lip_heights(x: Floats) -> tuple[Floats, Floats]:
    """Height of the vermilion above and below the meeting line at x, mm.

    Its outer edges, the cupid's bow above and a plain arc below, do not repeat the line's dip.
    """
    c = np.clip(1 - (x / MOUTH_X) ** 2, 0, 1)
    cupid = 1 - 0.13 * bell(x / 3.4) + 0.06 * bell((np.abs(x) - 6.0) / 3.5)
    return 7.2 * c**0.8 * cupid - 0.4 * c * bow(x), 9.0 * c**0.58 + 0.9 * c * bow(x)


def _lips(p: Floats) -> None:
    x, y = p[:, 0], p[:, 1]
    up, low = lip_heights(x)
    s = y - mouth_line(x)
    c = np.clip(1 - (x / (MOUTH_X + 1)) ** 2, 0, 1)
    upper = np.clip(s / np.maximum(up, 0.3), 0, 3)
    lower = np.clip(-s / np.maximum(low, 0.3), 0, 3)
    above = (s >= 0) * 3.6 * np.sqrt(c) * np.clip(1 - (upper - 0.45) ** 2 / 0.9, 0, 1)
    below = (s < 0) * 4.2 * np.sqrt(c) * np.clip(1 - (lower - 0.5) ** 2 / 0.75, 0, 1)
    p[:, 2] += (above + below) * front(p)
    rim = bell((s - up) / 1.7) * np.sqrt(c)
    p[:, 2] += 0.3 * rim
    p[:, 2] -= 2.6 * bell(s / 1.1) * np.sqrt(c) * front(p)
    add(p, (MOUTH_X + 0.5, MOUTH_Y - 1.2), (3.6, 3.4), (0, 0, -2.2))
    # Philtrum.
    column = smooth(y, MOUTH_Y + 5, MOUTH_Y + 13) * (1 - smooth(y, -54, -47))
    p[:, 2] -= 0.8 * column * bell(x / 3.2)
    p[:, 2] += 0.35 * column * bell((np.abs(x) - 5.2) / 2.8)


def surface(t: Floats, theta: Floats) -> Floats:
    """The sculpted rest surface of the head at (t, theta) [N]: float64 [N, 3]."""
    return sculpt(_aligned(bare(t, theta), t, theta))


LIP_T = 13.87


def _aligned(p: Floats, t: Floats, theta: Floats) -> Floats:
    """Slide points up or down so that loop LIP_T runs along the lips' meeting line."""
    row = bare(np.full_like(t, LIP_T), theta)
    x = p[:, 0]
    weight = smooth(36 - np.abs(x), 0, 12) * front(p) * bell((p[:, 1] - row[:, 1]) / 13)
    p = p.copy()
    p[:, 1] += weight * (mouth_line(x) - row[:, 1])
    return p


def head_grid(rows: int, columns: int) -> tuple[Floats, Floats]:
    """Loops t [rows] and angles theta [columns], dense where the features are."""
    fine = np.linspace(0, LAST, 2000)
    weight = 0.35 + 1.0 * bell((fine - 11.2) / 4.6) + 0.5 * bell((fine - 9.2) / 1.2)
    weight = weight + 0.5 * bell((fine - 13.9) / 1.0)
    t = _density(fine, weight, rows - 2)
    at = int(np.argmin(np.abs(t - LIP_T)))
    t[at] = LIP_T
    t = np.insert(t, [at, at + 1], [LIP_T - 0.004, LIP_T + 0.004])
    t = np.delete(t, at + 1)
    angle = np.linspace(-np.pi, np.pi, 4000)
    dense = 0.30 + 1.0 * bell(angle / 1.25) + 0.5 * bell(angle / 0.6)
    theta = _density(angle, dense, columns + 1)[:-1]
    return t, theta


@lru_cache(maxsize=8)
def template(rows: int, columns: int) -> Template:
    """The template with a head grid of rows x columns vertices."""
    t, theta = head_grid(rows, columns)
    rows = len(t)
    tt, aa = (g.ravel() for g in np.meshgrid(t, theta, indexing="ij"))
    rest = surface(tt, aa)
    i, j = (g.ravel() for g in np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij"))
    k = (j + 1) % columns
    a, b, c, d = i * columns + j, i * columns + k, (i + 1) * columns + j, (i + 1) * columns + k
    faces = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    lip = int(np.argmin(np.abs(t - (LIP_T - 0.004))))
    middle = np.abs(rest[faces].mean(1)[:, 0])
    strip = np.concatenate([i, i]) == lip
    front_face = rest[faces].mean(1)[:, 2] > -30
    part = np.where(strip & (middle < MOUTH_X - 0.3) & front_face, MOUTH, HEAD)
    chart = np.stack([70 * aa, rest[:, 1]], 1)
    return Template(rest, faces, part, chart, (rows, columns))
