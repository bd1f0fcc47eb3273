"""Cut the garments: the strips of each kind of clothing over the neutral body."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from pipeline.generators.heads.template import smooth
from pipeline.generators.heads.worn.strip import Node, Strip, around, strip

Floats = NDArray[np.float64]

CREW, VEE, SHIRT, TURTLE, HOODIE, WIDE = range(6)
"""Kinds of shell: what is next to the skin."""

SHELL, COLLAR, HOOD, JACKET, LAPEL = range(5)
"""Pieces of clothing."""

CLOSED = (True, False, False, True, False)
"""Whether each piece goes all the way around."""

FILL = 13


def _through(angle: Floats, *knots: tuple[float, float]) -> Floats:
    """A loop number along the angles through (angle, loop) knots, alike on both sides."""
    at, loop = np.array(knots, float).T
    return np.asarray(PchipInterpolator(at, loop)(np.abs(angle)))


def _neckline(kind: int, angle: Floats) -> Floats:
    """Loop of the neckline of a kind of shell along the angles."""
    if kind == VEE:
        return _through(angle, (0, 8.1), (0.13, 7.0), (0.3, 6.0), (0.62, 5.3), (1.0, 4.95),
                        (1.57, 4.85), (np.pi, 4.6))  # fmt: skip
    if kind == SHIRT:
        return _through(angle, (0, 6.6), (0.1, 6.1), (0.3, 5.4), (0.6, 5.0), (1.57, 4.75),
                        (np.pi, 4.45))  # fmt: skip
    if kind == TURTLE:
        return around(angle, 3.15, 2.9, 2.6)
    if kind == HOODIE:
        return around(angle, 5.4, 5.05, 4.8)
    if kind == WIDE:
        return around(angle, 7.7, 6.55, 5.7)
    return around(angle, 5.15, 4.9, 4.6)


def _band(width: float, thick: float) -> list[Node]:
    """A neckline of knitted band, rolled at its edge and sewn on at `width` mm."""
    return [
        Node(3.5, -1.0, ao=0.3), Node(0.6, 0.5, ao=0.5), Node(-0.3, 0.5 + 0.5 * thick, ao=0.8),
        Node(0.4, thick), Node(2.5, thick + 0.9), Node(width - 3, thick + 0.8),
        Node(width - 0.8, thick + 0.2), Node(width + 0.4, thick - 0.9, ao=0.72),
        Node(width + 2.2, thick - 0.1), Node(width + 8, thick + 0.2),
    ]  # fmt: skip


def _turtle() -> list[Node]:
    """A folded high collar."""
    return [
        Node(8, 0.3, ao=0.3), Node(1.0, 1.4, ao=0.5), Node(-0.8, 3.0, ao=0.9), Node(0.2, 5.2),
        Node(4, 6.8), Node(18, 8.0), Node(25, 7.4), Node(27, 6.0, ao=0.8), Node(26, 3.6, ao=0.45),
        Node(31, 3.2, ao=0.65),
    ]  # fmt: skip


def _leaf(end: Floats) -> Floats:
    """How far a shirt collar reaches below its stand, mm; `end` is 1 at its points."""
    return np.asarray(14 + 22 * end**5)


def _under_collar(angle: Floats) -> list[Node]:
    """A thin hem, and the shade that the collar over it throws."""
    leaf = 14 + 0.4 * (_leaf(1 - np.abs(angle) / np.pi) - 14)
    return [
        Node(5, -0.5, ao=0.3), Node(1.5, 0.3, ao=0.4), Node(0.2, 0.8, ao=0.6), Node(0.0, 1.6),
        Node(0.8, 2.2), Node(4, 2.3, ao=0.8), Node(leaf - 4, 2.4, ao=0.5), Node(leaf, 2.4, ao=0.55),
        Node(leaf + 5, 2.5, ao=0.85), Node(leaf + 11, 2.6),
    ]  # fmt: skip


def _shell(kind: int, columns: int) -> Strip:
    angle = -np.pi + 2 * np.pi * np.arange(columns) / columns
    bands = {CREW: _band(17, 3.0), VEE: _band(15, 3.0), TURTLE: _turtle(), HOODIE: _band(14, 4.2),
             WIDE: _band(9, 2.2)}  # fmt: skip

    def cut(a: Floats) -> Strip:
        nodes = _under_collar(_wrapped(a)) if kind == SHIRT else bands[kind]
        return strip(_neckline(kind, _wrapped(a)), a, nodes, FILL)

    return _cyclic(cut, angle)


def _wrapped(angle: Floats) -> Floats:
    return np.asarray((angle + np.pi) % (2 * np.pi) - np.pi)


def _cyclic(cut: Callable[[Floats], Strip], angle: Floats) -> Strip:
    """A closed strip: cut with a few columns to spare at both ends, so that slopes are right."""
    spare = 4
    step = angle[1] - angle[0]
    ends = np.arange(1, spare + 1) * step
    longer = np.concatenate([angle[0] - ends[::-1], angle, angle[-1] + ends])
    own = cut(longer)
    return Strip(*(v[:, spare:-spare] for v in vars(own).values()))


def _open(gap: float, columns: int) -> tuple[Floats, Floats]:
    """Angles from one side of the front around the back to the other, and 1 at both ends."""
    angle = np.linspace(gap, 2 * np.pi - gap, columns)
    end = np.abs(angle - np.pi) / (np.pi - gap)
    return angle, np.asarray(end)


def _pinched(own: Strip, end: Floats, width: float) -> Strip:
    """Close the open ends of a folded strip to a seam."""
    closing = np.clip((1 - end) / width, 0.12, 1) ** 0.5
    middle = own.off.mean(0)
    off = middle + (own.off - middle) * closing
    return Strip(own.loop, own.angle, off, own.lift, own.along, own.across, own.ao)


def _collar(columns: int) -> Strip:
    """A shirt collar: the stand, and the leaf turned down over it with its two points."""
    angle, end = _open(0.13, columns)
    tall = 25 - 17 * end**3
    leaf = _leaf(end)
    slide = np.where(angle < np.pi, 1.0, -1.0) * 15 * end**5
    nodes = [
        Node(1.0, 0.8, ao=0.4), Node(-0.5 * tall, 2.2, 0.5, 0.6), Node(-tall, 3.2, 1.2, 0.9),
        Node(-tall - 1.2, 4.6, 1.6), Node(-tall, 6.4, 1.2), Node(-0.75 * tall, 8.0),
        Node(-0.35 * tall, 9.6), Node(0.35 * leaf, 11.0, slide=0.4 * slide),
        Node(0.72 * leaf, 10.6, slide=0.75 * slide), Node(leaf - 1.2, 9.6, slide=slide),
        Node(leaf, 8.6, ao=0.8, slide=slide), Node(leaf - 1.2, 7.0, ao=0.4, slide=slide),
        Node(0.5 * leaf, 6.0, ao=0.3, slide=0.5 * slide),
    ]  # fmt: skip
    own = strip(_neckline(SHIRT, _wrapped(angle)), angle, nodes)
    own.across[:] = leaf - own.across
    return _pinched(own, end, 0.05)


def _hood(columns: int) -> Strip:
    """A hood lying behind the neck, as a thick soft roll that runs out to the front."""
    angle, end = _open(0.10, columns)
    size = 1.08 - 0.92 * smooth(end, 0.30, 0.86)
    wave = 1 + 0.06 * np.sin(5.1 * angle) + 0.05 * np.sin(8.7 * angle + 1)
    turn = np.linspace(-0.65, 1.40, 15) * np.pi
    nodes = []
    for a in turn:
        # A drop with its thin side on the neck, fuller and lower behind.
        out = (15.5 - 15 * np.cos(a)) * size * wave + 1.5
        up = (3 + 13 * np.sin(a)) * size * wave - 3 * (1 - size)
        out = out - 0.40 * (up - 3)
        shade = 0.45 + 0.55 * float(np.clip((a / np.pi + 0.35) / 0.5, 0, 1))
        fold = 1 - 0.35 * float(np.exp(-(((a / np.pi - 1.25) / 0.12) ** 2)))
        nodes.append(Node(0.0, out, up, shade * fold))
    nodes.append(Node(0.0, 6.0 * size, -14.0, 0.3))
    own = strip(around(angle, 5.5, 5.05, 4.8), angle, nodes)
    own.across[:] = np.linspace(0, 90, len(nodes))[:, None]
    return _pinched(own, end, 0.08)


def _jacket_edge(angle: Floats) -> Floats:
    """Loop of a jacket's edge: around the neck, then almost straight down beside the middle."""
    return _through(angle, (0.0, 11.8), (0.10, 11.6), (0.19, 9.6), (0.28, 8.0), (0.46, 6.7),
                    (0.80, 5.75), (1.25, 5.3), (2.4, 4.9), (np.pi, 4.75))  # fmt: skip


