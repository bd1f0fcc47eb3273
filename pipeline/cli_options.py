"""Options that several commands share."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipeline.catalog.balance import Balance, Method
    from pipeline.catalog.choice import DrawSummary
    from pipeline.catalog.read import Catalog

JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
CSV = click.option("--csv", "as_csv", is_flag=True, help="Print the result as CSV.")
ADDRESS = click.option("--address", help="A Ray cluster: auto, host:port or ray://host:port.")
ENDPOINT = click.option("--endpoint", metavar="URL", help="S3 server, if not the environment's.")
WHERE = click.option("--where", metavar="SQL", help="Condition on the manifest's columns.")
COUNT = click.option(
    "--count", type=click.IntRange(1), help="At most so many, spread over the cells."
)
SIZE = click.option("--size", type=int, metavar="PX", help="Make larger images smaller: px a side.")
TRUST = click.option(
    "--trust",
    type=click.Path(path_type=Path),
    metavar="FILE.pem",
    help="Certificates that must vouch for who signed.",
)
TO = click.option("--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR")


def drawing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how a draw is balanced."""
    options = (
        click.option(
            "--balance",
            multiple=True,
            metavar="ATTRIBUTE[=BINS],…",
            help="Balance over these: age,skin_tone=monk or 'age=[18-39,40+]'.",
        ),
        click.option(
            "--method",
            type=click.Choice(["quotas", "weights"]),
            default="quotas",
            show_default=True,
            help="Whole numbers from each cell, or a weight for each face.",
        ),
        click.option("--seed", default=0, show_default=True, help="Another one, other faces."),
        click.option(
            "--allow-short", is_flag=True, help="Where a cell has too few, let others fill up."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def show_draw(drawn: "DrawSummary") -> None:
    """Print what a draw did, cell by cell, beside the result."""
    from rich.console import Console

    from pipeline.catalog.draw_view import draw_view

    Console(stderr=True).print(draw_view(drawn))


@contextmanager
def resumable(place: Path | str, done: str) -> Iterator[None]:
    """Stop what is within at SIGTERM as at Ctrl-C, by exit code 130, and say how to go on.

    Args:
        done: what holds of that which is in `place`, "was fetched".
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        click.echo(
            f"Stopped. What {done} stays in {place}; run the same command again to continue.",
            err=True,
        )
        sys.exit(130)


def show_brought(summary: Any, text: str, as_json: bool) -> None:
    """Print the summary of a pull or an export, with the draw that chose its faces."""
    drawn = summary.drawn
    if as_json:
        document = vars(summary) | {"drawn": drawn.document() if drawn else None}
        click.echo(json.dumps(document, default=str))
        return
    if drawn is not None:
        show_draw(drawn)
    click.echo(text)


def open_told(uri: str, endpoint: str | None) -> "Catalog":
    """The catalog at `uri`; of an earlier version, what was revoked since is said on stderr."""
    from pipeline.catalog.read import Catalog, split_version
    from pipeline.catalog.versions import revoked_since
    from pipeline.errors import printable

    catalog = Catalog.open(uri, endpoint)
    place, version = split_version(uri)
    for one in revoked_since(catalog) if version is not None else ():
        told = f"version {one.version} revoked {len(one.assets):,} of these faces: {one.why}"
        click.echo(
            f"populace: caution: {printable(told)}; {place} has the newest version", err=True
        )
    return catalog


def open_balanced(
    uri: str,
    endpoint: str | None,
    balance: tuple[str, ...],
    method: "Method",
    seed: int,
    allow_short: bool,
) -> "tuple[Catalog, Balance | None]":
    """The catalog at `uri` and how the options of `drawing` balance its faces, if they do.

    Raises:
        SpecError: the others are given without --balance, or it names what cannot be balanced.
    """
    from pipeline.catalog.balance import balance_of, read_balanced
    from pipeline.errors import SpecError

    if not balance and (method != "quotas" or seed or allow_short):
        raise SpecError("balance: is missing, and --method, --seed and --allow-short need it.")
    catalog = open_told(uri, endpoint)
    balanced = read_balanced(balance)
    return catalog, balance_of(catalog, balanced, method, seed, allow_short) if balance else None
