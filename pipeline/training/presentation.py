"""Turn the continuum of gender presentation into what viewers would say, the scorer's soft target.

The generator draws presentation as one number, `masculinity`, 0..1. A class is only a cut through
it at 0.5, and a network taught the cut answers "0.99" about a face that nobody could place. So it
is taught a psychometric curve instead: the share of viewers that we let call a face masculine, 1/2
at 0.5, 95 % where the ambiguous middle ends. The curve is ours, not measured on people; it says
what a probability in the middle of the range means, and nothing more.
"""

import numpy as np
from numpy.typing import NDArray

AMBIGUOUS = (0.35, 0.65)
"""Masculinity within which a face counts as ambiguous."""

_SURE = 0.95
"""Share of viewers who agree at the ends of the ambiguous middle."""

_SLOPE = np.log(_SURE / (1 - _SURE)) / (AMBIGUOUS[1] - 0.5)


def seen_as_masculine(masculinity: NDArray[np.generic]) -> NDArray[np.float64]:
    """Share of viewers who would say "masculine": [B] in 0..1 to float64 [B], 0..1."""
    return np.asarray(1 / (1 + np.exp(-_SLOPE * (masculinity.astype(np.float64) - 0.5))))


def is_ambiguous(masculinity: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Which faces lie in the ambiguous middle: bool [B]."""
    m = masculinity.astype(np.float64)
    return np.asarray((m >= AMBIGUOUS[0]) & (m <= AMBIGUOUS[1]))
