"""March camera rays through hair volumes and composite lit strands front to back."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads import noise
from pipeline.generators.heads.details import step
from pipeline.generators.heads.hair import Hair
from pipeline.generators.heads.march import FAR, Camera, coarse, normals, unit
from pipeline.generators.heads.shading import Lights, dot


@dataclass(frozen=True)
class Layer:
    """Hair over some rays: indices [M], colour premultiplied by cover [3, M], cover [M]."""

    index: Tensor
    color: Tensor
    cover: Tensor


def strand_noise(hair: Hair, p: Tensor, sharp: float) -> tuple[Tensor, Tensor, Tensor]:
    """Fine strands, clumps and hairline rag, each in 0..1 [N], at p [3, N]."""
    st = hair.style
    u, v, _ = hair.flow(p)
    if st.curl > 0.78:
        # Coils have no direction: grain and tufts in space.
        a = 0.30 * (p[0] + 0.5 * p[2]) + st.seed
        b = 0.30 * (p[1] - 0.4 * p[2])
        fine = noise.read(a * 1.6, b * 1.6, noise.FINE)
        clump = noise.read(a * 1.1 + 0.3, b * 1.1, noise.CLOUD)
        clump = step(clump, 0.25, 0.75)
    else:
        wave = max(0.0, st.curl - 0.25) * 0.13
        if wave > 0:
            bend = noise.read(u * 0.10 + st.seed, v * 0.08, noise.CLOUD)
            u = u + wave * (v * (6 + 4 * st.curl) + 12 * bend).sin()
        fine = noise.read(u * 0.42 + st.seed, v * 0.035 + 0.37 * p[2], noise.FINE)
        clump = noise.read(u * 0.22 + st.seed, v * 0.05, noise.CLOUD)
        clump = step(clump, 0.2, 0.8)
    rag = noise.read(u * 0.30 + 0.4, v * 0.04, noise.CLOUD)
    return 0.5 + (fine - 0.5) * sharp, clump, rag


def render(
    hair: Hair, camera: Camera, depth: Tensor, lamps: Lights, color: Tensor, pixel: float
) -> Layer | None:
    """Hair in front of the surfaces at `depth` [R]; None where no ray meets any."""
    start = coarse(hair.depth, camera, 4, 0.03)
    index = torch.nonzero((start < FAR) & (start < depth))[:, 0]
    t = start[index]
    arrived: list[tuple[Tensor, Tensor]] = []
    for _ in range(10):
        d = hair.depth(camera.at(index, t)) - 0.03
        t = t + d.clamp(min=0.004)
        near = d < 0.015
        arrived.append((index[near], t[near]))
        on = ~near & (t < depth[index]) & (t < FAR - 1.5)
        index, t = index[on], t[on]
        if index.numel() == 0:
            break
    # Rays still creeping along the surface start from where they are.
    arrived.append((index, t))
    index, t = (torch.cat(parts) for parts in zip(*arrived, strict=True))
    keep = t < depth[index]
    index, t = index[keep], t[keep]
    if index.numel() == 0:
        return None
    span = (depth[index] - t).clamp(max=0.50)
    sharp = max(0.25, min(1.0, 0.014 / pixel))
    samples = 8 if pixel > 0.02 else 12
    edges = torch.linspace(0, 1, samples + 1) ** 1.7
    middle = (0.5 * (edges[1:] + edges[:-1]))[:, None]
    ts = t + span * middle
    m = index.numel()
    p = (camera.direction[:, index][:, None] * ts + camera.origin[:, None, None]).reshape(3, -1)
    fine, clump, rag = strand_noise(hair, p, sharp)
    st = hair.style
    ragged = (rag - 0.5) * (0.16 if st.length >= 2 else 0.09) + (fine - 0.5) * 0.05
    inside = -hair.depth(p, ragged)
    # Clumps lift the outer surface: locks instead of a shell.
    relief = 0.022 if st.length != 1 else 0.012
    if st.curl > 0.78:
        relief = 0.045
    inside = inside + relief * (clump - 1.0)
    soft = 0.016 + 0.5 * pixel
    density = (inside / soft).clamp(0, 1) * (0.20 + 1.6 * (fine - 0.25)).clamp(min=0.04)
    step_length = span * (edges[1:] - edges[:-1])[:, None]
    alpha = 1 - torch.exp(-58.0 * density.view(samples, m) * step_length)
    through = torch.cumprod(1 - alpha, 0)
    weight = alpha * torch.cat([torch.ones(1, m), through[:-1]])
    cover = 1 - through[-1]
    deep = torch.exp(-inside.clamp(min=0) / (0.035 + 0.3 * st.top))
    tone = (0.38 + 0.62 * deep) * (0.62 + 0.76 * fine) * (0.66 + 0.50 * clump)
    total = cover.clamp(min=1e-4)
    tone_mean = (weight * tone.view(samples, m)).sum(0) / total
    fine_mean = (weight * fine.view(samples, m)).sum(0) / total
    t_mean = (weight * ts).sum(0) / total
    q = camera.at(index, t_mean)
    lit = light_strands(hair, q, camera.direction[:, index], lamps, color, tone_mean, fine_mean)
    return Layer(index, lit * cover, cover)


def light_strands(
    hair: Hair, q: Tensor, ray: Tensor, lamps: Lights, color: Tensor, tone: Tensor, fine: Tensor
) -> Tensor:
    """Radiance [3, M] of strands at q [3, M] (Kajiya and Kay 1989, two shifted highlights)."""
    n = normals(hair.depth, q, 0.03)
    _, _, tangent = hair.flow(q)
    tangent = tangent - n * (tangent * n).sum(0)
    tangent = tangent + 0.35 * (fine - 0.5) * n
    tangent = unit(tangent)
    blocked = (-hair.depth(q + 0.14 * lamps.key[:, None]) / 0.10).clamp(0, 1)
    sun = 1 - 0.62 * blocked
    coily = hair.style.curl > 0.78
    tl = dot(lamps.key, tangent)
    along = 0.75 + 0 * tl if coily else (1 - tl.square()).clamp(min=0).sqrt()
    wrap = ((dot(lamps.key, n) + 0.35) / 1.35).clamp(min=0)
    up = 0.5 + 0.5 * dot(lamps.up, n)
    hemi = lamps.ground[:, None] + (lamps.sky - lamps.ground)[:, None] * up
    diffuse = lamps.key_color[:, None] * (wrap * sun * along) + hemi
    out = color[:, None] * diffuse * tone
    gloss = torch.zeros_like(out)
    for direction, amount in (
        (lamps.key, sun * (wrap > 0)),
        (lamps.rim, 0.55 * (dot(lamps.rim, n) > 0).float()),
    ):
        h = unit(direction[:, None] - ray)
        for shift, power, strength, tint in ((0.06, 70.0, 0.24, 0.35), (-0.10, 16.0, 0.30, 1.0)):
            th = ((tangent + shift * n) * h).sum(0)
            lobe = (1 - th.square()).clamp(min=0) ** (power / 2)
            shine = strength * amount * lobe * tone * (0.3 if coily else 1.0)
            hue = color * tint + (1 - tint) * 0.22
            gloss = gloss + hue[:, None] * shine + 0.015 * shine
    return out + gloss
