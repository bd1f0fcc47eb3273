"""Check that a version of a catalog is the sealed one, but for what was revoked or added."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.assets.encode import sha256
from pipeline.catalog.audit.findings import Findings
from pipeline.catalog.audit.ordered import Ordered
from pipeline.catalog.audit.parts import batches_of, schema_of
from pipeline.catalog.content import ContentDigest
from pipeline.catalog.extend import mapped, merged_cells
from pipeline.catalog.layout import EXTENSIONS, version_key
from pipeline.catalog.read import Catalog, Part, open_catalog
from pipeline.catalog.versions import Revocation, revocations, revoked_assets
from pipeline.errors import CatalogError
from pipeline.storage.beneath import Beneath

_CHANGING = frozenset(
    {
        *("version", "parent", "made_at", "made_by"),
        *("count", "people", "bytes", "manifest", "cells", "revocations", "extensions"),
    }
)
"""What one version may say otherwise than its parent."""


@dataclass(frozen=True)
class Gone:
    """The faces that an audited version has no more.

    names: their asset_ids. slots: int64, ascending.
    """

    revocations: tuple[Revocation, ...]
    names: "pa.Array[Any]"
    slots: NDArray[np.int64]

    def mask(self, rows: pa.RecordBatch) -> NDArray[np.bool_]:
        """Which rows of a batch are gone: bool [B]."""
        found: Any = pc.is_in(rows.column("asset_id"), value_set=self.names)
        return np.asarray(found.to_numpy(zero_copy_only=False), bool)


def gone_from(catalog: Catalog) -> Gone:
    """What was revoked up to this version; CatalogError where its document is damaged."""
    done = tuple(revocations(catalog))
    places = [asset for one in done for asset in one.assets]
    names = pa.array([str(place["asset_id"]) for place in places], pa.string())
    slots = np.unique(np.array([int(place["slot"]) for place in places], np.int64))
    return Gone(done, names, slots)


def check_versions(
    catalog: Catalog,
    sealed: Catalog,
    ordered: Ordered,
    gone: Gone,
    folder: Path,
    findings: Findings,
) -> None:
    """Add a finding for all by which this version is not the sealed one without what is gone.

    Its documents must name each other by their sha256 back to `catalog.json`, and change nothing
    but what a revocation changes. A part of its manifest must be the sealed one, or hold the same
    rows, without those revoked, by their content digests.
    """
    if catalog.version == 1:
        return
    _check_chain(catalog, findings)
    for one in gone.revocations:
        for asset in one.assets:
            _check_name(one, asset, ordered, findings)
    sources = _sources(catalog, sealed, findings)
    wanted = [(source, part) for source in sources for part in source.catalog.parts]
    if len(catalog.parts) != len(wanted):
        told = f"{len(catalog.parts):,} parts"
        findings.add("versions", catalog.key, f"{len(wanted):,} parts", told)
        return
    for new, (source, old) in zip(catalog.parts, wanted, strict=True):
        if new != old:
            _check_part(catalog, new, source, old, ordered, gone, folder, findings)
    _check_counts(catalog, sources, gone, findings)


def _check_name(
    one: Revocation, asset: Mapping[str, Any], ordered: Ordered, findings: Findings
) -> None:
    """Whether a revoked asset is one that its slot has; those that came are of other orders."""
    if str(asset["uri"]).startswith(EXTENSIONS):
        return
    first = int(asset["slot"]) * ordered.spec.per_person
    names = [ordered.asset(first + which) for which in range(ordered.spec.per_person)]
    if asset["asset_id"] not in names:
        findings.add(
            "versions",
            f"version {one.version}, slot {asset['slot']}",
            f"asset {' or '.join(names)}",
            f"asset {asset['asset_id']} revoked",
        )


@dataclass(frozen=True)
class _Source:
    """A catalog whose rows a version has; cells, place: how they are mapped there, if they are."""

    catalog: Catalog
    cells: Sequence[int] | None = None
    place: str = ""

    def rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows of the source as the version has them."""
        if self.cells is None:
            return batch
        table = mapped(pa.Table.from_batches([batch]), self.cells, self.place)
        return table.combine_chunks().to_batches()[0]


