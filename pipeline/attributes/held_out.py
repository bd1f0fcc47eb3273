"""Keep what a scorer read of held-out images beside what is true of them: how its labels err."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.attributes.taxonomy import ATTRIBUTES

_TRUE = "true_"

Values = Mapping[str, NDArray[np.generic]]


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
    columns = {}
    for attribute in ATTRIBUTES:
        for prefix, values in (("", held_out.read), (_TRUE, held_out.truth)):
            if attribute.name in held_out.truth:
                kind = np.int8 if attribute.kind == "class" else np.float32
                columns[prefix + attribute.name] = np.asarray(values[attribute.name], kind)
    digests = {
        "generator_digest": held_out.generator_digest,
        "scorer_digest": held_out.scorer_digest,
    }
    table = pa.table(columns).replace_schema_metadata(digests)
    pq.write_table(table, path, compression="zstd", use_dictionary=False)


def read_held_out(path: Path) -> HeldOut:
    """Read what `write_held_out` wrote; class columns come back as int64 indices."""
    table = pq.read_table(path)
    header = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}

    def columns(prefix: str) -> dict[str, NDArray[np.generic]]:
        return {
            one.name: table.column(prefix + one.name)
            .to_numpy()
            .astype(np.int64 if one.kind == "class" else np.float32)
            for one in ATTRIBUTES
            if _TRUE + one.name in table.column_names
        }

    return HeldOut(columns(""), columns(_TRUE), header["generator_digest"], header["scorer_digest"])
