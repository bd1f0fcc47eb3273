"""Train the `builtin:heads` scorer: render, fit, calibrate, judge and write it with its card."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.attributes import network as architecture
from pipeline.attributes.calibration import Calibration
from pipeline.attributes.heads_scorer import HeadsScorer
from pipeline.attributes.heads_weights import Weights
from pipeline.attributes.held_out import HeldOut, write_held_out
from pipeline.attributes.network import SIZE, HeadsNetwork
from pipeline.attributes.perception import perceive
from pipeline.attributes.resample import resized
from pipeline.attributes.value_file import Values
from pipeline.errors import SpecError
from pipeline.models.files import file_sha256
from pipeline.training import (
    augment,
    batches,
    broken,
    corruptions,
    fit,
    losses,
    nonfaces,
    pace,
    sets,
    unfold,
)
from pipeline.training.augment import HARD_QUALITY, hard_conditions
from pipeline.training.calibrate import fit_certainty, fit_correction, fit_temperatures, fit_trust
from pipeline.training.card import model_card
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.corruptions import corrupted, training_kinds
from pipeline.training.draws import LabelledGenerator, Labels, tone_class
from pipeline.training.fit import TUNING, Recipe, fit_network
from pipeline.training.labelled_heads import LabelledHeads
from pipeline.training.metrics import agreement, judge
from pipeline.training.origin import read_origin, refuse_other_origin
from pipeline.training.realism import realism_figures
from pipeline.training.renders import MakeGenerator, Renders, render_set
from pipeline.training.sets import Counts, draw_orders, kind_rows
from pipeline.training.surrogate import fit_surrogate

LEAST_IMAGES = 32
"""Fewest images of a set that make sense."""

_CORRECTED = 4
"""Every so-manieth training image serves to fit the skin's correction."""

_CALIBRATION = 2
"""Calibration images are at least so many times as many as those of a held-out set: how sure to be
is fitted to 192 features, and of half of 6,000 images it is told markedly worse."""

_FIT_SOURCES = (
    architecture,
    augment,
    batches,
    broken,
    corruptions,
    fit,
    losses,
    nonfaces,
    pace,
    unfold,
)
"""Code that decides how a fit goes: a checkpoint of other code is not taken up."""

Progress = Callable[[str, int, int], None]
"""Called with the stage ("render train", "fit", …), what is done of it, and in all."""


