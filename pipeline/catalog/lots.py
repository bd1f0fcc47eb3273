"""Draw lots: a number for each asset that looks random and follows from its name and a seed."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def lots(names: "pa.ChunkedArray[Any]", seed: int) -> NDArray[np.uint64]:
    """The lot of each name: uint64, uniform over 0 .. 2^64-1, whatever stands beside it.

    The finaliser of SplitMix64 (Steele, Lea and Flood, 2014), chained over the words of eight bytes
    of the name in UTF-8, little-endian, zeros behind it: start from the mix of the seed and the
    name's length; add the golden ratio to the exclusive or with each word; mix.

    Args:
        names: strings, none of them null.
        seed: 0 .. 2^63-1.
    """
    found = [_of_array(one, seed) for one in names.cast(pa.binary()).chunks]
    return np.concatenate([np.zeros(0, np.uint64), *found])


def uniform(lot: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Lots as numbers in [0, 1), in the same order."""
    return (lot >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _of_array(names: "pa.Array[Any]", seed: int) -> NDArray[np.uint64]:
    sizes = pc.binary_length(pa.chunked_array([names])).to_numpy()
    if sizes.size and sizes.min() == sizes.max():  # as our own names are
        return _of_size(_letters(names, int(sizes[0])), seed)
    found = np.empty(len(names), np.uint64)
    for size in np.unique(sizes):
        where = np.flatnonzero(sizes == size)
        same = names.take(pa.array(where, pa.int64()))
        found[where] = _of_size(_letters(same, int(size)), seed)
    return found


def _letters(names: "pa.Array[Any]", size: int) -> NDArray[np.uint8]:
    """The bytes of names that all have `size` of them: uint8 [names, size]."""
    if not size:
        return np.zeros((len(names), 0), np.uint8)
    fixed = names.cast(pa.binary(size))
    data = np.frombuffer(memoryview(fixed.buffers()[1] or b""), np.uint8)
    start = fixed.offset * size
    letters: NDArray[np.uint8] = data[start : start + len(names) * size].reshape(len(names), size)
    return letters


def _of_size(letters: NDArray[np.uint8], seed: int) -> NDArray[np.uint64]:
    rows, size = letters.shape
    padded = np.zeros((rows, -(-size // 8) * 8), np.uint8)
    padded[:, :size] = letters
    state = np.full(rows, seed, np.uint64)
    _mix(state)
    state += np.uint64(size)
    _mix(state)
    for word in padded.view("<u8").T:
        state ^= word
        state += _GOLDEN
        _mix(state)
    return state


def _mix(state: NDArray[np.uint64]) -> None:
    """Mix every number's bits, in place."""
    for shift, factor in _MIX:
        state ^= state >> np.uint64(shift)
        state *= np.uint64(factor)
    state ^= state >> np.uint64(31)
