"""List the haircuts: what each looks like, and on whom."""

from dataclasses import dataclass, fields
from functools import lru_cache

import torch
from torch import Tensor

from pipeline.generators.heads.layout import BALD, LONG, MEDIUM, SHORT

LOOSE, PONYTAIL, BUN, HALF_UP, BRAID = range(5)
"""How hair is tied."""


@dataclass(frozen=True)
class Cut:
    """One haircut; lengths in mm of the template, weights and shares 0..1.

    length: class of the taxonomy. feminine, masculine, child: how common the cut is. curl_low,
    curl_high: lowest and highest `curl` that suits it. loss: 1 where it comes only as hair is lost.
    top, side: lengths there; cut: height at which hanging hair ends. part, back, forward, whorl,
    up: how the top is combed. sweep: sides combed back. rise, puff: thickness of the hair on top
    and at the sides. quiff: the front stands up. fade: sides lie close and shorten downwards.
    fringe: 1 full, -1 curtains. flick: tips turn in (+) or out (-). layers: mm by which the ends
    differ. tie, tie_y, tie_z: see LOOSE; the tie's place. tubes: number of locs, braids or twists;
    radius: theirs; weave: 1 braided. rows: hair lies in cornrows. clump: how much strands gather in
    locks.
    """

    name: str
    length: int
    feminine: float = 1.0
    masculine: float = 1.0
    child: float = 1.0
    curl_low: float = 0.0
    curl_high: float = 1.0
    loss: float = 0.0
    top: float = 300.0
    side: float = 300.0
    cut: float = -999.0
    part: float = 0.0
    back: float = 0.0
    forward: float = 0.0
    whorl: float = 0.0
    up: float = 0.0
    sweep: float = 0.0
    rise: float = 14.0
    puff: float = 9.0
    quiff: float = 0.0
    fade: float = 0.0
    fringe: float = 0.0
    flick: float = 0.0
    layers: float = 14.0
    tie: int = LOOSE
    tie_y: float = 0.0
    tie_z: float = 0.0
    tubes: float = 0.0
    radius: float = 0.0
    weave: float = 0.0
    rows: float = 0.0
    clump: float = 0.6


