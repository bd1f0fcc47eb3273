"""Draw the wrinkles of a face as strokes on the sheet, and weigh them for each person."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from math import hypot

import numpy as np
import torch
from torch import Tensor

from pipeline.generators.heads.face import bell, step
from pipeline.generators.heads.sheet import Sheet

Stroke = tuple[float, float, float, float, float, float, float]
"""From x, y; to x, y; bend, half width and depth: mm."""

VARIANTS = 3
"""Patterns of each group that is drawn several times, mixed per person."""

FINE = 0.8
"""Width of the creases against the strokes below."""

SOFT = 0.62
"""How much of the creases' depth tilts the skin; their colour shows the rest."""

BROAD = ("hollows", "jowls")
"""Maps of flesh rather than of creases: they shade by their slopes alone."""


def years(old: Tensor) -> Tensor:
    """How far the signs of age have come: 0 up to 29 years, 0.1 at 35, 0.35 at 45, 1 at 82."""
    past = (old - 0.12).clamp(min=0)
    return (1.75 - 0.55 * past) * past * past / (past + 0.06)


def youth(age: Tensor) -> Tensor:
    """1 up to 16 years, then the fullness and glow of youth go, to 0 at 32."""
    return ((32 - age) / 16).clamp(0, 1)


def _jitter(rng: np.random.Generator, value: float, by: float) -> float:
    return float(value + by * rng.uniform(-1, 1))


def _forehead(rng: np.random.Generator) -> Iterator[Stroke]:
    """Long shallow lines that follow the brows' arch, each broken into overlapping pieces."""
    for k, y in enumerate((33.0, 42.0, 51.5, 61.0, 70.0)):
        at = _jitter(rng, y, 2.0)
        reach = 46 - 3.0 * abs(k - 1.5) - 6 * rng.random()
        depth = (0.75, 1.0, 1.0, 0.8, 0.45)[k] * _jitter(rng, 1, 0.2)
        cuts = np.sort(rng.uniform(-0.5, 0.5, 2 if k % 2 else 1)) * reach
        ends = [-reach + 6 * rng.random(), *cuts, reach - 6 * rng.random()]
        for low, high in pairwise(ends):
            if high - low < 9:
                continue
            lift = _jitter(rng, 0, 1.1)
            y0, y1 = (at + lift + 3.0 * bell_at(v / 24) for v in (low, high))
            yield (
                low - 4, y0 - 2.2, high + 4, y1 - 2.2,
                _jitter(rng, 1.6, 1.0), _jitter(rng, 1.15, 0.25), depth,
            )  # fmt: skip


def bell_at(x: float) -> float:
    """exp(-x^2)."""
    return float(np.exp(-x * x))


def _frown(rng: np.random.Generator) -> Iterator[Stroke]:
    for side in (-1, 1):
        x = side * _jitter(rng, 6.6, 1.2)
        tall = _jitter(rng, 15, 3)
        lean = side * _jitter(rng, 2.0, 1.0)
        yield (x, 10.5, x + lean, 12 + tall, -0.8 * side, 1.25, _jitter(rng, 1.05, 0.25))
        if rng.random() < 0.6:
            x += side * _jitter(rng, 4.2, 0.6)
            yield (x, 15, x + lean * 1.3, 13 + 0.6 * tall, -0.5 * side, 1.0, 0.5)


def _bunny(rng: np.random.Generator) -> Iterator[Stroke]:
    for y in (7.5, 3.5):
        yield (-7.5, y - 1.5, 7.5, y - 1.5 + rng.uniform(-1, 1), 1.5, 1.0, 0.6)
    for side in (-1, 1):
        for k in range(3):
            y = 1.0 - 4.2 * k + rng.uniform(-0.6, 0.6)
            yield (side * 5.5, y, side * 10.5, y - 4.5, 0.4 * side, 1.0, 0.22)


