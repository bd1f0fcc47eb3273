"""Begin a run from a checkpoint: anybody's generator, and a discriminator of ours."""

import json
from collections.abc import Mapping
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
from pipeline.models.fetch import local_copy
from pipeline.training.gan.discriminator import Discriminator
from pipeline.training.gan.spec import HEADS, GanSpec

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
    return config, checkpoint


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

    Raises:
        SpecError: it is none, or of another network.
    """
    path = DISCRIMINATORS.get(file) or Path(file)
    try:
        state = load_file(path)
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
