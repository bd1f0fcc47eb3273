"""Carry tables of cells through a scorer's errors, one attribute at a time.

Errors are taken as independent between attributes, given the truth: the chance that a face of true
cell t is perceived in cell p is the product of one entry per attribute. That product is never
written out (7,560 cells would need 57 million entries); each attribute's matrix is applied along
its own axis (Van Loan, 2000: "The ubiquitous Kronecker product").

Below, a *table* is a float64 array with one axis an attribute, after any leading batch axes that
the matrices have too. True classes may outnumber perceived ones: a last true class can stand for
"in none of the bins", as in the scorer's card.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def rates(held_out: Sequence[NDArray[np.generic]]) -> list[Floats]:
    """How often each true class is perceived as each class: float64 [T, P] an attribute.

    Args:
        held_out: confusion counts [T, P] an attribute, rows true, columns perceived.

    Raises:
        ValueError: no attribute, a negative count, or a true class without a held-out image.
    """
    if not held_out:
        raise ValueError("no attribute is given: there is nothing to correct")
    result = []
    for number, counts in enumerate(held_out):
        table = np.asarray(counts, np.float64)
        if table.ndim != 2 or (table < 0).any():
            raise ValueError(f"attribute {number}: confusion counts must be [T, P], none negative")
        images = table.sum(1, keepdims=True)
        if not images.all():
            empty = int(np.flatnonzero(images[:, 0] == 0)[0])
            raise ValueError(
                f"attribute {number}: true class {empty} has no held-out image; leave it out"
            )
        result.append(table / images)
    return result


def perceived(truth: Floats, matrices: Sequence[Floats]) -> Floats:
    """What is perceived of true shares: table [..., *T] -> table [..., *P].

    Args:
        truth: table of shares (or weights) of true cells.
        matrices: [..., T, P] an attribute.
    """
    result = truth
    for axis, matrix in enumerate(matrices):
        result = _along(result, matrix, axis)
    return result


def pulled_back(weights: Floats, matrices: Sequence[Floats]) -> Floats:
    """The weight that a face of each true cell meets: table [..., *P] -> table [..., *T].

    The transpose of `perceived`: each true cell's mean of the weights of the cells that it is
    perceived in.
    """
    return perceived(weights, [matrix.swapaxes(-1, -2) for matrix in matrices])


def attributed(counts: Floats, prior: Floats, matrices: Sequence[Floats]) -> Floats:
    """Perceived counts, handed back to the true cells that they are expected to be.

    Every perceived cell p is shared out by P(true = t | perceived = p), Bayes' rule with the prior
    of the stream that the faces were taken from. Linear in `counts`; the total is kept.

    Args:
        counts: table [..., *P] of faces, or shares of them.
        prior: table [..., *T], true shares of the stream.
        matrices: [..., T, P] an attribute.

    Raises:
        ValueError: faces were counted in a cell that this prior and these errors cannot produce.
    """
    expected = perceived(prior, matrices)
    if ((expected <= 0) & (counts > 0)).any():
        raise ValueError(
            "faces are counted in a cell that no held-out image was ever perceived in; "
            "more held-out images are needed"
        )
    ratio = np.divide(counts, expected, out=np.zeros_like(expected), where=expected > 0)
    return prior * pulled_back(ratio, matrices)


def precision(prior: Floats, matrices: Sequence[Floats]) -> Floats:
    """P(true = p | perceived = p) of each perceived cell: table [..., *P]; 0 where none comes."""
    expected = perceived(prior, matrices)
    right = perceived(prior, [_diagonal(matrix) for matrix in matrices])
    return np.divide(right, expected, out=np.zeros_like(expected), where=expected > 0)


def draw_truths(
    counts: Ints, prior: Floats, matrices: Sequence[Floats], rng: np.random.Generator
) -> tuple[Ints, list[Ints]]:
    """Draw what faces of perceived cells truly are, each by P(true | perceived), independently.

    Attribute after attribute, each given the true classes already drawn and the perceived classes
    still open: exact, at a cost of cells x classes rather than cells squared.

    Args:
        counts: int64 [*P], faces perceived in each cell.
        prior: table [R, *T], true shares of the stream, one a draw.
        matrices: [R, T, P] an attribute.
        rng: the source of chance.

    Returns:
        The true counts, int64 [R, *T]; and an attribute's confusion among these faces,
        int64 [R, T, P] each.
    """
    draws = len(prior)
    ahead = [prior]
    for axis in range(len(matrices) - 1, 0, -1):
        ahead.append(_along(ahead[-1], matrices[axis], axis))
    left = np.broadcast_to(counts, (draws, *counts.shape)).reshape(draws, 1, *counts.shape)
    pairs = []
    for axis, matrix in enumerate(matrices):
        true, seen = matrix.shape[1:]
        left = left.reshape(draws, -1, seen, int(np.prod(counts.shape[axis + 1 :])))
        known, later = left.shape[1], left.shape[3]
        share = ahead[-1 - axis].reshape(draws, known, true, later).transpose(0, 1, 3, 2)
        odds = share[:, :, None] * matrix.swapaxes(1, 2)[:, None, :, None]
        total = odds.sum(-1, keepdims=True)
        odds = np.divide(odds, total, out=np.full_like(odds, 1 / true), where=total > 0)
        drawn = rng.multinomial(left, odds)
        pairs.append(drawn.sum((1, 3)).swapaxes(1, 2))
        left = drawn.sum(2).swapaxes(2, 3)
    return left.reshape(prior.shape), pairs


def _diagonal(matrix: Floats) -> Floats:
    """Only the entries where the perceived class is the true one; 0 elsewhere."""
    kept: Floats = matrix * np.eye(*matrix.shape[-2:])
    return kept


def _along(table: Floats, matrix: Floats, axis: int) -> Floats:
    """Apply a matrix [..., T, P] along an attribute's axis of a table."""
    place = matrix.ndim - 2 + axis
    moved = np.moveaxis(table, place, -1)
    flat = moved.reshape(*matrix.shape[:-2], -1, matrix.shape[-2])
    result = (flat @ matrix).reshape(*moved.shape[:-1], matrix.shape[-1])
    return np.moveaxis(result, -1, place)
