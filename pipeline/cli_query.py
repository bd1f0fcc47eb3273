"""The commands that look into a catalog: `populace ls`, `show`, `query` and `audit`."""

import json
import sys
from pathlib import Path

import click

from pipeline.cli_options import CSV, ENDPOINT, JSON, TRUST, WHERE

_COLUMNS = "asset_id,age,gender_presentation,skin_tone,expression,yaw"
_MOST_ON_SCREEN = 1000


@click.command()
@click.argument("uri", metavar="CATALOG")
@WHERE
@click.option("--sort", metavar="COLUMN", help="Smallest first; -COLUMN: largest first.")
@click.option(
    "--limit", type=click.IntRange(0), default=20, show_default=True, help="At most so many."
)
@click.option("--columns", default=_COLUMNS, show_default=True, metavar="A,B,…", help="Show these.")
@ENDPOINT
@JSON
@CSV
def ls(
    uri: str,
    where: str | None,
    sort: str | None,
    limit: int,
    columns: str,
    endpoint: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List faces of CATALOG, a row each."""
    from pipeline.catalog import Catalog
    from pipeline.catalog.rows_view import print_csv, print_json, rows_table

    _one_form(as_json, as_csv)
    catalog = Catalog.open(uri, endpoint)
    faces = catalog.faces if where is None else catalog.where(where)
    names = [name.strip() for name in columns.split(",") if name.strip()]
    rows = faces.to_arrow(names, sort=sort, limit=limit)
    if as_json:
        print_json(rows.to_batches(), sys.stdout)
    elif as_csv:
        print_csv(rows.to_batches(), rows.column_names, sys.stdout)
    else:
        from rich.console import Console

        Console().print(rows_table(rows))
        click.echo(f"{rows.num_rows:,} of {faces.count():,} faces", err=True)


@click.command()
@click.argument("uri", metavar="CATALOG")
@click.argument("asset", metavar="ASSET")
@click.option(
    "--image",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save the picture there, as it is.",
)
@ENDPOINT
@JSON
def show(uri: str, asset: str, file: Path | None, endpoint: str | None, as_json: bool) -> None:
    """Show all that CATALOG knows of ASSET: its file, what was perceived, what made it."""
    from pipeline.catalog import Catalog
    from pipeline.catalog.asset_view import asset_document, asset_row, asset_view, save_image
    from pipeline.catalog.rows_view import plain

    catalog = Catalog.open(uri, endpoint)
    row = asset_row(catalog, asset)
    size = None if file is None else save_image(catalog, row, file)
    if as_json:
        click.echo(json.dumps(plain(asset_document(catalog, row)), ensure_ascii=False))
        return
    from rich.console import Console

    Console().print(asset_view(catalog, row))
    if size is not None:
        click.echo(f"Saved {file} ({size:,} bytes)", err=True)


@click.command()
@click.argument("uri", metavar="CATALOG")
@click.option("--sql", required=True, metavar="SELECT", help="One SELECT over the table faces.")
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE.parquet",
    help="Write the answer there.",
)
@ENDPOINT
@JSON
@CSV
def query(
    uri: str, sql: str, file: Path | None, endpoint: str | None, as_json: bool, as_csv: bool
) -> None:
    """Answer a SELECT over CATALOG's one table, faces: a row a face.

    \b
    populace query out/demo --sql "SELECT skin_tone, count(*) FROM faces GROUP BY 1"
    """
    from pipeline.catalog import Catalog
    from pipeline.catalog.rows_view import print_csv, print_json, rows_shown
    from pipeline.catalog.sql import check_answer_file, query, write_answer

    _one_form(as_json, as_csv, file is not None)
    if file is not None:
        check_answer_file(file)
    with query(Catalog.open(uri, endpoint), sql) as answer:
        if file is not None:
            click.echo(f"Wrote {write_answer(answer, file):,} rows to {file}")
        elif as_json:
            print_json(answer, sys.stdout)
        elif as_csv:
            print_csv(answer, answer.schema.names, sys.stdout)
        else:
            from rich.console import Console

            table, shown, more = rows_shown(answer, _MOST_ON_SCREEN)
            Console().print(table)
            mend = "; --csv, --json or --to have all of them" if more else ""
            click.echo(f"{'the first ' if more else ''}{shown:,} rows{mend}", err=True)


def _one_form(*wanted: bool) -> None:
    """SpecError where an answer is to have several forms at once."""
    from pipeline.errors import SpecError

    if sum(wanted) > 1:
        raise SpecError("--json, --csv and --to: several are given; choose one")


@click.command()
@click.argument("uri")
@click.option(
    "--images",
    default="200",
    show_default=True,
    metavar="N|all|none",
    help="Look at so many, drawn from all cells.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Another one draws other images.",
)
@click.option(
    "--html", "page", type=click.Path(path_type=Path), metavar="FILE", help="Write a page, too."
)
@TRUST
@ENDPOINT
@JSON
def audit(
    uri: str,
    images: str,
    seed: int,
    page: Path | None,
    trust: Path | None,
    endpoint: str | None,
    as_json: bool,
) -> None:
    """Prove that the catalog at URI is balanced as ordered, or say why not (exit code 1).

    Everything is counted, hashed and scored anew from the catalog alone.
    """
    from rich.console import Console

    from pipeline.catalog.audit.audit import Look
    from pipeline.catalog.audit.audit import audit as audit_catalog
    from pipeline.catalog.audit.page import write_page
    from pipeline.catalog.audit.view import audit_view
    from pipeline.catalog.read import Catalog
    from pipeline.provenance.credentials import CredentialCheck, read_anchors

    look = Look(_how_many(images), seed)
    credentials = None if trust is None else CredentialCheck(read_anchors(trust))
    catalog = Catalog.open(uri, endpoint)
    with Console(stderr=True).status("auditing") as status:

        def tell(stage: str, done: int, total: int) -> None:
            status.update(f"{stage}: {done:,} of {total:,}" if total > 1 else stage)

        found = audit_catalog(catalog, look, credentials=credentials, progress=tell)
    if page is not None:
        write_page(found, page)
    if as_json:
        click.echo(json.dumps(found))
    else:
        Console().print(audit_view(found))
    sys.exit(0 if found["balanced_as_ordered"] else 1)


def _how_many(images: str) -> int | None:
    """The number of images to look at, None for all."""
    from pipeline.errors import SpecError

    if images in ("all", "none"):
        return None if images == "all" else 0
    if not images.isdecimal():
        raise SpecError(f"--images: '{images}' cannot be meant; write a number, all or none.")
    return int(images)
