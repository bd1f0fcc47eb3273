"""Audit a catalog: recompute all that it says from its own files, and tell what is wrong."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from pipeline import __version__
from pipeline.catalog.audit.balance import Tally, balance_of
from pipeline.catalog.audit.findings import Findings
from pipeline.catalog.audit.images import ImageCheck
from pipeline.catalog.audit.ordered import Ordered, check_document, read_ordered
from pipeline.catalog.audit.parts import batches, schema_of
from pipeline.catalog.audit.receipts import check_receipts
from pipeline.catalog.audit.register import Register
from pipeline.catalog.audit.rescore import TOLERANCE, scorer_of
from pipeline.catalog.audit.rows import RowCheck
from pipeline.catalog.audit.sample import Sample
from pipeline.catalog.audit.summary import checks_told, notes_told, wrong_at_most
from pipeline.catalog.audit.versions import Gone, check_versions, gone_from
from pipeline.catalog.content import ContentDigest
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.provenance.credentials import CredentialCheck, can_check

IMAGES = 200
"""Images looked at unless told otherwise."""

Progress = Callable[[str, int, int], None]
"""Told what is under way, how much of it is done and how much there is."""


@dataclass(frozen=True)
class Look:
    """Which images to look at. count: so many, None for all. seed: of the draw."""

    count: int | None = IMAGES
    seed: int = 0


def audit(
    catalog: Catalog,
    look: Look = Look(),
    *,
    threads: int = 8,
    memory: str = "1GB",
    credentials: CredentialCheck | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Everything an auditor asks of a catalog, as plain JSON values.

    Trusted are `catalog.json`'s spec and digests, as what was promised; everything else is counted,
    hashed, scored and worked out anew. Of a later version, the sealed rows are held against the
    order, and its own against these; what was revoked is delivered no more. Memory does not grow
    with the catalog: rows pass by some at a time, and what must be remembered of each goes to a
    database on disk.

    Args:
        credentials: checks C2PA signatures; None: by any signer, where the library is there.
        memory: how much DuckDB may use; what does not fit spills to the temporary folder.

    Returns:
        balanced_as_ordered: whether all is well, but for faces revoked since. counts_as_ordered:
        whether the faces, by what their rows say is perceived, are those ordered, those revoked
        among them. version, revoked, revocations, extensions: what went and came. checks, findings,
        notes: what was done and found. balance: shares and distances of what is left of the order.
        images: what was looked at.

    Raises:
        CatalogError: its `catalog.json` cannot be understood.
        StoreError: the store fails.
    """
    sealed = catalog if catalog.version == 1 else open_catalog(catalog.store, 1)
    ordered, gone = read_ordered(sealed), gone_from(catalog)
    findings = Findings()
    scorer, lacking = scorer_of(ordered) if look.count != 0 else (None, "no image was looked at")
    if credentials is None and can_check():
        credentials = CredentialCheck()
    images = ImageCheck(catalog.store, ordered, findings, scorer, credentials, threads)
    with TemporaryDirectory(prefix="populace-audit-") as name:
        labels = ordered.spec.labels
        register = Register(Path(name), schema_of(ordered), memory, threads, labels)
        try:
            tally, delivered = _pass(
                sealed, ordered, gone, Path(name), register, images, look, findings, progress
            )
            progress("comparing rows", 0, 1)
            _check_register(register, ordered, findings)
            check_document(sealed.document, ordered, tally.filed, register.size(), findings)
            _check_cells(ordered, tally, findings)
            compared = check_receipts(catalog.store, ordered, register, findings, threads)
            check_versions(catalog, sealed, ordered, gone, Path(name), findings)
            images.finish()
        finally:
            register.close()
    progress("working out shares", 0, 1)
    balance = balance_of(ordered, delivered)
    counted = tally.outside == 0 and bool((tally.read == ordered.quotas.ravel()).all())
    sound = not findings
    return {
        "uri": catalog.store.uri,
        "name": ordered.spec.name,
        "count": ordered.spec.pictures,
        "people": ordered.spec.count,
        "variations": list(ordered.spec.labels),
        "auditor": f"populace {__version__}",
        "catalog_software": catalog.document.get("software"),
        "sealed_at": catalog.document.get("sealed_at"),
        "version": catalog.version,
        "revoked": len(gone.names),
        "revocations": [
            {"version": one.version, "at": one.at, "why": one.why, "faces": len(one.assets)}
            for one in gone.revocations
        ],
        "balanced_as_ordered": sound and counted,
        "counts_as_ordered": counted,
        "extensions": [
            {"uri": f"{catalog.store.uri}/{one['place'].rstrip('/')}", "faces": one["faces"]}
            for one in catalog.document.get("extensions", [])
        ],
        "checks": checks_told(catalog, ordered, findings, images.looked, compared, lacking),
        "findings": [asdict(one) for one in findings.kept],
        "findings_total": len(findings),
        "notes": notes_told(ordered, images.looked, compared, balance, delivered.rows),
        "balance": balance,
        "images": {
            **asdict(images.looked),
            "of": delivered.rows,
            "seed": look.seed,
            "wrong_at_most": wrong_at_most(images.looked, findings, delivered.rows),
            "tolerance": TOLERANCE,
        },
        "names": {
            "generator": ordered.spec.generator_name,
            "scorer": ordered.spec.scorer_name,
        },
        "digests": {
            "spec": ordered.spec_digest,
            "generator": ordered.generator_digest,
            "scorer": ordered.scorer_digest,
            "rows": sealed.document["manifest"]["content_digest"],
        },
    }


