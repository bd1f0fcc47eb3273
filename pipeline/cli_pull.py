"""The commands that bring faces of a catalog: `populace pull`, `draw` and `vary`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli_options import (
    COUNT,
    ENDPOINT,
    JSON,
    SIZE,
    TO,
    TRUST,
    WHERE,
    drawing,
    open_balanced,
    open_told,
    resumable,
    show_brought,
    show_draw,
)

if TYPE_CHECKING:
    from pipeline.assets.encode import Format
    from pipeline.catalog.balance import Method


@click.command()
@click.argument("uri")
@TO
@WHERE
@COUNT
@drawing
@click.option("--extras/--no-extras", default=True, help="Files beside the images, too (default).")
@SIZE
@click.option("--format", metavar="png|jpeg|webp", help="Convert the images.")
@click.option("--sync", is_flag=True, help="Remove what earlier pulls brought and this does not.")
@click.option("--verify", is_flag=True, help="Check the C2PA signature of each image, too.")
@TRUST
@ENDPOINT
@JSON
def pull(
    uri: str,
    folder: Path,
    where: str | None,
    count: int | None,
    balance: tuple[str, ...],
    method: "Method",
    seed: int,
    allow_short: bool,
    extras: bool,
    size: int | None,
    format: "Format | None",
    sync: bool,
    verify: bool,
    trust: Path | None,
    endpoint: str | None,
    as_json: bool,
) -> None:
    """Fetch images of the catalog at URI, checked by sha256; a second pull transfers nothing.

    With --balance, of the faces that `populace draw` names with the same options.
    """
    from rich.console import Console

    from pipeline.catalog.pull import pull as pull_faces
    from pipeline.catalog.pull_view import PullView, pull_text
    from pipeline.errors import SpecError
    from pipeline.provenance.credentials import CredentialCheck, read_anchors

    if trust is not None and not verify:
        raise SpecError("trust: says whose signatures will do; give --verify to check them")
    check = CredentialCheck(read_anchors(trust) if trust else None) if verify else None
    catalog, how = open_balanced(uri, endpoint, balance, method, seed, allow_short)
    with resumable(folder, "was fetched"), PullView(Console(stderr=True)) as view:
        summary = pull_faces(
            catalog,
            folder,
            where,
            count,
            balance=how,
            extras=extras,
            size=size,
            format=format,
            sync=sync,
            verify=check,
            progress=view.show,
        )
    show_brought(summary, pull_text(summary), as_json)


@click.command()
@click.argument("uri", metavar="CATALOG")
@click.option("--count", type=click.IntRange(1), help="So many; else as many as balance allows.")
@drawing
@WHERE
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the rows there (.parquet, .csv or .json), instead of names on the screen.",
)
@ENDPOINT
@JSON
def draw(
    uri: str,
    count: int | None,
    balance: tuple[str, ...],
    method: "Method",
    seed: int,
    allow_short: bool,
    where: str | None,
    file: Path | None,
    endpoint: str | None,
    as_json: bool,
) -> None:
    """Choose a balanced subset of CATALOG, the same one each time, and print its asset_ids.

    Attributes that the job did not balance will do, too.
    """
    from pipeline.catalog.balance import read_balanced
    from pipeline.catalog.draw import check_writable
    from pipeline.catalog.draw import draw as draw_faces

    if file is not None:
        check_writable(file)
    balanced = read_balanced(balance)
    catalog = open_told(uri, endpoint)
    with draw_faces(
        catalog,
        balanced,
        count,
        method=method,
        where=where,
        seed=seed,
        allow_short=allow_short,
    ) as drawn:
        if file is not None:
            drawn.write(file)
        if as_json:
            click.echo(json.dumps(drawn.summary.document())[:-1] + ', "ids": [', nl=False)
            for index, name in enumerate(drawn.names()):
                click.echo((", " if index else "") + json.dumps(name), nl=False)
            click.echo("]}")
            return
        show_draw(drawn.summary)
        if file is not None:
            click.echo(f"Wrote {drawn.summary.drawn:,} rows to {file}")
            return
        for name in drawn.names():
            click.echo(name)


@click.command()
@click.argument("uri")
@click.argument("asset")
@TO
@click.option("--set", "sets", multiple=True, metavar="ATTR=VALUE", help="In every picture.")
@click.option("--series", multiple=True, metavar="ATTR=FROM:TO:STEPS", help="A picture a step.")
@click.option("--size", type=click.IntRange(64, 1024), help="px, instead of the catalog's.")
@click.option(
    "--identity",
    type=float,
    metavar="COSINE",
    help="Insist on this similarity to the person's picture; the network's own limit only warns.",
)
@click.option("--checkpoint", metavar="FILE", help="The generator's, if it lies elsewhere now.")
@ENDPOINT
@JSON
def vary(
    uri: str,
    asset: str,
    folder: Path,
    sets: tuple[str, ...],
    series: tuple[str, ...],
    size: int | None,
    identity: float | None,
    checkpoint: str | None,
    endpoint: str | None,
    as_json: bool,
) -> None:
    """Make more pictures of the person of ASSET in the catalog at URI.

    \b
    populace vary out/demo ASSET --to more --set age=60 --set smile=1
    populace vary out/demo ASSET --to more --set age=+20 --set light=left
    populace vary out/demo ASSET --to more --series age=20:80:7 --series expression=neutral,smile

    Exit code 1 where the scorer does not read a picture as asked, or the person in it is less alike
    than --identity says.
    """
    from pipeline.catalog.read import Catalog
    from pipeline.catalog.vary import read_changes, read_series
    from pipeline.catalog.vary import vary as make

    always = read_changes(sets)
    wishes = [always | one for one in read_series(series)]
    made = make(Catalog.open(uri, endpoint), asset, wishes, folder, size, identity, checkpoint)
    if as_json:
        click.echo(json.dumps([vars(one) for one in made]))
    else:
        for one in made:
            asked = ", ".join(f"{name}={value}" for name, value in one.changes.items()) or "as is"
            read = ", ".join(f"{name} {one.perceived[name]}" for name in one.unread)
            wrong = f"  READ AS {read}" if read else ""
            alike = "" if one.similarity is None else f"  similarity {one.similarity:.2f}"
            wrong += "  NOT CONFIRMED AS THE PERSON" if one.same_person is False else ""
            click.echo(f"{folder / one.file}  {asked}{alike}{wrong}")
    strange = identity is not None and not all(one.same_person for one in made)
    if strange or any(one.unread for one in made):
        sys.exit(1)
