"""Keep what a scorer read of held-out images beside what is true of them: how its labels err."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.attributes import WEIGHTS
from pipeline.attributes.value_file import Values, read_values, write_values

_TRUE = "true_"


@dataclass(frozen=True)
class HeldOut:
    """Readings of N images that a scorer was not trained on, and their truth.

    read, truth: name -> [N], as in `Scores.values`; the same names. The digests say of which
    generator and scorer.
    """

    read: Values
    truth: Values
    generator_digest: str
    scorer_digest: str


def write_held_out(path: Path, held_out: HeldOut) -> None:
    """Write a Parquet file: two columns an attribute, float32 of numbers and int8 of classes."""
    read = {name: held_out.read[name] for name in held_out.truth}
    tables = {"": read, _TRUE: held_out.truth}
    write_values(path, tables, held_out.generator_digest, held_out.scorer_digest)


def read_held_out(path: Path) -> HeldOut:
    """Read what `write_held_out` wrote; class columns come back as int64 indices."""
    (read, truth), *digests = read_values(path, "", _TRUE)
    return HeldOut(read, truth, *digests)


def bundled_held_out(generator_digest: str, scorer_digest: str) -> HeldOut | None:
    """The readings that come with the bundled scorer, if they are of this very pair of models."""
    path = WEIGHTS / "held_out.parquet"
    if not path.exists():
        return None
    found = read_held_out(path)
    pair = (found.generator_digest, found.scorer_digest)
    return found if pair == (generator_digest, scorer_digest) else None
