"""Say whether a picture still shows the person that another one shows."""

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes import load_identity
from pipeline.errors import SpecError


class Likeness:
    """How alike people in pictures are to the one of a picture, as the bundled network sees them.

    limit: cosine above which a picture is taken to show the same person.
    """

    def __init__(self, picture: NDArray[np.uint8], limit: float | None = None) -> None:
        """Look at the picture to compare with.

        Args:
            picture: uint8 [H, H, 3], sRGB.
            limit: a cosine; None for the network's own, which one in a thousand pairs of different
                people exceeds.

        Raises:
            SpecError: the limit is no cosine, or the network's weights are missing or damaged.
        """
        if limit is not None and not -1 <= limit <= 1:
            raise SpecError(f"identity: {limit:g} is no cosine; give a number from -1 to 1.")
        self._network = load_identity()
        self._person = self._network.embed(picture[None])[0]
        self.limit = self._network.limit if limit is None else limit

    def of(self, picture: NDArray[np.uint8]) -> float:
        """The cosine, -1..1, of a picture, uint8 [H, H, 3] of any size, to the first one."""
        return float(self._network.embed(picture[None])[0] @ self._person)
