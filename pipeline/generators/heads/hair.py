"""Model head hair and beards as soft volumes of strands around the head."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.anatomy import Anatomy
from pipeline.generators.heads.details import bump, step
from pipeline.generators.heads.geometry import head_blobs
from pipeline.generators.heads.layout import Person
from pipeline.generators.heads.quadrics import Blobs, Field, smooth_max, smooth_min

BALD, SHORT, MEDIUM, LONG = range(4)


@dataclass(frozen=True)
class Style:
    """What one person's hair looks like; lengths in head units."""

    length: int
    top: float
    side: float
    line: float
    recession: float
    fringe: float
    curl: float
    part_x: float
    back: bool
    beard: float
    beard_full: float
    seed: float


def style(person: Person, a: Anatomy) -> Style:
    """Choose one person's style."""
    g = person
    m, curl = a.masculinity, g["curl"]
    length = int(g["hair_length"])
    volume = 1 + 0.16 * g["hair_volume"]
    coily = max(0.0, (curl - 0.72) / 0.28)
    if length == SHORT:
        crop = min(1.0, max(0.0, 0.45 + 0.3 * g["fringe"] / 2 + 0.45 * (0.6 - m)))
        top = (0.045 + 0.13 * crop + 0.05 * coily) * volume
        side = (0.020 + 0.09 * crop * (1.4 - m) + 0.05 * coily) * volume
    else:
        top = (0.095 + 0.06 * curl + 0.28 * coily * (length == MEDIUM)) * volume
        side = (0.09 + 0.06 * curl + 0.30 * coily * (length == MEDIUM)) * volume
    kind = g["hair_flow"]
    side_of_parting = -0.24 if g["parting"] < 0.42 else (0.24 if g["parting"] > 0.68 else 0.0)
    beard = 0.0
    if g["facial_hair"] == 2:
        beard = 0.045 + 0.11 * g["beard_shape"] ** 2
    return Style(
        length=length,
        top=top,
        side=side,
        line=0.615 - 0.02 * a.child + 0.10 * g["recession"] * (0.4 + m),
        recession=g["recession"] * (0.25 + 0.9 * m),
        fringe=g["has_fringe"] * (curl < 0.62),
        curl=curl,
        part_x=side_of_parting,
        back=bool(kind > 0.72 and length >= MEDIUM and g["has_fringe"] < 0.5 and curl < 0.8),
        beard=beard,
        beard_full=min(1.0, 0.25 + 1.1 * g["beard_shape"]),
        seed=7.0 + 3.1 * g["asymmetry"],
    )


