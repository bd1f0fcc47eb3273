"""Draw the features of the face as functions of frontal head-space x and y, and bake the relief.

Lids, lips and brows are evaluated where a ray lands, so their edges stay sharp at any size; the
relief (folds, wrinkles, lip and lid forms) is baked into a map that marching reads cheaply.
"""

import torch
from torch import Tensor

from pipeline.generators.heads.anatomy import Anatomy
from pipeline.generators.heads.geometry import MAP_HIGH, MAP_LOW, MAP_X
from pipeline.generators.heads.layout import Person


def bump(x: Tensor) -> Tensor:
    """exp(-x^2)."""
    return x.square().neg_().exp_()


def step(x: Tensor, low: float, high: float) -> Tensor:
    """Smooth step from `low` to `high`."""
    t = ((x - low) / (high - low)).clamp_(0, 1)
    return t * t * (3 - 2 * t)


def aperture(a: Anatomy, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The eye openings: (signed distance, >0 inside; edge height of the upper lid; u).

    u runs from -1 at the inner to 1 at the outer corner.
    """
    u = (x.abs() - a.eye_x) / a.eye_w
    v = y - a.eye_tilt * u * a.eye_w * 2.0
    c = (1 - u.square()).clamp(min=0)
    # The upper arc peaks a little inside the middle, the lower one outside: an almond.
    up = a.eye_h_up * c.pow(0.62) * (1 - 0.12 * u)
    low = a.eye_h_low * c.pow(0.75) * (1 + 0.16 * u)
    inside = torch.minimum(up - v, v + low)
    inside = torch.minimum(inside, (1 - u.abs()) * a.eye_w * 0.7)
    return inside, v - up, u


def mouth(a: Anatomy, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The mouth: signed distances >0 inside the upper lip, lower lip, opening; and u."""
    u = x.abs() / a.mouth_w
    c = (1 - u.square()).clamp(min=0)
    line = a.mouth_y + a.corner_lift * (u.square().clamp(max=2.0)) - 0.3 * a.corner_lift
    line = line + 0.012 * bump(u * 3.5) - 0.006
    opening = c.pow(0.55)
    split = 0.22 + 0.22 * a.smile
    top = line + a.gap * split * opening
    bottom = line - a.gap * (1 - split) * opening
    bow = 1 - 0.16 * bump(u * 5.5) + 0.10 * bump((u - 0.24) * 5.0)
    upper = torch.minimum(top + a.upper_lip * c.pow(0.85) * bow - y, y - top)
    lower = torch.minimum(bottom - y, y - bottom + a.lower_lip * c.pow(0.6))
    inside = torch.minimum(top - y, y - bottom)
    edge = (1 - u) * a.mouth_w * 0.5
    return torch.minimum(upper, edge), torch.minimum(lower, edge), torch.minimum(inside, edge), u


def brow(a: Anatomy, g: Person, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The brows: (density 0..1, distance along, distance across the middle line)."""
    s = (x.abs() - a.eye_x + 0.005) / 0.205
    arch = 0.023 * (1 + 0.35 * g["brow_arch"]) - 0.026 * (a.masculinity - 0.5)
    tilt = 0.012 - 0.02 * (a.masculinity - 0.5) - 0.012 * a.old
    middle = a.brow_y + arch * (1 - (s - 0.22).square() * 0.85) + tilt * s - 0.012
    thick = 0.038 * (1 + 0.16 * g["brow_thickness"]) * (1 + 0.6 * (a.masculinity - 0.45))
    thick = thick * (1 - 0.2 * a.child)
    half = thick * (1 - 0.55 * step(s, 0.1, 1.05)) * (0.72 + 0.28 * step(s, -1.05, -0.6))
    across = y - middle
    density = step(1 - (across / half).abs(), 0.0, 0.75) * step(s, -1.12, -0.72)
    return density * (1 - step(s, 0.86, 1.12)), s * 0.2, across


def bake(a: Anatomy, g: Person, rows: int) -> Tensor:
    """Outward displacement of the face: float32 [1, 1, rows, columns] over the map's extent."""
    columns = int(rows * 0.8)
    y = torch.linspace(MAP_LOW, MAP_HIGH, rows)[:, None].expand(rows, columns)
    x = torch.linspace(-MAP_X, MAP_X, columns)[None].expand(rows, columns)
    ax, m, old, smile = x.abs(), a.masculinity - 0.5, a.old, a.smile
    out = torch.zeros(rows, columns)

    inside, above, u = aperture(a, x, y)
    near = bump(u * 0.72) * step(1.5 - u.abs(), 0, 0.4)
    # Lids swell over the eyeball, with a crease above; inside the opening the skin steps back.
    out += 0.030 * near * bump((above - 0.012) / 0.045)
    crease = 0.052 + 0.012 * g["lid"] - 0.012 * old
    out -= 0.014 * near * bump((above - crease) / 0.014) * (1 - 0.35 * old)
    out += (
        0.012 * near * bump((above + (a.eye_h_up + a.eye_h_low) + 0.02) / 0.030) * (1 + 0.8 * smile)
    )
    bag = 0.02 + a.eye_h_low + 0.062
    out -= (0.0015 + 0.012 * old) * near * bump((y + bag) / 0.022)
    out += 0.012 * old * near * bump((y + bag - 0.034) / 0.03)
    out -= 0.075 * step(inside, -0.002, 0.012)

    wing = torch.hypot(ax - a.nose_w + 0.055, y - a.nose_y - 0.015)
    out -= (
        0.016
        * bump((wing - 0.085) / 0.018)
        * step(ax, a.nose_w - 0.06, a.nose_w + 0.01)
        * step(y, a.nose_y - 0.05, a.nose_y)
    )

    upper, lower, gap, mu = mouth(a, x, y)
    wide = bump(mu * 0.75)
    out += (0.030 + 0.10 * a.upper_lip) * step(upper, -0.012, 0.030) * wide
    out += (0.036 + 0.14 * a.lower_lip) * step(lower, -0.012, 0.036) * wide
    line = torch.maximum(-upper, -lower)
    out -= 0.020 * bump(line.abs() / 0.010) * step(1.08 - mu, 0, 0.3)
    out -= 0.085 * step(gap, 0.0, 0.016)
    corner_y = a.mouth_y + 0.7 * a.corner_lift
    corner = bump((ax - a.mouth_w) / 0.035) * bump((y - corner_y) / 0.035)
    out -= (0.014 + 0.026 * smile) * corner
    out -= 0.012 * bump(ax / 0.022) * bump((y - (a.mouth_y + a.nose_y) / 2 - 0.02) / 0.07)
    out -= (
        0.013 * bump(ax / 0.16) * bump((y - a.mouth_y + a.lower_lip + a.gap * 0.8 + 0.075) / 0.045)
    )

    # Nasolabial fold: from the wing of the nose past the corner of the mouth.
    t = ((y - a.nose_y) / (corner_y - a.nose_y - 0.04)).clamp(-0.4, 1.5)
    fold_x = a.nose_w + 0.02 + (a.mouth_w + 0.035 - a.nose_w) * t.clamp(min=0).pow(0.8)
    fold = step(t, -0.3, 0.15) * (1 - step(t, 0.75, 1.3))
    depth = 0.002 + 0.010 * smile + 0.016 * old * (1 + 0.2 * smile)
    out -= depth * fold * bump((ax - fold_x) / 0.026)
    out += 1.1 * depth * fold * bump((ax - fold_x - 0.065) / 0.05)
    # Smiling lifts the cheeks into apples under the eyes.
    out += 0.050 * smile * bump((ax - 0.37) / 0.13) * bump((y + 0.30) / 0.12)
    jowl = bump((ax - 0.36) / 0.12) * bump((y - a.mouth_y + 0.16) / 0.14)
    out += 0.022 * old * jowl
    mar = bump((ax - a.mouth_w - 0.02 - 0.15 * (corner_y - y)) / 0.018)
    out -= 0.012 * old * mar * step(corner_y - y, 0, 0.06) * (1 - step(corner_y - y, 0.12, 0.24))

    # Forehead lines, frown lines, crow's feet.
    worn = max(0.0, old - 0.12)
    wave = (
        (y - 0.36 + 0.05 * ax.square() + 0.008 * torch.sin(ax * 11 + g["asymmetry"])) * 62
    ).sin()
    area = step(y, 0.34, 0.42) * (1 - step(y, 0.58, 0.66)) * (1 - step(ax, 0.28, 0.5))
    raised = worn + 0.18 * max(0.0, g["brow_raise"] - 0.8) * (1 - a.child)
    out -= 0.0085 * raised * area * wave.clamp(min=-0.2)
    out -= 0.016 * worn * bump((ax - 0.055) / 0.012) * bump((y - 0.21) / 0.06)
    crow_x = ax - a.eye_x - a.eye_w
    angle = torch.atan2(y, crow_x + 0.06)
    crow = (
        step(crow_x, 0.01, 0.05) * (1 - step(crow_x, 0.12, 0.2)) * (1 - step(angle.abs(), 0.5, 0.9))
    )
    out -= 0.009 * (worn + 0.35 * smile * old) * crow * (angle * 15).sin()
    out += (0.010 + 0.012 * m) * bump(ax / 0.09) * bump((y - 0.20) / 0.07)
    out -= 0.010 * max(0.0, m) * bump(ax / 0.02) * bump((y - a.chin_y - 0.16) / 0.06)
    # Temples hollow with age, cheeks with masculine bone.
    out -= (0.014 + 0.030 * old + 0.02 * m) * bump((ax - 0.50) / 0.12) * bump((y + 0.50) / 0.16)
    return out[None, None]