def _pass(
    sealed: Catalog,
    ordered: Ordered,
    gone: Gone,
    folder: Path,
    register: Register,
    images: ImageCheck,
    look: Look,
    findings: Findings,
    progress: Progress,
) -> tuple[Tally, Tally]:
    """Let all rows pass by once: digest, check, count and remember them, and look at images.

    The second tally, and the images, are without what is gone.
    """
    digest = ContentDigest(schema_of(ordered))
    rows = RowCheck(ordered, findings)
    tally, delivered = Tally.of(ordered.quotas.size), Tally.of(ordered.quotas.size)
    sample = Sample(ordered.quotas, look.count or 0, look.seed)
    for batch in batches(sealed, ordered, folder, findings):
        digest.update(batch)
        counted = rows.check(batch)
        kept = ~gone.mask(batch)
        tally.add(counted)
        delivered.add(counted.only(kept))
        register.add(batch)
        plain = batch.drop_columns(["w"]).filter(pa.array(kept))
        if look.count is None:
            images.check(plain.to_pylist())
        elif look.count:
            left = counted.only(kept)
            sample.offer(plain, left.places, left.filed)
        progress("reading the manifest", tally.rows, sealed.count())
    told = str(sealed.document["manifest"]["content_digest"])
    if digest.hexdigest() != told:
        findings.add("content", "the manifest's rows", f"digest {told}", digest.hexdigest())
    drawn = sample.rows()
    for start in range(0, len(drawn), _SOME):
        progress("looking at images", start, len(drawn))
        images.check(drawn[start : start + _SOME])
    return tally, delivered


_SOME = 256
"""Sampled images to a progress report."""


def _check_register(register: Register, ordered: Ordered, findings: Findings) -> None:
    """Repeats and gaps over the whole manifest."""
    for place, assets in register.repeats("places"):
        findings.add("slots", ordered.place_named(place), "one row", f"assets {_listed(assets)}")
    for first, last in register.gaps(ordered.spec.pictures):
        findings.add("slots", _run(ordered, first, last), f"asset {ordered.asset(first)}", "no row")
    for what, words in (("files", "file"), ("pixels", "pixels")):
        for digest, assets in register.repeats(what):
            subject = f"{words} of sha256 {digest.hex()}"
            findings.add("duplicates", subject, "one asset", f"assets {_listed(assets)}")


def _run(ordered: Ordered, first: int, last: int) -> str:
    """A run of places in words."""
    if first == last:
        return ordered.place_named(first)
    if not ordered.spec.varied:
        return f"slots {first} to {last}"
    return f"{ordered.place_named(first)} to {ordered.place_named(last)}"


def _check_cells(ordered: Ordered, tally: Tally, findings: Findings) -> None:
    """The rows of every cell, by the column and by the readings, against the quotas."""
    quotas = ordered.quotas.ravel()
    for how, counts in (("filed", tally.filed), ("read", tally.read)):
        if how == "read" and (tally.read == tally.filed).all():
            break
        phrase = "filed there" if how == "filed" else "perceived in its bins"
        findings.add_rows(
            "cells",
            counts != quotas,
            lambda i, c=counts, p=phrase: (  # type: ignore[misc]
                f"cell {i} ({ordered.labels[i]})",
                f"{quotas[i]:,} faces",
                f"{c[i]:,} {p}",
            ),
        )
    if tally.outside:
        findings.add("cells", "faces in no cell", "0", f"{tally.outside:,}")


def _listed(assets: list[str]) -> str:
    """A few assets by name."""
    more = ", …" if len(assets) > 8 else ""
    return ", ".join(str(asset) for asset in assets[:8]) + more
