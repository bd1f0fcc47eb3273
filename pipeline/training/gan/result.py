"""Write what a run was for: networks that others can load, and a card that says what they are."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.generators.checkpoints.checkpoint import Checkpoint
from pipeline.generators.checkpoints.ours import OURS, write_ours
from pipeline.training.gan.metrics import Judge
from pipeline.training.gan.model_card import model_card
from pipeline.training.gan.shards import Pictures
from pipeline.training.gan.spec import HEADS, GanSpec
from pipeline.training.gan.start import CARD, card_of, save_discriminator
from pipeline.training.gan.state import State
from pipeline.training.gan.whole import write_whole

MODEL_CARD = "MODEL_CARD.md"


def write_result(
    spec: GanSpec,
    state: State,
    pictures: Pictures,
    judge: Judge | None,
    weights: str,
    folder: Path,
) -> dict[str, Any]:
    """Write network.safetensors, discriminator.safetensors after a second stage, and the cards.

    Args:
        weights: digest of the network that the run began with; "" for none.

    Returns:
        The content of card.json, which is written last.
    """
    tensors = {n: value.cpu().contiguous() for n, value in state.average.state_dict().items()}
    config = state.average.config
    made = Checkpoint("stylegan2", asdict(config), tensors, OURS, notes=_notes(spec))
    write_ours(made, folder / "network.safetensors", force=True)
    if spec.adversarial.kimg:
        save_discriminator(folder / "discriminator.safetensors", state.discriminator)
    card: dict[str, Any] = {
        "made_by": f"populace {__version__} train gan",
        "spec": spec.plain(),
        "began": _began(spec.start, weights) if spec.start else None,
        "notes": list(made.notes),
        "digest": made.digest(),
        "parameters": made.parameters,
        "resolution": config.resolution,
        "pictures": [pictures.name, len(pictures)],
        "seen": spec.images(state.step),
        "hours": round(state.seconds / 3600, 3),
        "metrics": judge.figures(state.average) if judge is not None else None,
    }
    write_whole(folder / MODEL_CARD, model_card(card, folder.name))
    write_whole(folder / CARD, json.dumps(card, indent=1) + "\n")
    return card


def _began(start: str, weights: str) -> dict[str, Any]:
    """What the run began with, and all that is known of how that came about."""
    card = card_of(start, weights)
    known = ("spec", "began", "pictures", "seen", "hours")
    return {"digest": weights, "card": card and {name: card.get(name) for name in known}}


def _notes(spec: GanSpec) -> tuple[str, ...]:
    """What must be known of the network's z."""
    held = spec.regress.kimg or (spec.adversarial.kimg and spec.adversarial.anchor)
    if spec.data.source != HEADS or not held:
        return ()
    return (
        "z, scaled to a mean square of one, begins with the latent of builtin:heads that it was "
        "taught to draw; the numbers behind it are free.",
    )
