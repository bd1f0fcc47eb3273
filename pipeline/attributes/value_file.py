"""Keep values of attributes in a Parquet file, with the digests of the models behind them."""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.attributes.taxonomy import ATTRIBUTES

Column = NDArray[np.generic]

Values = Mapping[str, Column]
"""name -> [N], as in `Scores.values`."""


def write_values(
    file: Path | BinaryIO, tables: Mapping[str, Values], generator_digest: str, scorer_digest: str
) -> None:
    """Write a float32 column a number and an int8 column a class attribute.

    Args:
        file: its path, or what it is written into.
        tables: what stands before the columns' names -> values of the same N.
        generator_digest: of the generator that drew.
        scorer_digest: of the scorer that read.
    """
    columns = {
        prefix + one.name: np.asarray(
            values[one.name], np.int8 if one.kind == "class" else np.float32
        )
        for one in ATTRIBUTES
        for prefix, values in tables.items()
        if one.name in values
    }
    digests = {"generator_digest": generator_digest, "scorer_digest": scorer_digest}
    table = pa.table(columns).replace_schema_metadata(digests)
    pq.write_table(table, file, compression="zstd", use_dictionary=False)


def read_values(file: Path | BinaryIO, *prefixes: str) -> tuple[list[dict[str, Column]], str, str]:
    """The values of each prefix, class columns as int64 indices, and the two digests."""
    table = pq.read_table(file)
    header = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    found = [
        {
            one.name: table.column(prefix + one.name)
            .to_numpy()
            .astype(np.int64 if one.kind == "class" else np.float32)
            for one in ATTRIBUTES
            if prefix + one.name in table.column_names
        }
        for prefix in prefixes
    ]
    return found, header["generator_digest"], header["scorer_digest"]
