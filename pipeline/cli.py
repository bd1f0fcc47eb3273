"""The `populace` command: parse, call, print."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline import __version__
from pipeline.cli_browse import browse
from pipeline.cli_catalog import export, extend, revoke, versions
from pipeline.cli_options import ADDRESS, ENDPOINT, JSON, resumable
from pipeline.cli_pull import draw, pull, vary
from pipeline.cli_query import audit, ls, query, show
from pipeline.cli_serve import key, serve
from pipeline.cli_train import train
from pipeline.errors import PopulaceError

if TYPE_CHECKING:
    from pipeline.spec import JobSpec

# The rooms are imported where they are called: `populace --help` must not wait for torch or Ray.

JOB = click.argument("job", type=click.Path(path_type=Path))
OUTPUT = click.option("--output", metavar="URI", help="Write there instead of the spec's output.")
SET = click.option(
    "--set", "changes", multiple=True, metavar="KEY.PATH=VALUE", help="Change a field of the spec."
)
WORKERS = click.option("--workers", type=click.IntRange(1), help="Workers, instead of the spec's.")


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


for _command in (
    pull, draw, vary, export, browse, ls, show, query, audit, extend, revoke, versions, serve, key,
    train,
):  # fmt: skip
    main.add_command(_command)


@main.command()
@JOB
@OUTPUT
@SET
@WORKERS
@ADDRESS
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
    progress = Progress(spec.name, spec.pictures, Console(stderr=True))
    with resumable(spec.location.uri, "is committed"), progress as view:
        outcome = run_job(spec, view, workers=workers, address=address)
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
@WORKERS
@ADDRESS
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
    progress = Progress(spec.name, spec.pictures, Console(stderr=True))
    with resumable(spec.location.uri, "is committed"), progress as view:
        found = find_directions(spec, view, workers=workers, address=address)
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


def _spec(job: Path, changes: tuple[str, ...], output: str | None) -> "JobSpec":
    from pipeline.spec import read_spec

    spec = read_spec(job, changes, output)
    if spec.caution:
        click.echo(f"populace: warning: {spec.caution}", err=True)
    return spec


if __name__ == "__main__":
    main()
