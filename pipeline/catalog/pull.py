"""Copy faces out of a catalog to a folder: chosen by SQL, checked, and never twice."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.assets.encode import Format
from pipeline.catalog.balance import Balance
from pipeline.catalog.bring import Bringing, Progress, threads_for
from pipeline.catalog.choice import DrawSummary
from pipeline.catalog.conversion import Conversion
from pipeline.catalog.fetch import COLUMNS, EXTRA_COLUMNS, Asset, asset_of, paths_of
from pipeline.catalog.local_file import make_folder, whole_file
from pipeline.catalog.manifest import extras_in, with_source, write_tables
from pipeline.catalog.pulled import PulledFolder
from pipeline.catalog.query import Selection
from pipeline.catalog.read import Catalog
from pipeline.catalog.signatures import SignatureCheck
from pipeline.catalog.versions import revocations, revoked_assets
from pipeline.provenance.credentials import CredentialCheck

MANIFEST_NAME = "manifest.parquet"
_AGAIN = "pull again to go on"


@dataclass(frozen=True)
class PullSummary:
    """What a pull did.

    faces: chosen, all of them now in `to`. fetched: of these, transferred, image or extras.
    skipped: there already. files, bytes: transferred. converted: images made smaller or written
    in another format. removed: files of earlier pulls that `sync` took away; changed: those that it
    left, since somebody changed them. revoked: files in `to` of faces that the catalog has revoked,
    which `sync` would remove. signed: images whose signatures were checked, and are sound;
    signers: of these, those first met. drawn: what the draw did, where there was a balance.
    """

    to: Path
    faces: int
    fetched: int
    skipped: int
    files: int
    bytes: int
    converted: int = 0
    removed: int = 0
    changed: int = 0
    revoked: int = 0
    signed: int = 0
    signers: tuple[str, ...] = ()
    drawn: DrawSummary | None = None


def pull(
    catalog: Catalog,
    to: Path,
    where: str | None = None,
    count: int | None = None,
    *,
    balance: Balance | None = None,
    extras: bool = True,
    size: int | None = None,
    format: Format | None = None,
    sync: bool = False,
    verify: CredentialCheck | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PullSummary:
    """Bring the images of chosen rows to `to/images/…` and their rows to `to/manifest.parquet`.

    where: a SQL condition over the manifest's columns. count: at most so many faces, taken by turns
    from the cells. balance: choose them as a balanced draw does, `count` of them; the rows then say
    in `draw_cell` and `draw_weight` how. extras: bring the files beside the images too.

    size: px a side; larger images are made smaller, and one that is smaller already is an error.
    format: jpeg, png or webp, what images are converted to. Extras stay as they are. The rows tell
    of the files made, and in `source_…` of the originals.

    sync: remove files that earlier pulls put into `to` and this one does not name, once all else is
    done. Files that pulls did not put there, or that were changed since, stay.

    verify: check the C2PA signature of every image, too: of its original, as it is fetched, and of
    those that are there unconverted. A converted image has none of its own.

    threads: how many read and write at once; None: as many as suit the store.

    progress: called with how far the pull is.

    Every file is checked against its sha256 before it is converted and before it appears under its
    name, and one that is there already is left alone; a pull that was interrupted goes on where it
    stopped. The rows written say where the files lie in `to`.

    Raises SpecError for a wrong condition, size, format or folder, and while another pull writes
    there; CatalogError for a file that is not the catalog's or, with `verify`, without a sound
    signature; StoreError where the store cannot be
    read or the disk is full.
    """
    conversion = Conversion(size, format)
    make_folder(to)
    kinds = extras_in(catalog.schema()) if extras else ()
    signatures = None if verify is None else SignatureCheck(verify, catalog.store.uri)
    with TemporaryDirectory(prefix="populace-") as folder:
        selection = Selection(catalog, Path(folder), where, count, kinds, balance)
        with closing(selection), PulledFolder(to) as pulled:
            run = Bringing(
                catalog,
                to,
                conversion,
                pulled,
                selection,
                sync,
                threads or threads_for(catalog, bool(conversion.recipe or verify)),
                progress,
                _AGAIN,
                signatures=signatures,
            )
            run.bring()
            _write_rows(run, extras)
            removed, changed = pulled.remove_unwanted() if sync else (0, 0)
    return PullSummary(
        to,
        faces=run.faces,
        fetched=run.fetched,
        skipped=run.faces - run.fetched,
        files=run.files,
        bytes=run.moved,
        converted=run.converted,
        removed=removed,
        changed=changed,
        revoked=_revoked_in(catalog, to),
        signed=signatures.count if signatures else 0,
        signers=signatures.signers if signatures else (),
        drawn=selection.drawn,
    )


def _revoked_in(catalog: Catalog, to: Path) -> int:
    """How many files of revoked faces are in a folder, where pulls put them."""
    names: dict[int, set[str]] = {}
    for asset in revoked_assets(revocations(catalog)):
        names.setdefault(int(asset["shard"]), set()).add(str(asset["asset_id"]))
    folders = ((to / f"images/{shard:06d}", some) for shard, some in names.items())
    return sum(
        path.name.partition(".")[0] in some
        for folder, some in folders
        if folder.is_dir()
        for path in folder.iterdir()
    )


def _write_rows(run: Bringing, extras: bool) -> None:
    """Write the manifest of what was pulled."""
    tables = (_local(run, table, extras) for table in run.selection.rows())
    with whole_file(run.to / MANIFEST_NAME, _AGAIN) as hidden:
        write_tables(hidden, tables)


def _local(run: Bringing, table: pa.Table, extras: bool) -> pa.Table:
    """The rows as they are of the files below the folder.

    Extras that were not pulled lose the columns that say where they lie.
    """
    kinds = extras_in(table.schema)
    placing = [f"{kind}_{name}" for kind in kinds for name in EXTRA_COLUMNS]
    if not extras:
        table, kinds, placing = table.drop_columns(placing), [], []
    for kind in kinds:
        table = _moved(table, f"{kind}_", paths_of(table, kind))
    if run.conversion.recipe:
        images = [asset_of(row) for row in table.select(list(COLUMNS)).to_pylist()]
        table = _converted(run, with_source(table), images)
    return _moved(table, "", paths_of(table))


def _converted(run: Bringing, table: pa.Table, images: Sequence[Asset]) -> pa.Table:
    """The rows with what became of their images."""
    columns: dict[str, list[object]] = {
        name: table[name].to_pylist() for name in _CONVERTED_COLUMNS
    }
    for index, asset in enumerate(images):
        made = run.known(asset)
        assert made is not None
        columns["format"][index] = run.conversion.format_of(asset.format)
        if made.pixels_sha256:
            for name in _CONVERTED_COLUMNS:
                if name != "format":
                    columns[name][index] = getattr(made, name)
    for name, values in columns.items():
        table = _replaced(table, name, values)
    return table


_CONVERTED_COLUMNS = ("length", "sha256", "pixels_sha256", "width", "height", "format")
"""Columns of the manifest that a conversion changes, beside `uri`."""


def _moved(table: pa.Table, prefix: str, paths: "pa.ChunkedArray[Any]") -> pa.Table:
    """The rows with these files' places, null where there is none, in `uri` and `offset`."""
    table = _replaced(table, f"{prefix}uri", paths)
    starts = pc.if_else(paths.is_null(), pa.scalar(None, pa.int64()), pa.scalar(0, pa.int64()))
    return _replaced(table, f"{prefix}offset", starts)


def _replaced(
    table: pa.Table, name: str, values: "Sequence[object] | pa.ChunkedArray[Any]"
) -> pa.Table:
    index = table.schema.get_field_index(name)
    field = table.schema.field(index)
    if not isinstance(values, pa.ChunkedArray):
        values = pa.chunked_array([pa.array(values, field.type)])
    return table.set_column(index, field, values)
