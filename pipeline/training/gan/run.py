"""Run a training from its spec to a finished folder; the same call goes on where it stopped."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import SpecError
from pipeline.training.gan.adversarial import adversarial_step
from pipeline.training.gan.features import Features
from pipeline.training.gan.grids import drawn, first_rows, fixed_latents, write_sheet
from pipeline.training.gan.log import Log, Tell, Ticker, read_log
from pipeline.training.gan.metrics import Judge
from pipeline.training.gan.plot import write_plot
from pipeline.training.gan.regress import regress_step
from pipeline.training.gan.result import write_result
from pipeline.training.gan.shards import Order, Pictures
from pipeline.training.gan.sources import Fetch, pictures_of
from pipeline.training.gan.spec import GanSpec
from pipeline.training.gan.start import as_float, load_discriminator, starting_point
from pipeline.training.gan.state import State
from pipeline.training.gan.whole import write_whole
from pipeline.training.threads import torch_threads

LOG_KIMG = 1.0
"""Thousands of pictures between two entries of the log."""


@dataclass(frozen=True)
class Run:
    """A run in hand.

    digest: sha256 (hex) of all that decides how its steps go; tell: called with lines for people;
    judge: None where nothing is judged.
    """

    spec: GanSpec
    folder: Path
    digest: str
    tell: Tell
    pictures: Pictures
    judge: Judge | None


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
    if (card := _finished(folder / "card.json", spec)) is not None:
        return card
    folder.mkdir(parents=True, exist_ok=True)
    with torch_threads(spec.threads):
        config, checkpoint = starting_point(spec)
        state = State.fresh(spec, config, _device(spec))
        if checkpoint is not None:
            state.generator.load_state_dict(as_float(checkpoint.state))
            state.average.load_state_dict(as_float(checkpoint.state))
        if spec.start_discriminator is not None:
            load_discriminator(Path(spec.start_discriminator), state.discriminator)
        pictures = pictures_of(spec, config, folder, tell, fetch)
        weights = checkpoint.digest() if checkpoint else ""
        content = f"{spec.digest} {weights} {pictures.name}"
        digest = hashlib.sha256(content.encode()).hexdigest()
        _claim(folder / "run.json", spec, digest)
        state.restore(folder / "state.pt", digest)
        count, seed = spec.metrics.count, spec.metrics.seed
        judge = Judge(pictures, count, seed, state.device) if count else None
        _train(Run(spec, folder, digest, tell, pictures, judge), state)
        tell("judge and write")
        return write_result(spec, state, pictures, judge, folder)


def _train(run: Run, state: State) -> None:
    """Take every step that is missing."""
    spec, folder = run.spec, run.folder
    z = fixed_latents(spec, run.pictures, state.generator.config.z_dim)
    log, ticker, words = Log(folder / "log.jsonl", state.step), Ticker(run.tell), ""
    step_of = _steps(spec, run.pictures)
    if state.step == 0:
        real = run.pictures.read(first_rows(run.pictures))["image"]
        write_sheet(folder / "samples" / "real.png", real)
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
        if run.judge is not None and _passes(before, after, spec.metrics.kimg):
            log.add({"frechet": run.judge.frechet(state.average)})
        if saves or _passes(before, after, LOG_KIMG):
            words = log.flush(stage, state.step, after)
        if last or _passes(before, after, spec.sample_kimg):
            write_sheet(folder / "samples" / f"{after:09d}.png", drawn(state.average, z))
        if saves:
            state.save(folder / "state.pt", run.digest)
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


def _device(spec: GanSpec) -> torch.device:
    """Where to train; SpecError where that is not."""
    there = torch.cuda.is_available()
    if spec.device == "cuda" and not there:
        raise SpecError("device: 'cuda' is not to be had here; write auto or cpu.")
    return torch.device("cuda" if there and spec.device != "cpu" else "cpu")


def _finished(path: Path, spec: GanSpec) -> dict[str, Any] | None:
    """The card of the very same spec, if its run is done."""
    card: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return card if card.get("spec") == spec.model_dump(mode="json", by_alias=True) else None


def _claim(path: Path, spec: GanSpec, digest: str) -> None:
    """Write down which run a folder is of.

    Raises:
        SpecError: it is of another.
    """
    if path.exists():
        held = json.loads(path.read_text())
        if held["run"] == digest:
            return
        raise SpecError(
            f"to: {spec.to} holds a run of another spec or of other pictures; give another folder, "
            "or delete that one."
        )
    about = {"run": digest, "spec": spec.model_dump(mode="json", by_alias=True)}
    write_whole(path, json.dumps(about))


def _passes(before: int, after: int, kimg: float) -> bool:
    """Whether a multiple of so many thousand pictures lies between two counts; 0: never."""
    return kimg > 0 and after // (1000 * kimg) > before // (1000 * kimg)
