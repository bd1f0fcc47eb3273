"""Say what hair is at the samples that it won."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.hair.children import offsets
from pipeline.generators.heads.hair.pose import HAIRS, PLACES, RAMP, Posed


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
    u = ((number % PLACES).float() + 0.5) / PLACES
    row = number // PLACES
    own, k = row // HAIRS, row % HAIRS
    strand = person * s + own
    at = u * (p - 1)
    low = at.floor().clamp(0, p - 2)
    f = (at - low)[:, None]
    i = strand * p + low.long()

    parts = [posed.points, posed.tangent, posed.normal, st.open[..., None]]
    every = torch.cat(parts, -1).view(-1, 10)
    both = torch.lerp(every[i], every[i + 1], f)
    position, tangent, normal, open_ = both[:, :3], both[:, 3:6], both[:, 6:9], both[:, 9]

    disc = offsets(HAIRS, u.device)
    ball, chance = disc.ball[st.root[own], k], disc.own(st.root[own], k)
    columns = (
        st.spread, st.taper, st.amp, st.turns, st.phase, st.start, st.length, st.depth, st.weave,
        st.gloss, st.frizz,
    )  # fmt: skip
    table = torch.cat([torch.stack(columns, -1), st.root_color, st.tip_color], -1).flatten(0, 1)
    row = table[strand]
    spread, taper, amp, turns, phase, start, length, depth, weave, gloss, frizz = row[
        :, :11
    ].unbind(1)
    position = position + ball * (spread * (1 - (1 - taper) * u))[:, None]
    length = length.clamp(min=0.5)
    angle = turns * u + phase + frizz * chance
    ramp = amp * ((u - start) * length / RAMP).clamp(0, 1)
    across = torch.linalg.cross(tangent, toward[person], dim=-1)
    across = across / across.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-3)
    sine, cosine = angle.sin(), angle.cos()
    deep = torch.lerp(depth, sine, weave)
    wind = across * (ramp * sine)[:, None] + toward[person] * (ramp * cosine * deep)[:, None]
    position = position + wind
    rate = ramp * turns / length
    turn = torch.lerp(-sine * depth, (2 * angle).cos(), weave)
    tangent = tangent + across * (rate * cosine)[:, None] + toward[person] * (rate * turn)[:, None]
    tangent = tangent / tangent.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-6)
    # Hairs on the outside of a lock face outwards: locks look round.
    bulge = wind / (ramp[:, None] + 0.6) * (0.9 + 0.8 * weave)[:, None]
    normal = normal + 0.28 * posed.fine * ball + bulge
    normal = normal / normal.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-6)
    depth_in = 0.5 + 0.5 * posed.fine * (ball * toward[person]).sum(-1)
    color = torch.lerp(row[:, 11:14], row[:, 14:], u.sqrt()[:, None])
    return Samples(
        person=person, strand=own, u=u, position=position, tangent=tangent, normal=normal,
        color=color, open=open_ * (0.80 + 0.20 * depth_in), gloss=gloss,
        random=0.5 + posed.fine * (chance - 0.5),
        kind=st.kind[own],
    )  # fmt: skip
