"""Estimate what a catalog truly holds from what its scorer perceived, with 95 % intervals.

How the catalog was made decides which estimate is right.

`quota_shares`: faces were taken from a stream of candidates *by their perceived cell* until the
quotas were full. The delivered counts are then chosen, not observed, and tell nothing of the
truth; but inside a perceived cell the faces are as they come, so the true shares are

    s_t = sum_p d_p P(true = t | perceived = p),   P(t | p) = prior_t C_tp / sum_u prior_u C_up

with the prior of the *stream*, which natural draws of it show (its perceived counts, unmixed).

`sample_shares`: faces were taken without looking at this scorer's labels (a natural sample, or a
catalog made some other way). Then the errors are those of the held-out set whatever the true shares
are, y ~ Multinomial(n, s C), and s is the likeliest solution on the simplex: classify-and-count
corrected (Rogan and Gladen, 1978), kept inside the simplex by maximum likelihood.

Both come from one step, `attributed`: the first is that step taken once, from the stream's prior;
the second is its fixed point, which is the EM algorithm for misclassified counts (Saerens et al.,
2002). Applying the second to a catalog of quotas is wrong by as much as the bias it should mend:
there P(perceived | true) is no longer C but C reweighted by each perceived cell's acceptance. From
the labels alone nobody can tell which kind a catalog is.

Intervals are quantiles of the joint posterior of prior and error rates, by data augmentation
(Tanner and Wong, 1987; for misclassified counts Viana, 1994), with Perks' prior of one observation
spread over each row of errors (Berger et al., 2015) and Jeffreys' half a face in each true cell.
They hold three doubts: few held-out images, few natural draws, and which true faces happened to
fill the catalog; so they cover the shares of the faces that are there, not of an ideal infinite
catalog. They take errors as independent between attributes, and are too narrow where that fails.
Where true classes outnumber perceived ones (a last one for "in none of the bins"), the counts alone
do not tell them apart, and `learn_stream` may keep far too much there: leave that class out, or use
`true_balance`, which knows the truth of natural images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.sampling.mislabelling import (
    Floats,
    Ints,
    attributed,
    draw_truths,
    precision,
    rates,
)

CHAINS = 50
BURN_IN = 60
KEPT = 10
EVERY = 10
"""Markov chains side by side; steps thrown away; draws kept of each; steps between those."""

CELL_WEIGHT = np.float64(0.5)
"""Jeffreys' prior, faces in each true cell. A much smaller one empties rare cells too readily."""

_COVERED = (0.025, 0.975)
_EM_STEPS = 5000
_EM_NEAR = 1e-9


