"""Index a manifest so that any view of it is counted, ordered and paged in milliseconds.

Every choice of every facet is a bitmap over all rows: a view is an AND of them, and a count the
number of bits that are left. A million faces take some 8 MB so.
"""

from collections.abc import Mapping
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
from pipeline.service.gallery.bits import Bits, bitmaps, ones, packed, unpacked
from pipeline.service.gallery.cache import Cache
from pipeline.service.gallery.facets import Facet, facets_of
from pipeline.service.gallery.matches import matching_rows
from pipeline.service.gallery.orders import by_people, by_turns, in_order, ranks
from pipeline.service.gallery.places import Places
from pipeline.service.gallery.similar import Neighbours
from pipeline.service.gallery.view import SORTS, View
from pipeline.service.refusal import Refusal

MOST_SIMILAR = 240
"""Faces in a view of those similar to one."""

_KEPT_BYTES = 96 << 20
_BYTES_PER_COUNT = 128
_STEP = 32_768
_ORDERING = ("cell", "slot", "age", *QUALITIES)


class FaceIndex:
    """All faces of a catalog by their attributes.

    Reads the manifest once. facets: those of which some face has a value. places: the rows, in a
    temporary folder that goes with the index. known: all facets, also those that no face has.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._folder = TemporaryDirectory(prefix="populace-gallery-")
        self.known = facets = facets_of(catalog.document)
        self._bits, self._values, self.places = self._read(facets)
        self.count = len(self._values["slot"])
        self._people = self.places.codes("person_id")
        self.totals = {
            f.name: dict(zip(f.labels, map(ones, self._bits[f.name]), strict=True)) for f in facets
        }
        self.facets = tuple(f for f in facets if any(self.totals[f.name][b.label] for b in f.bins))
        self.neighbours = Neighbours(catalog, self.count, Path(self._folder.name))
        self._orders: Cache[NDArray[np.int32]] = Cache(2**62, lambda order: order.nbytes)
        self._masks: Cache[Bits] = Cache(_KEPT_BYTES // 4, lambda bits: bits.nbytes)
        self._found: Cache[NDArray[np.int32]] = Cache(_KEPT_BYTES, lambda rows: rows.nbytes)
        self._counts: Cache[Mapping[str, dict[str, int]]] = Cache(
            _KEPT_BYTES // 16,
            lambda counts: _BYTES_PER_COUNT * sum(map(len, counts.values())),
        )

    @property
    def sorts(self) -> dict[str, str]:
        """The orders that say something of these faces, and what they are called."""
        alone = self._people is None
        return {key: title for key, title in SORTS.items() if key != "people" or not alone}

    @cached_property
    def columns(self) -> list[str]:
        """The columns that `places` has."""
        return _kept_columns(self.catalog.schema())

    def rows(self, view: View) -> NDArray[np.int32]:
        """Numbers of the manifest's rows that a view shows, in its order: int32 [total].

        Raises SpecError or Refusal where it cannot be meant.
        """
        return self._found.get(view, lambda: self._find(view))

    def first_rows(self, view: View, count: int) -> NDArray[np.int32]:
        """The first rows of a view, and no more looked at than these take: int32 [<= count]."""
        if view.like is not None or view in self._found:
            return self.rows(view)[:count]
        inside = unpacked(self._inside(view), self.count)
        order = self._order(view.sort)
        found = [np.zeros(0, np.int32)]
        for start in range(0, self.count, _STEP):
            some = order[start : start + _STEP]
            found.append(some[inside[some]])
            if sum(map(len, found)) >= count:
                break
        return np.concatenate(found)[:count]

    def total(self, view: View) -> int:
        """How many faces a view shows."""
        if view.like is not None:
            return len(self.rows(view))
        return ones(self._inside(view))

    def counts(self, view: View) -> Mapping[str, dict[str, int]]:
        """Facet -> choice -> faces that there would be of it: those of all other facets' picks."""
        key = view.narrowing
        return self._counts.get(key, lambda: self._count(key))

    def number_of(self, asset_id: str) -> int:
        """The row of an asset; Refusal where it is none of the catalog's."""
        number = self.places.number_of(asset_id)
        if number is None:
            raise Refusal(404, "asset", f"{asset_id!r} is none of the {self.count:,} faces here")
        return number

    def _find(self, view: View) -> NDArray[np.int32]:
        inside = unpacked(self._inside(view), self.count)
        if view.like is not None:
            return self._nearest(view.like, np.flatnonzero(inside))
        order = self._order(view.sort)
        return order[inside[order]]

    def _order(self, sort: str) -> NDArray[np.int32]:
        """All rows in an order."""
        return self._orders.get(sort, lambda: self._ordered(sort))

    def _count(self, view: View) -> dict[str, dict[str, int]]:
        counts = {}
        if view.like is not None:
            near = np.zeros(self.count, np.bool_)
            near[self.rows(view)] = True
            limit: Bits | None = packed(near)
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
        inside = self._masks.get(None, lambda: packed(np.ones(self.count, np.bool_)))
        if view.where is not None:
            where = view.where
            inside = inside & self._masks.get(
                ("where", where), lambda: packed(matching_rows(self.catalog, where))
            )
        if view.person is not None:
            inside = inside & self._person(view.person)
        return inside

    def _person(self, person: str) -> Bits:
        mask = np.zeros(self.count, np.bool_)
        if "person_id" in self.columns:
            mask[self.places.numbers_of("person_id", [person])] = True
        return packed(mask)

    def _nearest(self, asset_id: str, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Of these rows those most similar to a face, itself first."""
        distances = self.neighbours.distances(self.number_of(asset_id))[rows]
        if len(rows) > MOST_SIMILAR:
            rows = rows[np.argpartition(distances, MOST_SIMILAR - 1)[:MOST_SIMILAR]]
            distances = self.neighbours.distances(self.number_of(asset_id))[rows]
        return rows[np.argsort(distances, kind="stable")].astype(np.int32)

    def _ordered(self, sort: str) -> NDArray[np.int32]:
        """All rows in one of the orders of SORTS; of equals, the first by slot."""
        by_slot = self._by_slot
        if sort == "last":
            return by_slot[::-1]
        if sort == "mixed":
            return by_turns(self._values["cell"], by_slot)
        if sort == "people":
            mixed = self._order("mixed")
            return mixed if self._people is None else by_people(self._people, mixed)
        age = self._values["age"]
        key = {"quality": -self.quality, "youngest": age, "oldest": -age}[sort]
        return by_slot[in_order(ranks(key)[by_slot])]

    @cached_property
    def _by_slot(self) -> NDArray[np.int32]:
        return np.argsort(self._values["slot"], kind="stable").astype(np.int32)

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
        bits = {f.name: bitmaps(np.concatenate(codes[f.name]), len(f.choices)) for f in facets}
        return bits, {name: np.concatenate(some) for name, some in values.items()}, places


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


def check_picks(index: FaceIndex, view: View) -> View:
    """The view; SpecError where it picks by an attribute that no face here has."""
    known = {facet.name for facet in index.facets}
    for name, _ in view.picked:
        if name not in known:
            raise SpecError(f"{name}: was not measured in this catalog; remove it")
    return view
