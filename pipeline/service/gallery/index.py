"""Index a manifest so that any view of it is counted, ordered and paged in milliseconds.

Every choice of every facet is a bitmap over all rows (as in O'Neil and Quass, 1997): a view is an
AND of them, and a count the number of bits that are left. A million faces take some 8 MB so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.attributes.bins import bin_index
from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME
from pipeline.catalog.fetch import COLUMNS
from pipeline.catalog.manifest import QUALITIES
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import groups_of, scan
from pipeline.errors import SpecError
from pipeline.service.gallery.cache import Cache
from pipeline.service.gallery.facets import Facet, facets_of
from pipeline.service.gallery.matches import matching_rows
from pipeline.service.gallery.places import Places
from pipeline.service.gallery.similar import Neighbours
from pipeline.service.gallery.view import View
from pipeline.service.library import NotFoundError

MOST_SIMILAR = 240
"""Faces in a view of those similar to one."""

_KEPT_BYTES = 96 << 20
_BYTES_PER_COUNT = 128
_ORDERING = ("cell", "slot", "age", *QUALITIES)

Bits = NDArray[np.uint64]
"""A bit a row, the first lowest, filled up with zeros: uint64 [ceil(rows / 64)]."""


@dataclass(frozen=True)
class Found:
    """What a view shows. rows: numbers of manifest rows in the view's order: int32 [total]."""

    rows: NDArray[np.int32]

    @property
    def total(self) -> int:
        """How many faces."""
        return len(self.rows)


