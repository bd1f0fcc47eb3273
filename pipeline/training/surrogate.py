"""Fit the surrogate of a generator and a scorer to scored natural draws."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.attributes.surrogate import LEAST_SPREAD, Surrogate
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.training.calibrate import temperature
from pipeline.training.threads import torch_threads

HELD_OUT = 0.1
"""Share of the draws that the figures are measured on."""

_WIDTH = 256
_PASSES = 30
_BATCH = 128
_RATE = 2e-3
_DECAY = 0.02
_DROPOUT = 0.1
_SPARSE = 5e-3
"""Weight of the first layer's absolute values: most numbers of a latent say nothing of most
attributes, and ten thousand draws are few to tell which (Tibshirani, 1996)."""


@dataclass(frozen=True)
class Targets:
    """Values of N draws as the network learns them.

    classes: name -> int64 [N]; numbers: name -> float32 [N], about 0 with a spread of 1; units:
    name -> their centre and scale.
    """

    classes: Mapping[str, Tensor]
    numbers: Mapping[str, Tensor]
    units: Mapping[str, tuple[float, float]]

    @staticmethod
    def of(values: Mapping[str, NDArray[np.generic]]) -> "Targets":
        """From `Scores.values`."""
        classes, numbers, units = {}, {}, {}
        for name, column in values.items():
            entry = BY_NAME[name]
            if entry.kind == "class":
                classes[name] = torch.from_numpy(column.astype(np.int64))
            elif entry.single_units:
                classes[name] = torch.from_numpy(column.astype(np.int64) - int(entry.low))
            else:
                plain = column.astype(np.float64)
                center, scale = float(plain.mean()), float(plain.std()) + 1e-6
                numbers[name] = torch.from_numpy(((plain - center) / scale).astype(np.float32))
                units[name] = (center, scale)
        return Targets(classes, numbers, units)

    def cost(self, out: Tensor, rows: Tensor) -> Tensor:
        """Negative log likelihood of these rows' values, summed over the attributes: [B]."""
        at, total = 0, torch.zeros(len(rows))
        for name, truth in self.classes.items():
            end = at + len(BY_NAME[name].classes)
            total = total + F.cross_entropy(out[:, at:end], truth[rows], reduction="none")
            at = end
        for truth in self.numbers.values():
            spread = out[:, at + 1].clamp(min=float(np.log(LEAST_SPREAD)))
            total = total + spread + 0.5 * ((truth[rows] - out[:, at]) / spread.exp()).square()
            at += 2
        return total

    @property
    def size(self) -> int:
        """Outputs that the network needs."""
        return sum(len(BY_NAME[n].classes) for n in self.classes) + 2 * len(self.numbers)


def fit_surrogate(
    w: NDArray[np.float32],
    values: Mapping[str, NDArray[np.generic]],
    digests: tuple[str, str],
    seed: int = 0,
) -> tuple[Surrogate, dict[str, Any]]:
    """Learn from scored draws what the scorer reads of a latent.

    Two hidden layers, AdamW with a cosine, on one thread: the same draws give the same network on
    one kind of machine.

    Args:
        w: float32 [N, D], natural draws.
        values: name -> [N], as in `Scores.values`.
        digests: of generator and scorer.
        seed: of the weights and the order.

    Returns:
        The surrogate, and its figures on a tenth of the draws that it did not learn from: name ->
        `agreement` of classes, the share guessed right, or `error` of numbers, the mean absolute
        error in their unit; and `spread`, the mean deviation it claims.
    """
    targets = Targets.of(values)
    held = max(1, round(HELD_OUT * len(w)))
    center, scale = w[:-held].mean(0), w[:-held].std(0) + 1e-6
    x = torch.from_numpy((w - center) / scale)
    with torch.random.fork_rng(devices=[]), torch_threads(1):
        torch.manual_seed(seed)
        first = nn.Linear(w.shape[1], _WIDTH)
        second, last = nn.Linear(_WIDTH, _WIDTH), nn.Linear(_WIDTH, targets.size)
        network = nn.Sequential(
            first, nn.ReLU(), nn.Dropout(_DROPOUT), second, nn.ReLU(), nn.Dropout(_DROPOUT), last
        )
        steps = _PASSES * max(1, (len(w) - held) // _BATCH)
        optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        order = torch.empty(0, dtype=torch.long)
        for _ in range(steps):
            if len(order) < min(_BATCH, len(w) - held):
                order = torch.randperm(len(w) - held)
            rows, order = order[:_BATCH], order[_BATCH:]
            optimizer.zero_grad(set_to_none=True)
            cost = targets.cost(network(x[rows]), rows).mean() + _SPARSE * first.weight.abs().sum()
            torch.autograd.backward(cost)
            optimizer.step()
            schedule.step()
    layers = [
        (layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy())
        for layer in (first, second, last)
    ]
    classes, numbers = tuple(targets.classes), dict(targets.units)
    surrogate = Surrogate(
        center.astype(np.float32), scale.astype(np.float32), layers, classes, numbers, *digests
    )
    kept = {name: column[-held:] for name, column in values.items()}
    surrogate = _honest(surrogate, w[-held:], kept)
    return surrogate, _figures(surrogate, w[-held:], kept)


def _honest(
    surrogate: Surrogate, w: NDArray[np.float32], values: Mapping[str, NDArray[np.generic]]
) -> Surrogate:
    """As sure as it is right on draws that it did not learn from: dropout makes it too modest.

    One temperature a class attribute, one factor a number's spread, by maximum likelihood.
    """
    weight, bias = (part.copy() for part in surrogate.layers[-1])
    guess, at = surrogate.guess(w), 0
    for name, p in guess.classes.items():
        entry = BY_NAME[name]
        first = int(entry.low) if entry.single_units else 0
        truth = np.eye(p.shape[1])[values[name].astype(np.int64) - first]
        columns = slice(at, at + p.shape[1])
        cooled = temperature(np.log(p + 1e-12), truth)
        weight[:, columns], bias[columns] = weight[:, columns] / cooled, bias[columns] / cooled
        at += p.shape[1]
    for name, mean in guess.means.items():
        off = (values[name].astype(np.float64) - mean) / guess.spreads[name]
        bias[at + 1] += 0.5 * np.log(np.square(off).mean() + 1e-6)
        at += 2
    return replace(surrogate, layers=[*surrogate.layers[:-1], (weight, bias)])


def _figures(
    surrogate: Surrogate, w: NDArray[np.float32], values: Mapping[str, NDArray[np.generic]]
) -> dict[str, Any]:
    guess = surrogate.guess(w)
    found: dict[str, Any] = {}
    for name, p in guess.classes.items():
        first = BY_NAME[name].low if BY_NAME[name].single_units else 0
        found[name] = {"agreement": float((p.argmax(1) + first == values[name]).mean())}
    for name, mean in guess.means.items():
        error = np.abs(mean - values[name].astype(np.float64))
        found[name] = {"error": float(error.mean()), "spread": float(guess.spreads[name].mean())}
    return found