@dataclass(frozen=True)
class Estimate:
    """Figures and their 95 % intervals: three float64 arrays of one shape."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class TrueShares:
    """The true shares of a catalog.

    value: float64 [*T], the likeliest, summing to 1.
    draws: float64 [R, *T], the posterior of the shares of the very faces in the catalog.
    precision: of each perceived cell [*P], the share of its faces that truly belong there.
    """

    value: Floats
    draws: Floats
    precision: Estimate

    def cells(self) -> Estimate:
        """The share of each true cell: [*T]."""
        return self.figure(lambda shares: shares)

    def margin(self, axis: int) -> Estimate:
        """The share of each true class of one attribute: [T]."""
        count = self.value.ndim
        others = tuple(i - count for i in range(count) if i != axis)
        return self.figure(lambda shares: shares.sum(others))

    def figure(self, of: Callable[[Floats], Floats]) -> Estimate:
        """Any figure of shares [..., *T], such as a sum of some cells.

        Distances from a target are no such figure: noise only adds to them, so that their
        intervals do not hold the truth as often as they say.
        """
        return _estimate(of(self.value), of(self.draws))


@dataclass(frozen=True)
class Stream:
    """What is known of a stream of candidates and its scorer, doubts included.

    prior: float64 [*T], the likeliest true shares. rates: float64 [T, P] an attribute,
    P(perceived | true). prior_draws [R, *T] and rates_draws [R, T, P]: their posterior.
    truth_draws: float64 [R, *T], the posterior of the true shares of the very faces counted.
    """

    prior: Floats
    rates: list[Floats]
    prior_draws: Floats
    rates_draws: list[Floats]
    truth_draws: Floats


def quota_shares(delivered: NDArray[np.generic], stream: Stream, seed: int) -> TrueShares:
    """The true shares of a catalog whose faces were kept by their perceived cell.

    Args:
        delivered: counts [*P] of the catalog by perceived cell.
        stream: where its candidates came from, learnt under the same limits and scorer.
        seed: of the draws behind the intervals.

    Raises:
        ValueError: counts that do not fit, are negative or all zero, or lie in a cell that
            cannot come.
    """
    faces = _counts(delivered, stream.rates)
    value = attributed(faces / faces.sum(), stream.prior, stream.rates)
    rng = np.random.default_rng(seed)
    truths, _ = draw_truths(faces, stream.prior_draws, stream.rates_draws, rng)
    return TrueShares(value, truths / faces.sum(), _precision(stream))


def sample_shares(
    found: NDArray[np.generic], held_out: Sequence[NDArray[np.generic]], seed: int
) -> TrueShares:
    """The true shares of a catalog whose faces were not chosen by this scorer's labels.

    Args:
        found: counts [*P] of the catalog by perceived cell.
        held_out: confusion counts [T, P] an attribute, from any mixture of true classes.
        seed: of the draws behind the intervals.

    Raises:
        ValueError: as for `learn_stream`.
    """
    catalog = learn_stream(found, held_out, seed)
    return TrueShares(catalog.prior, catalog.truth_draws, _precision(catalog))


def learn_stream(
    natural: NDArray[np.generic], held_out: Sequence[NDArray[np.generic]], seed: int
) -> Stream:
    """The true shares and error rates behind natural draws, by maximum likelihood and Gibbs.

    Args:
        natural: counts [*P] of natural draws by perceived cell.
        held_out: confusion counts [T, P] an attribute, from any mixture of true classes: only how
            each true class is perceived is taken from them.
        seed: of the posterior draws.

    Raises:
        ValueError: counts that do not fit, are negative or all zero; a true class without a
            held-out image; a counted cell that no held-out image was ever perceived in.
    """
    matrices = rates(held_out)
    counts = _counts(natural, matrices)
    likeliest = likeliest_shares(counts, matrices)
    rng = np.random.default_rng(seed)
    tables = [np.asarray(table, np.float64) + 1 / np.shape(table)[1] for table in held_out]
    prior = np.broadcast_to(likeliest, (CHAINS, *likeliest.shape))
    drawn = [np.broadcast_to(matrix, (CHAINS, *matrix.shape)) for matrix in matrices]
    cells = tuple(range(1, prior.ndim))
    kept = []
    for step in range(1, BURN_IN + KEPT * EVERY + 1):
        truths, pairs = draw_truths(counts, prior, drawn, rng)
        prior = _dirichlet(truths + CELL_WEIGHT, cells, rng)
        drawn = [_dirichlet(t + p, (-1,), rng) for t, p in zip(tables, pairs, strict=True)]
        if step > BURN_IN and (step - BURN_IN) % EVERY == 0:
            kept.append((prior, truths / counts.sum(), *drawn))
    priors, shares, *rate_draws = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    return Stream(likeliest, matrices, priors, list(rate_draws), shares)


def likeliest_shares(counts: NDArray[np.generic], matrices: Sequence[Floats]) -> Floats:
    """The true shares under which perceived counts are likeliest: float64 [*T], by EM.

    Args:
        counts: [*P], a random sample by perceived cell.
        matrices: [T, P] an attribute, as `rates` gives them.

    Raises:
        ValueError: a counted cell that no true cell is ever perceived in.
    """
    seen = np.asarray(counts, np.float64)
    seen = seen / seen.sum()
    shape = tuple(matrix.shape[0] for matrix in matrices)
    shares = np.full(shape, 1 / np.prod(shape))
    for _ in range(_EM_STEPS):
        before, shares = shares, attributed(seen, shares, matrices)
        if np.abs(shares - before).max() < _EM_NEAR:
            break
    likeliest: Floats = shares / shares.sum()
    return likeliest


def _dirichlet(parameters: Floats, axes: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Dirichlet draws along the given axes together."""
    gammas = rng.standard_gamma(parameters)
    shares: Floats = gammas / gammas.sum(axes, keepdims=True)
    return shares


def _precision(stream: Stream) -> Estimate:
    """Of each perceived cell."""
    draws = precision(stream.prior_draws, stream.rates_draws)
    return _estimate(precision(stream.prior, stream.rates), draws)


def _estimate(value: Floats, draws: Floats) -> Estimate:
    low, high = np.quantile(draws, _COVERED, axis=0)
    return Estimate(value, np.minimum(low, value), np.maximum(high, value))


def _counts(counts: NDArray[np.generic], matrices: Sequence[Floats]) -> Ints:
    """Counts as int64, checked against the perceived classes of the error rates."""
    wanted = tuple(matrix.shape[1] for matrix in matrices)
    table = np.asarray(counts, np.int64)
    if table.shape != wanted:
        raise ValueError(f"counts are shaped {table.shape}, the scorer's classes {wanted}")
    if (table < 0).any() or not table.any():
        raise ValueError("counts must not be negative, nor all zero")
    return table