def _crows(rng: np.random.Generator) -> Iterator[Stroke]:
    for side in (-1, 1):
        count = 5
        for k in range(count):
            angle = np.radians(_jitter(rng, 34 - 19 * k, 4.0))
            start = _jitter(rng, 3.0, 1.4)
            long = (9.0, 13.5, 15.5, 14.0, 11.0)[k] * _jitter(rng, 1, 0.2)
            cx, cy = 48.8, -0.5 - 0.9 * k
            c, s = float(np.cos(angle)), float(np.sin(angle))
            depth = (0.55, 0.85, 1.0, 0.85, 0.55)[k] * _jitter(rng, 1, 0.2)
            yield (
                side * (cx + start * c), cy + start * s,
                side * (cx + (start + long) * c), cy + (start + long) * s,
                side * (0.9 if k < 2 else -0.9) * rng.uniform(0.3, 1.4), 1.6, depth,
            )  # fmt: skip


def _under_eye(rng: np.random.Generator) -> Iterator[Stroke]:
    """Fine lines on the lower lid and below it, running out and down."""
    for side in (-1, 1):
        for k in range(4):
            y = -7.6 - 2.6 * k + rng.uniform(-0.5, 0.5)
            x0, x1 = 21 + 1.6 * k + 3 * rng.random(), 42 - 1.2 * k + 5 * rng.random()
            yield (
                side * x0, y - 0.4 + 0.5 * k, side * x1, y + 1.2 - 0.9 * k,
                -side * (1.6 + 0.3 * k), 0.75, _jitter(rng, 0.5, 0.15),
            )  # fmt: skip


def _cheek(rng: np.random.Generator) -> Iterator[Stroke]:
    """Slanting creases of weathered cheeks."""
    for side in (-1, 1):
        for k in range(4):
            x = 39 + 6.0 * k + rng.uniform(-2, 2)
            y = -27 - 3.0 * k + rng.uniform(-4, 4)
            yield (
                side * x, y, side * (x - 5 + 1.2 * k), y - 30 - 12 * rng.random(),
                side * rng.uniform(2.5, 4.5), _jitter(rng, 1.7, 0.4), _jitter(rng, 0.62, 0.2),
            )  # fmt: skip


def _lips(rng: np.random.Generator) -> Iterator[Stroke]:
    """Lines that run into the lips, longer above than below."""
    for k in range(15):
        x = -22.5 + 3.2 * k + rng.uniform(-0.9, 0.9)
        if abs(x) < 3.4:
            continue
        top = -61.2 - 0.0075 * x * x
        lean = 0.10 * x
        yield (
            x, top - 1.5, x + lean, top + 4.5 + 3.5 * rng.random(),
            rng.uniform(-0.4, 0.4), 0.62, _jitter(rng, 0.6, 0.3),
        )  # fmt: skip
        if k % 2:
            low = -78.8 + 0.011 * x * x
            yield (x, low + 1, x + 0.5 * lean, low - 3.5 - 2 * rng.random(), 0.2, 0.6, 0.3)


def _nasolabial(rng: np.random.Generator) -> Iterator[Stroke]:
    """In the bottom of the fold that growth.fold shapes."""
    for side in (-1, 1):
        yield (
            side * 16.8, -36.0, side * 30.5, -67.0, side * 0.7, 2.6, _jitter(rng, 1.3, 0.1),
        )  # fmt: skip


def _smile(rng: np.random.Generator) -> Iterator[Stroke]:
    """Brackets beside a smiling mouth."""
    for side in (-1, 1):
        yield (side * 31.5, -55, side * 33.0, -83, side * 4.0, 1.7, 0.9)
        yield (side * 38.5, -52, side * 40.0, -83, side * 5.0, 1.5, 0.55)
        yield (side * 44.5, -48, side * 47.0, -78, side * 5.0, 1.3, 0.3)


def _marionette(rng: np.random.Generator) -> Iterator[Stroke]:
    for side in (-1, 1):
        yield (side * 26.8, -71.5, side * 30.5, -87, side * 1.6, 2.8, _jitter(rng, 0.8, 0.1))


