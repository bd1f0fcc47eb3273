"""Draw strands into the buffer of nearest primitives, from the camera or from a light."""

from collections.abc import Callable

import torch
from torch import Tensor

from pipeline.generators.heads import raster
from pipeline.generators.heads.hair import curves
from pipeline.generators.heads.hair.children import offsets
from pipeline.generators.heads.hair.pose import HAIRS, PLACES, RAMP, Posed
from pipeline.generators.heads.hair.roots import BEARD, SCALP
from pipeline.generators.heads.hair.strands import Strands

Project = Callable[[Tensor], Tensor]
"""World points [B, ..., 3] to (samples right, samples down, depth 0..1)."""

MARGIN = 0.009
"""Depth by which waves and locks may come before their strand."""

COUNTS = (
    1,
    2,
    3,
    4,
    6,
    9,
    13,
    18,
    25,
    34,
    46,
    62,
    84,
    112,
    150,
    200,
    270,
    360,
    480,
    640,
    850,
    1150,
    1600,
)
"""Points drawn for a hair: strands are grouped by the next of these numbers."""

SPACING = 0.85
"""Samples between the points of a hair."""


def draw(
    posed: Posed,
    project: Project,
    toward: Tensor,
    side: int,
    buffer: Tensor,
    first: int,
    detail: float = 1.0,
) -> None:
    """Draw strands of B people into `buffer` in place.

    Args:
        project: from the world to samples; sees points [B, S, P, 3].
        toward: unit directions to the viewer, [B, 3].
        buffer: int64 [B * side * side] of `raster` keys; strands that it hides are skipped.
        first: number of the first hair; the numbers first .. first + `span` are used.
        detail: below 1, one hair a strand and no waves, as for a shadow.
    """
    st, world = posed.strands, posed.points
    seen = project(world)
    if detail < 1:
        _draw_veil(st, seen, side, buffer, first)
        return
    per_mm = _per_mm(project, world, toward)
    mm = 1 / per_mm[:, :2, :2].square().sum((1, 2)).div(2).sqrt().clamp(min=1e-6)
    lines = _lines(st, mm)
    parts = 1 if side <= 300 else 4
    length = _drawn_length(st, seen, mm, parts)
    flat = _Flat(posed, seen, per_mm, toward)
    # What the outer hair has hidden need not be drawn.
    outer = (st.open.amax(-1) > 0.62)[..., None]
    for chosen in (outer, ~outer) if side > 300 else (outer | ~outer,):
        visible = _visible(seen, buffer, side, parts) & chosen
        _draw_rows(flat, lines, length, visible, side, buffer, first)


def _draw_veil(st: Strands, seen: Tensor, side: int, buffer: Tensor, first: int) -> None:
    """Draw the curves of the strands alone, without brows and lashes."""
    points = seen.shape[2]
    count = 3 * points if side >= 128 else 2 * points
    w, _ = curves.weights(points, count, 0, 1, seen.device)
    used = ((st.kind == SCALP) | (st.kind == BEARD)) & (st.length > 2.5)
    person, strand = torch.nonzero(used, as_tuple=True)
    at = seen[person, strand].transpose(1, 2).flatten(0, 1) @ w
    x, y, z = at.view(-1, 3, count).unbind(1)
    inside = (x >= 0) & (x < side) & (y >= 0) & (y < side)
    cell = (y.int() * side + x.int()).long() + (person * side * side)[:, None]
    keys = raster.key(z.clamp(0, 1), first + strand[:, None].expand_as(cell))
    keys = torch.where(inside, keys, raster.EMPTY).flatten()
    buffer.scatter_reduce_(0, torch.where(inside, cell, 0).flatten(), keys, "amin")