def _sources(catalog: Catalog, sealed: Catalog, findings: Findings) -> list[_Source]:
    """The sealed catalog, and those that it was extended by."""
    sources = [_Source(sealed)]
    for one in catalog.document.get("extensions", []):
        store = Beneath(catalog.store, one["place"])
        try:
            other = open_catalog(store, int(one["of_version"]))
        except CatalogError as error:
            findings.add("versions", one["place"], "the catalog that it was extended by", error)
            continue
        digest = sha256(store.get(other.key))
        if digest != one["sha256"]:
            findings.add("versions", f"{one['place']}{other.key}", one["sha256"], digest)
        sources.append(_Source(other, one["cells"], one["place"]))
    return sources


def _check_part(
    catalog: Catalog,
    new: Part,
    source: _Source,
    old: Part,
    ordered: Ordered,
    gone: Gone,
    folder: Path,
    findings: Findings,
) -> None:
    """Whether a part has the rows of its source's, but those that are gone."""
    wanted, found = ContentDigest(schema_of(ordered)), ContentDigest(schema_of(ordered))
    own = replace(ordered, spec_digest=str(source.catalog.document["spec_digest"]))
    its = Findings()
    for batch in batches_of(source.catalog.store, old, own, folder, its):
        if batch.num_rows:
            wanted.update(source.rows(batch).filter(pa.array(~gone.mask(batch))))
    # What is wrong with the sealed parts was found when all rows passed by.
    for one in its.kept if source.place else ():
        findings.add(one.check, f"{source.place}{one.subject}", one.expected, one.found)
    for batch in batches_of(catalog.store, new, ordered, folder, findings):
        found.update(batch)
    if found.hexdigest() != wanted.hexdigest():
        told = f"the rows of {source.place}{old.key} but those revoked"
        findings.add("versions", new.key, told, "others")


def _check_chain(catalog: Catalog, findings: Findings) -> None:
    """The documents, back to the sealed one."""
    store = catalog.store
    for number in range(catalog.version, 1, -1):
        key, above = version_key(number), version_key(number - 1)
        try:
            document = json.loads(store.get(key))
            data = store.get(above)
            parent = json.loads(data)
            open_catalog(store, number - 1)
        except (CatalogError, ValueError) as error:
            findings.add("versions", above, "a version that can be read", error)
            return
        told = {"version": number - 1, "key": above, "sha256": sha256(data)}
        if document.get("parent") != told:
            findings.add("versions", f"{key}, parent", told, document.get("parent"))
        for name in ("revocations", "extensions"):
            before = parent.get(name, [])
            if document.get(name, [])[: len(before)] != before:
                findings.add("versions", f"{key}, {name}", "its parent's, and more", "others")
        for name in sorted({*document, *parent} - _CHANGING):
            if document.get(name) != parent.get(name):
                findings.add("versions", f"{key}, {name}", parent.get(name), document.get(name))


def _check_counts(
    catalog: Catalog, sources: Sequence[_Source], gone: Gone, findings: Findings
) -> None:
    """What the document counts: faces, and those of every cell."""
    document, left = catalog.document, sum(one.catalog.count() for one in sources) - len(gone.names)
    if catalog.count() != left:
        findings.add("versions", catalog.key, f"{left:,} faces", f"{catalog.count():,}")
    if document.get("count") != catalog.count():
        findings.add("versions", f"{catalog.key}, count", catalog.count(), document.get("count"))
    cells: list[dict[str, Any]] = []
    for one in sources:
        cells, _ = merged_cells(cells, one.catalog.document["cells"])
    for asset in revoked_assets(gone.revocations):
        cells[int(asset["cell"])]["delivered"] -= 1
    if document.get("cells") != cells:
        told = "those delivered but those revoked"
        findings.add("versions", f"{catalog.key}, cells", told, "others")
