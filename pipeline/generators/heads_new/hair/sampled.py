"""Say what hair is at the samples that it won."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads_new.hair.children import offsets
from pipeline.generators.heads_new.hair.pose import HAIRS, RAMP, Bits, Posed


@dataclass(frozen=True)
class Samples:
    """Hair at N samples. [N] each, or [N, 3]; world space, unit vectors.

    person, strand: int64. u: 0 root .. 1 tip. position, tangent, normal; color: linear albedo;
    open: 0 deep inside to 1 at the surface of the hair; gloss; random: of the single hair; kind.
    """

    person: Tensor
    strand: Tensor
    u: Tensor
    position: Tensor
    tangent: Tensor
    normal: Tensor
    color: Tensor
    open: Tensor
    gloss: Tensor
    random: Tensor
    kind: Tensor


def samples(posed: Posed, toward: Tensor, number: Tensor, person: Tensor) -> Samples:
    """What hair is at samples whose keys hold `number` - first [N], of `person` [N]."""
    st = posed.strands
    s, p = posed.points.shape[1:3]
    bits = Bits.of(s)
    u = ((number % bits.places).float() + 0.5) / bits.places
    row = number // bits.places
    own, k = row // bits.hairs, row % bits.hairs
    strand = person * s + own
    at = u * (p - 1)
    low = at.floor().clamp(0, p - 2)
    f = (at - low)[:, None]
    i = strand * p + low.long()

    parts = [posed.points, posed.tangent, posed.normal, st.open[..., None]]
    every = torch.cat(parts, -1).view(-1, 10)
    both = torch.lerp(every[i], every[i + 1], f)
    position, tangent, normal, open_ = both[:, :3], both[:, 3:6], both[:, 6:9], both[:, 9]

    def of(field: Tensor) -> Tensor:
        return field.flatten(0, 1)[strand]

    disc = offsets(HAIRS, u.device)
    ball = disc.ball[st.root[own], k]
    profile = (of(st.spread) * (1 - (1 - of(st.taper)) * u))[:, None]
    position = position + ball * profile
    length = of(st.length).clamp(min=0.5)
    angle = of(st.turns) * u + of(st.phase)
    ramp = of(st.amp) * ((u - of(st.start)) * length / RAMP).clamp(0, 1)
    across = torch.linalg.cross(tangent, toward[person], dim=-1)
    across = across / across.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-3)
    sine, cosine = angle.sin(), angle.cos()
    woven = of(st.weave) > 0
    depth = torch.where(woven, sine, of(st.depth))
    wind = across * (ramp * sine)[:, None] + toward[person] * (ramp * cosine * depth)[:, None]
    position = position + wind
    rate = ramp * of(st.turns) / length
    turn = torch.where(woven, (2 * angle).cos(), -sine * of(st.depth))
    tangent = tangent + across * (rate * cosine)[:, None] + toward[person] * (rate * turn)[:, None]
    tangent = tangent / tangent.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-6)
    # Hairs on the outside of a lock face outwards: locks look round.
    bulge = wind / (ramp[:, None] + 0.6) * (0.9 + 0.8 * woven.float())[:, None]
    normal = normal + 0.28 * posed.fine * ball + bulge
    normal = normal / normal.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-6)
    depth_in = 0.5 + 0.5 * posed.fine * (ball * toward[person]).sum(-1)
    color = torch.lerp(of(st.root_color), of(st.tip_color), u.sqrt()[:, None])
    return Samples(
        person=person, strand=own, u=u, position=position, tangent=tangent, normal=normal,
        color=color, open=open_ * (0.80 + 0.20 * depth_in), gloss=of(st.gloss),
        random=0.5 + posed.fine * (disc.chance[st.root[own], (k + 7) % HAIRS] - 0.5),
        kind=st.kind[own],
    )  # fmt: skip
