"""Choose each person's haircut and colours from the traits."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.face import step
from pipeline.generators.heads.hair import cuts

Traits = Mapping[str, Tensor]


@dataclass(frozen=True)
class Style:
    """The hair of B people: the columns of the chosen cut, and what the traits add.

    cut: columns of `cuts.Cut` by name, [B] each. The rest [B]: curl 0..1 straight to coily;
    volume about 1; part: mm right of the middle; mess 0..1; seed, any number; masculine 0..1;
    recession 0..1; shift of the hairline, mm; thin: share of the strands kept; lean: -1 or 1, the
    side to which tails fall: the one in view.
    """

    index: Tensor
    cut: dict[str, Tensor]
    curl: Tensor
    volume: Tensor
    part: Tensor
    mess: Tensor
    seed: Tensor
    masculine: Tensor
    recession: Tensor
    shift: Tensor
    thin: Tensor
    lean: Tensor


def choose(t: Traits) -> Tensor:
    """Index of each person's cut: int64 [B]."""
    table = cuts.table().to(t["curl"].device)
    column = {name: table[None, :, i] for i, name in enumerate(cuts.COLUMNS)}
    m, curl = t["m_style"][:, None], t["curl"][:, None]
    fits = (column["length"] == t["hair_length"].round()[:, None]).float()
    share = column["feminine"] * step(0.75 - m, 0.0, 0.5) + column["masculine"] * step(
        m, 0.25, 0.75
    )
    share = share * (1 + (column["child"] - 1) * t["child"][:, None])
    share = share * (1 - column["loss"] * (1 - step(t["recession"], 0.25, 0.5)[:, None]))
    low, high = column["curl_low"], column["curl_high"]
    share = share * step(curl - low, -0.04, 0.01) * step(high - curl, -0.04, 0.01)
    weight = fits * (share + 1e-4)
    edge = weight.cumsum(1) / weight.sum(1, keepdim=True)
    return (t["hair_style_p"][:, None] > edge[:, :-1]).sum(1)


def style(t: Traits, index: Tensor | None = None) -> Style:
    """The hair of B people with traits t, [B] each; `index` overrides the choice of the cut."""
    chosen = choose(t) if index is None else index
    table = cuts.table().to(t["curl"].device)
    row = table[chosen]
    cut = {name: row[:, i] for i, name in enumerate(cuts.COLUMNS)}
    bald = cut["length"] == 0
    horseshoe = chosen == cuts.NAMES.index("horseshoe")
    recession = torch.where(horseshoe, t["recession"].clamp(min=0.96), t["recession"])
    long = (cut["length"] >= 2).float()
    # Tied and long hair stays credible only with most of the hairline left.
    recession = torch.where(bald, recession, recession * (0.72 - 0.35 * long))
    side = torch.where(t["hair_parting"] < 0, -1.0, 1.0)
    middle = (t["hair_parting"].abs() < 0.35).float()
    part = side * (1 - middle) * (24 + 8 * t["hair_parting"].abs().clamp(max=2))
    return Style(
        index=chosen,
        cut=cut,
        curl=t["curl"],
        volume=(1 + 0.16 * t["hair_volume"]) * (1 - 0.25 * t["old"].clamp(0, 1)),
        part=part,
        mess=(0.42 + 0.2 * t["hair_mess"]).clamp(0.05, 1),
        seed=t["hair_seed"],
        masculine=t["m_style"] * (1 - t["child"]),
        recession=recession,
        shift=3.5 * t["hairline"] - 1.0,
        lean=torch.where(t["yaw"] + 6 * t["hair_seed"] > 0, -1.0, 1.0),
        thin=1 - 0.45 * t["old"].clamp(0, 1) * (0.4 + 0.6 * t["recession"]),
    )
