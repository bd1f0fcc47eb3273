"""Run a training from its spec to a finished folder; the same call goes on where it stopped."""

import hashlib
import json
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import JobError, SpecError
from pipeline.models.files import file_sha256
from pipeline.training.gan import ranks
from pipeline.training.gan.adversarial import adversarial_step
from pipeline.training.gan.discriminator import Discriminator
from pipeline.training.gan.features import FEATURES, Features, Taught
from pipeline.training.gan.fused import check_compiler
from pipeline.training.gan.launch import Elsewhere, in_ranks
from pipeline.training.gan.log import Tell
from pipeline.training.gan.record import Record
from pipeline.training.gan.regress import DTYPES, regress_step
from pipeline.training.gan.result import MODEL_CARD, write_result
from pipeline.training.gan.shards import Feed, Order, Pictures
from pipeline.training.gan.sources import Fetch, pictures_of
from pipeline.training.gan.spec import HEADS, GanSpec
from pipeline.training.gan.start import (
    CARD,
    load_discriminator,
    load_generator,
    starting_point,
)
from pipeline.training.gan.state import State
from pipeline.training.gan.whole import write_whole
from pipeline.training.threads import torch_threads

_MOST_LOST = 100
"""Steps in a row that may come to nothing."""


def train_gan(
    spec: GanSpec, tell: Tell, fetch: Fetch | None = None, elsewhere: Elsewhere | None = None
) -> dict[str, Any]:
    """Train, and write the result to the folder `spec.to`.

    network.safetensors (the averaged generator), discriminator.safetensors, MODEL_CARD.md and the
    figures behind it, card.json; plot.svg, samples/*.png, log.jsonl; state.pt, to go on from;
    data/, the pictures.

    Args:
        tell: called with a line for people now and then.
        fetch: needed where the pictures are a catalog's.
        elsewhere: devices to train on, in place of this machine's.

    Returns:
        The content of card.json.

    Raises:
        SpecError: the spec or what it names does not fit.
        JobError: a process that renders or trains died, gradients stayed without bounds, or a file
            could not be written.
    """
    try:
        return _trained(spec, tell, fetch, elsewhere)
    except OSError as error:
        raise JobError(
            f"train gan: {error.filename or spec.to} cannot be read or written "
            f"({error.strerror or error}); mend that, and run the same command again to go on."
        ) from error


def _trained(
    spec: GanSpec, tell: Tell, fetch: Fetch | None, elsewhere: Elsewhere | None
) -> dict[str, Any]:
    card = Path(spec.to) / CARD
    if (found := _finished(card, spec)) is not None:
        return found
    count = elsewhere.count if elsewhere else _devices(spec)
    spec.check_shares(count)
    check_compiler(spec)
    try:
        Path(spec.to).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(
            f"to: the folder {spec.to} cannot be made ({error.strerror}); give another."
        ) from None
    with torch_threads(spec.threads):
        config, _ = starting_point(spec)
        if spec.start_discriminator is not None:
            # Before pictures are made, which may take hours.
            load_discriminator(spec.start_discriminator, Discriminator(config))
        pictures = pictures_of(spec, config, Path(spec.to), tell, fetch)
    work = partial(train_rank, spec, pictures)
    try:
        if elsewhere:
            elsewhere.run(work, count, tell)
        elif count == 1:
            work(tell)
        else:
            in_ranks(work, count, "nccl" if _on_cuda(spec) else "gloo", tell)
    finally:
        pictures.close()
    made: dict[str, Any] = json.loads(card.read_text())
    return made


