"""Copy faces out of a catalog to a folder: chosen by SQL, checked, and never twice."""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from pipeline.assets.encode import sha256
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
from pipeline.catalog.manifest import ROW_GROUP_ROWS, extras_in, open_writer
from pipeline.catalog.query import Selection
from pipeline.catalog.read import Catalog
from pipeline.errors import SpecError, StoreError
from pipeline.storage.keys import TEMPORARY

MANIFEST_NAME = "manifest.parquet"
_BATCH = 4096


@dataclass(frozen=True)
class PullSummary:
    """What a pull did.

    faces: chosen, all of them now in `to`. fetched: of these, transferred, image or extras.
    skipped: there already. bytes: size of the files transferred.
    """

    to: Path
    faces: int
    fetched: int
    skipped: int
    bytes: int


def pull(
    catalog: Catalog,
    to: Path,
    where: str | None = None,
    count: int | None = None,
    *,
    extras: bool = True,
    threads: int = 16,
    progress: Callable[[int, int], None] | None = None,
) -> PullSummary:
    """Bring the images of chosen rows to `to/images/…` and their rows to `to/manifest.parquet`.

    where: a SQL condition over the manifest's columns. count: at most so many faces, taken by turns
    from the cells. extras: bring the files beside the images too. progress: called with faces done
    and faces in all.

    Every file is checked against its sha256 before it appears under its name, and one that is there
    already is left alone; a pull that was interrupted goes on where it stopped. The rows written
    say where the files lie in `to`. Raises SpecError for a wrong condition or folder, CatalogError
    for a file that is not the catalog's.
    """
    _make_folder(to)
    kinds = extras_in(catalog.schema()) if extras else ()
    fetched = done = size = 0
    with TemporaryDirectory(prefix="populace-") as folder:
        selection = Selection(catalog, Path(folder), where, count, kinds)
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
    return PullSummary(to, done, fetched, done - fetched, size)


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
        path = to / asset.path
        _make_folder(path.parent)
        hidden = _hidden(path)
        try:
            hidden.write_bytes(data)
            hidden.replace(path)
        except OSError as error:
            raise _unwritten(path, error) from error
        finally:
            hidden.unlink(missing_ok=True)
    return assets


def _write_rows(selection: Selection, to: Path, extras: bool) -> None:
    path = to / MANIFEST_NAME
    hidden = _hidden(path)
    writer = None
    try:
        for table in selection.rows():
            local = _with_local_paths(table, extras)
            writer = writer or open_writer(str(hidden), local.schema)
            writer.write_table(local, row_group_size=ROW_GROUP_ROWS)
        if writer is not None:
            writer.close()
            hidden.replace(path)
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        hidden.unlink(missing_ok=True)


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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(
            f"to: the folder {folder} cannot be made ({error.strerror}); choose another"
        ) from error


def _hidden(path: Path) -> Path:
    return path.with_name(TEMPORARY + secrets.token_hex(8))


def _unwritten(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be written ({error.strerror}); "
        "free some space or choose another folder, then pull again to go on"
    )
