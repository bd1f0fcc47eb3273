"""The `populace` command: parse, call, print."""

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pipeline import __version__
from pipeline.cli_browse import browse
from pipeline.cli_catalog import export, extend, revoke, versions
from pipeline.cli_options import (
    ENDPOINT,
    JSON,
    WHERE,
    drawing,
    open_told,
    resumable,
    show_brought,
    show_draw,
)
from pipeline.cli_query import ls, query, show
from pipeline.cli_serve import key, serve
from pipeline.errors import PopulaceError

if TYPE_CHECKING:
    from pipeline.assets.encode import Format
    from pipeline.catalog.balance import Method
    from pipeline.spec import JobSpec
    from pipeline.training.identity import Device

# The rooms are imported where they are called: `populace --help` must not wait for torch or Ray.

JOB = click.argument("job", type=click.Path(path_type=Path))
OUTPUT = click.option("--output", metavar="URI", help="Write there instead of the spec's output.")
TRUST = click.option(
    "--trust",
    type=click.Path(path_type=Path),
    metavar="FILE.pem",
    help="Certificates that must vouch for who signed.",
)
SET = click.option(
    "--set", "changes", multiple=True, metavar="KEY.PATH=VALUE", help="Change a field of the spec."
)


class _Group(click.Group):
    """A group that prints a PopulaceError as one sentence; --debug shows the trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PopulaceError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"populace: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="populace")
@click.option("--debug", is_flag=True, help="Show the trace of an error.")
def main(debug: bool) -> None:
    """Balanced, labelled faces of people who do not exist, by the million."""


for _command in (browse, ls, show, query, extend, revoke, versions, serve, key):
    main.add_command(_command)


@main.command()
@JOB
@OUTPUT
@SET
@click.option("--workers", type=click.IntRange(1), help="Workers, instead of the spec's.")
@click.option("--address", help="A Ray cluster: auto, host:port or ray://host:port.")
@JSON
def run(
    job: Path,
    output: str | None,
    changes: tuple[str, ...],
    workers: int | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Run JOB.yaml to a sealed catalog; run it again to continue or to do nothing."""
    from rich.console import Console

    from pipeline.engine.driver import run_job
    from pipeline.engine.progress import Progress

    spec = _spec(job, changes, output)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Progress(spec.name, spec.pictures, Console(stderr=True)) as view:
            outcome = run_job(spec, view, workers=workers, address=address)
    except KeyboardInterrupt:
        _stopped(spec)
    if as_json:
        click.echo(json.dumps(vars(outcome)))
    elif outcome.already:
        click.echo(f"{outcome.uri} is sealed already: {outcome.count:,} faces. Nothing to do.")
    else:
        click.echo(f"Sealed {outcome.count:,} faces in {outcome.uri}")
        click.echo(f"  report   {outcome.uri}/report.html")
        click.echo(f"  pull     populace pull {outcome.uri} --to DIR")


@main.command()
@JOB
@OUTPUT
@SET
@JSON
def plan(job: Path, output: str | None, changes: tuple[str, ...], as_json: bool) -> None:
    """Show what JOB.yaml will take, and write nothing."""
    from pipeline.engine.driver import plan_job
    from pipeline.engine.plan import plan as make_plan

    made = make_plan(plan_job(_spec(job, changes, output)))
    if as_json:
        click.echo(json.dumps(made.document()))
        return
    from rich.console import Console

    from pipeline.engine.plan_view import plan_view

    Console().print(plan_view(made))


