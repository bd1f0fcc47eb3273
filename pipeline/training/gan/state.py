"""Hold everything that a training step changes, and keep it on disk."""

import copy
import os
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Self

import torch
from torch import nn

from pipeline.errors import SpecError
from pipeline.generators.stylegan2.config import Config
from pipeline.generators.stylegan2.reference import Network, ToRGB
from pipeline.training.gan.discriminator import Discriminator
from pipeline.training.gan.draws import generator as draws_from
from pipeline.training.gan.spec import GanSpec

AVERAGE_RAMP = 0.05
"""A network that begins as noise has an average of half this share of what was seen, at most."""

FAINT = 0.1
"""Weights of colours, relative to a unit normal: a loud new network has to unlearn its colours."""


@dataclass
class State:
    """Networks, their optimizers and running figures before `step`.

    average: the generator's weights, averaged; p: probability of an augmentation; signs: sum of
    the signs of real pictures' scores since p last changed, and their number; path_mean: mean
    length of paths; seconds: what the run has taken.
    """

    generator: Network
    average: Network
    discriminator: Discriminator
    regress: torch.optim.Adam
    generate: torch.optim.Adam
    discriminate: torch.optim.Adam
    step: int = 0
    p: float = 0.0
    signs: tuple[float, int] = (0.0, 0)
    path_mean: float = 0.0
    seconds: float = 0.0

    @classmethod
    def fresh(cls, spec: GanSpec, config: Config, device: torch.device) -> Self:
        """The state of a run that begins, drawn from the spec's seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(draws_from(spec.seed, 0, "weights").initial_seed())
            generator, discriminator = Network(config), Discriminator(config)
        for layer in generator.modules():
            if isinstance(layer, ToRGB):
                layer.weight.data *= FAINT
        for network in (generator, discriminator):
            network.to(device)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        rates, adversarial = spec.regress, spec.adversarial
        weight = adversarial.path_length_weight
        path = adversarial.path_length_interval if weight else 0
        r1 = adversarial.r1_interval if adversarial.r1_gamma else 0
        return cls(
            generator,
            copy.deepcopy(generator).requires_grad_(False),
            discriminator,
            _adam(generator, rates.rate, rates.beta1, 0),
            _adam(generator, adversarial.generator_rate, adversarial.beta1, path),
            _adam(discriminator, adversarial.discriminator_rate, adversarial.beta1, r1),
            p=adversarial.augment.p or 0.0,
        )

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.generator.mapping.get_buffer("w_avg").device

    @torch.no_grad()
    def follow(self, spec: GanSpec) -> None:
        """Move the average towards the generator after the step in hand."""
        before, after = spec.images(self.step), spec.images(self.step + 1)
        half = 1000 * spec.ema_half_life
        if spec.start is None:
            half = max(min(half, AVERAGE_RAMP * before), 1e-8)
        keep = 0.5 ** ((after - before) / half)
        for average, current in zip(
            self.average.parameters(), self.generator.parameters(), strict=True
        ):
            average.lerp_(current, 1 - keep)
        for kept, newest in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            kept.copy_(newest)

    def begin_adversarial(self) -> None:
        """Start the second stage from the average; the first one's optimizer has done its work."""
        self.generator.load_state_dict(self.average.state_dict())
        self.regress.state.clear()

    def save(self, path: Path, run: str) -> None:
        """Replace the file, whole or not at all; `run` is the digest of the spec."""
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            torch.save({"run": run, **self._content()}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def restore(self, path: Path, run: str) -> bool:
        """Bring back what was saved, if there is a file.

        It is read as tensors and plain values; nothing in it is executed.

        Raises:
            SpecError: the file is damaged or of another run.
        """
        if not path.exists():
            return False
        try:
            held = torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, LookupError, ValueError, UnpicklingError):
            held = {}
        if not isinstance(held, dict) or held.pop("run", None) != run:
            raise SpecError(f"{path}: is no state of this run; delete it to begin anew.")
        for name, value in held.items():
            own = getattr(self, name)
            if isinstance(own, nn.Module | torch.optim.Optimizer):
                own.load_state_dict(value)
            else:
                setattr(self, name, value)
        return True

    def _content(self) -> dict[str, Any]:
        return {
            name: value.state_dict()
            if isinstance(value, nn.Module | torch.optim.Optimizer)
            else value
            for name, value in vars(self).items()
        }


def _adam(network: nn.Module, rate: float, beta1: float, interval: int) -> torch.optim.Adam:
    """Adam for a network with a penalty every `interval` steps; 0: none.

    The penalty's steps count too: rate and memory are corrected for them (Karras et al. 2020,
    appendix B).
    """
    share = interval / (interval + 1) if interval else 1.0
    return torch.optim.Adam(
        network.parameters(),
        lr=rate * share,
        betas=(beta1**share, 0.99**share),
        eps=1e-8,
        fused=True,
    )