def _jacket(columns: int) -> Strip:
    angle = -np.pi + 2 * np.pi * np.arange(columns) / columns
    nodes = [
        Node(8, 3.0, ao=0.4), Node(1, 4.2, ao=0.5), Node(0, 5.4), Node(1, 6.6), Node(5, 7.2),
        Node(12, 7.4), Node(20, 7.6), Node(28, 7.8), Node(36, 8.0), Node(44, 8.0),
    ]  # fmt: skip
    return _cyclic(lambda a: strip(_jacket_edge(_wrapped(a)), a, nodes, FILL), angle)


def _lapel(columns: int) -> Strip:
    """Collar and lapels of a jacket: turned over its edge, with a notch between them."""
    angle, end = _open(0.16, columns)
    stand = 13 * np.clip(1 - (end / 0.72) ** 4, 0, 1)
    broad = 27 + 9 * np.clip((end - 0.45) / 0.4, 0, 1) ** 1.5
    notch = np.exp(-(((end - 0.735) / 0.022) ** 2))
    leaf = broad - 15 * notch
    nodes = [
        Node(4.0, 4.0, ao=0.4), Node(-0.5 * stand, 4.6, 1.0, 0.6),
        Node(-stand - 0.5, 5.8, 1.5, 0.9), Node(-stand - 1.2, 7.4, 1.8), Node(-stand, 9.4, 1.2),
        Node(-0.5 * stand + 2, 10.8),
        Node(0.30 * leaf, 11.6), Node(0.65 * leaf, 11.4), Node(leaf - 1.5, 10.8),
        Node(leaf, 9.8, ao=0.8), Node(leaf - 1.5, 8.6, ao=0.4), Node(0.6 * leaf, 8.2, ao=0.3),
    ]  # fmt: skip
    own = strip(_jacket_edge(_wrapped(angle)), angle, nodes)
    own.across[:] = leaf - own.across
    return _pinched(own, end, 0.03)


@lru_cache(maxsize=8)
def pieces(columns: int) -> tuple[tuple[Strip, ...], ...]:
    """The strips of each piece: one for each kind of shell, then one for each other piece."""
    shells = tuple(_shell(kind, columns) for kind in range(6))
    return (
        shells, (_collar(columns),), (_hood(columns),), (_jacket(columns),),
        (_lapel(2 * columns),),
    )  # fmt: skip
