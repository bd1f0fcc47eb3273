"""The commands of the service: `populace serve` and `populace key`."""

import json
from pathlib import Path

import click

from pipeline.cli_options import ENDPOINT, JSON

KEYS = click.option(
    "--keys",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file of keys.",
)


@click.command()
@click.argument("catalogs", nargs=-1, required=True, metavar="CATALOG...")
@click.option(
    "--keys",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ask every request for a key of this file.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Elsewhere only with --keys.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option(
    "--audit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Log draws, files and orders there; with --keys the default is FILE.audit.jsonl.",
)
@click.option(
    "--jobs",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Take job specs, and run them to catalogs in this folder.",
)
@click.option(
    "--job-faces",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="Pictures to a job, at most: faces times their variations.",
)
@click.option(
    "--job-hours",
    type=click.FloatRange(0, min_open=True),
    default=24,
    show_default=True,
    help="A job that runs longer is ended, and has failed.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="Let scripts of web pages from there ask, too.",
)
@click.option(
    "--query-seconds",
    type=click.FloatRange(0.1, 3600),
    default=30,
    show_default=True,
    help="Which a request's queries may take.",
)
@ENDPOINT
def serve(
    catalogs: tuple[str, ...],
    file: Path | None,
    host: str,
    port: int,
    audit: Path | None,
    folder: Path | None,
    job_faces: int,
    job_hours: float,
    origins: tuple[str, ...],
    query_seconds: float,
    endpoint: str | None,
) -> None:
    """Serve each CATALOG over HTTP, under the last part of its address or as NAME=ADDRESS.

    \b
    populace key add --keys keys.json --name studio --catalogs demo --actions read,pull
    populace serve out/demo faces=s3://bucket/prefix --keys keys.json --host 0.0.0.0
    """
    from pipeline.service.app import create_app
    from pipeline.service.audit_log import AuditLog
    from pipeline.service.gallery import gallery_router
    from pipeline.service.jobs import Jobs
    from pipeline.service.keys import KeyRing
    from pipeline.service.library import Library
    from pipeline.service.serve import check_host, check_origin, hosts_of, listening
    from pipeline.service.serve import serve as listen

    asks = file is not None
    check_host(host, keys=asks)
    allowed = [check_origin(origin) for origin in origins]
    ring = None if file is None else KeyRing(file)
    if audit is None and file is not None:
        audit = file.with_name(f"{file.name}.audit.jsonl")
    library = Library.open(catalogs, endpoint)
    app = create_app(
        library,
        ring,
        jobs=None if folder is None else Jobs(folder, library, job_faces, job_hours),
        audit=None if audit is None else AuditLog(audit),
        pages=gallery_router(library),
        origins=allowed,
        hosts=hosts_of(host, keys=asks),
        query_seconds=query_seconds,
    )
    names = ", ".join(library)
    listen(
        app,
        listening(host, port),
        host,
        lambda address: click.echo(f"Serving {names} at {address}", err=True),
    )


@click.group()
def key() -> None:
    """Add, list and revoke the keys of a service."""


@key.command("add")
@KEYS
@click.option("--name", required=True, help="Whose key it is.")
@click.option("--catalogs", required=True, metavar="A,B,…|*", help="Names that it opens; *: all.")
@click.option(
    "--actions", default="read", show_default=True, metavar="read,pull,submit", help="It allows."
)
@click.option("--expires", metavar="DATE", help="Last valid just before 2027-01-31; else never.")
@click.option(
    "--rate", default="600/min", show_default=True, metavar="N/s|min|h", help="Requests, at most."
)
@JSON
def add(
    file: Path,
    name: str,
    catalogs: str,
    actions: str,
    expires: str | None,
    rate: str,
    as_json: bool,
) -> None:
    """Add a key and print it: once, for only its hash is kept."""
    from pipeline.service.keys import add_key

    text = add_key(file, name, _words(catalogs), _words(actions), expires, rate)
    if as_json:
        click.echo(json.dumps({"name": name, "key": text}))
    else:
        click.echo("Keep it now; it is shown only once:", err=True)
        click.echo(text)


@key.command("list")
@KEYS
@JSON
def list_keys(file: Path, as_json: bool) -> None:
    """List the keys: what each opens and allows, and whether it is still valid."""
    from pipeline.service.keys import read_keys

    keys = read_keys(file)
    if as_json:
        kept = [{k: v for k, v in vars(one).items() if k != "digest"} for one in keys]
        states = [{"state": one.state} for one in keys]
        click.echo(json.dumps([a | b for a, b in zip(kept, states, strict=True)]))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("name", "state", "catalogs", "actions", "rate", "expires"):
        table.add_column(column, overflow="fold")
    for one in keys:
        words = (", ".join(one.catalogs), ", ".join(one.actions))
        table.add_row(one.name, one.state, *words, one.rate, one.expires or "never")
    Console().print(table)


@key.command("revoke")
@KEYS
@click.option("--name", required=True, help="Of the key.")
def revoke(file: Path, name: str) -> None:
    """Revoke a key; a service that runs refuses it from the next request on."""
    from pipeline.service.keys import revoke_key

    revoke_key(file, name)
    click.echo(f"Revoked the key {name}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
