"""Fetch assets by their rows: few ranges, many threads, every file checked by its sha256."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.assets.encode import EXTENSIONS, sha256
from pipeline.assets.extras import EXTRAS
from pipeline.errors import CatalogError
from pipeline.spec import Extra
from pipeline.storage import MissingObject, Store
from pipeline.storage.keys import fault_of_key

COLUMNS = ("asset_id", "shard", "uri", "offset", "length", "sha256", "format")
"""The manifest's columns that say where an asset is."""

EXTRA_COLUMNS = ("uri", "offset", "length", "sha256")
"""Of these, the columns that an extra has for itself, as `<kind>_uri`."""

_SUFFIXES: dict[str, str] = EXTENSIONS | {kind: entry.suffix for kind, entry in EXTRAS.items()}

_NEAR = 64 * 1024
_LONGEST = 8 * 1024 * 1024

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Asset:
    """Where one file lies and what it must hash to; made from a row, with nothing believed.

    format: of an image, or the kind of an extra.
    """

    asset_id: str
    shard: int
    uri: str
    offset: int
    length: int
    sha256: str
    format: str

    @property
    def path(self) -> str:
        """Where the file belongs below a folder of pulled images, whatever the layout."""
        return self.path_as(self.format)

    @property
    def is_extra(self) -> bool:
        """Whether it is a file beside an image."""
        return self.format in EXTRAS

    def path_as(self, format: str) -> str:
        """The path that it has in another format."""
        return f"images/{self.shard:06d}/{self.asset_id}.{_SUFFIXES[format]}"


def asset_of(row: Mapping[str, Any]) -> Asset:
    """The asset that a row names; CatalogError when a name in it would leave its folder."""
    return _trusted(Asset(*(row[name] for name in COLUMNS)))


def assets_of(rows: pa.RecordBatch, extras: Sequence[Extra] = ()) -> list[Asset]:
    """What `asset_of` and `extra_of` say of many rows: each image, and behind it its extras."""
    columns = [rows[name].to_pylist() for name in COLUMNS]
    images = [_trusted(Asset(*values)) for values in zip(*columns, strict=True)]
    if not extras:
        return images
    beside: list[list[Asset]] = [[image] for image in images]
    for kind in extras:
        placed = [rows[f"{kind}_{name}"].to_pylist() for name in EXTRA_COLUMNS]
        for files, place in zip(beside, zip(*placed, strict=True), strict=True):
            if place[0] is not None:
                values = (files[0].asset_id, files[0].shard, *place, kind)
                files.append(_trusted(Asset(*values)))
    return [file for files in beside for file in files]


def paths_of(rows: pa.Table, kind: Extra | None = None) -> "pa.ChunkedArray[Any]":
    """`Asset.path` of each row's image, or of its extra of a kind; null where it has none."""
    shards = pc.utf8_lpad(rows["shard"].cast(pa.string()), 6, "0")
    join: Any = pc.binary_join_element_wise  # the stubs know no words among its columns
    names = join("images", shards, rows["asset_id"], "/")
    known = list(_SUFFIXES)
    which = pc.index_in(rows["format"], value_set=pa.array(known))
    suffixes: Any = pa.array([_SUFFIXES[name] for name in known]).take(which)
    if kind is not None:
        there = rows[f"{kind}_uri"].is_valid()
        suffixes = pc.if_else(there, pa.scalar(_SUFFIXES[kind]), pa.scalar(None, pa.string()))
    paths: pa.ChunkedArray[Any] = join(names, suffixes, ".")
    return paths


def extra_of(row: Mapping[str, Any], kind: Extra) -> Asset | None:
    """The extra of a kind that a row names, if any; CatalogError as for `asset_of`."""
    if row[f"{kind}_uri"] is None:
        return None
    uri, offset, length, digest = (row[f"{kind}_{name}"] for name in EXTRA_COLUMNS)
    return _trusted(Asset(row["asset_id"], row["shard"], uri, offset, length, digest, kind))


def _trusted(asset: Asset) -> Asset:
    name = repr(asset.asset_id)
    if asset.format not in _SUFFIXES:
        raise CatalogError(f"asset {name} has the unknown format {asset.format!r}; do not trust it")
    if "/" in asset.asset_id or (fault := fault_of_key(asset.path)):
        fault = "is not a plain file name" if "/" in asset.asset_id else fault
        raise CatalogError(f"the asset name {name} {fault}; do not trust this manifest")
    if fault := fault_of_key(asset.uri):
        raise CatalogError(
            f"asset {name} lies at {asset.uri!r}, a key that {fault}; do not trust this manifest"
        )
    if asset.shard < 0 or asset.offset < 0 or asset.length <= 0:
        raise CatalogError(
            f"asset {name} lies in bytes {asset.offset} + {asset.length} of shard {asset.shard}, "
            "which cannot be; do not trust this manifest"
        )
    return asset


def group(assets: Sequence[Asset]) -> list[list[Asset]]:
    """Assets that one range request reads best: neighbours in a pack, up to 8 MiB together.

    A gap of 64 KiB costs less to read than a second request costs to send.
    """
    groups: list[list[Asset]] = []
    for asset in sorted(assets, key=lambda a: (a.uri, a.offset)):
        if groups:
            first, last = groups[-1][0], groups[-1][-1]
            gap = asset.offset - (last.offset + last.length)
            reach = asset.offset + asset.length - first.offset
            if asset.uri == last.uri and 0 <= gap <= _NEAR and reach <= _LONGEST:
                groups[-1].append(asset)
                continue
        groups.append([asset])
    return groups


def fetch_group(store: Store, assets: Sequence[Asset]) -> list[tuple[Asset, bytes]]:
    """The verified files of one group, by one range request."""
    try:
        files = read_group(store, assets)
    except MissingObject as error:
        raise CatalogError(
            f"asset {assets[0].asset_id!r} is gone: {store.uri}/{assets[0].uri} does not exist; "
            "restore it from a copy of the catalog"
        ) from error
    for asset, file in files:
        if len(file) < asset.length:
            raise CatalogError(
                f"asset {asset.asset_id!r} at {store.uri}/{asset.uri} is cut short: {len(file):,} "
                f"of its {asset.length:,} bytes are there; restore it from a copy of the catalog"
            )
        if sha256(file) != asset.sha256:
            raise CatalogError(
                f"asset {asset.asset_id!r} at {store.uri}/{asset.uri} is not the file that the "
                "manifest names: its sha256 differs; restore it from a copy of the catalog"
            )
    return files


def read_group(store: Store, assets: Sequence[Asset]) -> list[tuple[Asset, bytes]]:
    """The files of one group as they are there, by one range request; MissingObject if none is."""
    start, last = assets[0].offset, assets[-1]
    data = store.get(last.uri, start, last.offset + last.length - start)
    places = [(asset, asset.offset - start) for asset in assets]
    return [(asset, data[place : place + asset.length]) for asset, place in places]


def in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int
) -> Iterator[_Result]:
    """`work` on every item by threads, results in the items' order, few in memory at a time.

    The first error stops everything that has not started.
    """
    source = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[_Result]] = [
            pool.submit(work, item) for item in islice(source, 2 * threads)
        ]
        try:
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(work, item) for item in islice(source, 1)]
        finally:
            pool.shutdown(cancel_futures=True)
