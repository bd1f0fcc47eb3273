"""Bake one person's face into maps on the sheet: pigments, relief, gloss and marks."""

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from pipeline.generators.heads import noise, wrinkles
from pipeline.generators.heads.face import aperture, bell, step
from pipeline.generators.heads.hair.regions import brow_frame
from pipeline.generators.heads.sheet import Sheet

BLOOD, MELANIN, SHADE, GLOSS, SLOPE_X, SLOPE_Y, PALE, SHADOW, FRECKLED, THIN, COARSE = range(11)
"""Channels of a person's maps.

Exponents of blood, of melanin and of grey shade; gloss over the usual; slopes of the relief; share
of skin without pigment; eye shadow; how densely freckles lie; thinness, through which light from
behind glows; coarseness of the pores.
"""

CHANNELS = 11

MOLES = 5


def _arc_beard(x: Tensor, y: Tensor) -> Tensor:
    """Where beards grow: upper lip, chin and jaw."""
    ax = x.abs()
    cheek = 1 - step(y + 0.55 * (60 - ax).clamp(min=0) * 0.8, -45, -30)
    return cheek * (1 - step(y, -57, -41)) * step(y, -128, -112)


@lru_cache(maxsize=4)
def zones(sheet: Sheet, device: torch.device) -> dict[str, Tensor]:
    """Zones of the face, float32 [H, W] in about 0..1."""
    x, y = sheet.grid()
    ax = x.abs()
    flat = torch.zeros(sheet.height, sheet.width)
    rest = torch.stack([(flat + x).flatten(), (flat + y).flatten(), flat.flatten()], 1)
    gap, above, u = (v.view_as(flat) for v in aperture(rest))
    out: dict[str, Tensor] = {}
    out["cheek"] = bell((ax - 42) / 19) * bell((y + 30) / 18)
    out["nose"] = bell(x / 13) * bell((y + 38) / 11) + 0.35 * bell(x / 9) * bell((y + 22) / 14)
    out["chin"] = bell(x / 17) * bell((y + 101) / 11)
    out["lids"] = bell((ax - 31) / 17) * bell(y / 10)
    out["socket"] = bell((ax - 17.5) / 6.5) * bell((y - 1) / 9)
    arc = -12.0 + 0.014 * (ax - 30).square()
    out["under"] = bell((y - arc) / 4.4) * step(ax, 11, 21) * (1 - step(ax, 38, 47))
    out["forehead"] = step(y, 22, 42) * bell(x / 62)
    out["perioral"] = bell(x / 30) * bell((y + 70) / 18)
    out["temple"] = step(ax, 52, 68) * step(y, 5, 30)
    out["beard"] = _arc_beard(flat + x, flat + y)
    wing = bell((torch.hypot(ax - 12.2, y + 39) - 8.2) / 1.6) * step(ax, 13, 18)
    out["wing"] = wing * step(y, -47, -42) * (1 - step(y, -36, -29))
    hole = torch.hypot((ax - 6.5 - 0.1 * (y + 44.7)) / 2.9, (y + 44.7 - 0.2 * (ax - 6.5)) / 2.1)
    out["nostril"] = 1 - step(hole, 0.35, 1.35)
    out["tzone"] = bell(x / 24) * step(y, 18, 40) + bell(x / 8) * bell((y + 20) / 24)
    out["tzone"] = (
        out["tzone"] + 0.5 * out["chin"] + 0.35 * bell((ax - 40) / 11) * bell((y + 20) / 8)
    )
    out["lash"] = bell((gap + 0.2) / 0.9)
    lid = step(above, -0.5, 0.8) * bell((above - 2.6) / 4.6) * step(1.45 - u.abs(), 0, 0.5)
    out["shadow"] = lid * step(u, -1.2, -0.2)
    out["crease"] = bell((y - (8.6 - 4.6 * ((ax - 31.5) / 17) ** 2)) / 1.6) * step(
        1.2 - ((ax - 31.5) / 17).abs(), 0, 0.5
    )
    along, over = (value.view_as(flat) for value in brow_frame(rest))
    wide = (2.2 + 2.4 * step(along, -0.05, 0.25)) * (1 - 0.5 * step(along, 0.45, 1.05))
    out["brow"] = bell(over / wide) * step(along, -0.08, 0.24) * (1 - step(along, 0.70, 1.06))
    out["blush"] = bell((0.8 * (ax - 47) - 0.6 * (y + 26)) / 19) * bell(
        (0.6 * (ax - 47) + 0.8 * (y + 26)) / 11
    )
    out["sun"] = out["forehead"] * 0.6 + bell(x / 55) * bell((y + 18) / 17)
    out["lip"] = bell(x / 27) * bell((y + 69) / 9)
    # Beside nose and mouth, from the wing to the jaw.
    line = 17.0 + 15.0 * ((-38 - y) / 36).clamp(0, 1.6) ** 0.85
    out["fold"] = bell((ax - line) / 4.5) * step(y, -82, -62) * (1 - step(y, -44, -34))
    out |= _forms(ax, y) | _sags(ax, y)
    out["philtrum"] = bell(x / 2.6) * bell((y + 56) / 5)
    return {name: value.contiguous().to(device) for name, value in out.items()}


