"""Give a sealed catalog further versions: each immutable, naming its parent, some faces fewer.

Version 1 is `catalog.json`, as sealed. Version N is `versions/00000N.json`, whose conditional
creation makes it: of two who make it at once one wins, and the other goes on from there.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import __version__
from pipeline.assets.encode import sha256
from pipeline.catalog.layout import version_key
from pipeline.catalog.manifest import ROW_GROUP_ROWS, extras_in, open_writer
from pipeline.catalog.read import Catalog, Part, newest_version, open_catalog
from pipeline.catalog.scan import groups_of, scan
from pipeline.errors import CatalogError, SpecError, StoreError
from pipeline.storage import Store

LONGEST_REASON = 500
"""Characters of a reason."""

_PLACE = ("asset_id", "slot", "shard", "cell", "uri")
_PARQUET = "application/vnd.apache.parquet"
TRIES = 32
"""Times that a version is tried anew, where others made one meanwhile."""

_TOLD = 5


@dataclass(frozen=True)
class Revocation:
    """Faces that a version took away.

    at: ISO 8601. assets: asset_id, slot, shard, cell and uri of each.
    """

    version: int
    at: str
    why: str
    assets: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Revoked:
    """What a call of `revoke` did.

    version: the newest, with these faces gone. revoked: faces that it took away; already: those
    that were gone before. count: faces that it has.
    """

    version: int
    revoked: int
    already: int
    count: int


def revocations(catalog: Catalog) -> list[Revocation]:
    """All that was taken away up to this version, oldest first; CatalogError where damaged."""
    try:
        return [
            Revocation(
                int(one["version"]),
                str(one["at"]),
                str(one["why"]),
                tuple({name: asset[name] for name in _PLACE} for asset in one["assets"]),
            )
            for one in catalog.document.get("revocations", [])
        ]
    except (KeyError, TypeError, ValueError) as error:
        key = version_key(catalog.version)
        raise CatalogError(
            f"{catalog.store.uri}/{key} is damaged ({type(error).__name__}: {error}); "
            "restore it from a copy of the catalog"
        ) from error


def revoke(store: Store, assets: Sequence[str], why: str) -> Revoked:
    """Make a version of the catalog in `store` without these faces; all readers then see that.

    Their rows are in no part of its manifest. The parts that had them are written anew, all else is
    shared with the version before. Their files stay, for those who pin an earlier version: delete
    them where nobody may have them any more.

    assets: asset_ids; those that are revoked already count as done, so that the same call again
    does nothing. why: a sentence for those who had them.

    Raises SpecError for a name that the catalog never had and for an empty reason, CatalogError
    where there is no sealed catalog, StoreError where the store fails.
    """
    why = _reason(why)
    wanted = list(dict.fromkeys(assets))
    if not wanted:
        raise SpecError("asset: none is named; `populace ls` prints asset_ids")
    for _ in range(TRIES):
        catalog = open_catalog(store)
        done = _revoke_from(catalog, wanted, why)
        if done is not None:
            return done
    raise overtaken(store)


def overtaken(store: Store) -> StoreError:
    """The error of one whose version others came before, again and again."""
    return StoreError(
        f"{store.uri}: others made versions of this catalog {TRIES} times meanwhile; try again"
    )


def _reason(why: str) -> str:
    why = " ".join(why.split())
    if not why or len(why) > LONGEST_REASON or not why.isprintable():
        raise SpecError(
            f"why: {why[:40]!r} is no reason; write a sentence of 1 to {LONGEST_REASON} characters"
        )
    return why


def _revoke_from(catalog: Catalog, wanted: Sequence[str], why: str) -> Revoked | None:
    """Make the next version; None where somebody else made it first."""
    gone = {asset["asset_id"] for one in revocations(catalog) for asset in one.assets}
    left = [name for name in wanted if name not in gone]
    already = len(wanted) - len(left)
    if not left:
        return Revoked(catalog.version, 0, already, catalog.count())
    rows = _find(catalog, left)
    with TemporaryDirectory(prefix="populace-revoke-") as folder:
        parts = [
            _without(catalog, part, index, rows, Path(folder))
            for index, part in enumerate(catalog.parts)
        ]
    document = _document(catalog, parts, rows, why)
    if not commit(catalog, document):
        return None
    return Revoked(document["version"], len(left), already, document["count"])


def commit(catalog: Catalog, document: Mapping[str, Any]) -> bool:
    """Make the version that follows this one; False where somebody else made it first."""
    data = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    key = version_key(catalog.version + 1)
    # After a lost answer the key is taken by this very call.
    return catalog.store.create(key, data, "application/json") or catalog.store.get(key) == data


def _find(catalog: Catalog, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """asset_id -> part, slot, shard, cell and bytes of its files; SpecError for one that is not."""
    extras = [f"{kind}_length" for kind in extras_in(catalog.schema())]
    wanted = pa.array(names, pa.string())
    found: dict[str, dict[str, Any]] = {}
    for group, table in scan(catalog, groups_of(catalog), [*_PLACE, "length", *extras]):
        hits = table.filter(pc.is_in(table["asset_id"], value_set=wanted))
        for row in hits.to_pylist():
            size = sum(row[name] or 0 for name in ("length", *extras))
            found[row["asset_id"]] = {
                "part": group.part,
                "bytes": size,
                "place": {name: row[name] for name in _PLACE},
            }
    if missing := [name for name in names if name not in found]:
        named = ", ".join(repr(name) for name in missing[:_TOLD])
        more = f" and {len(missing) - _TOLD:,} more" if len(missing) > _TOLD else ""
        raise SpecError(
            f"asset: {named}{more}: no such asset_id among the {catalog.count():,} faces, and "
            "nothing was revoked; `populace ls` prints asset_ids"
        )
    return found


def _without(
    catalog: Catalog, part: Part, index: int, rows: Mapping[str, Mapping[str, Any]], folder: Path
) -> Part:
    """The part itself where none of these rows is in it, or a new one without them."""
    names = [name for name, row in rows.items() if row["part"] == index]
    if not names:
        return part
    wanted = pa.array(names, pa.string())
    tables = (
        table.filter(pc.invert(pc.is_in(table["asset_id"], value_set=wanted)))
        for table in (catalog.row_group(part, n) for n, _ in enumerate(catalog.row_groups(part)))
    )
    return write_part(catalog, index, catalog.open_part(part).schema_arrow, tables, folder)


def write_part(
    catalog: Catalog, index: int, schema: pa.Schema, tables: Iterable[pa.Table], folder: Path
) -> Part:
    """Write a part of a manifest, a row group for each table that has rows.

    index: of the part. folder: for the file while it grows.
    """
    path, rows = folder / "part.parquet.tmp", 0
    with open_writer(str(path), schema) as writer:
        for table in tables:
            if table.num_rows:
                writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
                rows += table.num_rows
    data = path.read_bytes()
    digest = sha256(data)
    # By its content: two who make a version at once write no part of the other's over.
    key = f"manifest/part-{index:05d}-{digest[:16]}.parquet"
    catalog.store.put(key, data, _PARQUET)
    return Part(key, rows, len(data), digest)


def _document(
    catalog: Catalog, parts: Sequence[Part], rows: Mapping[str, Mapping[str, Any]], why: str
) -> dict[str, Any]:
    """What the version says in which these rows are gone."""
    parent = catalog.document
    places = sorted((row["place"] for row in rows.values()), key=lambda place: place["slot"])
    taken = Counter(place["cell"] for place in places)
    cells = [
        {**cell, "delivered": cell["delivered"] - taken[cell["cell"]]}
        for cell in parent.get("cells", [])
    ]
    document = next_document(
        catalog,
        parts,
        bytes=int(parent.get("bytes", 0)) - sum(row["bytes"] for row in rows.values()),
        cells=cells,
    )
    done = {"version": document["version"], "at": document["made_at"], "why": why, "assets": places}
    return {**document, "revocations": [*parent.get("revocations", []), done]}


def next_document(catalog: Catalog, parts: Sequence[Part], **changes: Any) -> dict[str, Any]:
    """What the version that follows says: what its parent does, but for its parts and `changes`."""
    return {
        **catalog.document,
        "version": catalog.version + 1,
        "parent": {
            "version": catalog.version,
            "key": catalog.key,
            "sha256": sha256(catalog.store.get(catalog.key)),
        },
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_by": f"populace {__version__}",
        "count": sum(part.rows for part in parts),
        "manifest": {"parts": [vars(part) for part in parts]},
        **changes,
    }


def history(catalog: Catalog) -> list[dict[str, Any]]:
    """Every version up to this one: when it was made, its faces, which went and why, which came."""
    store = catalog.store
    told = []
    for number in range(1, catalog.version + 1):
        one = catalog if number == catalog.version else open_catalog(store, number)
        made = [done for done in revocations(one) if done.version == number]
        came = [e for e in one.document.get("extensions", []) if e["version"] == number]
        told.append(
            {
                "version": number,
                "at": one.document.get("made_at" if number > 1 else "sealed_at"),
                "faces": one.count(),
                "revoked": sum(len(done.assets) for done in made),
                "why": made[0].why if made else None,
                "added": sum(int(extension["faces"]) for extension in came),
                "of": came[0]["uri"] if came else None,
            }
        )
    return told


def revoked_since(catalog: Catalog) -> list[Revocation]:
    """What later versions took away from this one; nothing is read where it is the newest."""
    newest = newest_version(catalog.store)
    if newest == catalog.version:
        return []
    later = open_catalog(catalog.store, newest)
    return [one for one in revocations(later) if one.version > catalog.version]


def revoked_assets(found: Iterable[Revocation]) -> Iterator[Mapping[str, Any]]:
    """The places of all faces that these took away."""
    for one in found:
        yield from one.assets
