"""Keep scores of natural draws beside a scorer: how often each attribute value comes by itself."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.attributes.value_file import Values, read_values, write_values


@dataclass(frozen=True)
class Prior:
    """Scores of N natural draws of one generator by one scorer.

    values: name -> [N], as in `Scores.values`, of what the scorer measured. The digests say of
    which generator and scorer; a prior of others is only an estimate.
    """

    values: Values
    generator_digest: str
    scorer_digest: str


def write_prior(
    path: Path,
    values: Values,
    generator_digest: str,
    scorer_digest: str,
) -> None:
    """Write a Parquet file: a float32 column a number, an int8 column a class attribute."""
    write_values(path, {"": values}, generator_digest, scorer_digest)


def read_prior(path: Path) -> Prior:
    """Read what `write_prior` wrote; class columns come back as int64 indices."""
    (values,), *digests = read_values(path, "")
    return Prior(values, *digests)
