"""Perceived attributes: what they are, their bins, and the scorers that read them from pixels."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import SpecError

if TYPE_CHECKING:
    from pipeline.attributes.scorer import Scorer

WEIGHTS = Path(__file__).parent / "weights"
"""The bundled scorer: weights.safetensors, card.json, MODEL_CARD.md, prior.parquet."""

SCORERS = ("builtin:heads", "builtin:null")


def load_scorer(name: str) -> "Scorer":
    """The scorer of this name, ready to score.

    Raises:
        SpecError: there is no such scorer.
    """
    if name not in SCORERS:
        raise SpecError(f"scorer: '{name}' is unknown; choose from {', '.join(SCORERS)}.")
    if name == "builtin:null":
        from pipeline.attributes.null_scorer import NullScorer

        return NullScorer()
    from pipeline.attributes.heads_scorer import HeadsScorer  # loads torch: only when scoring

    return HeadsScorer(WEIGHTS / "weights.safetensors")
