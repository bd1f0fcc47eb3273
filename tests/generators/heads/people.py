"""Make people for tests: a median person, and others that differ from it in named traits."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pipeline.generators.heads import layout
from pipeline.generators.heads.mesh import LEVELS, Mesh, deform, mesh, normals

Traits = dict[str, Tensor]


def people(count: int = 1, **set_to: float | Sequence[float]) -> Traits:
    """`count` people of median traits, [count] each, some of them set: one value or one each."""
    w = np.zeros((count, layout.LATENT_SIZE), np.float32)
    t = {k: torch.from_numpy(v).float() for k, v in layout.traits(w).items()}
    unknown = set_to.keys() - t.keys()
    assert not unknown, f"no such trait: {unknown}"
    return t | {k: torch.tensor(v).float().expand(count).clone() for k, v in set_to.items()}


def crowd(count: int, seed: int = 3) -> Traits:
    """`count` people of the natural distribution."""
    w = np.random.default_rng(seed).standard_normal((count, layout.LATENT_SIZE))
    t = layout.traits(layout.latents(w.astype(np.float32)))
    return {k: torch.from_numpy(v).float() for k, v in t.items()}


def alone(t: Traits, i: int) -> Traits:
    """The i-th person by itself."""
    return {k: v[i : i + 1] for k, v in t.items()}


def head_of(t: Traits) -> tuple[Mesh, Tensor, Tensor]:
    """The coarsest mesh, its vertices on B people, and their normals."""
    base = mesh(*LEVELS[0][1:])
    vertices = deform(base, t)
    return base, vertices, normals(vertices, base.faces, base.around)
