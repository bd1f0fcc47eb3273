"""Copy faces out of a catalog to a folder: chosen by SQL, checked, and never twice."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from pipeline.assets.encode import sha256
from pipeline.catalog.balance import Balance
from pipeline.catalog.choice import DrawSummary
from pipeline.catalog.fetch import (
    COLUMNS,
    EXTRA_COLUMNS,
    Asset,
    asset_of,
    extra_of,
    fetch_group,
    group,
    in_order,
)
from pipeline.catalog.local_file import make_folder, whole_file
from pipeline.catalog.manifest import extras_in, write_tables
from pipeline.catalog.query import Selection
from pipeline.catalog.read import Catalog

MANIFEST_NAME = "manifest.parquet"
_BATCH = 4096
_AGAIN = "pull again to go on"


@dataclass(frozen=True)
class PullSummary:
    """What a pull did.

    faces: chosen, all of them now in `to`. fetched: of these, transferred, image or extras.
    skipped: there already. bytes: size of the files transferred. drawn: what the draw did, where
    there was a balance.
    """

    to: Path
    faces: int
    fetched: int
    skipped: int
    bytes: int
    drawn: DrawSummary | None = None


def pull(
    catalog: Catalog,
    to: Path,
    where: str | None = None,
    count: int | None = None,
    *,
    balance: Balance | None = None,
    extras: bool = True,
    threads: int = 16,
    progress: Callable[[int, int], None] | None = None,
) -> PullSummary:
    """Bring the images of chosen rows to `to/images/…` and their rows to `to/manifest.parquet`.

    where: a SQL condition over the manifest's columns. count: at most so many faces, taken by turns
    from the cells. balance: choose them as a balanced draw does, `count` of them; the rows then say
    in `draw_cell` and `draw_weight` how. extras: bring the files beside the images too. progress:
    called with faces done and faces in all.

    Every file is checked against its sha256 before it appears under its name, and one that is there
    already is left alone; a pull that was interrupted goes on where it stopped. The rows written
    say where the files lie in `to`. Raises SpecError for a wrong condition or folder, CatalogError
    for a file that is not the catalog's.
    """
    make_folder(to)
    kinds = extras_in(catalog.schema()) if extras else ()
    fetched = done = size = 0
    with TemporaryDirectory(prefix="populace-") as folder:
        selection = Selection(catalog, Path(folder), where, count, kinds, balance)
        try:
            for assets in selection.assets(_BATCH):
                missing = _missing(assets, to, threads)
                left = Counter(asset.asset_id for asset in missing)
                fetched += len(left)
                done += len({asset.asset_id for asset in assets}) - len(left)
                if progress is not None:
                    progress(done, selection.count)
                groups = group(missing)
                for brought in in_order(lambda g: _bring(catalog, g, to), groups, threads):
                    for asset in brought:
                        size += asset.length
                        left[asset.asset_id] -= 1
                        # A face is done with its last file.
                        done += not left[asset.asset_id]
                    if progress is not None:
                        progress(done, selection.count)
            _write_rows(selection, to, extras)
        finally:
            selection.close()
    return PullSummary(to, done, fetched, done - fetched, size, selection.drawn)


def _missing(assets: Sequence[Asset], to: Path, threads: int) -> list[Asset]:
    """The assets whose file is not in `to`, or is there with other content."""

    def present(asset: Asset) -> bool:
        path = to / asset.path
        # The size first: it tells most wrong files without reading them.
        if not path.is_file() or path.stat().st_size != asset.length:
            return False
        return sha256(path.read_bytes()) == asset.sha256

    found = in_order(present, assets, threads)
    return [asset for asset, here in zip(assets, found, strict=True) if not here]


def _bring(catalog: Catalog, assets: Sequence[Asset], to: Path) -> Sequence[Asset]:
    """Fetch and write one group of assets; gives them back."""
    for asset, data in fetch_group(catalog.store, assets):
        with whole_file(to / asset.path, _AGAIN) as hidden:
            hidden.write_bytes(data)
    return assets


def _write_rows(selection: Selection, to: Path, extras: bool) -> None:
    tables = (_with_local_paths(table, extras) for table in selection.rows())
    with whole_file(to / MANIFEST_NAME, _AGAIN) as hidden:
        write_tables(hidden, tables)


def _with_local_paths(table: pa.Table, extras: bool) -> pa.Table:
    """The rows with `uri` and `offset` saying where the files lie below the folder of the pull.

    Extras that were not pulled lose the columns that say where they lie.
    """
    kinds = extras_in(table.schema)
    placing = [f"{kind}_{name}" for kind in kinds for name in EXTRA_COLUMNS]
    if not extras:
        table, kinds, placing = table.drop_columns(placing), [], []
    rows = table.select([*COLUMNS, *placing]).to_pylist()
    table = _moved(table, "", [asset_of(row) for row in rows])
    for kind in kinds:
        table = _moved(table, f"{kind}_", [extra_of(row, kind) for row in rows])
    return table


def _moved(table: pa.Table, prefix: str, assets: Sequence[Asset | None]) -> pa.Table:
    """The rows with these files' places, null where there is none, in `uri` and `offset`."""
    paths = [None if asset is None else asset.path for asset in assets]
    offsets = [None if asset is None else 0 for asset in assets]
    for name, values in (("uri", paths), ("offset", offsets)):
        index = table.schema.get_field_index(prefix + name)
        field = table.schema.field(index)
        table = table.set_column(index, field, pa.array(values, field.type))
    return table
