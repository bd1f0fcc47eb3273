"""Perceived attributes: what they are, their bins, and the scorers that read them from pixels."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import SpecError

if TYPE_CHECKING:
    from pipeline.attributes.identity import Identity
    from pipeline.attributes.scorer import Scorer
    from pipeline.attributes.scorer_spec import ScorerSpec

WEIGHTS = Path(__file__).parent / "weights"
"""The bundled scorer, weights.safetensors, with card.json and MODEL_CARD.md; of `builtin:heads`
how readings err, held_out.parquet, and the files of `Calibration`; the network that tells people
apart, identity.safetensors, with identity.json and IDENTITY.md."""

SCORERS = ("builtin:heads", "builtin:null")


def load_scorer(source: "str | ScorerSpec") -> "Scorer":
    """The scorer that a spec names, ready to score.

    Raises:
        SpecError: there is no such scorer, or its files cannot be taken.
        StoreError: they lie on S3, which cannot be reached or read.
    """
    if not isinstance(source, str):
        from pipeline.attributes.onnx_scorer import OnnxScorer  # loads torch: only when scoring
        from pipeline.models.fetch import local_copy

        rest = load_scorer(source.rest) if source.rest else None
        model = local_copy(source.model, "scorer.model")
        return OnnxScorer(model, local_copy(source.card, "scorer.card"), rest)
    if source not in SCORERS:
        raise SpecError(f"scorer: '{source}' is unknown; choose from {', '.join(SCORERS)}.")
    if source == "builtin:null":
        from pipeline.attributes.null_scorer import NullScorer

        return NullScorer()
    from pipeline.attributes.heads_scorer import HeadsScorer  # loads torch: only when scoring

    return HeadsScorer(WEIGHTS / "weights.safetensors")


def load_identity(weights: Path = WEIGHTS / "identity.safetensors") -> "Identity":
    """The bundled network that tells people of `builtin:heads` apart, ready to compare.

    Raises:
        SpecError: its weights are missing or damaged.
    """
    from safetensors import SafetensorError

    from pipeline.attributes.identity import Identity  # loads torch: only when comparing

    try:
        return Identity(weights)
    except FileNotFoundError:
        wrong = "is missing"
    except (SafetensorError, ValueError, RuntimeError, OSError):
        wrong = "is damaged"
    raise SpecError(
        f"identity: {weights} {wrong}; install populace again, or put the one there that "
        "populace train identity writes."
    )