@main.command()
@JOB
@OUTPUT
@SET
@click.option("--workers", type=click.IntRange(1), help="Workers, instead of the spec's.")
@click.option("--address", help="A Ray cluster: auto, host:port or ray://host:port.")
@JSON
def directions(
    job: Path,
    output: str | None,
    changes: tuple[str, ...],
    workers: int | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Show which way each attribute lies in the latents of JOB.yaml's generator.

    Where nobody has looked yet, natural draws are scored and the directions measured in pictures,
    as a run of the job would; they are kept for it, below its output and on this machine.
    """
    from rich.console import Console

    from pipeline.engine.directions_view import directions_view
    from pipeline.engine.driver import find_directions
    from pipeline.engine.progress import Progress

    spec = _spec(job, changes, output)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Progress(spec.name, spec.pictures, Console(stderr=True)) as view:
            found = find_directions(spec, view, workers=workers, address=address)
    except KeyboardInterrupt:
        _stopped(spec)
    if as_json:
        click.echo(json.dumps(found.document()))
    else:
        Console().print(directions_view(found))


@main.command()
@click.argument("uri")
@ENDPOINT
@JSON
def status(uri: str, endpoint: str | None, as_json: bool) -> None:
    """Say how far the job at URI is."""
    from pipeline.engine.driver import job_status
    from pipeline.storage import open_store

    found = job_status(open_store(uri, endpoint=endpoint))
    if as_json:
        click.echo(json.dumps(found))
        return
    state = "sealed" if found["sealed"] else "not sealed; run its job again to continue"
    click.echo(
        f"{found['name']}: {found['faces_committed']:,} of {found['faces']:,} faces, "
        f"{found['shards_committed']:,} of {found['shards']:,} shards committed; {state}"
    )


@main.command()
@click.argument("uri")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR")
@WHERE
@click.option("--count", type=click.IntRange(1), help="At most so many, spread over the cells.")
@drawing
@click.option("--extras/--no-extras", default=True, help="Files beside the images, too (default).")
@click.option("--size", type=int, metavar="PX", help="Make larger images smaller: px a side.")
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

    from pipeline.catalog.balance import balance_of, read_balanced
    from pipeline.catalog.pull import pull as pull_faces
    from pipeline.catalog.pull_view import PullView, pull_text
    from pipeline.errors import SpecError
    from pipeline.provenance.credentials import CredentialCheck, read_anchors

    if not balance and (method != "quotas" or seed or allow_short):
        raise SpecError("balance: is missing, and --method, --seed and --allow-short need it.")
    if trust is not None and not verify:
        raise SpecError("trust: says whose signatures will do; give --verify to check them")
    check = CredentialCheck(read_anchors(trust) if trust else None) if verify else None
    catalog = open_told(uri, endpoint)
    balanced = read_balanced(balance)
    how = balance_of(catalog, balanced, method, seed, allow_short) if balance else None
    with resumable(folder, "fetched"), PullView(Console(stderr=True)) as view:
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


@main.command()
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


@main.command()
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
    credentials = None
    if trust is not None:
        credentials = CredentialCheck(read_anchors(trust))
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


@main.command()
@click.argument("uri")
@click.argument("asset")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR")
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


@main.command()
@click.argument("file", metavar="FILE")
@JSON
def inspect(file: str, as_json: bool) -> None:
    """Say what the checkpoint FILE holds; nothing in it is executed.

    FILE is a path, or an s3:// or https:// address, with #sha256=HEX behind it if you like.
    """
    from pipeline.generators.checkpoints.describe import describe, told
    from pipeline.models.fetch import local_copy

    found = describe(local_copy(file))
    click.echo(json.dumps(found) if as_json else told(found))


@main.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT.safetensors", type=click.Path(path_type=Path))
@click.option("--half", is_flag=True, help="Keep matrices and kernels in float16.")
@click.option("--force", is_flag=True, help="Replace OUT where it exists.")
def convert(source: str, target: Path, half: bool, force: bool) -> None:
    """Rewrite the checkpoint IN as safetensors, which holds no code and loads fast."""
    from pipeline.generators.checkpoints.convert import convert as rewrite
    from pipeline.models.fetch import local_copy

    made = rewrite(local_copy(source), target, half=half, force=force)
    click.echo(f"Wrote {target} ({target.stat().st_size:,} bytes), digest {made.digest()}")


@main.command()
def schema() -> None:
    """Print the JSON Schema of job specs, for editors."""
    from pipeline.spec import JobSpec

    click.echo(json.dumps(JobSpec.model_json_schema(), indent=2))


@main.group()
def train() -> None:
    """Train the bundled networks anew."""


@train.command()
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR")
@click.option("--images", default=16_000, show_default=True, help="Renders to learn from.")
@click.option(
    "--held-out", default=1_000, show_default=True, help="Renders to judge on, three times."
)
@click.option(
    "--epochs", type=int, show_default="14; 8 with --from", help="Passes over the renders."
)
@click.option(
    "--from",
    "begin",
    metavar="WEIGHTS",
    help="Learn on from a finished scorer, at a lower rate: builtin:heads, or weights.safetensors "
    "of another training.",
)
@click.option("--seed", default=0, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Rendering processes.")
@click.option("--threads", default=1, show_default=True, help="Threads of the fit's arithmetic.")
def scorer(
    folder: Path,
    images: int,
    held_out: int,
    epochs: int | None,
    begin: str | None,
    seed: int,
    workers: int,
    threads: int,
) -> None:
    """Train the scorer of builtin:heads on renders; resumes where it was broken off."""
    from pipeline.training.scorer import train_scorer

    train_scorer(
        folder,
        images=images,
        held_out=held_out,
        epochs=epochs,
        begin=begin,
        seed=seed,
        workers=workers,
        threads=threads,
        progress=_stages(),
    )
    click.echo(f"Wrote {folder}/weights.safetensors and {folder}/MODEL_CARD.md")


@train.command()
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR")
@click.option("--count", default=10_000, show_default=True, help="People to learn from.")
@click.option("--held-out", default=1_000, show_default=True, help="Other people to judge on.")
@click.option("--epochs", default=100, show_default=True, help="Passes over the people.")
@click.option("--batch", default=256, show_default=True, help="People of a batch.")
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that render, and that make batches.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Threads of the fit's arithmetic.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Of the fit; auto: CUDA where it is.",
)
def identity(
    folder: Path,
    count: int,
    held_out: int,
    epochs: int,
    batch: int,
    seed: int,
    workers: int,
    threads: int,
    device: "Device",
) -> None:
    """Train the network that tells invented people apart; resumes where it was broken off."""
    from pipeline.training.identity import train_identity

    train_identity(
        folder,
        count=count,
        held_out=held_out,
        epochs=epochs,
        batch=batch,
        seed=seed,
        workers=workers,
        threads=threads,
        device=device,
        progress=_stages(),
    )
    click.echo(f"Wrote {folder}/identity.safetensors and {folder}/IDENTITY.md")


def _stages() -> Callable[[str, int, int], None]:
    """Something to call with a stage, what is done of it and in all: a line each twentieth."""
    start, said = time.monotonic(), ""

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal said
        line = f"{stage}: {done * 20 // max(total, 1) * 5} %"
        if line != said:
            said = line
            click.echo(f"{(time.monotonic() - start) / 60:5.1f} min  {line}", err=True)

    return tell


@train.command()
@click.argument("spec", metavar="SPEC.yaml", type=click.Path(path_type=Path))
def gan(spec: Path) -> None:
    """Train a StyleGAN2 as SPEC.yaml says; run it again to continue or to do nothing."""
    from pipeline.training.gan.run import train_gan
    from pipeline.training.gan.spec import read_gan_spec

    wanted = read_gan_spec(spec)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        train_gan(wanted, lambda line: click.echo(line, err=True), _pictures_of)
    except KeyboardInterrupt:
        click.echo(
            f"Stopped. What was learned stays in {wanted.to}; run the same command again to "
            "continue.",
            err=True,
        )
        sys.exit(130)
    click.echo(f"Wrote {wanted.to}/network.safetensors and {wanted.to}/card.json")


def _pictures_of(uri: str, folder: Path) -> Path:
    """Pull the pictures of the catalog at `uri` to `folder`."""
    from pipeline.catalog.pull import pull as pull_faces
    from pipeline.catalog.read import Catalog

    pull_faces(Catalog.open(uri), folder, extras=False)
    return folder


main.add_command(export)


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


def _spec(job: Path, changes: tuple[str, ...], output: str | None) -> "JobSpec":
    from pipeline.spec import read_spec

    spec = read_spec(job, changes, output)
    if spec.caution:
        click.echo(f"populace: warning: {spec.caution}", err=True)
    return spec


def _stopped(spec: "JobSpec") -> NoReturn:
    click.echo(
        f"Stopped. What is committed stays in {spec.location.uri}; "
        "run the same command again to continue.",
        err=True,
    )
    sys.exit(130)


if __name__ == "__main__":
    main()
