"""Keep scores of natural draws beside a scorer: how often each attribute value comes by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.attributes.taxonomy import ATTRIBUTES


@dataclass(frozen=True)
class Prior:
    """Scores of N natural draws of one generator by one scorer.

    values: name -> [N], as in `Scores.values`, of what the scorer measured. The digests say of
    which generator and scorer; a prior of others is only an estimate.
    """

    values: Mapping[str, NDArray[np.generic]]
    generator_digest: str
    scorer_digest: str


def write_prior(
    path: Path,
    values: Mapping[str, NDArray[np.generic]],
    generator_digest: str,
    scorer_digest: str,
) -> None:
    """Write a Parquet file: a float32 column a number, an int8 column a class attribute."""
    columns = {
        attribute.name: np.asarray(
            values[attribute.name], np.int8 if attribute.kind == "class" else np.float32
        )
        for attribute in ATTRIBUTES
        if attribute.name in values
    }
    digests = {"generator_digest": generator_digest, "scorer_digest": scorer_digest}
    table = pa.table(columns).replace_schema_metadata(digests)
    pq.write_table(table, path, compression="zstd", use_dictionary=False)


def read_prior(path: Path) -> Prior:
    """Read what `write_prior` wrote; class columns come back as int64 indices."""
    table = pq.read_table(path)
    header = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    values: dict[str, NDArray[np.generic]] = {}
    for attribute in ATTRIBUTES:
        if attribute.name not in table.column_names:
            continue
        column = table.column(attribute.name).to_numpy()
        values[attribute.name] = column.astype(
            np.int64 if attribute.kind == "class" else np.float32
        )
    return Prior(values, header["generator_digest"], header["scorer_digest"])
