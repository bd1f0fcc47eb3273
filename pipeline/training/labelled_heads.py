"""The built-in generator as training needs it: with its truth, several small pictures to a pass."""

import numpy as np
from numpy.typing import NDArray

from pipeline.generators.heads import Heads, truth
from pipeline.generators.heads.generator import PREVIEWS
from pipeline.training.draws import Labels


class LabelledHeads(Heads):
    """The built-in generator together with its truth, several people to a pass: small pictures."""

    def __init__(self) -> None:
        super().__init__(at_once=PREVIEWS)

    def truth(self, w: NDArray[np.float32]) -> Labels:
        """The truth of each row of w: float32 [B, D]."""
        return truth(w)
