"""Extend a sealed catalog by another: its objects beside, its rows in a further version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.assets.encode import sha256
from pipeline.catalog.fetch import in_order
from pipeline.catalog.layout import EXTENSIONS
from pipeline.catalog.manifest import extras_in
from pipeline.catalog.read import Catalog, Part, open_catalog
from pipeline.catalog.versions import TRIES, commit, next_document, overtaken, write_part
from pipeline.errors import SpecError, StoreError
from pipeline.storage import MissingObject, Store

_SAME = ("generator", "scorer")


@dataclass(frozen=True)
class Extended:
    """What a call of `extend` did.

    version: the newest. added: faces that came; 0 where they were there before. count: faces that
    it has. place: the key below which the other catalog's objects lie.
    """

    version: int
    added: int
    count: int
    place: str


def extend(store: Store, other: Catalog, threads: int = 4) -> Extended:
    """Make a version of the catalog in `store` that has the faces of another catalog, too.

    All objects of the other are copied to `extensions/<digest>/`, so that the catalog stays whole
    by itself and the other can still be audited there. Rows of cells of the same bins count as one
    cell. The same call again does nothing, or goes on where one was killed.

    Raises SpecError where the two do not fit: another generator, scorer or licence, other columns,
    or the same job; StoreError where a store fails.
    """
    data = other.store.get(other.key)
    place = f"{EXTENSIONS}{sha256(data)[:16]}/"
    for attempt in range(TRIES):
        catalog = open_catalog(store)
        if any(one["place"] == place for one in catalog.document.get("extensions", [])):
            return Extended(catalog.version, 0, catalog.count(), place)
        _check_fit(catalog, other)
        if not attempt:
            _copy(store, other.store, place, threads)
        made = _extended(catalog, other, place, sha256(data))
        if made is not None:
            return made
    raise overtaken(store)


def _check_fit(catalog: Catalog, other: Catalog) -> None:
    """SpecError where one catalog cannot hold the faces of both."""
    mine, its = catalog.document, other.document
    for what in _SAME:
        if mine[what]["digest"] != its[what]["digest"]:
            raise SpecError(
                f"other: its {what} is another one ({its[what]['name']}, "
                f"{its[what]['digest'][:8]}…, not {mine[what]['name']}, "
                f"{mine[what]['digest'][:8]}…), and readings of two do not compare"
            )
    if mine.get("licence") != its.get("licence"):
        raise SpecError("other: its licence is another one, and a catalog has one for all faces")
    if mine.get("variations") != its.get("variations"):
        raise SpecError("other: its people are in other variations; ask for the same")
    if _jobs(mine) & _jobs(its):
        raise SpecError("other: its job is one whose faces are here already; order by another seed")
    columns, others = ([(one.name, one.type) for one in part.schema()] for part in (catalog, other))
    if columns != others:
        differ = sorted({name for name, _ in {*columns} ^ {*others}}) or ["in another order"]
        raise SpecError(
            f"other: its manifest has other columns ({', '.join(differ)}); balance the same "
            "attributes in the same order, and ask for the same extras"
        )


def _jobs(document: Mapping[str, Any]) -> set[str]:
    """The digests of the specs whose faces a catalog has."""
    others = (digest for one in document.get("extensions", []) for digest in one["spec_digests"])
    return {str(document["spec_digest"]), *others}


def _copy(store: Store, source: Store, place: str, threads: int) -> None:
    """Copy every object that is not there yet."""

    def bring(key: str) -> None:
        try:
            if store.size(place + key) == source.size(key):
                return
        except MissingObject:
            pass
        data = source.get(key)
        if not store.create(place + key, data) and store.get(place + key) != data:
            raise StoreError(f"{store.uri}/{place}{key} is there with other content; remove it")

    for _ in in_order(bring, source.list(""), threads):
        pass


def _extended(catalog: Catalog, other: Catalog, place: str, digest: str) -> Extended | None:
    """Make the next version; None where somebody else made one first."""
    cells, numbers = merged_cells(catalog.document["cells"], other.document["cells"])
    with TemporaryDirectory(prefix="populace-extend-") as folder:
        added = [
            _mapped_part(catalog, other, part, len(catalog.parts) + index, numbers, place, folder)
            for index, part in enumerate(other.parts)
        ]
    extension = {
        "place": place,
        "uri": other.store.uri,
        "of_version": other.version,
        "sha256": digest,
        "spec_digests": sorted(_jobs(other.document)),
        "faces": other.count(),
        "parts": len(added),
        "cells": numbers,
    }
    document = next_document(
        catalog,
        [*catalog.parts, *added],
        bytes=int(catalog.document["bytes"]) + int(other.document["bytes"]),
        cells=cells,
        **_people(catalog.document, other.document),
        extensions=[*catalog.document.get("extensions", []), extension],
    )
    extension |= {"version": document["version"], "at": document["made_at"]}
    if not commit(catalog, document):
        return None
    return Extended(document["version"], other.count(), document["count"], place)


def _people(mine: Mapping[str, Any], its: Mapping[str, Any]) -> dict[str, int]:
    """How many people the two have, where they are in several variations."""
    return {"people": int(mine["people"]) + int(its["people"])} if "people" in mine else {}


def merged_cells(
    mine: Sequence[Mapping[str, Any]], its: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[int]]:
    """The cells of both, those of the same bins as one; and the number there of each of its."""
    cells = [dict(cell) for cell in mine]
    known = {cell["label"]: number for number, cell in enumerate(cells)}
    numbers = []
    for cell in its:
        number = known.setdefault(cell["label"], len(cells))
        if number == len(cells):
            cells.append({**cell, "cell": number, "asked": 0, "delivered": 0})
        for count in ("asked", "delivered"):
            cells[number][count] += cell[count]
        numbers.append(number)
    return cells, numbers


def _mapped_part(
    catalog: Catalog,
    other: Catalog,
    part: Part,
    index: int,
    numbers: Sequence[int],
    place: str,
    folder: str,
) -> Part:
    """A part of the other catalog as it is here, written."""
    schema = catalog.schema()
    tables = (
        mapped(other.row_group(part, number), numbers, place).select(schema.names).cast(schema)
        for number, _ in enumerate(other.row_groups(part))
    )
    return write_part(catalog, index, schema, tables, Path(folder))


def mapped(rows: pa.Table, numbers: Sequence[int], place: str) -> pa.Table:
    """Rows of another catalog as they are in one that it extends.

    numbers: of its cells there. place: the key below which its objects lie.
    """
    cells = np.asarray(numbers, np.int32)[rows["cell"].to_numpy()]
    columns: dict[str, Any] = {"cell": pa.array(cells, pa.int32())}
    for name in ("uri", *(f"{kind}_uri" for kind in extras_in(rows.schema))):
        keys = rows[name].to_pylist()
        columns[name] = pa.array([None if key is None else place + key for key in keys])
    for name, values in columns.items():
        number = rows.schema.get_field_index(name)
        rows = rows.set_column(number, rows.schema.field(number), values)
    return rows
