"""Score images again and compare with what their rows say."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.attributes import load_scorer
from pipeline.attributes.scorer import Scorer, Scores
from pipeline.attributes.taxonomy import ATTRIBUTES, Attribute
from pipeline.catalog.audit.ordered import Ordered
from pipeline.catalog.manifest import QUALITIES
from pipeline.errors import PopulaceError

TOLERANCE = 1e-3
"""How far a value may lie from the row's where the hardware may round otherwise, as a share of its
range; of probabilities, in themselves."""


@dataclass(frozen=True)
class Difference:
    """A value that is not the row's. far: by more than TOLERANCE."""

    column: str
    told: object
    read: object
    far: bool


def scorer_of(ordered: Ordered) -> tuple[Scorer | None, str]:
    """The scorer that a catalog names, if this installation has it, and else why it does not.

    A scorer of files counts only where they lie on this machine under the names in the spec:
    nothing is fetched from an address that a catalog brings.
    """
    spec = ordered.spec
    if not isinstance(spec.scorer, str):
        paths = (spec.scorer.model, spec.scorer.card)
        if not all(Path(path).is_file() for path in paths):
            return None, f"the scorer {spec.scorer_name} does not lie on this machine"
    try:
        scorer = load_scorer(spec.scorer)
    except PopulaceError as error:
        return None, f"the scorer {spec.scorer_name} cannot be loaded: {error}"
    if scorer.digest != ordered.scorer_digest:
        return None, (
            f"the scorer {spec.scorer_name} of this installation has the digest "
            f"{scorer.digest[:12]}, the catalog's {ordered.scorer_digest[:12]}"
        )
    return scorer, ""


def differences(scores: Scores, index: int, row: Mapping[str, Any]) -> list[Difference]:
    """Where image `index` of what was scored is not what its row says."""
    found = []
    for attribute in ATTRIBUTES:
        found += _of_attribute(attribute, scores, index, row)
    for name in QUALITIES:
        read = float(scores.quality[name][index]) if name in scores.quality else None
        found += _of_number(name, row[name], read, TOLERANCE)
    return found


def _of_attribute(
    attribute: Attribute, scores: Scores, index: int, row: Mapping[str, Any]
) -> list[Difference]:
    name, told = attribute.name, row[attribute.name]
    read: Any = scores.values[name][index] if name in scores.values else None
    if read is not None:
        read = attribute.classes[int(read)] if attribute.kind == "class" else float(read)
        read = round(read) if attribute.single_units else read
    chances = scores.probabilities[name][index] if name in scores.probabilities else None
    given = row.get(f"{name}_p")
    if (chances is None) != (given is None):
        return [Difference(f"{name}_p", given, chances, True)]
    found = []
    close = False
    if chances is not None:
        ours = np.asarray(given, np.float64)
        if ours.shape != chances.shape:
            return [Difference(f"{name}_p", given, chances.tolist(), True)]
        apart = float(np.abs(ours - chances).max())
        close = apart <= TOLERANCE
        if apart:
            largest = int(np.abs(ours - chances).argmax())
            label = f"{name}_p of {attribute.classes[largest]}"
            found = [Difference(label, ours[largest], float(chances[largest]), not close)]
    if attribute.kind == "class" or attribute.single_units:
        if told != read:
            # Two classes as likely as each other: rounding decides.
            tie = close and given is not None and _ties(attribute, given, told)
            found.insert(0, Difference(name, told, read, not tie))
        return found
    return _of_number(name, told, read, TOLERANCE * (attribute.high - attribute.low)) + found


def _ties(attribute: Attribute, given: list[float], told: object) -> bool:
    """Whether the class that a row names is about the likeliest by the row's probabilities."""
    label = str(told)
    if label not in attribute.classes:
        return False
    return given[attribute.classes.index(label)] >= max(given) - 2 * TOLERANCE


def _of_number(
    name: str, told: float | None, read: float | None, tolerance: float
) -> list[Difference]:
    if told == read:
        return []
    if told is None or read is None:
        return [Difference(name, told, read, True)]
    return [Difference(name, told, read, not abs(told - read) <= tolerance)]