def _draw_rows(
    flat: "_Flat", lines: Tensor, length: Tensor, visible: Tensor, side: int, buffer: Tensor,
    first: int,
) -> None:  # fmt: skip
    """Draw the visible parts of strands, bool [B, S, parts], with `lines` [B, S] hairs each."""
    least = lines
    if visible.shape[-1] > 1:
        most_wanted = (flat.st.hairs * flat.st.width * flat.scale[:, None]).clamp(max=HAIRS)
        lines = torch.minimum(
            lines * (1 + (6 if side <= 800 else 2) * flat.st.bare),
            torch.maximum(most_wanted, lines),
        )
    lines = torch.where(visible.any(-1), lines, torch.zeros_like(lines))
    most = min(HAIRS, max(1, int(lines.max().ceil()) + 1))
    # The last, fractional hair of a strand is there by chance.
    chance = flat.disc.chance[flat.st.root, :most]
    rank = torch.arange(most, device=lines.device) + chance
    strand, k = torch.nonzero((lines[..., None] > rank).flatten(0, 1), as_tuple=True)
    shown = visible.flatten(0, 1)[strand]
    # What bare roots have more than the rest ends with their first part.
    beyond = (rank[strand % flat.s, k] >= least.flatten()[strand])[:, None]
    shown = shown & ~(beyond & (torch.arange(visible.shape[-1], device=lines.device) > 0))
    row, part = torch.nonzero(shown, as_tuple=True)
    strand, k = strand[row], k[row]
    parts = visible.shape[-1]
    groups = torch.tensor(COUNTS, device=lines.device)
    wanted = length.flatten(0, 1)[strand, part] / SPACING
    group = torch.searchsorted(groups, wanted).clamp(max=len(COUNTS) - 1) * parts + part
    if side > 300 and group.device.type == "cpu":
        # One picture after the other: a large one just fits the processor's cache.
        group = group + strand // flat.s * (len(COUNTS) * parts)
    order = torch.argsort(group, stable=True)
    sizes = torch.bincount(group).tolist()
    start = 0
    for which, size in enumerate(sizes):
        count, place = COUNTS[which // parts % len(COUNTS)], (which % parts, parts)
        # Few rows at a time stay in the processor's cache.
        block = max(1, 300_000 // count)
        for low in range(start, start + size, block):
            rows = order[low : min(low + block, start + size)]
            flat.points(strand[rows], k[rows], count, place, side, buffer, first)
        start += size


def _per_mm(project: Project, world: Tensor, toward: Tensor) -> Tensor:
    """Change of (x, y, depth) for a step of 1 mm along each world axis: [B, 3 axes, 3]."""
    middle = torch.tensor([0.0, 0.0, -40.0], device=world.device).expand(len(world), 1, 3)
    axes = torch.eye(3, device=world.device)
    return project(middle + axes) - project(middle)


def _lines(st: Strands, mm: Tensor) -> Tensor:
    """Hairs of one sample's width to draw for each strand: [B, S]."""
    sample = mm[:, None]
    wanted = st.hairs * st.width / sample
    # Long hair covers itself many times over: enough is enough.
    layers = 3.7 + 1.2 * (1.1 - sample).clamp(0, 1)
    # Coils let each other through.
    layers = layers * (1 + 0.35 * st.frizz)
    enough = layers * st.patch / (sample * st.length.clamp(min=1.0))
    # Tied hair runs together from all over the head, and needs the fewest.
    fewest = 1 - torch.where(sample < 0.3, 0.7, 0.4) * (st.start > 0)
    lines = torch.minimum(wanted, enough.maximum(fewest))
    return lines.clamp(max=HAIRS) * (st.length > 0)


def _part(values: Tensor, part: int, parts: int) -> Tensor:
    """Those of a strand's segments or points, [..., P], that a part of it needs."""
    count = values.shape[-1]
    return values[..., part * count // parts : -(-(part + 1) * count // parts) + 1]


def _drawn_length(st: Strands, seen: Tensor, mm: Tensor, parts: int) -> Tensor:
    """Length of the strands' parts in samples, waves included: [B, S, parts]."""
    d = seen[..., 1:, :2] - seen[..., :-1, :2]
    seg = d.square().sum(-1).sqrt()
    most = torch.stack([_part(seg, i, parts).amax(-1) for i in range(parts)], -1)
    length = most * (seg.shape[-1] / parts)
    wave = st.amp * st.turns / mm[:, None] / parts
    length = (length.square() + 0.6 * wave.square()[..., None]).sqrt()
    return length.clamp(min=0.4) * (st.length > 0)[..., None]


def _visible(seen: Tensor, buffer: Tensor, side: int, parts: int) -> Tensor:
    """Whether any point of a strand's part may show past `buffer`: bool [B, S, parts]."""
    x, y, z = seen.unbind(-1)
    inside = (x > -8) & (x < side + 8) & (y > -8) & (y < side + 8)
    person = torch.arange(len(x), device=x.device)[:, None, None] * side * side
    cell = person + y.long().clamp(0, side - 1) * side + x.long().clamp(0, side - 1)
    shows = inside & (z < raster.depth_of(buffer[cell]) + MARGIN)
    return torch.stack([_part(shows, i, parts).any(-1) for i in range(parts)], -1)


class _Flat:
    """Strands of all people as one list, to draw chosen hairs of it."""

    def __init__(self, posed: Posed, seen: Tensor, per_mm: Tensor, toward: Tensor) -> None:
        st = posed.strands
        self.s = seen.shape[1]
        self.seen = seen.flatten(0, 1).transpose(1, 2).contiguous()
        self.per_mm = per_mm
        self.scale = per_mm[:, :2, :2].square().sum((1, 2)).div(2).sqrt()
        self.toward = toward
        self.st = st
        # Too fine a wave to see is none, whoever else is in the batch.
        amp = st.amp * (st.amp > 0.2)
        waves = (amp, st.turns, st.phase, st.start, st.length / RAMP, st.depth, st.weave, st.frizz)
        self.wind = torch.stack([st.spread, st.taper, st.ends, st.wisp, *waves], -1).flatten(0, 1)
        self.disc = offsets(HAIRS, seen.device)
        across = torch.linalg.cross(
            posed.tangent, toward[:, None, None].expand_as(posed.tangent), dim=-1
        )
        across = across / across.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-3)
        self.across = torch.einsum("bspi,bij->bsjp", across, per_mm[..., :2]).flatten(0, 1)
        self.deep = torch.einsum("bi,bi->b", toward, per_mm[..., 2])

    def points(
        self, strand: Tensor, k: Tensor, count: int, place: tuple[int, int], side: int,
        buffer: Tensor, first: int,
    ) -> None:  # fmt: skip
        """Draw `count` points of part `place` (which, of how many) of each hair [R]."""
        person, own = strand // self.s, strand % self.s
        w, u = curves.weights(self.seen.shape[-1], count, *place, strand.device)
        x, y, z = (self.seen[strand].flatten(0, 1) @ w).view(len(strand), 3, count).unbind(1)

        spread, taper, ends, wisp, amp, turns, phase, start, ramp, depth, weave, frizz = self.wind[
            strand
        ].T[..., None]
        own_chance = self.disc.own(self.st.root[own], k)[:, None]
        off = self.disc.ball[self.st.root[own], k] * spread
        off = torch.einsum("ri,rij->jr", off, self.per_mm[person])[..., None]
        profile = 1 - (1 - taper) * u
        x, y, z = x + off[0] * profile, y + off[1] * profile, z + off[2] * profile
        if bool((amp > 0).any()):
            angle = turns * u + (phase + frizz * own_chance)
            swing = ((u - start) * ramp).clamp(0, 1) * amp
            sine, cosine = angle.sin(), angle.cos()
            deep = cosine * torch.lerp(depth, sine, weave)
            ex, ey = (self.across[strand].flatten(0, 1) @ w).view(-1, 2, count).unbind(1)
            z = z + self.deep[person][:, None] * swing * deep
            swing = swing * sine
            x, y = x + ex * swing, y + ey * swing
        thins = torch.addcmul(u, wisp, curves.gaps(count, strand.device)[(k + own) & 7])
        inside = (x >= 0) & (x < side) & (y >= 0) & (y < side) & (thins < 1 - ends * own_chance)
        cell = (y.int() * side + x.int()).long() + (person * (side * side))[:, None]
        places = (u * PLACES).long()
        number = first + (own * HAIRS + k)[:, None] * PLACES + places
        keys = raster.key(z.clamp(0, 1), number)
        keys = torch.where(inside, keys, raster.EMPTY)
        buffer.scatter_reduce_(0, torch.where(inside, cell, 0).flatten(), keys.flatten(), "amin")