def train_rank(spec: GanSpec, pictures: Pictures, tell: Tell) -> None:
    """Take this rank's share of every step that is missing; the first rank writes all there is.

    Args:
        tell: called by the first rank alone.

    Raises:
        SpecError: what the spec names does not fit, or its folder is another run's.
    """
    with torch_threads(spec.threads):
        config, checkpoint = starting_point(spec)
        on = torch.device("cuda", torch.cuda.current_device()) if _on_cuda(spec) else "cpu"
        state = State.fresh(spec, config, torch.device(on))
        if checkpoint is not None:
            load_generator(checkpoint, state.generator)
            load_generator(checkpoint, state.average)
        if spec.start_discriminator is not None:
            load_discriminator(spec.start_discriminator, state.discriminator)
        weights = checkpoint.digest() if checkpoint else ""
        content = f"{spec.digest} {weights} {pictures.name} {_teacher(spec)}"
        digest = hashlib.sha256(content.encode()).hexdigest()
        folder = Path(spec.to)
        first = ranks.rank() == 0
        if first:
            _claim(folder / "run.json", spec, digest)
        state.restore(folder / "state.pt", digest)
        record = Record(spec, digest, pictures, state, tell) if first else None
        _train(spec, pictures, state, record)
        if record is not None:
            tell("judge and write")
            write_result(spec, state, pictures, record.judge, weights, folder)


def _teacher(spec: GanSpec) -> str:
    """sha256 (hex) of the scorer whose features are in the loss; "" for none."""
    return file_sha256(FEATURES) if spec.data.source == HEADS and spec.regress.features else ""


def _train(spec: GanSpec, pictures: Pictures, state: State, record: Record | None) -> None:
    """Take every step that is missing."""
    step_of = _steps(spec, pictures, state.device)
    lost = 0
    while state.step < spec.steps:
        began = time.monotonic()
        stage = "regress" if state.step < spec.regress_steps else "adversarial"
        figures = ranks.mean_figures(step_of[stage](state), state.device)
        state.step += 1
        state.seconds += time.monotonic() - began
        lost = 0 if all(map(math.isfinite, figures.values())) else lost + 1
        if lost == _MOST_LOST:
            raise JobError(
                f"train gan: {lost} steps of the stage '{stage}' came to nothing, since their "
                "gradients have no bounds; lower its rates or clip, and begin in another folder."
            )
        if record is not None:
            record.add(stage, figures)


def _steps(
    spec: GanSpec, pictures: Pictures, device: torch.device
) -> dict[str, Callable[[State], dict[str, float]]]:
    """How each stage takes a step."""
    held = spec.data.source == HEADS and spec.regress.features
    taught = Taught(pictures, Features(device, DTYPES[spec.precision]), spec) if held else None
    data, count = spec.data, len(pictures)
    order = Order(count, spec.regress.batch, spec.seed, data.first, data.growth)
    # Another order than before: the first pass is not the one that was learned first.
    other = Order(count, spec.adversarial.batch, spec.seed + 1)
    feed, later = Feed(pictures, order, device), Feed(pictures, other, device)
    return {
        "regress": lambda state: regress_step(state, spec, feed, taught),
        "adversarial": lambda state: adversarial_step(state, spec, later, taught),
    }


def _on_cuda(spec: GanSpec) -> bool:
    return spec.device != "cpu" and torch.cuda.is_available()


def _devices(spec: GanSpec) -> int:
    """How many of this machine's devices to train on; SpecError where there are not so many."""
    there = torch.cuda.device_count() if _on_cuda(spec) else 0
    if spec.device == "cuda" and not there:
        raise SpecError("device: 'cuda' is not to be had here; write auto or cpu.")
    count = max(there, 1) if spec.devices == "auto" else spec.devices
    if there and count > there:
        raise SpecError(f"devices: {count}, but there are {there} CUDA cards here; write auto.")
    return count


def _finished(path: Path, spec: GanSpec) -> dict[str, Any] | None:
    """The card of the very same spec, if its run is done."""
    card = _read(path) if path.exists() else {}
    told = path.with_name(MODEL_CARD).exists()  # an earlier version wrote none
    return card if told and card.get("spec") == spec.plain() else None


def _read(path: Path) -> dict[str, Any]:
    """The content of a JSON file of a run; nothing of one that is damaged, which is no run's."""
    try:
        found = json.loads(path.read_text())
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _claim(path: Path, spec: GanSpec, digest: str) -> None:
    """Write down which run a folder is of.

    Raises:
        SpecError: it is of another.
    """
    if path.exists():
        if _read(path).get("run") == digest:
            return
        raise SpecError(
            f"to: {spec.to} holds a run of another spec or of other pictures; give another folder, "
            "or delete that one."
        )
    about = {"run": digest, "spec": spec.plain()}
    write_whole(path, json.dumps(about))