class FaceIndex:
    """All faces of a catalog by their attributes.

    Reads the manifest once. facets: those of which some face has a value. places: the rows, in a
    temporary folder that goes with the index.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.count = catalog.count()
        self._folder = TemporaryDirectory(prefix="populace-gallery-")
        facets = facets_of(catalog.document)
        self._bits, self._values, self.places = self._read(facets)
        self.totals = {f.name: dict(zip(f.labels, self._ones(f.name), strict=True)) for f in facets}
        self.facets = tuple(f for f in facets if any(self.totals[f.name][b.label] for b in f.bins))
        self.neighbours = Neighbours(catalog, self.count, Path(self._folder.name))
        self._orders: Cache[NDArray[np.int32]] = Cache(2**62, lambda order: order.nbytes)
        self._masks: Cache[Bits] = Cache(_KEPT_BYTES // 4, lambda bits: bits.nbytes)
        self._founds: Cache[Found] = Cache(_KEPT_BYTES, lambda found: found.rows.nbytes)
        self._counts: Cache[Mapping[str, dict[str, int]]] = Cache(
            _KEPT_BYTES // 16,
            lambda counts: _BYTES_PER_COUNT * sum(map(len, counts.values())),
        )

    @cached_property
    def columns(self) -> list[str]:
        """The columns that `places` has."""
        return _kept_columns(self.catalog.schema())

    def find(self, view: View) -> Found:
        """The faces of a view; SpecError or NotFoundError where it cannot be meant."""
        return self._founds.get(view, lambda: self._find(view))

    def counts(self, view: View) -> Mapping[str, dict[str, int]]:
        """Facet -> choice -> faces that there would be of it: those of all other facets' picks."""
        key = view.narrowing
        return self._counts.get(key, lambda: self._count(key))

    def number_of(self, asset_id: str) -> int:
        """The row of an asset; NotFoundError where it is none of the catalog's."""
        number = self.places.number_of(asset_id)
        if number is None:
            raise NotFoundError(f"asset: {asset_id!r} is none of the {self.count:,} faces here")
        return number

    def _find(self, view: View) -> Found:
        inside = _unpacked(self._inside(view), self.count)
        if view.like is not None:
            return Found(self._nearest(view.like, np.flatnonzero(inside)))
        order = self._orders.get(view.sort, lambda: self._ordered(view.sort))
        return Found(order[inside[order]])

    def _count(self, view: View) -> dict[str, dict[str, int]]:
        counts = {}
        if view.like is not None:
            near = np.zeros(self.count, np.bool_)
            near[self.find(view).rows] = True
            limit: Bits | None = _packed(near)
        else:
            limit = None
        for facet in self.facets:
            others = self._inside(view, but=facet.name) if limit is None else limit
            found = np.bitwise_count(self._bits[facet.name] & others).sum(1, dtype=np.int64)
            counts[facet.name] = dict(zip(facet.labels, found.tolist(), strict=True))
        return counts

    def _inside(self, view: View, but: str = "") -> Bits:
        """The rows of a view, of all picks but those of one facet."""
        inside = self._base(view).copy()
        for name, labels in view.picked:
            if name != but:
                facet = next(facet for facet in self.facets if facet.name == name)
                which = [facet.labels.index(label) for label in labels]
                inside &= np.bitwise_or.reduce(self._bits[name][which], axis=0)
        return inside

    def _base(self, view: View) -> Bits:
        """The rows that a view's condition and person leave."""
        inside = self._masks.get(None, lambda: _packed(np.ones(self.count, np.bool_)))
        if view.where is not None:
            where = view.where
            inside = inside & self._masks.get(
                ("where", where), lambda: _packed(matching_rows(self.catalog, where))
            )
        if view.person is not None:
            inside = inside & self._person(view.person)
        return inside

    def _person(self, person: str) -> Bits:
        mask = np.zeros(self.count, np.bool_)
        if "person_id" in self.columns:
            mask[self.places.numbers_of("person_id", [person])] = True
        return _packed(mask)

    def _nearest(self, asset_id: str, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Of these rows those most similar to a face, itself first."""
        distances = self.neighbours.distances(self.number_of(asset_id))[rows]
        if len(rows) > MOST_SIMILAR:
            rows = rows[np.argpartition(distances, MOST_SIMILAR - 1)[:MOST_SIMILAR]]
            distances = self.neighbours.distances(self.number_of(asset_id))[rows]
        return rows[np.argsort(distances, kind="stable")].astype(np.int32)

    def _ordered(self, sort: str) -> NDArray[np.int32]:
        """All rows in one of the orders of SORTS."""
        slot, age = self._values["slot"], self._values["age"]
        if sort == "mixed":
            return _by_turns(self._values["cell"], slot)
        key = {
            "quality": -self.quality,
            "youngest": age,
            "oldest": -age,
            "newest": -slot.astype(np.float64),
        }[sort]
        # Values that are not there, NaN, come last; of equals, the first by slot.
        return np.lexsort((slot, key)).astype(np.int32)

    @cached_property
    def quality(self) -> NDArray[np.float32]:
        """The product of what was measured of sharpness, realism and 1 - clipped: [rows], 0 .. 1.

        NaN where nothing was.
        """
        parts = [self._values["sharpness"], self._values["realism"], 1 - self._values["clipped"]]
        measured = np.array([~np.isnan(part) for part in parts]).any(0)
        product = np.prod([np.nan_to_num(part, nan=1.0) for part in parts], axis=0)
        return np.where(measured, product, np.nan).astype(np.float32)

    def _read(
        self, facets: tuple[Facet, ...]
    ) -> tuple[dict[str, Bits], dict[str, NDArray[Any]], Places]:
        """The bitmaps of the facets, the values that rows are ordered by, and the rows."""
        schema = self.catalog.schema()
        kept = _kept_columns(schema)
        there = [name for name in _ORDERING if name in schema.names]
        columns = [name for name in schema.names if name in {*kept, *there}]
        fields = [schema.field(name) for name in kept]
        places = Places(Path(self._folder.name) / "rows.arrow", pa.schema(fields))
        codes: dict[str, list[NDArray[np.int8]]] = {facet.name: [] for facet in facets}
        values: dict[str, list[NDArray[Any]]] = {name: [] for name in _ORDERING}
        for group, table in scan(self.catalog, groups_of(self.catalog), columns):
            places.add(group, table.select(kept))
            for facet in facets:
                codes[facet.name].append(_codes(facet, table))
            for name in _ORDERING:
                values[name].append(_numbers(name, table))
        places.close()
        bits = {f.name: _bitmaps(np.concatenate(codes[f.name]), len(f.choices)) for f in facets}
        return bits, {name: np.concatenate(some) for name, some in values.items()}, places

    def _ones(self, name: str) -> Iterator[int]:
        """How many rows each choice of a facet has."""
        for bits in self._bits[name]:
            yield int(np.bitwise_count(bits).sum(dtype=np.int64))


def _kept_columns(schema: pa.Schema) -> list[str]:
    wanted = {*COLUMNS, "person_id", *(attribute.name for attribute in ATTRIBUTES)}
    return [name for name in schema.names if name in wanted]


def _codes(facet: Facet, table: pa.Table) -> NDArray[np.int8]:
    """The choice of each row: int8 [rows]."""
    if facet.name not in table.column_names:
        return np.full(table.num_rows, len(facet.bins), np.int8)
    column = table[facet.name]
    entry = BY_NAME[facet.name]
    if entry.classes and entry.kind == "class":
        found = pc.index_in(column, value_set=pa.array(entry.classes)).fill_null(-1)
        values = found.to_numpy()
    else:
        values = _floats(column)
    index = bin_index(facet.bins, values)
    return np.where(index < 0, len(facet.bins), index).astype(np.int8)


def _numbers(name: str, table: pa.Table) -> NDArray[Any]:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan, np.float32)
    if name in ("cell", "slot"):
        return table[name].to_numpy()
    return _floats(table[name]).astype(np.float32)


def _floats(column: "pa.ChunkedArray[Any]") -> NDArray[np.float64]:
    """Numbers as float64, NaN where there is none."""
    values: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return values


def _bitmaps(codes: NDArray[np.int8], choices: int) -> Bits:
    """Where each choice is: uint64 [choices, ceil(rows / 64)]."""
    return np.stack([_packed(codes == choice) for choice in range(choices)])


def _packed(mask: NDArray[np.bool_]) -> Bits:
    packed = np.packbits(mask, bitorder="little")
    return np.pad(packed, (0, -len(packed) % 8)).view(np.uint64)


def _unpacked(bits: Bits, count: int) -> NDArray[np.bool_]:
    return np.unpackbits(bits.view(np.uint8), count=count, bitorder="little").view(np.bool_)


def _by_turns(cell: NDArray[np.int32], slot: NDArray[np.int64]) -> NDArray[np.int32]:
    """The first face of every cell, the second of every cell, and so on."""
    order = np.lexsort((slot, cell))
    cells = cell[order]
    starts = np.flatnonzero(np.r_[True, cells[1:] != cells[:-1]])
    turn = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return order[np.argsort(turn, kind="stable")].astype(np.int32)


def check_picks(index: FaceIndex, view: View) -> View:
    """The view; SpecError where it picks by an attribute that no face here has."""
    known = {facet.name for facet in index.facets}
    for name, _ in view.picked:
        if name not in known:
            raise SpecError(f"{name}: was not measured in this catalog; remove it")
    return view
