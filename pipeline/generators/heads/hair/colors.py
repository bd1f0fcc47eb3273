"""Choose the colours of hair: natural tones, their variation from strand to strand, and grey."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pipeline.generators.heads.face import step

PALETTE = (
    # tones of each class of the taxonomy's hair_color, from dark to light, linear RGB
    ((0.0085, 0.0066, 0.0058), (0.0140, 0.0098, 0.0078), (0.023, 0.0148, 0.0108)),
    ((0.040, 0.0195, 0.0100), (0.090, 0.0425, 0.0200), (0.185, 0.0960, 0.0470)),
    ((0.255, 0.1450, 0.0600), (0.440, 0.2760, 0.1200), (0.650, 0.4900, 0.2750)),
    ((0.120, 0.0270, 0.0090), (0.270, 0.0720, 0.0180), (0.430, 0.1550, 0.0480)),
)
GREY = (0.47, 0.47, 0.48)
WHITE = (0.72, 0.71, 0.69)


def natural(t: Mapping[str, Tensor]) -> Tensor:
    """Natural colour of each person's hair, linear albedo [B, 3]."""
    device = t["hair_shade"].device
    table = torch.tensor(PALETTE, device=device)[t["natural_color"].round().long()]
    f = (1 + 0.45 * t["hair_shade"]).clamp(0, 2)[:, None]
    low, middle, high = table.unbind(1)
    return torch.where(f < 1, low + (middle - low) * f, middle + (high - middle) * (f - 1))


def salted(grey_share: Tensor) -> Tensor:
    """Share of grey strands that shows, 0..1: greying takes decades, not years.

    The trait is logistic in the age; stretched about one half, it begins earlier and ends later,
    but never by so little that dark hair would only look dull.
    """
    slow: Tensor = (grey_share.clamp(1e-6, 1 - 1e-6).logit() / 2).sigmoid()
    return ((slow - 0.18) / 0.64).clamp(0, 1)


def base_color(t: Mapping[str, Tensor]) -> Tensor:
    """Albedo of all of a person's strands together, grey ones included: linear [B, 3]."""
    grey = torch.tensor(GREY, device=t["grey_share"].device)
    share = salted(t["grey_share"])[:, None]
    return torch.lerp(natural(t), grey.expand(len(share), 3), share)


def strands(
    t: Mapping[str, Tensor], r: Tensor, lock: Tensor, grey_share: Tensor
) -> tuple[Tensor, Tensor]:
    """Colour at root and tip of each strand.

    Args:
        r: [8, B, S], random 0..1 of the strands; lock: [B, S], random of their locks.
        grey_share: [B, S], share of grey strands there.

    Returns:
        two linear albedos [B, S, 3].
    """
    base = natural(t)[:, None]
    device = base.device
    light = (base.mean(-1, keepdim=True) / 0.25).clamp(0, 1).sqrt()
    vary = ((lock - 0.5) * 0.5 + (r[0] - 0.5) * 0.35)[..., None]
    tone = base * (1.0 + vary * (1.0 - 0.45 * light))
    # Some locks are warmer, some ashen.
    warm = (r[1] - 0.5)[..., None] * torch.tensor([0.16, 0.0, -0.14], device=device)
    tone = tone * (1 + warm)
    tip = tone * (1.12 + 0.22 * light)
    root = tone * (0.86 - 0.16 * light)
    grey = torch.tensor(GREY, device=device)
    white = torch.tensor(WHITE, device=device)
    full = step(t["grey_share"], 0.55, 1.0)[:, None, None]
    silver = (grey + (white - grey) * (full * (0.4 + 0.6 * r[2][..., None]))) * (
        0.90 + 0.16 * r[4][..., None]
    )
    # Strands grey one by one: some fully while others only begin.
    mixed = 0.8 * r[5] + 0.2 * lock
    grey_so_far = 1.6 * salted(grey_share) - 0.3
    turned = step(grey_so_far - mixed, -0.3, 0.3)
    # From a little way off they blend.
    turned = torch.lerp(turned, step(grey_so_far, -0.25, 1.25), 0.4)[..., None]
    # What keeps its pigment fades too.
    faded = (0.35 * step(t["grey_share"], 0.1, 0.9))[:, None, None]
    dull = tone.mean(-1, keepdim=True)
    root, tip = (c + (dull * 1.15 - c) * faded for c in (root, tip))
    return root + (silver - root) * turned, tip + (silver - tip) * turned