@dataclass(frozen=True)
class Hair:
    """Compiled hair of one person."""

    style: Style
    anatomy: Anatomy
    field: Field
    masses: bool

    def hairline(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Signed distance to the hairline, > 0 on the hairy side of the scalp."""
        st = self.style
        ax = x.abs()
        rec = st.recession
        front = (
            st.line
            - (0.42 - 0.3 * self.anatomy.masculinity) * ax.square()
            + 0.22 * rec * bump((ax - 0.34) / 0.13)
        )
        if st.length >= MEDIUM:
            front = front - 0.05 + 0.17 * bump((x - st.part_x) / 0.20)
        if st.fringe:
            front = front - (0.36 - 0.10 * ax.square())
        top = y - front
        side = 0.10 + 0.30 * step(y, 0.10, 0.62) * (1 - 0.3 * rec) - 0.28 * step(-y, 0.12, 0.34) - z
        s = smooth_max(top, side, 0.14)
        if st.length >= MEDIUM and not st.back:
            # Long hair covers the ears and goes on as the hanging masses.
            return torch.minimum(s, y + 0.75)
        bottom = y + 0.24 + 0.42 * step(-z, 0.10, 0.36)
        s = torch.minimum(s, bottom)
        ear = torch.hypot((y + 0.10) * 0.85, z + 0.06) - 0.185
        return torch.minimum(s, torch.where(ax > 0.45, ear, s))

    def beard_area(self, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Beard growth 0..1 on jaw, chin and lip."""
        a, full = self.anatomy, self.style.beard_full
        return beard_area(a, full, x, y, z)

    def depth(self, p: Tensor, rag: Tensor | None = None) -> Tensor:
        """Bound on the distance [N] to the outer surface of the hair at p [3, N]; < 0 inside.

        `rag` shifts the hairline by strand noise.
        """
        st, a = self.style, self.anatomy
        x, y, z = p[0], p[1], p[2]
        d = self.field.distances(x, y, z)
        h = d[0]
        out: Tensor | None = None
        if st.length != BALD:
            s = self.hairline(x, y, z)
            if rag is not None:
                s = s + rag
            high = step(y, 0.15, 0.75)
            thick = st.side + (st.top - st.side) * high
            taper = (s / (0.10 + 0.9 * thick)).clamp(0, 1)
            out = torch.where(s > 0, h - thick * taper.sqrt(), h.abs() + 0.012)
            if self.masses:
                wx, wy = 0.50 * a.width + 0.03, 0.90
                r = torch.hypot(x / wx, (y + 0.30) / wy)
                window = torch.maximum((r - 1) * 0.5, 0.12 - z)
                if rag is not None:
                    window = window + 0.25 * rag
                mass = torch.maximum(d[1], -window)
                out = smooth_min(out, mass, 0.12)
        if st.beard > 0:
            area = self.beard_area(x, y, z)
            if rag is not None:
                area = area + 4.0 * rag * (area > 0.02)
            lower = step(a.mouth_y - y, -0.05, 0.25)
            furry = h - st.beard * (0.45 + 0.55 * lower) * area.clamp(0, 1)
            furry = torch.where(area > 0.05, furry, h.abs() + 0.02)
            out = furry if out is None else torch.minimum(out, furry)
        assert out is not None
        return out

    def flow(self, p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Strand coordinates across and along, and the tangent before projection [3, N]."""
        st = self.style
        x, y, z = p[0], p[1], p[2]
        if st.back:
            u = torch.atan2(x, (y + 0.15).clamp(min=-0.6) + 0.25) * 0.55
            v = -z + 0.3 * y
            tangent = torch.stack([-0.2 * x, -0.15 + 0 * y, -1 + 0 * z])
            return u, v, tangent
        dx = x - st.part_x
        ax = dx.abs()
        q = z.clamp(-0.45, 0.45)
        u = q + 0.5 * torch.atan2(z - q, ax + 0.02) + (dx > 0) * 0.37
        r = torch.hypot(ax, z - q)
        v = r - y
        tangent = torch.stack([dx.sign() * (ax / (r + 0.05)), -0.9 + 0 * y, (z - q) / (r + 0.05)])
        return u, v, tangent


def beard_area(a: Anatomy, full: float, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Where a beard grows, 0..1: `full` 0 is a goatee, 1 reaches the sideburns."""
    ax = x.abs()
    lip = step(y, a.mouth_y + a.upper_lip * 0.7, a.mouth_y + a.upper_lip * 0.7 + 0.035)
    taper = 0.10 * (ax / (a.mouth_w + 0.05)).square()
    moustache = lip * (1 - step(y + taper, a.nose_y - 0.10, a.nose_y - 0.035))
    moustache = moustache * (1 - step(ax, a.mouth_w - 0.04, a.mouth_w + 0.06))
    moustache = moustache * (1 - 0.45 * bump(ax / 0.025))
    low = a.mouth_y - a.lower_lip - a.gap * 0.75
    chin = (1 - step(y, low - 0.055, low - 0.005)) * (
        1 - step(ax, 0.10 + 0.1 * full, 0.24 + 0.1 * full)
    )
    reach = 1.3 * full
    cheek_line = a.mouth_y - 0.02 + 1.05 * (ax - 0.26).clamp(min=0) ** 1.15
    jaw = (1 - step(y - cheek_line, -0.08, 0.02)) * step(ax, 0.17, 0.30)
    jaw = jaw * (1 - step(ax, reach - 0.1, reach + 0.1))
    corner = step(ax, a.mouth_w * 0.98, a.mouth_w + 0.05) * (1 - step(ax, 0.30, 0.40))
    corner = corner * (1 - step(y, a.mouth_y + 0.02, a.mouth_y + 0.10))
    area = torch.maximum(torch.maximum(moustache, chin), torch.maximum(jaw, corner))
    under = step(y, a.chin_y - 0.16, a.chin_y - 0.06)
    return area * under * step(z, -0.02, 0.10) * (1 - step(y, -0.15, 0.0))


def grow(person: Person, a: Anatomy) -> Hair | None:
    """The hair of one person; None where neither hair nor beard has volume."""
    st = style(person, a)
    if st.length == BALD and st.beard == 0:
        return None
    blobs = Blobs()
    blobs.group("head", 0.055)
    head_blobs(a, person, blobs)
    masses = st.length >= MEDIUM and not st.back
    bun = st.length >= MEDIUM and st.back
    if masses:
        wide = 1 + 0.05 * person["hair_volume"] + 0.10 * st.curl
        blobs.group("masses", 0.06)
        if st.length == MEDIUM:
            blobs.add((0.53, -0.24, -0.18), (0.29 * wide, 0.80, 0.54))
            blobs.add((0, -0.25, -0.50), (0.80 * wide, 1.08, 0.50))
        else:
            blobs.add((0.51, -0.60, -0.12), (0.29 * wide, 1.32, 0.50))
            blobs.add((0, -0.60, -0.50), (0.78 * wide, 1.40, 0.48))
    elif bun:
        blobs.group("masses", 0.06)
        blobs.add((0, 0.92, -0.55), (0.26, 0.24, 0.26))
    return Hair(st, a, blobs.compile(), masses or bool(bun))
