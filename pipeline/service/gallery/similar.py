"""Find how far every face of a catalog is from one: by latents, or by scores if those are many."""

from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.attributes.taxonomy import ATTRIBUTES, Attribute
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import groups_of, scan
from pipeline.service.gallery.cache import Cache

_MOST_BYTES = 2 << 30
_CHUNK = 16_384
_SAMPLE = 20_000
_KEPT_BYTES = 64 << 20


class Neighbours:
    """Distances between faces, in units of how much each number varies in the catalog.

    Latents are kept in a file in `folder`, float16 [rows, D], made when first asked for; where that
    would take more than `most_bytes`, the attributes that the scorer read are, instead.
    """

    def __init__(
        self, catalog: Catalog, count: int, folder: Path, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._catalog, self._count, self._folder = catalog, count, folder
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._made: tuple[NDArray[np.float16], NDArray[np.float32]] | None = None
        self._kept: Cache[NDArray[np.float32]] = Cache(_KEPT_BYTES, lambda d: d.nbytes)

    @property
    def by(self) -> str:
        """What faces are compared by, in words."""
        return "latent w" if self._by_latent else "what the scorer reads"

    def distances(self, row: int) -> NDArray[np.float32]:
        """How far every row is from one: float32 [rows]."""
        return self._kept.get(row, lambda: self._distances(row))

    def _distances(self, row: int) -> NDArray[np.float32]:
        matrix, scale = self._matrix()
        found = np.empty(self._count, np.float32)
        here = matrix[row].astype(np.float32)
        for start in range(0, self._count, _CHUNK):
            there = matrix[start : start + _CHUNK].astype(np.float32)
            there -= here
            there *= scale
            found[start : start + _CHUNK] = np.einsum("nd,nd->n", there, there)
        return found

    def _matrix(self) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
        """What is compared, float16 [rows, D], and one over the deviation of each: float32 [D]."""
        with self._lock:
            if self._made is None:
                matrix = self._latents() if self._by_latent else self._scores()
                some = matrix[:: max(1, self._count // _SAMPLE)].astype(np.float32)
                spread = some.std(0)
                scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 1e-4)
                self._made = matrix, scale
            return self._made

    @property
    def _by_latent(self) -> bool:
        return 0 < self._width * self._count * 2 <= self._most_bytes

    @cached_property
    def _width(self) -> int:
        """D, the values of a latent."""
        first = self._catalog.row_group(self._catalog.parts[0], 0, ["w"]).slice(0, 1)
        return len(first["w"][0]) if first.num_rows and first["w"][0].is_valid else 0

    def _latents(self) -> NDArray[np.float16]:
        width = self._width
        matrix = np.memmap(
            self._folder / "latents.f16", np.float16, "w+", shape=(self._count, width)
        )
        for group, table in scan(self._catalog, groups_of(self._catalog), ["w"]):
            flat = pc.list_flatten(table["w"]).to_numpy()
            matrix[group.start : group.start + group.rows] = flat.reshape(-1, width)
        return matrix

    def _scores(self) -> NDArray[np.float16]:
        names = self._catalog.schema().names
        used = [attribute for attribute in ATTRIBUTES if attribute.name in names]
        parts = []
        for _, table in scan(self._catalog, groups_of(self._catalog), [a.name for a in used]):
            parts.append(np.concatenate([_numbers(a, table[a.name]) for a in used], axis=1))
        return np.concatenate(parts)


def _numbers(attribute: Attribute, column: "pa.ChunkedArray[Any]") -> NDArray[np.float16]:
    """A number as it is, a class as a column for each: float16 [rows, 1 or classes]."""
    if attribute.kind == "class":
        index = pc.index_in(column, value_set=pa.array(attribute.classes)).fill_null(-1).to_numpy()
        inside: NDArray[np.bool_] = index[:, None] == np.arange(len(attribute.classes))
        return inside.astype(np.float16)
    values: NDArray[np.float32] = np.nan_to_num(column.cast(pa.float32()).to_numpy())
    return values.reshape(-1, 1).astype(np.float16)