def _forms(ax: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Where the head's form turns away or comes forward, at |x| [1, W] and y [H, 1]."""
    # From the ear's lobe to beside the mouth, below the cheekbone.
    along, off = _across(ax, y, (64.0, -33.0), (37.0, -66.0))
    under = bell(off / 9.5) * bell((along - 0.42) / 0.52)
    planes = 0.25 * bell((ax - 61) / 11) * bell((y - 17) / 17)
    planes = planes + under + 0.7 * bell((ax - 12) / 4.5) * bell((y + 17) / 13)
    planes = planes + 0.8 * bell((ax - 17) / 8) * bell((y - 4) / 7)
    planes = planes + 0.8 * step(ax, 42, 78) * step(-y, -70, -40)
    fore = 0.8 * bell(ax / 30) * bell((y - 46) / 17) + bell(ax / 5) * bell((y + 17) / 20)
    fore = fore + bell((ax - 41) / 12) * bell((y + 19) / 8)
    fore = fore + 0.7 * bell(ax / 11) * bell((y + 101) / 8)
    sheen = fore + 0.4 * bell(ax / 14) * bell((y + 57) / 4.5)
    return {"planes": planes, "fore": fore, "sheen": sheen}


def _sags(ax: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Where flesh that sinks with the years casts broad shade, at |x| [1, W] and y [H, 1]."""
    along, off = _across(ax, y, (26.5, -70.0), (29.5, -97.0))
    corner = bell(off / 4.6) * step(along, -0.15, 0.2) * (1 - step(along, 0.35, 0.85))
    jowl = bell((ax - 27) / 7) * bell((y + 99) / 8)
    jowl = jowl + 0.7 * bell((ax - 43) / 12) * bell((y + 106) / 6)
    bands = (bell((ax - 11) / 3.2) + 0.7 * bell((ax - 27) / 4.5)) * step(-y, 112, 124)
    hollow = bell((ax - 47) / 9) * bell((y + 52) / 15)
    hollow = hollow + 0.25 * bell((ax - 60) / 9) * bell((y - 20) / 13)
    return {"marionette": corner, "jowl": jowl, "bands": bands, "hollow": hollow}


def _across(
    x: Tensor, y: Tensor, start: tuple[float, float], end: tuple[float, float]
) -> tuple[Tensor, Tensor]:
    """How far along a segment points lie, 0..1 between its ends, and how far off it, mm."""
    tx, ty = end[0] - start[0], end[1] - start[1]
    px, py = x - start[0], y - start[1]
    long = (tx * tx + ty * ty) ** 0.5
    return (px * tx + py * ty) / long**2, (px * ty - py * tx) / long


def flushed(t: Mapping[str, Tensor]) -> Tensor:
    """How much blood shows in the face, about 0.9: float32 [B]."""
    return (0.90 + 0.28 * t["redness"] + 0.30 * t["child"]).clamp(0.25, 1.8)


def pigments(t: Mapping[str, Tensor], dark: Tensor) -> tuple[tuple[str, int, Tensor], ...]:
    """What each zone adds to which channel for B people: (zone, channel, float32 [B])."""
    old, child, adult = t["old"], t["child"], t["adult"]
    flush = flushed(t)
    years, youth = wrinkles.years(old), wrinkles.youth(t["age"])
    # The sheen of dark skin outshines weak shade.
    shown = 1 + 0.4 * dark
    late = years.square() * shown
    tired = 0.14 + 0.75 * years + 0.08 * t["weathering"]
    tired = tired.clamp(0.05, 1.3) * (1 - child)
    # Young skin glows from the cheeks; older skin is sallow there and red on the nose.
    glow = 1.05 + 0.35 * youth - 0.35 * years
    male = step(t["m_soft"], 0.45, 0.9) * adult
    kept = (1 - t["makeup"]).clamp(0.25, 1)
    sun = (0.16 * old + 0.06 * t["weathering"].clamp(min=0)) * (1 - 0.6 * dark)
    makeup = t["makeup"]
    pale = 1 - 0.1 * (1 - step(t["tone"], 3, 5))
    one = torch.ones_like(old)
    # Shade between the hairs of the brows, hardly any under fair or grey ones.
    fair = torch.maximum(step(t["natural_color"], 1.0, 2.0), t["grey_share"])
    brow = (0.42 + 0.18 * t["m_soft"] + 0.10 * t["brow_thickness"] - 0.25 * child).clamp(min=0)
    brow = brow * (1 - 0.6 * fair)
    return (
        ("cheek", BLOOD, 0.13 * pale * flush * glow * kept.sqrt()),
        ("nose", BLOOD, 0.12 * pale * flush * (1 + 0.7 * years)),
        ("chin", BLOOD, 0.09 * flush),
        ("lids", BLOOD, 0.10 * flush),
        ("socket", BLOOD, 0.10 * one),
        ("wing", BLOOD, 0.09 * flush),
        ("philtrum", BLOOD, 0.06 * flush),
        ("lip", BLOOD, 0.08 * flush),
        ("forehead", BLOOD, -0.02 * one),
        ("forehead", MELANIN, 0.03 + 0.05 * dark),
        ("temple", MELANIN, -0.02 + 0.09 * dark),
        ("under", MELANIN, 0.11 * tired * (1 + 0.5 * dark)),
        ("under", BLOOD, 0.06 * tired),
        ("under", SHADE, 0.11 * tired * shown),
        ("socket", SHADE, 0.22 * years),
        ("fold", SHADE, 0.18 * years * shown),
        ("fold", BLOOD, 0.05 * years),
        ("marionette", SHADE, 0.11 * late),
        ("jowl", SHADE, 0.11 * late),
        ("bands", SHADE, 0.24 * late),
        ("hollow", SHADE, 0.14 * late),
        ("planes", SHADE, 0.11 * (1 - 0.8 * child)),
        ("planes", MELANIN, (0.06 + 0.02 * step(t["tone"], 4.0, 1.5)) * (1 - 0.6 * child)),
        ("planes", BLOOD, 0.05 * step(t["tone"], 1.5, 4.0)),
        ("fore", SHADE, -0.07 * (1 - 0.6 * child)),
        ("sheen", GLOSS, 0.45 * dark * (1 - 0.3 * child)),
        ("socket", MELANIN, 0.06 + 0.16 * dark),
        ("lids", MELANIN, 0.03 + 0.10 * dark),
        ("perioral", MELANIN, 0.12 * dark),
        ("cheek", MELANIN, -0.08 * dark),
        ("nose", MELANIN, -0.04 * dark),
        ("wing", MELANIN, 0.02 + 0.04 * dark),
        ("sun", MELANIN, sun),
        ("beard", SHADE, 0.11 * male * (1 - 0.5 * dark)),
        ("beard", BLOOD, -0.02 * male),
        ("nostril", SHADE, 1.5 * one),
        ("nostril", BLOOD, 0.35 * one),
        ("lash", SHADE, 0.10 + 0 * one),
        ("crease", BLOOD, 0.10 * one),
        ("crease", SHADE, 0.06 + 0.10 * dark),
        ("brow", SHADE, 0.6 * brow),
        ("brow", MELANIN, 0.5 * brow),
        ("shadow", SHADOW, makeup),
        ("blush", BLOOD, 0.22 * step(makeup, 0.15, 1.0)),
        ("tzone", GLOSS, (0.22 + 0.13 * t["oiliness"]).clamp(min=0.02) * (1 - 0.5 * child)),
        ("lids", GLOSS, 0.12 * one),
        ("forehead", COARSE, 0.2 * one),
        ("nose", COARSE, 0.8 * one),
        ("cheek", COARSE, 0.35 * one),
        ("lids", COARSE, -0.7 * one),
        ("nose", FRECKLED, 0.8 * one),
        ("sun", FRECKLED, 0.9 * one),
        ("cheek", FRECKLED, 0.7 * one),
        ("lids", FRECKLED, -0.35 * one),
        ("nostril", THIN, 0.1 * one),
        ("nose", THIN, 0.08 * one),
    )


def bake(t: Mapping[str, Tensor], dark: Tensor, sheet: Sheet) -> Tensor:
    """The maps of B people with traits t: float32 [B, CHANNELS, H, W]."""
    people, device = len(dark), dark.device
    maps = torch.zeros(people, CHANNELS, sheet.height, sheet.width, device=device)
    drawn = zones(sheet, device)
    for name, channel, weight in pigments(t, dark):
        maps[:, channel].addcmul_(drawn[name], weight[:, None, None])
    _relief(maps, t, sheet)
    _marks(maps, t, sheet)
    return maps


def _relief(maps: Tensor, t: Mapping[str, Tensor], sheet: Sheet) -> None:
    """Add the wrinkles: slopes, dark and slightly red valleys."""
    amounts = wrinkles.amounts(t)
    height = torch.zeros_like(maps[:, 0])
    valley = height
    drawn = wrinkles.heights(sheet, maps.device)
    # Flesh last: it has no dark valleys.
    names = [name for name in amounts if name not in wrinkles.BROAD] + list(wrinkles.BROAD)
    # Adding nothing changes nothing: leave out what nobody has.
    needed = (torch.stack([amounts[name] for name in names], 1) != 0).any(0).tolist()
    for name, wanted in zip(names, needed, strict=True):
        if name == wrinkles.BROAD[0]:
            valley = (-height - 0.08).clamp_(0, 1.6)
            height.mul_(wrinkles.SOFT)
        if wanted:
            height.addcmul_(drawn[name], amounts[name][:, None, None])
    scale = 0.5 / sheet.texel
    maps[:, SLOPE_X, :, 1:-1] = (height[:, :, 2:] - height[:, :, :-2]) * scale
    maps[:, SLOPE_Y, 1:-1] = (height[:, 2:] - height[:, :-2]) * scale
    maps[:, SHADE].add_(valley, alpha=0.42)
    maps[:, BLOOD].add_(valley, alpha=0.22)
    maps[:, GLOSS].sub_(valley, alpha=0.3)


def _hash(seed: Tensor, k: Tensor | float) -> Tensor:
    """A number 0..1 of each seed [B], another for each k."""
    value = ((seed * 12.9898 + k * 78.233).sin() * 43.7585).frac()
    return value - value.floor()


def _marks(maps: Tensor, t: Mapping[str, Tensor], sheet: Sheet) -> None:
    """Add moles, a scar and vitiligo where people have them."""
    x, y = (v.to(maps.device) for v in sheet.grid())
    seed = t["mark_seed"]
    k = torch.arange(MOLES, device=x.device)[:, None]
    count = (1.2 + 1.5 * t["moles"]).clamp(0, MOLES) * step(t["age"], 4, 16)
    size = 0.7 + 1.0 * _hash(seed, 3.1 + k).square()
    mx, my = -58 + 116 * _hash(seed, 1.7 + k), -100 + 150 * _hash(seed, 2.3 + k)
    strength = (count - k).clamp(0, 1) * (0.6 + 0.8 * _hash(seed, 4.9 + k))
    # None on the eyes or the lips.
    strength = strength * step((mx.abs() - 31).abs() / 19 + my.abs() / 12, 0.9, 1.1)
    strength = strength * step(mx.abs() / 27 + (my + 69).abs() / 15, 0.9, 1.2)
    soft = max(0.45, 0.7 * sheet.texel)
    d = torch.hypot(x - mx[..., None, None], y - my[..., None, None])
    mole = 1 - ((d - size[..., None, None]) / soft + 0.5).clamp_(0, 1)
    for one, weight in zip(mole, strength, strict=True):
        maps[:, MELANIN].addcmul_(one, weight[:, None, None])
    for row in torch.nonzero((t["vitiligo_p"] > 0.98) | (t["scar_p"] > 0.96))[:, 0].tolist():
        if float(t["vitiligo_p"][row]) > 0.98:
            _vitiligo(maps[row], x, y, float(t["vitiligo_p"][row]), seed[row])
        if float(t["scar_p"][row]) > 0.96:
            _scar(maps[row], x, y, seed[row], float(t["age"][row]))


def _vitiligo(maps: Tensor, x: Tensor, y: Tensor, p: float, seed: Tensor) -> None:
    """Pale patches around eyes and mouth, roughly alike on both sides; maps [CHANNELS, H, W]."""
    flat = torch.zeros_like(maps[0])
    v = (flat + 0.9 * y - 21 * seed).flatten()
    fields = noise.cloud(x.device)
    both = fields.read((flat + 0.9 * x.abs() + 37 * seed).flatten(), v)
    own = fields.read((flat + 0.9 * x - 53 * seed).flatten(), v)
    field = 0.68 * both[3] + 0.66 * own[3] + 0.26 * own[1] + 0.07 * own[2]
    eyes = bell((torch.hypot(x.abs() - 31, y) - 17) / 9)
    field = field.view_as(flat) + 0.85 * eyes + 0.85 * bell(x / 34) * bell((y + 72) / 16)
    # Round the patches: means over some 4 mm, twice.
    half = max(1, round(2.0 / float((x.flatten()[1] - x.flatten()[0]).abs())))
    for _ in range(2):
        field = avg_pool2d(field[None, None], 2 * half + 1, 1, half, count_include_pad=False)[0, 0]
    maps[PALE] = 0.92 * step(field + 15 * (p - 0.99), 0.95, 1.60)


def _scar(maps: Tensor, x: Tensor, y: Tensor, seed: Tensor, age: float) -> None:
    """One old cut: a pale, smooth, slightly sunken line through a brow, a cheek or the chin."""
    kind = int(3 * float(_hash(seed[None], 9.4)))
    side = 1.0 if float(seed) > 0 else -1.0
    lines = ((36, 27, 41, 9), (38, -22, 52, -44), (8, -92, 17, -103))
    x0, y0, x1, y1 = lines[kind]
    long = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    tx, ty = (x1 - x0) / long, (y1 - y0) / long
    px, py = side * x - x0, y - y0
    s = px * tx + py * ty
    d = px * ty - py * tx + 0.7 * (s / 3.1).sin()
    ends = step(s, -1, 3) * (1 - step(s, long - 4, long + 1))
    line = bell(d / 1.15) * ends
    maps[PALE] += 0.28 * line
    maps[SHADE] += 0.20 * bell((d - 1.2) / 0.7) * ends
    maps[BLOOD] += 0.42 * bell(d / 2.0) * ends + (0.2 if age < 20 else 0.0) * line
    maps[GLOSS] += 0.3 * line
    maps[SLOPE_X] += side * ty * 0.9 * d * line
    maps[SLOPE_Y] -= tx * 0.9 * d * line


def mirror(t: Mapping[str, Tensor]) -> Tensor:
    """-1 for people whose sheet lies the other way round, else 1: float32 [B]."""
    return 1 - 2 * (_hash(t["mark_seed"], 0.4) > 0.5).to(t["mark_seed"].dtype)
