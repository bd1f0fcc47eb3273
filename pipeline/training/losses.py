"""Measure how wrong the network's readings are, in one number."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.attributes.network import CLASS_HEADS, NUMBER_HEADS, Readings
from pipeline.training.batches import Batch

_NUMBER_WEIGHTS = {"smile": 2.0, "mouth_open": 2.0}
"""Losses of the small features weigh more: a mouth is a dozen pixels."""

_LANDMARK_UNIT = 0.01
"""Share of the side that a landmark's error is measured in; a quarter of it counts squared."""

_LANDMARK_WEIGHT = 1.0

EMPHASIS: dict[str, tuple[tuple[str, float, float, float], ...]] = {
    "age": (("age", 60, 100, 2.0),),
    "skin_tone": (("skin_tone", 1, 3.5, 1.5), ("age", 0, 18, 1.5)),
    "hair_color": (("age", 45, 60, 2.0),),
    "expression": (("skin_tone", 6.5, 11, 1.5), ("age", 0, 18, 1.25)),
}
"""Head -> groups whose errors in it weigh more, as (truth, low <= v < high, weight): those that the
table of groups showed behind. Weights multiply where somebody belongs to two."""


def loss(readings: Readings, batch: Batch) -> Tensor:
    """Sum of cross-entropies, of errors in units of their scale, and of mask and landmarks.

    Bad pictures, the last of the batch, count for realism and damage alone.
    """
    count = len(batch.mask)
    proper = torch.zeros_like(readings.realism)
    proper[:count] = 1
    total = F.binary_cross_entropy_with_logits(readings.realism, proper)
    total = total + damage_loss(readings.damage, batch.damage)
    total = total + F.binary_cross_entropy_with_logits(readings.mask[:count], batch.mask)
    total = total + _LANDMARK_WEIGHT * landmark_loss(readings.landmarks[:count], batch.landmarks)
    for name in CLASS_HEADS:
        cost = F.cross_entropy(readings.logits[name][:count], batch.classes[name], reduction="none")
        total = total + (0.5 if name == "age" else 1.0) * (emphasis(name, batch) * cost).mean()
    bands = readings.logits["age"][:count].softmax(1)
    centres = 2.5 + 5 * torch.arange(bands.shape[1])
    off = ((bands * centres).sum(1) - batch.numbers["age"]) / 10
    missed = F.smooth_l1_loss(off, torch.zeros_like(off), beta=0.5, reduction="none")
    total = total + (emphasis("age", batch) * missed).mean()
    for name, (_, scale) in NUMBER_HEADS.items():
        error = (readings.numbers[name][:count] - batch.numbers[name]) / scale
        weight = _NUMBER_WEIGHTS.get(name, 1.0)
        total = total + weight * F.smooth_l1_loss(error, torch.zeros_like(error), beta=0.5)
    return total


def emphasis(name: str, batch: Batch) -> Tensor:
    """How much each proper picture weighs in the loss of a class head: float32 [N], 1 or more."""
    tones = batch.classes["skin_tone"]
    truth = {
        "age": batch.numbers["age"],
        "skin_tone": 1 + (tones * torch.arange(tones.shape[1])).sum(1),
    }
    weight = torch.ones(len(tones))
    for attribute, low, high, more in EMPHASIS.get(name, ()):
        value = truth[attribute]
        weight = torch.where((value >= low) & (value < high), more * weight, weight)
    return weight


def landmark_loss(found: Tensor, truth: Tensor) -> Tensor:
    """Robust distance over the points that lie in the picture or near it: [B, 68, 2] each."""
    near = ((truth > -0.1) & (truth < 1.1)).all(-1, keepdim=True)
    error = torch.where(near, found - truth, torch.zeros_like(truth)) / _LANDMARK_UNIT
    return F.smooth_l1_loss(error, torch.zeros_like(error), beta=0.25)


def damage_loss(found: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of the map, changed and unchanged cells of the batch counting equally.

    Args:
        found: logits, float32 [B, 16, 16].
        truth: 0 or 1, likewise.
    """
    cost = F.binary_cross_entropy_with_logits(found, truth, reduction="none")
    # Small damage counts like large: a misplaced eye is four cells, a picture of noise all of them.
    wrong = truth.mean((1, 2), keepdim=True)
    weight = truth / (wrong + 1e-6) + (1 - truth) / (1 - wrong + 1e-6)
    return (cost * weight).mean() / 2
