"""Hold the grown hair of B people, and the level of detail it is grown at."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.hair.roots import BEARD, BROW, COUNTS, LASH, SCALP


@dataclass(frozen=True)
class Level:
    """Roots of each kind and points of a strand grown for a picture of a size."""

    scalp: int
    brow: int
    lash: int
    beard: int
    points: int

    def counts(self) -> dict[int, int]:
        """Roots by kind."""
        return {SCALP: self.scalp, BROW: self.brow, LASH: self.lash, BEARD: self.beard}


def level(size: int) -> Level:
    """The level of detail for pictures of size x size pixels."""
    if size <= 96:
        return Level(750, 320, COUNTS[LASH], 1000, 8)
    if size <= 192:
        return Level(1500, 600, COUNTS[LASH], 2200, 10)
    if size <= 384:
        return Level(2800, 1000, COUNTS[LASH], 4000, 13)
    if size <= 768:
        return Level(5000, COUNTS[BROW], COUNTS[LASH], COUNTS[BEARD], 18)
    return Level(COUNTS[SCALP], COUNTS[BROW], COUNTS[LASH], COUNTS[BEARD], 22)


@dataclass(frozen=True)
class Strands:
    """S strands of each of B people, in head space, mm.

    Each is a smooth curve through P points that stands for a lock of hairs: they lie within
    `spread` of it, and wind about it.

    points, normal: float32 [B, S, P, 3], normal unit and out of the hair's mass. open: [B, S, P],
    0 deep inside to 1 at the surface of the hair. root_color, tip_color: linear albedo [B, S, 3].
    The rest [B, S]: length mm, 0 where there is no strand; width of one hair, mm; hairs: how many
    hairs it stands for; patch: skin it has to cover, mm2; bare: 1 where its root lies open to
    view; spread, taper: radius of the lock
    at the root in mm, and its share at the tip; amp: radius of the waves, mm; turns: their phase
    over the whole strand, rad; phase at the root; start: share of the strand from its root without
    waves; depth: 1 helix, 0 flat waves; weave: 1 braided; frizz: rad by which the waves of its
    hairs differ; ends: share of the strand by which its hairs end before it; wisp: share of it over
    which they thin out to their ends, above 1 where they are sheer from the root; gloss: strength
    of the highlights. kind, root: int64 [S], root's place in `roots()`.
    """

    points: Tensor
    normal: Tensor
    open: Tensor
    root_color: Tensor
    tip_color: Tensor
    length: Tensor
    width: Tensor
    hairs: Tensor
    patch: Tensor
    bare: Tensor
    spread: Tensor
    taper: Tensor
    amp: Tensor
    turns: Tensor
    phase: Tensor
    start: Tensor
    depth: Tensor
    weave: Tensor
    frizz: Tensor
    ends: Tensor
    wisp: Tensor
    gloss: Tensor
    kind: Tensor
    root: Tensor


def join(parts: list[Strands]) -> Strands:
    """One after the other along S."""
    names = list(Strands.__dataclass_fields__)
    return Strands(
        **{
            n: torch.cat([getattr(p, n) for p in parts], int(n not in ("kind", "root")))
            for n in names
        }
    )