CUTS = (
    # -- nothing on top -----------------------------------------------------------------------
    Cut("shaved", BALD, top=0.7, side=0.7, whorl=1, rise=0, puff=0, clump=0),
    Cut("horseshoe", BALD, feminine=0.0, child=0, loss=1, top=0.5, side=11, whorl=1, sweep=0.5,
        rise=1, puff=2.0, fade=0.3, clump=0.3),
    # -- short --------------------------------------------------------------------------------
    Cut("buzz", SHORT, 0.35, 0.9, top=5.5, side=4, whorl=1, rise=1, puff=0.5, fade=0.4, clump=0),
    Cut("crew", SHORT, 0.15, 1.2, 1.2, curl_high=0.8, top=21, side=8, whorl=0.4, forward=0.1,
        up=0.9, quiff=0.5, rise=7, puff=3, fade=0.6, clump=0.5),
    Cut("side part", SHORT, 0.25, 1.3, 1.0, curl_high=0.7, top=62, side=19, part=1.0,
        back=0.45, rise=13, puff=5, quiff=0.25, fade=0.5, sweep=0.5, clump=0.7),
    Cut("slick back", SHORT, 0.3, 1.0, 0.3, curl_high=0.6, top=78, side=24, back=1.0,
        rise=10, puff=4, quiff=0.25, sweep=0.9, fade=0.5, clump=0.75),
    Cut("quiff", SHORT, 0.2, 1.2, 0.7, curl_high=0.7, top=50, side=13, back=0.7, up=0.3,
        rise=13, puff=3, quiff=0.75, fade=0.7, sweep=0.4, clump=0.8),
    Cut("undercut", SHORT, 0.4, 0.8, 0.4, curl_high=0.75, top=80, side=4, part=0.7, back=0.6,
        rise=15, puff=1, quiff=0.4, fade=0.8, clump=0.8),
    Cut("crop", SHORT, 0.2, 1.1, 1.2, curl_high=0.8, top=36, side=9, forward=1.0, whorl=0.3,
        rise=10, puff=3, fringe=0.6, fade=0.6, clump=0.85),
    Cut("bowl", SHORT, 0.3, 0.4, 2.0, curl_high=0.45, top=108, side=60, cut=2, forward=0.5,
        whorl=1.0, rise=12, puff=9, fringe=1.0, layers=5, clump=0.5),
    Cut("messy", SHORT, 0.3, 1.0, 1.2, curl_high=0.75, top=54, side=24, forward=0.45,
        part=0.6, up=0.35, rise=16, puff=6, quiff=0.25, fade=0.4, clump=0.9),
    Cut("curly top", SHORT, 0.4, 1.3, 1.0, 0.45, 0.86, top=58, side=12, whorl=0.5,
        forward=0.35, up=0.7, rise=24, puff=4, fade=0.6, clump=0.85),
    Cut("pixie", SHORT, 2.2, 0.15, 0.7, curl_high=0.75, top=72, side=30, part=1.0, forward=0.5,
        rise=15, puff=7, sweep=-0.2, fringe=0.35, fade=0.15, clump=0.8),
    Cut("curly crop", SHORT, 1.6, 0.6, 1.0, 0.40, 0.9, top=56, side=34, whorl=0.8, up=0.5,
        rise=23, puff=14, clump=0.85),
    Cut("fade", SHORT, 0.3, 2.6, 1.2, 0.72, 1.0, top=15, side=5, up=1.0, rise=9, puff=2,
        fade=0.9, clump=0.6),
    Cut("short afro", SHORT, 1.2, 1.6, 1.3, 0.76, 1.0, top=32, side=21, up=1.0, rise=20,
        puff=13, clump=0.6),
    Cut("twists", SHORT, 0.8, 1.4, 0.8, 0.82, 1.0, top=54, side=34, whorl=0.6, up=0.5,
        rise=18, puff=10, tubes=230, radius=6.2, weave=0.0, clump=0.9),
    Cut("cornrows", SHORT, 0.8, 1.6, 0.9, 0.82, 1.0, top=60, side=45, back=1.0, sweep=1.0,
        rise=3.0, puff=3.0, rows=1.0, tubes=0, radius=2.7, weave=1.0, clump=0.6),
    # -- to the chin or the neck --------------------------------------------------------------
    Cut("bob", MEDIUM, 2.2, 0.1, 1.2, curl_high=0.62, cut=-88, part=1.0, rise=13, puff=12,
        flick=0.55, layers=5, clump=0.55),
    Cut("bob fringe", MEDIUM, 1.5, 0.1, 1.8, curl_high=0.5, cut=-82, part=1.0, whorl=0.0,
        rise=13, puff=12, fringe=1.0, flick=0.5, layers=5, clump=0.5),
    Cut("lob", MEDIUM, 2.2, 0.5, 1.0, curl_high=0.7, cut=-122, part=1.0, rise=13, puff=12,
        flick=0.15, layers=18, clump=0.65),
    Cut("curtains", MEDIUM, 0.4, 2.0, 1.0, curl_high=0.6, cut=-66, part=1.0, rise=17, puff=10,
        fringe=-1.0, layers=40, clump=0.8),
    Cut("swept", MEDIUM, 0.5, 2.2, 0.6, curl_high=0.7, cut=-88, back=1.0, sweep=0.75, rise=15,
        puff=9, quiff=0.3, layers=30, clump=0.8),
    Cut("shag", MEDIUM, 1.0, 1.0, 1.2, 0.2, 0.75, cut=-92, part=0.7, whorl=0.4, rise=18,
        puff=14, fringe=-0.7, flick=-0.4, layers=50, clump=0.9),
    Cut("curly bob", MEDIUM, 2.0, 0.8, 1.2, 0.48, 0.88, cut=-84, part=0.8, up=0.2, rise=22,
        puff=24, layers=26, clump=0.9),
    Cut("afro", MEDIUM, 1.8, 1.4, 1.2, 0.78, 1.0, top=39, side=46, up=1.0, rise=26, puff=33,
        clump=0.65),
    Cut("big afro", MEDIUM, 1.2, 0.8, 0.8, 0.80, 1.0, top=45, side=57, up=1.0, rise=31,
        puff=43, clump=0.6),
    Cut("twist bob", MEDIUM, 1.4, 0.8, 0.9, 0.82, 1.0, cut=-84, part=0.8, rise=15, puff=14,
        tubes=150, radius=4.4, layers=18, clump=0.9),
    Cut("short locs", MEDIUM, 0.5, 1.6, 0.5, 0.82, 1.0, cut=-72, part=1.0, whorl=0.0, rise=17,
        puff=14, tubes=110, radius=4.4, layers=40, clump=0.9),
    # -- past the shoulders, or plainly long --------------------------------------------------
    Cut("long middle", LONG, 2.0, 0.6, 1.2, cut=-205, part=1.0, rise=12, puff=11, layers=40,
        clump=0.65),
    Cut("long side", LONG, 2.0, 0.3, 0.8, cut=-200, part=1.0, rise=17, puff=13, layers=50,
        flick=0.2, clump=0.7),
    Cut("long fringe", LONG, 1.3, 0.1, 1.6, curl_high=0.6, cut=-200, part=1.0, whorl=0.0,
        rise=14, puff=11, fringe=1.0, layers=20, clump=0.6),
    Cut("long curtain", LONG, 1.5, 0.2, 0.7, curl_high=0.7, cut=-200, part=1.0, rise=17,
        puff=13, fringe=-1.0, layers=60, clump=0.75),
    Cut("long swept", LONG, 0.7, 1.6, 0.5, cut=-190, back=1.0, sweep=0.7, rise=14, puff=10,
        quiff=0.25, layers=40, clump=0.75),
    Cut("ponytail", LONG, 1.3, 0.4, 1.5, top=170, side=170, back=1.0, rise=5, puff=3,
        tie=PONYTAIL, tie_y=98, tie_z=-158, clump=0.5),
    Cut("low tail", LONG, 0.8, 1.2, 0.8, top=190, side=190, part=0.6, rise=7, puff=4,
        tie=BRAID, tie_y=-38, tie_z=-172, clump=0.5),
    Cut("side braid", LONG, 1.2, 0.1, 1.2, curl_high=0.55, top=240, side=240, part=0.8, rise=9,
        puff=6, tie=BRAID, tie_y=-52, tie_z=-150, weave=1.0, clump=0.6, radius=11.0),
    Cut("half up", LONG, 1.3, 0.3, 1.2, cut=-195, back=0.6, part=0.6, rise=10, puff=9,
        tie=HALF_UP, tie_y=62, tie_z=-184, layers=24, clump=0.65),
    Cut("side bun", MEDIUM, 1.3, 0.1, 0.8, top=190, side=190, part=0.8, rise=5, puff=3,
        tie=BUN, tie_y=-46, tie_z=-150, clump=0.5),
    Cut("high bun", MEDIUM, 1.2, 0.5, 0.8, top=190, side=190, back=1.0, rise=4, puff=3,
        tie=BUN, tie_y=112, tie_z=-140, clump=0.5),
    Cut("box braids", LONG, 2.6, 0.8, 1.4, 0.82, 1.0, cut=-200, part=0.9, rise=13, puff=10,
        tubes=130, radius=3.3, weave=1.0, layers=20, clump=0.9),
    Cut("long locs", LONG, 0.9, 3.0, 0.4, 0.82, 1.0, cut=-190, part=1.0, whorl=0.0, rise=17,
        puff=14, tubes=100, radius=4.6, layers=46, clump=0.9),
)  # fmt: skip

COLUMNS = tuple(f.name for f in fields(Cut) if f.name != "name")
NAMES = tuple(cut.name for cut in CUTS)


@lru_cache(maxsize=1)
def table() -> Tensor:
    """All cuts: float32 [cuts, COLUMNS]."""
    return torch.tensor([[float(getattr(cut, c)) for c in COLUMNS] for cut in CUTS])
