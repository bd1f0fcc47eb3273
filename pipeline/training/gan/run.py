"""Run a training from its spec to a finished folder; the same call goes on where it stopped."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from pipeline import __version__
from pipeline.errors import SpecError
from pipeline.generators.checkpoints.checkpoint import Checkpoint
from pipeline.generators.checkpoints.ours import OURS, write_ours
from pipeline.generators.stylegan2.config import Config
from pipeline.training.gan.adversarial import adversarial_step
from pipeline.training.gan.features import Features
from pipeline.training.gan.grids import drawn, first_rows, fixed_latents, write_sheet
from pipeline.training.gan.heads_data import HeadsOrder, render_heads
from pipeline.training.gan.image_data import gather_images
from pipeline.training.gan.log import Log, Tell, Ticker, read_log
from pipeline.training.gan.metrics import Judge
from pipeline.training.gan.plot import write_plot
from pipeline.training.gan.regress import regress_step
from pipeline.training.gan.shards import Order, Pictures
from pipeline.training.gan.spec import HEADS, GanSpec
from pipeline.training.gan.start import (
    as_float,
    load_discriminator,
    save_discriminator,
    starting_point,
)
from pipeline.training.gan.state import State

LOG_KIMG = 1.0
"""Thousands of pictures between two entries of the log."""


Fetch = Callable[[str, Path], Path]
"""Brings the pictures of a catalog, by its address, below a folder, and says where they are."""


def train_gan(spec: GanSpec, tell: Tell, fetch: Fetch | None = None) -> dict[str, Any]:
    """Train, and write the result to the folder `spec.to`.

    network.safetensors (the averaged generator), discriminator.safetensors, card.json, plot.svg,
    samples/*.png, log.jsonl; state.pt, to go on from; data/, the pictures.

    Args:
        tell: called with a line for people now and then.
        fetch: needed where the pictures are a catalog's.

    Returns:
        The content of card.json.

    Raises:
        SpecError: the spec or what it names does not fit.
        JobError: a rendering process died.
    """
    folder = Path(spec.to)
    folder.mkdir(parents=True, exist_ok=True)
    with _threads(spec.threads):
        config, checkpoint = starting_point(spec)
        run = hashlib.sha256(
            f"{spec.digest} {checkpoint.digest() if checkpoint else ''}".encode()
        ).hexdigest()
        _claim(folder / "run.json", spec, run)
        if (card := _finished(folder / "card.json", spec)) is not None:
            return card
        pictures = _pictures(spec, config, folder, tell, fetch)
        state = State.fresh(spec, config, _device(spec))
        if checkpoint is not None:
            state.generator.load_state_dict(as_float(checkpoint.state))
            state.average.load_state_dict(as_float(checkpoint.state))
        if spec.start_discriminator is not None:
            load_discriminator(Path(spec.start_discriminator), state.discriminator)
        state.restore(folder / "state.pt", run)
        judge = (
            Judge(pictures, spec.metrics.count, spec.metrics.seed, state.device)
            if spec.metrics.count
            else None
        )
        _train(spec, state, pictures, judge, folder, run, tell)
        tell("judge and write")
        return _finish(spec, state, pictures, judge, folder)


def _train(
    spec: GanSpec,
    state: State,
    pictures: Pictures,
    judge: Judge | None,
    folder: Path,
    run: str,
    tell: Tell,
) -> None:
    """Take every step that is missing."""
    z = fixed_latents(spec, pictures, state.generator.config.z_dim)
    log, ticker, words = Log(folder / "log.jsonl", state.step), Ticker(tell), ""
    step_of = _steps(spec, pictures)
    if state.step == 0:
        write_sheet(folder / "samples" / "real.png", pictures.read(first_rows(pictures))["image"])
    while state.step < spec.steps:
        began = time.monotonic()
        stage = "regress" if state.step < spec.regress_steps else "adversarial"
        before = spec.images(state.step)
        log.add(step_of[stage](state))
        state.step += 1
        state.seconds += time.monotonic() - began
        after = spec.images(state.step)
        last = state.step in (spec.regress_steps, spec.steps)
        saves = last or _passes(before, after, spec.checkpoint_kimg)
        if judge is not None and _passes(before, after, spec.metrics.kimg):
            log.add({"frechet": judge.frechet(state.average)})
        if saves or _passes(before, after, LOG_KIMG):
            words = log.flush(stage, state.step, after)
        if last or _passes(before, after, spec.sample_kimg):
            write_sheet(folder / "samples" / f"{after:09d}.png", drawn(state.average, z))
        if saves:
            state.save(folder / "state.pt", run)
            write_plot(folder / "plot.svg", read_log(folder / "log.jsonl"))
        ticker(stage, after, spec.images(spec.steps), words)


def _steps(spec: GanSpec, pictures: Pictures) -> dict[str, Callable[[State], dict[str, float]]]:
    """How each stage takes a step."""
    features = Features(_device(spec)) if spec.regress.kimg and spec.regress.features else None
    order = Order(len(pictures), spec.regress.batch, spec.seed)
    # Another order than before: the first pass is not the one that was learned first.
    other = Order(len(pictures), spec.adversarial.batch, spec.seed + 1)
    return {
        "regress": lambda state: regress_step(state, spec, pictures, order, features),
        "adversarial": lambda state: adversarial_step(state, spec, pictures, other),
    }


def _finish(
    spec: GanSpec, state: State, pictures: Pictures, judge: Judge | None, folder: Path
) -> dict[str, Any]:
    """Write what the run was for."""
    tensors = {n: value.cpu().contiguous() for n, value in state.average.state_dict().items()}
    config = state.average.config
    made = Checkpoint("stylegan2", asdict(config), tensors, OURS, notes=_notes(spec))
    write_ours(made, folder / "network.safetensors", force=True)
    if spec.adversarial.kimg:
        save_discriminator(folder / "discriminator.safetensors", state.discriminator)
    card: dict[str, Any] = {
        "made_by": f"populace {__version__} train gan",
        "spec": spec.model_dump(mode="json", by_alias=True),
        "notes": list(made.notes),
        "digest": made.digest(),
        "parameters": made.parameters,
        "pictures": len(pictures),
        "seen": spec.images(state.step),
        "hours": round(state.seconds / 3600, 3),
        "metrics": judge.figures(state.average) if judge is not None else None,
    }
    part = folder / "card.part"
    part.write_text(json.dumps(card, indent=1) + "\n")
    part.replace(folder / "card.json")
    return card


def _device(spec: GanSpec) -> torch.device:
    """Where to train; SpecError where that is not."""
    there = torch.cuda.is_available()
    if spec.device == "cuda" and not there:
        raise SpecError("device: 'cuda' is not to be had here; write auto or cpu.")
    return torch.device("cuda" if there and spec.device != "cpu" else "cpu")


def _notes(spec: GanSpec) -> tuple[str, ...]:
    """What must be known of the network's z."""
    if spec.data.source != HEADS:
        return ()
    return (
        "z, scaled to a mean square of one, begins with the latent of builtin:heads that it was "
        "taught to draw; the numbers behind it are free.",
    )


def _pictures(
    spec: GanSpec, config: Config, folder: Path, tell: Tell, fetch: Fetch | None
) -> Pictures:
    """Make the pictures to learn from, or find them made."""
    source, size, workers = spec.data.source, config.resolution, spec.data.workers
    keep = Path(spec.data.keep) if spec.data.keep else folder / "data"
    ticker = Ticker(tell)
    if source == HEADS:
        order = HeadsOrder(spec.data.count, spec.data.seed, config.z_dim, size)
        return render_heads(order, keep, workers, lambda done, total: ticker("render", done, total))
    if not source.startswith("s3://") and not (Path(source) / "catalog.json").exists():
        images = Path(source)
    elif fetch is not None:
        images = fetch(source, keep / "catalog")
    else:
        raise SpecError(f"data.source: {source} is a catalog; pull it, and give its folder.")
    return gather_images(
        images, size, keep, workers, lambda done, total: ticker("prepare", done, total)
    )


def _finished(path: Path, spec: GanSpec) -> dict[str, Any] | None:
    """The card of the very same spec, if its run is done."""
    card: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return card if card.get("spec") == spec.model_dump(mode="json", by_alias=True) else None


def _claim(path: Path, spec: GanSpec, run: str) -> None:
    """Write down which run a folder is of.

    Raises:
        SpecError: it is of another.
    """
    if path.exists():
        held = json.loads(path.read_text())
        if held["run"] == run:
            return
        raise SpecError(
            f"to: {spec.to} holds a run of another spec; give another folder, or delete that one."
        )
    path.write_text(json.dumps({"run": run, "spec": spec.model_dump(mode="json", by_alias=True)}))


def _passes(before: int, after: int, kimg: float) -> bool:
    """Whether a multiple of so many thousand pictures lies between two counts; 0: never."""
    return kimg > 0 and after // (1000 * kimg) > before // (1000 * kimg)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """So many threads within, as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