def train_scorer(
    out: Path,
    *,
    images: int = 16_000,
    held_out: int = 1_000,
    prior: int = 17_000,
    epochs: int | None = None,
    begin: str | None = None,
    seed: int = 0,
    workers: int = 1,
    threads: int = 1,
    progress: Progress | None = None,
    make_generator: MakeGenerator = LabelledHeads,
) -> dict[str, Any]:
    """Train a scorer, from nothing or on from a finished one, and write it to `out`.

    Writes weights.safetensors, card.json, MODEL_CARD.md, held_out.parquet and the files of the
    calibration; renders are kept in out/renders and the state of the fit in out/fit.pt until it is
    done, so that the same call goes on where it was broken off. Everything follows from the
    arguments; other hardware, and other numbers of threads, may round differently.

    Args:
        out: a folder, made if missing.
        images: renders to learn from.
        held_out: renders to judge on, of each of two distributions; natural ones are four times
            as many.
        prior: natural draws scored at 64 px for the calibration.
        epochs: passes over the images; the recipe's where None, fewer where a scorer learns on.
        begin: builtin:heads, or weights.safetensors of another training, to learn on from at a
            lower rate; whatever else makes a scorer is made anew. None begins from nothing.
        seed: of every draw.
        workers: rendering processes; 1 renders in this one.
        threads: of the fit's arithmetic.
        progress: told of each step.
        make_generator: builds the generator to learn from.

    Returns:
        The content of card.json.

    Raises:
        SpecError: a number is too small to train or judge with, there is no such scorer to begin
            from, or `out` holds a training that began from another.
        JobError: a rendering process died.
    """
    recipe = Recipe() if begin is None else TUNING
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    for name, value in (("images", images), ("held_out", held_out), ("epochs", recipe.epochs)):
        least = 1 if name == "epochs" else LEAST_IMAGES
        if value < least:
            raise SpecError(f"train scorer: {name} is {value}; give {least} or more.")
    origin = None if begin is None else read_origin(begin)
    begun = origin.digest if origin else ""
    refuse_other_origin(out, begun)
    tell = progress or (lambda stage, done, total: None)
    generator = make_generator()
    calibration = max(images // 8, _CALIBRATION * held_out)
    counts = Counts(images, held_out, calibration, min(held_out, 64), prior)
    rendered = {
        order.name: render_set(
            order, out / "renders", make_generator, workers, partial(tell, f"render {order.name}")
        )
        for order in draw_orders(generator, counts, seed)
    }
    labels = {name: generator.truth(renders.w) for name, renders in rendered.items()}
    run = _run_digest(rendered["train"], recipe, generator, seed, begun)
    checkpoint = Checkpoint(out / "fit.pt", run, begun)
    network = fit_network(
        rendered["train"],
        labels["train"],
        recipe,
        seed,
        partial(tell, "fit"),
        begin=origin.network if origin else None,
        threads=threads,
        checkpoint=checkpoint,
    )
    weights = out / "weights.safetensors"
    calibrated(network, rendered, labels, seed).save(weights)
    card = {
        "name": "builtin:heads",
        "recipe": {
            **asdict(recipe),
            "images": images,
            "shares": sets.KIND_SHARES,
            "emphasis": {n: [[*group] for group in g] for n, g in losses.EMPHASIS.items()},
            "calibration": counts.calibration,
            "held_out": held_out,
            "sizes": {str(size): share for size, share in sets.SIZE_SHARES.items()},
            "judged_size": sets.JUDGED_SIZE,
            "hard_quality": HARD_QUALITY,
            "broken": {"trained": [*corruptions.TRAINED], "held_out": [*corruptions.HELD_OUT]},
            "seed": seed,
        },
        "lineage": list(origin.lineage) if origin else [],
        "generator_digest": generator.digest,
        "weights_digest": file_sha256(weights),
        "parameters": sum(value.numel() for value in Weights.load(weights).network.values()),
        "weights_bytes": weights.stat().st_size,
    }
    card = publish(out, card, rendered, labels, seed)
    checkpoint.remove()
    return card


def calibrated(
    network: HeadsNetwork, rendered: dict[str, Renders], labels: dict[str, Labels], seed: int
) -> Weights:
    """Fold the network, fit how sure it may be of each image, and the skin's correction.

    Calibration images are seen as the scorer is judged: those of the hard distribution in hard
    conditions. Of training and bad images every second one is.
    """
    folded = network.folded()
    rng = np.random.default_rng(seed)
    learned = rendered["train"].images[::_CORRECTED]
    held = rendered["calibration"]
    kinds = training_kinds(len(held.images), rng)
    bad = np.stack([corrupted(held, row, kind, rng) for row, kind in enumerate(kinds)])
    rows = kind_rows(sets.CALIBRATION_SHARES, len(held.images))
    judged = _hardened(held.images, slice(rows["hard"].start, rows["hard"].stop))
    drawn = np.repeat(np.arange(len(rows)), [len(part) for part in rows.values()])
    every_second = slice(1, None, 2)
    trained, broken = (perceive(folded, _hardened(i, every_second)) for i in (learned, bad))
    weight, bias = fit_certainty(perceive(folded, judged), labels["calibration"], drawn)
    folded.certainty.weight.copy_(torch.from_numpy(weight))
    folded.certainty.bias.copy_(torch.from_numpy(bias))
    seen = perceive(folded, judged)
    tone, truth = labels["train"]["skin_tone"][::_CORRECTED], labels["calibration"]["skin_tone"]
    correction = fit_correction(trained.skin.features, tone, seen.skin.features, truth)
    temperatures = fit_temperatures(seen, labels["calibration"], broken)
    temperatures["skin_tone"], trust = fit_trust(
        seen.logits["skin_tone"], correction.tones(seen.skin.features), truth
    )
    state = {name: value.detach() for name, value in folded.state_dict().items()}
    return Weights(state, replace(correction, trust=trust), temperatures)


def publish(
    out: Path,
    card: dict[str, Any],
    rendered: dict[str, Renders],
    labels: dict[str, Labels],
    seed: int,
) -> dict[str, Any]:
    """Judge the weights in `out` and write both cards and the calibration beside them."""
    scorer = HeadsScorer(out / "weights.safetensors")
    held, read = {}, {}
    for name in sets.HELD_OUT:
        images = rendered[name].images
        scores = scorer.score(hard_conditions(images) if name == "hard" else images)
        held[name] = judge(scores, labels[name], rendered[name].landmarks, seed)
        read[name] = scores.values
    digests = (card["generator_digest"], scorer.digest)
    prior = scorer.score(rendered["prior"].images).values
    write_held_out(out / "held_out.parquet", _held_out(read["natural"], labels["natural"], digests))
    surrogate, figures = fit_surrogate(
        np.concatenate([rendered["prior"].w, rendered["natural"].w]),
        {name: np.concatenate([values, read["natural"][name]]) for name, values in prior.items()},
        digests,
    )
    for name, data in Calibration(surrogate, prior, figures).to_files().items():
        (out / name).write_bytes(data)
    card = {
        **card,
        "scorer_digest": scorer.digest,
        "held_out": held,
        "realism": realism_figures(
            lambda images: scorer.score(images).quality["realism"],
            rendered["natural"].first(len(rendered["hard"].images)),
            rendered["hard"],
            seed,
        ),
        "previews": agreement(
            *(scorer.score(rendered[name].images) for name in ("previews", "pairs"))
        ),
        "surrogate": figures,
    }
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    (out / "MODEL_CARD.md").write_text(model_card(card))
    return card


def _held_out(read: Values, labels: Labels, digests: tuple[str, str]) -> HeldOut:
    """Readings and their truth; the true skin tone is the nearest on the scale."""
    truth = {name: np.asarray(labels[name]) for name in read.keys() & labels.keys()}
    truth["skin_tone"] = (1 + tone_class(truth["skin_tone"])).astype(np.float32)
    return HeldOut(read, truth, *digests)


def _hardened(images: NDArray[np.uint8], rows: slice) -> NDArray[np.uint8]:
    """These rows in hard conditions, and enlarged again: uint8 [B, 128, 128, 3]."""
    found = images.copy()
    found[rows] = np.rint(resized(hard_conditions(images[rows]), SIZE)).astype(np.uint8)
    return found


def _run_digest(
    train: Renders, recipe: Recipe, generator: LabelledGenerator, seed: int, begun: str
) -> str:
    """sha256 (hex) of all that decides how the fit goes."""
    digest = hashlib.sha256(json.dumps([asdict(recipe), generator.digest, seed, begun]).encode())
    digest.update(train.w.tobytes())
    for module in _FIT_SOURCES:
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()
