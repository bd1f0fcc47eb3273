"""The command that shows catalogs in a browser: `populace browse`."""

import signal
from contextlib import suppress

import click

from pipeline.cli_options import ENDPOINT


@click.command()
@click.argument("uris", metavar="CATALOG...", nargs=-1, required=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Listen there; 0: on any free one.",
)
@click.option("--no-open", is_flag=True, help="Do not open a browser.")
@ENDPOINT
def browse(uris: tuple[str, ...], port: int, no_open: bool, endpoint: str | None) -> None:
    """Look at the faces of CATALOGs in a browser on this machine: filter, compare, download.

    Nobody else can reach it. Ctrl-C ends it. NAME=CATALOG gives one another name.
    """
    from pipeline.service.gallery.app import browse as serve
    from pipeline.service.library import Library

    def tell(address: str) -> None:
        click.echo(f"Gallery at {address}  (Ctrl-C ends it)")

    # SIGTERM ends it as Ctrl-C does, so that its temporary files go with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        serve(Library.open(uris, endpoint), port, tell, show=not no_open)
