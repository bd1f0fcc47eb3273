"""The commands that make networks: `populace train`."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli_options import ADDRESS, TO, resumable

if TYPE_CHECKING:
    from pipeline.training.identity import Device


@click.group()
def train() -> None:
    """Train the bundled networks anew."""


@train.command()
@TO
@click.option("--images", default=16_000, show_default=True, help="Renders to learn from.")
@click.option(
    "--held-out", default=1_000, show_default=True, help="Renders to judge on, six times as many."
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
@TO
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
@ADDRESS
def gan(spec: Path, address: str | None) -> None:
    """Train a StyleGAN2 as SPEC.yaml says; run it again to continue or to do nothing.

    With --address on the devices of a Ray cluster, whose nodes must share the run's folder.
    """
    from pipeline.training.gan.run import train_gan
    from pipeline.training.gan.spec import read_gan_spec

    wanted = read_gan_spec(spec)

    def tell(line: str) -> None:
        click.echo(line, err=True)

    with resumable(wanted.to, "was learned"):
        if address is None:
            train_gan(wanted, tell, _pictures_of)
        else:
            from pipeline.engine.ranks import train_on_cluster

            train_on_cluster(wanted, address, tell, _pictures_of)
    click.echo(f"Wrote {wanted.to}/network.safetensors and {wanted.to}/card.json")


def _pictures_of(uri: str, folder: Path) -> Path:
    """Pull the pictures of the catalog at `uri` to `folder`."""
    from pipeline.catalog.pull import pull as pull_faces
    from pipeline.catalog.read import Catalog

    pull_faces(Catalog.open(uri), folder, extras=False)
    return folder
