"""The commands that give a catalog another form: `populace export`, `revoke` and the like."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli_options import (
    COUNT,
    ENDPOINT,
    JSON,
    SIZE,
    TO,
    WHERE,
    drawing,
    open_balanced,
    resumable,
    show_brought,
)

if TYPE_CHECKING:
    from pipeline.catalog.balance import Method
    from pipeline.catalog.exports.export import Kind

_KINDS = "folder|atlas|unity|unreal|webdataset|imagefolder|croissant|fiftyone"


class _Exports(click.Group):
    """A group whose command is `catalog` where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["catalog", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Exports, subcommand_metavar="CATALOG --to DIR --as KIND | scorer OUT.onnx")
def export() -> None:
    """Write faces as engines and trainers take them, or networks for others to run.

    \b
    populace export out/demo --to faces --as unity --where "age < 30"
    populace export catalog --help       all options of this
    populace export scorer OUT.onnx
    """


@export.command("catalog")
@click.argument("uri", metavar="CATALOG")
@TO
@click.option("--as", "kind", required=True, metavar=_KINDS, help="The form that they get.")
@WHERE
@COUNT
@drawing
@SIZE
@click.option("--format", metavar="png|jpeg|webp|tga", help="Convert the images.")
@click.option("--extras", is_flag=True, help="Files beside the images, too: folder, webdataset.")
@click.option(
    "--page", default=2048, show_default=True, metavar="PX", help="Side of an atlas, at most."
)
@click.option("--padding", default=2, show_default=True, metavar="PX", help="Between its faces.")
@click.option("--samples", default=1000, show_default=True, help="Faces to a webdataset's shard.")
@ENDPOINT
@JSON
def export_catalog(
    uri: str,
    folder: Path,
    kind: "Kind",
    where: str | None,
    count: int | None,
    balance: tuple[str, ...],
    method: "Method",
    seed: int,
    allow_short: bool,
    size: int | None,
    format: str | None,
    extras: bool,
    page: int,
    padding: int,
    samples: int,
    endpoint: str | None,
    as_json: bool,
) -> None:
    """Write faces of CATALOG to DIR in the form that an engine, a trainer or a curator takes.

    With --balance, those that `populace draw` names with the same options. The same command again
    goes on where it was stopped, or does nothing.
    """
    from rich.console import Console

    from pipeline.catalog.exports.export import export as write
    from pipeline.catalog.pull_view import PullView

    catalog, how = open_balanced(uri, endpoint, balance, method, seed, allow_short)
    with resumable(folder, "was written"), PullView(Console(stderr=True), "exporting") as view:
        summary = write(
            catalog,
            folder,
            kind,
            where,
            count,
            balance=how,
            size=size,
            format=format,
            extras=extras,
            page=page,
            padding=padding,
            samples=samples,
            progress=view.show,
        )
    show_brought(summary, summary.text(), as_json)


@export.command("scorer")
@click.argument("target", metavar="OUT.onnx", type=click.Path(path_type=Path))
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="weights.safetensors of populace train scorer, instead of the bundled ones.",
)
@click.option("--force", is_flag=True, help="Replace OUT and its card where they exist.")
def export_scorer(target: Path, weights: Path | None, force: bool) -> None:
    """Write the network of the scorer builtin:heads as ONNX, and its card beside it."""
    from pipeline.attributes import WEIGHTS
    from pipeline.attributes.heads_export import export_scorer as write

    card = write(weights or WEIGHTS / "weights.safetensors", target, force=force)
    click.echo(f"Wrote {target} ({target.stat().st_size:,} bytes) and {card}")


@click.command()
@click.argument("uri", metavar="CATALOG")
@click.argument("assets", metavar="ASSET...", nargs=-1, required=True)
@click.option("--why", required=True, metavar="TEXT", help="A sentence for those who had them.")
@ENDPOINT
@JSON
def revoke(
    uri: str, assets: tuple[str, ...], why: str, endpoint: str | None, as_json: bool
) -> None:
    """Make a version of CATALOG without these faces, which all readers see from then on.

    Nothing that was written is changed: CATALOG@1 still is the catalog as it was sealed, and the
    files of the faces stay, as do the contact sheet and the report that may show them. `populace
    pull --sync` takes them from those who pulled them.
    """
    from pipeline.catalog.previews import SHEET_KEY
    from pipeline.catalog.versions import revoke as make
    from pipeline.storage import open_store

    place = _unpinned(uri)
    done = make(open_store(place, endpoint=endpoint), assets, why)
    if as_json:
        click.echo(json.dumps(vars(done)))
    elif done.revoked:
        gone = f", {done.already:,} were gone before" if done.already else ""
        click.echo(
            f"Revoked {done.revoked:,} faces{gone}: {place} is version {done.version:,} now, of "
            f"{done.count:,} faces"
        )
        click.echo(
            f"Their files stay, and {SHEET_KEY} and report.html show the catalog as it was sealed; "
            "delete what nobody may have any more.",
            err=True,
        )
    else:
        click.echo(f"Nothing to do: all {done.already:,} are revoked already.")


@click.command()
@click.argument("uri", metavar="CATALOG")
@click.argument("other", metavar="OTHER")
@ENDPOINT
@JSON
def extend(uri: str, other: str, endpoint: str | None, as_json: bool) -> None:
    """Make a version of CATALOG that has the faces of the catalog OTHER, too.

    OTHER's objects are copied; it has to come from the same generator and scorer, have the same
    columns and licence, and be another job.
    """
    from pipeline.catalog import Catalog
    from pipeline.catalog.extend import extend as make
    from pipeline.storage import open_store

    place = _unpinned(uri)
    store = open_store(place, endpoint=endpoint)
    done = make(store, Catalog.open(other, endpoint))
    if as_json:
        click.echo(json.dumps(vars(done)))
    elif done.added:
        click.echo(
            f"Added {done.added:,} faces: {place} is version {done.version:,} now, of "
            f"{done.count:,} faces"
        )
    else:
        click.echo(f"Nothing to do: {place} has these faces already.")


def _unpinned(uri: str) -> str:
    """The address of a catalog to make a version of; SpecError where it pins one."""
    from pipeline.catalog.read import split_version
    from pipeline.errors import SpecError

    place, version = split_version(uri)
    if version is not None:
        raise SpecError(f"CATALOG: {uri!r} pins a version, and those are made once; name {place!r}")
    return place


@click.command()
@click.argument("uri", metavar="CATALOG")
@ENDPOINT
@JSON
def versions(uri: str, endpoint: str | None, as_json: bool) -> None:
    """List the versions of CATALOG: when each was made, its faces, and which went or came."""
    from pipeline.catalog import Catalog
    from pipeline.catalog.versions import history
    from pipeline.errors import printable

    told = history(Catalog.open(uri, endpoint))
    if as_json:
        click.echo(json.dumps(told))
        return
    for one in told:
        why = "  sealed"
        if one["revoked"]:
            why = f"  {one['revoked']:,} revoked: {one['why']}"
        if one["added"]:
            why = f"  {one['added']:,} added, of {one['of']}"
        click.echo(printable(f"{one['version']:>4}  {one['at']}  {one['faces']:,} faces{why}"))
