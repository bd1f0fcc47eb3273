"""Begin a run from a checkpoint: anybody's generator, and a discriminator of ours.

Either may be of fewer pixels than the network to train, which grows from it (Karras et al., 2018):
its new blocks begin as they are drawn, and the new ones of the generator add no colours yet, so
that its pictures are the checkpoint's, doubled.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pipeline.errors import SpecError
from pipeline.generators.bundled import DISCRIMINATORS, NETWORKS
from pipeline.generators.checkpoints import Checkpoint, read_checkpoint
from pipeline.generators.checkpoints.check import config_of
from pipeline.generators.heads.layout import LATENT_SIZE
from pipeline.generators.stylegan2.config import Config
from pipeline.generators.stylegan2.reference import Network
from pipeline.models.fetch import local_copy
from pipeline.training.gan.discriminator import Discriminator
from pipeline.training.gan.spec import HEADS, LEAST_CHANNELS, GanSpec

CARD = "card.json"
"""What a run writes of itself, beside its network."""

KEY = "populace"
"""Name of the description in the discriminator's metadata."""


def starting_point(spec: GanSpec) -> tuple[Config, Checkpoint | None]:
    """The network to train, and the checkpoint that the spec begins with.

    Raises:
        SpecError: the checkpoint cannot be read or trained on; names it and the mend.
    """
    if spec.start is None:
        return spec.network.config, None
    checkpoint = read_checkpoint(NETWORKS.get(spec.start) or local_copy(spec.start))
    config = config_of(checkpoint.kind, checkpoint.config)
    if not isinstance(config, Config) or config.architecture != "skip":
        raise _unfit(spec, "only StyleGAN2 of the 'skip' architecture can be trained")
    if config.c_dim or config.img_channels != 3:
        raise _unfit(spec, "only networks of colour pictures without classes can be trained")
    if spec.data.source == HEADS and config.z_dim < LATENT_SIZE:
        raise _unfit(spec, f"its z of {config.z_dim} is too short for latents of {HEADS}")
    return _grown(config, spec), checkpoint


def _grown(config: Config, spec: GanSpec) -> Config:
    """The network to train, which begins as one of `config`."""
    wanted, there = spec.grows_to or config.resolution, config.resolution
    if wanted < there:
        raise SpecError(
            f"network.resolution: {wanted} is less than the {there} px of 'from', which can only "
            "grow; write more, or remove it."
        )
    if wanted > there and config.channel_base // wanted < LEAST_CHANNELS:
        most = config.channel_base // LEAST_CHANNELS
        raise SpecError(
            f"network.resolution: {wanted} leaves the last layers of 'from' fewer than "
            f"{LEAST_CHANNELS} channels; write {1 << most.bit_length() - 1} or less."
        )
    return replace(config, resolution=wanted)


def load_generator(checkpoint: Checkpoint, network: Network) -> None:
    """Fill a network with a checkpoint of its size or of fewer pixels."""
    state = network.state_dict() | as_float(checkpoint.state)
    for r in network.config.resolutions:
        if f"synthesis.b{r}.torgb.weight" not in checkpoint.state:
            state[f"synthesis.b{r}.torgb.weight"].zero_()
    network.load_state_dict(state)


def card_of(start: str, digest: str) -> dict[str, Any] | None:
    """The card of the run that made the network at `start`, where it lies beside it.

    digest: of that network; a card of another is none.
    """
    bundled = NETWORKS.get(start)
    path = bundled.with_suffix(".json") if bundled else Path(start).with_name(CARD)
    try:
        card: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return card if card.get("digest") == digest else None


def load_discriminator(file: str, discriminator: Discriminator) -> None:
    """Fill a discriminator with a file of `save_discriminator`, or with a bundled network's.

    It may be of fewer pixels: its entrance from colours is left out.

    Raises:
        SpecError: it is none, or of another network.
    """
    path = DISCRIMINATORS.get(file) or Path(file)
    config = discriminator.config
    try:
        state = load_file(path)
        for r in config.resolutions[1:-1]:
            if f"b{r}.fromrgb.weight" in state:
                Discriminator(replace(config, resolution=r)).load_state_dict(state)  # it is whole
                inner = {name: value for name, value in state.items() if ".fromrgb." not in name}
                state = discriminator.state_dict() | inner
        discriminator.load_state_dict(state)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or "it is no safetensors file"
        raise SpecError(
            f"from_discriminator: {path} cannot be read ({reason}); give a "
            "discriminator.safetensors of populace train gan."
        ) from None
    except RuntimeError:
        raise SpecError(
            f"from_discriminator: {path} does not fit the network; give the one that was trained "
            "beside it, or remove the key."
        ) from None


def save_discriminator(path: Path, discriminator: Discriminator) -> None:
    """Write the tensors by their published names, float32, whole or not at all."""
    about = {"kind": "stylegan2-discriminator", "config": discriminator.config.to_json()}
    part = path.with_suffix(".part")
    state: Mapping[str, Tensor] = discriminator.state_dict()
    plain = {name: value.cpu().contiguous() for name, value in state.items()}
    save_file(plain, part, {KEY: json.dumps(about)})
    part.replace(path)


def as_float(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A checkpoint's tensors to train on."""
    return {name: value.to(torch.float32) for name, value in state.items()}


def _unfit(spec: GanSpec, why: str) -> SpecError:
    return SpecError(f"from: {spec.start} does not fit, {why}; give another checkpoint.")
