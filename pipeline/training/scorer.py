"""Train the `builtin:heads` scorer: render, fit, calibrate, judge and write it with its card."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.heads_scorer import HeadsScorer, Weights, perceive
from pipeline.attributes.network import HeadsNetwork
from pipeline.attributes.prior import write_prior
from pipeline.errors import SpecError
from pipeline.generators.heads import Heads, truth
from pipeline.training.calibrate import fit_correction, fit_temperatures
from pipeline.training.card import model_card
from pipeline.training.draws import Labels
from pipeline.training.fit import Recipe, fit_network
from pipeline.training.metrics import agreement, judge
from pipeline.training.renders import MakeGenerator, Renders, render_set
from pipeline.training.sets import FLATTENED, SIZE_SHARES, Counts, draw_orders

LEAST_IMAGES = 32
"""Fewest images of a set that make sense."""

Progress = Callable[[str, int, int], None]
"""Called with the stage ("render train", "fit", …), what is done of it, and in all."""


class LabelledHeads(Heads):
    """The built-in generator together with its truth."""

    def truth(self, w: NDArray[np.float32]) -> Labels:
        """The truth of each row of w: float32 [B, D]."""
        return truth(w)


def train_scorer(
    out: Path,
    *,
    images: int = 14_000,
    held_out: int = 1_000,
    prior: int = 4_000,
    epochs: int = 14,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
    make_generator: MakeGenerator = LabelledHeads,
) -> dict[str, Any]:
    """Train a scorer and write it to `out`.

    Writes weights.safetensors, card.json, MODEL_CARD.md and prior.parquet; renders are kept in
    out/renders, so that the same call goes on where it was broken off. Everything follows from the
    arguments; other hardware may round differently.

    Args:
        out: a folder, made if missing.
        images: renders to learn from.
        held_out: renders to judge on, of the natural distribution and again of the flattened one.
        prior: natural draws scored at 64 px for prior.parquet, the held-out ones included.
        epochs: passes over the images.
        seed: of every draw.
        workers: rendering processes; 1 renders in this one.
        progress: told of each step.
        make_generator: builds the generator to learn from.

    Returns:
        The content of card.json.

    Raises:
        SpecError: a number is too small to train or judge with.
        JobError: a rendering process died.
    """
    for name, value in (("images", images), ("held_out", held_out), ("epochs", epochs)):
        least = 1 if name == "epochs" else LEAST_IMAGES
        if value < least:
            raise SpecError(f"train scorer: {name} is {value}; give {least} or more.")
    tell = progress or (lambda stage, done, total: None)
    generator = make_generator()
    counts = Counts(images, held_out, max(images // 10, LEAST_IMAGES), min(held_out, 64), prior)
    orders = draw_orders(generator, counts, seed)
    sets = {
        order.name: render_set(
            order, out / "renders", make_generator, workers, partial(tell, f"render {order.name}")
        )
        for order in orders
    }
    labels = {name: generator.truth(renders.w) for name, renders in sets.items()}
    recipe = Recipe(epochs=epochs)
    network = fit_network(sets["train"], labels["train"], recipe, seed, partial(tell, "fit"))
    weights = out / "weights.safetensors"
    calibrated(network, sets, labels).save(weights)
    card = {
        "name": "builtin:heads",
        "recipe": {
            **asdict(recipe),
            "images": images,
            "flattened": FLATTENED,
            "calibration": counts.calibration,
            "held_out": held_out,
            "sizes": {str(size): share for size, share in SIZE_SHARES.items()},
            "seed": seed,
        },
        "generator_digest": generator.digest,
        "parameters": sum(value.numel() for value in Weights.load(weights).network.values()),
        "weights_bytes": weights.stat().st_size,
    }
    return publish(out, card, sets, labels, seed)


def calibrated(
    network: HeadsNetwork, sets: dict[str, Renders], labels: dict[str, Labels]
) -> Weights:
    """Fold the network and fit temperatures and the skin's correction."""
    folded = network.folded()
    trained = perceive(folded, sets["train"].images)
    seen = perceive(folded, sets["calibration"].images)
    correction = fit_correction(
        trained.skin.features,
        labels["train"]["skin_tone"],
        seen.skin.features,
        labels["calibration"]["skin_tone"],
    )
    state = {name: value.detach() for name, value in folded.state_dict().items()}
    return Weights(state, correction, fit_temperatures(seen, labels["calibration"]))


def publish(
    out: Path,
    card: dict[str, Any],
    sets: dict[str, Renders],
    labels: dict[str, Labels],
    seed: int,
) -> dict[str, Any]:
    """Judge the weights in `out` and write the card, the model card and the prior beside them."""
    scorer = HeadsScorer(out / "weights.safetensors")
    held = {name: scorer.score(sets[name].images) for name in ("natural", "flattened")}
    pairs = len(sets["pairs"].images)
    card = {
        **card,
        "scorer_digest": scorer.digest,
        "held_out": {name: judge(held[name], labels[name], seed) for name in held},
        "previews": agreement(
            scorer.score(sets["natural"].images[:pairs]), scorer.score(sets["pairs"].images)
        ),
    }
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    (out / "MODEL_CARD.md").write_text(model_card(card))
    draws = np.concatenate([sets["natural"].images, sets["prior"].images])
    write_prior(out / "prior.parquet", scorer.score(draws), card["generator_digest"], scorer.digest)
    return card