def _chin(rng: np.random.Generator) -> Iterator[Stroke]:
    yield (-15, -88.5, 15, -88.5, 2.4, 1.9, 0.9)


def _neck(rng: np.random.Generator) -> Iterator[Stroke]:
    for y in (-121.0, -131.0, -143.0):
        for side in (-1, 1):
            y0 = _jitter(rng, y, 2.0)
            yield (
                side * rng.uniform(-9, 3), y0 - 3, side * 62, y0 + 5, -side * 3.5, 2.2,
                _jitter(rng, 0.8, 0.2),
            )  # fmt: skip


def _lid(rng: np.random.Generator) -> Iterator[Stroke]:
    """Extra folds over the upper lid."""
    for side in (-1, 1):
        yield (side * 20, 8.5, side * 46, 7.2, side * 4.4, 0.9, 0.6)
        yield (side * 25, 12.4, side * 49, 6.6, side * 3.6, 0.9, 0.45)


GROUPS = (
    # name, its strokes, in how many variants
    ("forehead", _forehead, VARIANTS), ("frown", _frown, 2), ("bunny", _bunny, 1),
    ("crows", _crows, VARIANTS), ("under_eye", _under_eye, 2), ("cheek", _cheek, 2),
    ("lips", _lips, 2), ("nasolabial", _nasolabial, 1), ("smile", _smile, 1),
    ("marionette", _marionette, 1), ("chin", _chin, 1), ("neck", _neck, 2), ("lid", _lid, 1),
)  # fmt: skip


def _draw(out: Tensor, x: Tensor, y: Tensor, stroke: Stroke, wobble: tuple[float, ...]) -> None:
    """Add a stroke's height to `out` [H, W]: a groove between two soft banks."""
    x0, y0, x1, y1, bend, wide, deep = stroke
    long = hypot(x1 - x0, y1 - y0)
    texel = float(x[0, 1] - x[0, 0])
    wide *= FINE
    # Lines finer than the texels get wider and shallower.
    width = max(wide, 0.75 * texel)
    deep *= wide / width
    reach = abs(bend) + 6 * width + 1.5
    left, right = min(x0, x1) - reach, max(x0, x1) + reach
    low, high = min(y0, y1) - reach, max(y0, y1) + reach
    columns = torch.nonzero((x[0] > left) & (x[0] < right))[:, 0]
    rows = torch.nonzero((y[:, 0] > low) & (y[:, 0] < high))[:, 0]
    if not len(columns) or not len(rows):
        return
    cut = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    px, py = x[:, cut[1]] - x0, y[cut[0]] - y0
    tx, ty = (x1 - x0) / long, (y1 - y0) / long
    s = (px * tx + py * ty) / long
    phase, fast, amount, fade = wobble
    d = px * ty - py * tx + bend * 4 * s * (1 - s)
    d = d + amount * ((7.3 * s + phase).sin() + 0.5 * (fast * s + 2.1 * phase).sin())
    ends = step(s, -0.02, 0.26) * (1 - step(s, 0.66, 1.03))
    ends = ends * (0.82 + 0.18 * (fade * s + phase).sin())
    w = width * (0.65 + 0.35 * ends)
    # A crease in the bottom of a soft trough, which is what shows from afar.
    groove = -0.72 * bell(d / w) - 0.34 * bell(d / (2.3 * w))
    groove = groove + 0.13 * bell((d.abs() - 4.2 * w) / (2.0 * w))
    out[cut] += deep * ends * groove


