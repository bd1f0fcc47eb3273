"""Say what the search of a shard yields: accepted faces, and a tally of what they took."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.extras import Truth
from pipeline.attributes.scorer import Scores


@dataclass(frozen=True)
class Face:
    """An accepted face.

    w: float32 [D]. pixels: uint8 [H, W, 3], or 4 with alpha, as rendered. file: the encoded image,
    unlabelled; `scores` are of what `decode` makes of it, so that an auditor reads the same. It is
    image `index` of the batch behind `scores`. chained: its latent is the end of a chain. truth: of
    the pixels, where the job has extras. variation: which of the job's it is, with edits, attribute
    -> the value that it was given; None where the person is as found.
    """

    slot: int
    attempt: int
    cell: int
    confidence: float
    w: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    file: bytes
    scores: Scores
    index: int
    chained: bool = False
    truth: Truth | None = None
    variation: int | None = None
    edits: Mapping[str, float] = field(default_factory=dict)

    def without_pixels(self) -> "Face":
        """The same face without its image, for those who only need its row."""
        truth = None if self.truth is None else self.truth.without_pixels()
        return replace(self, pixels=_NO_PIXELS, file=b"", truth=truth)


_NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


@dataclass
class Tally:
    """What a shard has cost so far.

    accepted: pictures. draws: candidates. refused: attribute or measure -> candidates it ruled out;
    `latent:` before those that the screen ruled out, `preview:` those that a preview did,
    `variation:` people that cannot be pictured as variations ask. seconds: stage -> wall seconds.
    """

    accepted: int = 0
    draws: int = 0
    renders: int = 0
    previews: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
