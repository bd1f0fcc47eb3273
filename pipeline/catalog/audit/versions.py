"""Check that a version of a catalog is the sealed one, but for what was revoked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
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
from pipeline.catalog.layout import version_key
from pipeline.catalog.read import Catalog, Part, open_catalog
from pipeline.catalog.versions import Revocation, revocations
from pipeline.errors import CatalogError

_CHANGING = frozenset(
    {
        *("version", "parent", "made_at", "made_by"),
        *("count", "bytes", "manifest", "cells", "revocations"),
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
            if ordered.asset(int(asset["slot"])) != asset["asset_id"]:
                findings.add(
                    "versions",
                    f"version {one.version}, slot {asset['slot']}",
                    f"asset {ordered.asset(int(asset['slot']))}",
                    f"asset {asset['asset_id']} revoked",
                )
    if len(catalog.parts) != len(sealed.parts):
        told = f"{len(catalog.parts):,} parts"
        findings.add("versions", catalog.key, f"{len(sealed.parts):,} parts", told)
        return
    for new, old in zip(catalog.parts, sealed.parts, strict=True):
        if new == old:
            continue
        wanted = _digest(sealed, old, ordered, gone, folder, Findings())
        found = _digest(catalog, new, ordered, None, folder, findings)
        if found != wanted:
            findings.add("versions", new.key, f"the rows of {old.key} but those revoked", "others")
    if catalog.count() + len(gone.names) != sealed.count():
        left = sealed.count() - len(gone.names)
        findings.add("versions", catalog.key, f"{left:,} faces", f"{catalog.count():,}")
    _check_counts(catalog, sealed, gone, findings)


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
        before = parent.get("revocations", [])
        if document.get("revocations", [])[: len(before)] != before:
            findings.add(
                "versions", f"{key}, revocations", "those of its parent, and more", "others"
            )
        for name in sorted({*document, *parent} - _CHANGING):
            if document.get(name) != parent.get(name):
                findings.add("versions", f"{key}, {name}", parent.get(name), document.get(name))


def _check_counts(catalog: Catalog, sealed: Catalog, gone: Gone, findings: Findings) -> None:
    """What the document counts: faces, and those of every cell."""
    document = catalog.document
    if document.get("count") != catalog.count():
        findings.add("versions", f"{catalog.key}, count", catalog.count(), document.get("count"))
    taken: dict[int, int] = {}
    for one in gone.revocations:
        for asset in one.assets:
            taken[asset["cell"]] = taken.get(asset["cell"], 0) + 1
    wanted = [_less(cell, taken) for cell in sealed.document.get("cells", [])]
    if document.get("cells") != wanted:
        findings.add(
            "versions", f"{catalog.key}, cells", "those delivered but those revoked", "others"
        )


def _less(cell: Mapping[str, Any], taken: Mapping[int, int]) -> dict[str, Any]:
    return {**cell, "delivered": cell["delivered"] - taken.get(cell["cell"], 0)}


def _digest(
    catalog: Catalog,
    part: Part,
    ordered: Ordered,
    gone: Gone | None,
    folder: Path,
    findings: Findings,
) -> str:
    """The content digest of a part's rows, without those that are gone."""
    digest = ContentDigest(schema_of(ordered))
    for batch in batches_of(catalog.store, part, ordered, folder, findings):
        kept = batch if gone is None else batch.filter(pa.array(~gone.mask(batch)))
        digest.update(kept)
    return digest.hexdigest()
