"""Keep which rows of a table have something as bits, to be combined and counted fast.

An index of bitmaps, as in O'Neil and Quass (1997).
"""

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
"""A bit a row, the first lowest, filled up with zeros: uint64 [ceil(rows / 64)]."""


def bitmaps(codes: NDArray[np.int8], choices: int) -> Bits:
    """Where each choice is: uint64 [choices, ceil(rows / 64)]."""
    return np.stack([packed(codes == choice) for choice in range(choices)])


def packed(mask: NDArray[np.bool_]) -> Bits:
    """The bits of a mask: bool [rows]."""
    found = np.packbits(mask, bitorder="little")
    return np.pad(found, (0, -len(found) % 8)).view(np.uint64)


def unpacked(bits: Bits, count: int) -> NDArray[np.bool_]:
    """The mask of the first `count` rows: bool [count]."""
    return np.unpackbits(bits.view(np.uint8), count=count, bitorder="little").view(np.bool_)


def ones(bits: Bits) -> int:
    """How many bits are set."""
    return int(np.bitwise_count(bits).sum(dtype=np.int64))