@lru_cache(maxsize=4)
def heights(sheet: Sheet, device: torch.device) -> dict[str, Tensor]:
    """Heights in mm [H, W] of each group's variants, keyed `name` or `name0`, `name1`..."""
    x, y = sheet.grid()
    out: dict[str, Tensor] = {}
    for name, strokes, variants in GROUPS:
        for k in range(variants):
            rng = np.random.default_rng([71, len(out)])
            height = torch.zeros(sheet.height, sheet.width)
            for stroke in strokes(rng):
                wobble = (
                    6.28 * rng.random(), 13 + 9 * rng.random(),
                    0.012 * hypot(stroke[2] - stroke[0], stroke[3] - stroke[1]),
                    5 + 8 * rng.random(),
                )  # fmt: skip
                _draw(height, x, y, stroke, wobble)
            out[name + (str(k) if variants > 1 else "")] = height
    ax = x.abs()
    # Bags: a soft bulge under the eye over the groove that runs from its inner corner.
    arc = -13.5 + 0.016 * (ax - 31).square()
    tear = bell((y - arc) / 4.0) * step(ax, 14, 20) * (1 - step(ax, 40, 47))
    bag = bell((y - arc - 5.6) / 4.0) * bell((ax - 31) / 12)
    out["bags"] = 1.0 * bag - 1.0 * tear
    # Jowls hang beside the chin.
    out["jowls"] = 1.8 * bell((ax - 39) / 9) * bell((y + 95) / 9) - 0.8 * bell(
        (ax - 27) / 6
    ) * bell((y + 97) / 9)
    # Temples and cheeks sink in.
    out["hollows"] = -1.6 * bell((ax - 43) / 9) * bell((y + 55) / 15)
    return {name: height.to(device) for name, height in out.items()}


def amounts(t: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """How strongly each map of `heights` shows on B people with traits t: float32 [B] each."""
    old = t["old"]
    early, late = years(old), old**1.6
    grown = 0.25 + 0.75 * step(t["age"], 12, 32)
    smile = torch.maximum(t["smile"], t["laugh"]) * grown
    raised = (t["surprise"] + 0.25 * t["sadness"] + 0.10 * t["brow_raise"].clamp(0, 2)) * grown
    anger, sadness = t["anger"] * grown, t["sadness"] * grown
    skin = 0.33 + 0.67 * early
    total = {
        "forehead": 0.26 * early + 0.36 * late + 0.75 * raised * (0.35 + 0.65 * skin),
        "frown": 0.26 * early + 0.26 * late + 0.85 * anger + 0.40 * sadness,
        "bunny": 0.22 * late + 0.60 * anger + 0.30 * t["laugh"] * grown,
        "crows": 0.22 * early + 0.30 * late + 0.62 * smile * (0.22 + 0.78 * skin),
        "under_eye": 0.18 * early + 0.28 * late + 0.35 * smile * skin,
        "cheek": 0.34 * late,
        "lips": 0.60 * late,
        "nasolabial": 0.02 * grown + 0.26 * early + 0.18 * late + smile * (0.10 + 0.30 * early),
        "smile": 0.05 * late + smile * (0.06 + 0.50 * early),
        "marionette": 0.08 * early + 0.12 * late + 0.12 * sadness,
        "chin": 0.05 * early + 0.20 * late + 0.35 * anger + 0.35 * sadness,
        "neck": 0.03 + 0.20 * early + 0.40 * late,
        "lid": 0.15 * early + 0.40 * late,
        "bags": 0.02 * grown + 0.32 * early + 0.30 * late,
        "jowls": 0.25 * early + 0.60 * late,
        "hollows": 0.35 * early + 0.75 * late,
    }
    out: dict[str, Tensor] = {}
    for k, (name, _, variants) in enumerate(GROUPS):
        # Shares of the patterns differ between people and add up to a little over one.
        turn = 2.3 * t["mark_seed"] + 1.7 * t["asymmetry"] + 1.1 * k
        for v in range(variants):
            share = (
                0.5 + 0.5 * (turn + 6.2832 * v / variants).cos() if variants > 1 else 1 + 0 * turn
            )
            if variants > 1:
                share = 0.85 * share.square() + 0.08
            out[name + (str(v) if variants > 1 else "")] = total[name] * share
    out |= {name: total[name] for name in ("bags", "jowls", "hollows")}
    return out
