"""Keep the rows of a manifest on disk, so that any few of them are read at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.catalog.scan import Group


class Places:
    """Columns of all rows in an Arrow file that is mapped into memory: a batch a row group.

    schema: the columns, `asset_id` and `person_id` among them.
    """

    def __init__(self, file: Path, schema: pa.Schema) -> None:
        self._file = file
        self._writer = pa.ipc.new_file(str(file), schema)
        self._batches: list[pa.RecordBatch] = []
        self.groups: list[Group] = []

    def add(self, group: Group, rows: pa.Table) -> None:
        """Write the rows of the next row group."""
        self.groups.append(group)
        self._writer.write_batch(rows.combine_chunks().to_batches()[0])

    def close(self) -> None:
        """Nothing more is written; reading begins."""
        self._writer.close()
        reader = pa.ipc.open_file(pa.memory_map(str(self._file)))
        self._batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
        self._starts = np.array([group.start for group in self.groups], np.int64)

    def rows(self, numbers: Sequence[int], columns: Sequence[str]) -> list[dict[str, Any]]:
        """These columns of the rows of these numbers, counted in the whole manifest, in order."""
        found: dict[int, dict[str, Any]] = {}
        for which, some in self._by_group(numbers):
            places = pa.array(np.array(some) - self._starts[which])
            taken = self._batches[which].select(list(columns)).take(places)
            found.update(zip(some, taken.to_pylist(), strict=True))
        return [found[number] for number in numbers]

    def group_of(self, number: int) -> Group:
        """The row group in which a row lies."""
        return self.groups[int(np.searchsorted(self._starts, number, side="right")) - 1]

    def number_of(self, asset_id: str) -> int | None:
        """The row of an asset, or None."""
        for start, batch in zip(self._starts, self._batches, strict=True):
            place = pc.index(batch["asset_id"], asset_id).as_py()
            if place >= 0:
                return int(start) + int(place)
        return None

    def numbers_of(self, column: str, values: Sequence[str]) -> NDArray[np.int64]:
        """The rows that have one of these values in a column, in the manifest's order: int64."""
        wanted = pa.array(values, pa.string())
        found = [
            start + np.flatnonzero(pc.is_in(batch[column], wanted).to_numpy(zero_copy_only=False))
            for start, batch in zip(self._starts, self._batches, strict=True)
        ]
        return np.concatenate([np.zeros(0, np.int64), *found])

    def codes(self, column: str) -> NDArray[np.int32] | None:
        """A number for each value of a column, the same for the same value: int32 [rows].

        None where there is no such column, or no value stands twice: then there is nothing to tell.
        """
        if not self._batches or column not in self._batches[0].schema.names:
            return None
        values = pa.chunked_array([batch[column] for batch in self._batches])
        if pc.count_distinct(values, mode="all").as_py() == len(values):
            return None
        numbered = pc.dictionary_encode(values, null_encoding="encode").combine_chunks()
        codes: NDArray[np.int32] = cast("pa.DictionaryArray[Any, Any]", numbered).indices.to_numpy()
        return codes

    def beginning_with(self, text: str, most: int) -> list[str]:
        """Names of assets that begin so, the first few."""
        names: list[str] = []
        for batch in self._batches:
            column = batch["asset_id"]
            names += map(str, column.filter(pc.starts_with(column, text)).to_pylist())
            if len(names) >= most:
                break
        return names[:most]

    def _by_group(self, numbers: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        some: dict[int, list[int]] = {}
        places = np.searchsorted(self._starts, np.array(numbers, np.int64), side="right") - 1
        for number, which in zip(numbers, places.tolist(), strict=True):
            some.setdefault(which, []).append(number)
        yield from some.items()
