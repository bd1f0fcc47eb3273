"""Hold a mesh worn by each of B people, and stack meshes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Part:
    """A mesh of one topology on B people.

    vertices: float32 [B, V, 3], mm. faces: int64 [F, 3], counter-clockwise from outside. piece:
    int64 [F], below P. chart: float32 [B, V, C], what the painter needs. shown: bool [B, P],
    which pieces the person wears.
    """

    vertices: Tensor
    faces: Tensor
    piece: Tensor
    chart: Tensor
    shown: Tensor


def grid_faces(rows: int, columns: int, closed: bool) -> NDArray[np.int64]:
    """Faces [F, 3] of a grid whose rows run down and columns to the right, seen from outside."""
    last = columns if closed else columns - 1
    i, j = (g.ravel() for g in np.meshgrid(np.arange(rows - 1), np.arange(last), indexing="ij"))
    k = (j + 1) % columns
    a, b, c, d = i * columns + j, i * columns + k, (i + 1) * columns + j, (i + 1) * columns + k
    return np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])


def stack_faces(
    meshes: Sequence[tuple[NDArray[np.int64], int, int]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Faces and pieces of meshes (faces, vertex count, piece) laid one after the other."""
    first, faces, pieces = 0, [], []
    for own, count, piece in meshes:
        faces.append(own + first)
        pieces.append(np.full(len(own), piece))
        first += count
    return np.concatenate(faces), np.concatenate(pieces)


def pick(x: Tensor, salt: float | Tensor) -> Tensor:
    """Numbers 0..1 that depend on x in no visible way; `salt` tells uses of x apart."""
    # Traits are coarse enough (float16 draws) for float64 sines to be the same everywhere.
    mixed = (x.double() * 127.1 + salt * 311.7).sin() * 437.585
    return (mixed - mixed.floor()).to(x.dtype)


def constant(values: NDArray[np.float64] | Sequence[float], like: Tensor) -> Tensor:
    """Values as float32 on the device of `like`."""
    return torch.as_tensor(np.asarray(values), dtype=torch.float32, device=like.device)
