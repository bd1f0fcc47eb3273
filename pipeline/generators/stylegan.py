"""Render from a StyleGAN checkpoint of either kind, the same picture whatever shares its batch."""

import hashlib
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.errors import SpecError
from pipeline.generators import stylegan2, stylegan3
from pipeline.generators.checkpoint_spec import GeneratorSpec
from pipeline.generators.checkpoints.check import config_of
from pipeline.generators.checkpoints.checkpoint import Checkpoint
from pipeline.generators.generator import Latents

BAND_STARTS = (4, 8)
"""Places of w at which the middle and the fine band begin; at four places of StyleGAN2 w enters
layers of 4 and 8 px, at the next four those of 16 and 32."""

CPU_LOT, GPU_LOT = 1, 8
"""Pictures that a StyleGAN2 always renders together; StyleGAN3 renders one by one."""


class StyleGan:
    """A `Generator` at the network's own size only; see `Shrunk` for others.

    A latent is the truncated w, one for all layers, or one for each of BANDS. Where z is longer
    than w, zeros follow w, and where it is shorter, the last draws go unused: both have
    `latent_size` numbers.
    """

    layered = True

    def __init__(self, checkpoint: Checkpoint, spec: GeneratorSpec) -> None:
        """Take a checked checkpoint; its weights are prepared at the first use.

        Raises:
            SpecError: the spec asks for what this network does not have.
        """
        self.config = config_of(checkpoint.kind, checkpoint.config)
        self._checkpoint = checkpoint
        self._psi = spec.truncation
        self._label = _label(spec, self.config.c_dim)
        if self.config.img_channels not in (1, 3):
            raise SpecError(
                f"generator.checkpoint: {spec.name} draws {self.config.img_channels} channels; "
                "give a network of colour or grey pictures."
            )
        self.latent_size = max(self.config.z_dim, self.config.w_dim)
        self.digest = _digest(checkpoint, self._psi, self._label)

    def latents(self, normals: NDArray[np.float32]) -> Latents:
        """Map and truncate: float32 [B, latent_size], on the values of float16."""
        z = torch.from_numpy(normals[:, : self.config.z_dim])
        latents = np.zeros((len(z), self.latent_size), np.float16)
        for i in range(len(z)):
            latents[i, : self.config.w_dim] = self._w(z[i : i + 1]).numpy(force=True)
        return latents.astype(np.float32)

    def render(self, w: Latents, size: int) -> NDArray[np.uint8]:
        """Render in lots of one size; size is the network's own."""
        lot = CPU_LOT if self._network.device.type == "cpu" else GPU_LOT
        return self._pixels(w, lot)

    def preview(self, w: Latents, size: int) -> NDArray[np.uint8]:
        """Render all at once; size is the network's own."""
        return self._pixels(w, len(w))

    @torch.inference_mode()
    def _w(self, z: Tensor) -> Tensor:
        """Map one z, [1, z_dim], to the w of every layer, [w_dim]."""
        device = self._network.device
        label = None
        if self._label is not None:
            label = torch.zeros(1, self.config.c_dim, device=device)
            label[0, self._label] = 1
        w: Tensor = self._network.mapping(z.to(device), label, psi=self._psi)
        return w[0, 0]

    def _pixels(self, w: Latents, lot: int) -> NDArray[np.uint8]:
        side = self.config.resolution
        own = torch.from_numpy(self._own(w))
        network = self._network
        if isinstance(network, stylegan2.Fast):
            images = network.pixels(own, batch=lot)
        else:
            images = network.pixels(own)
        return np.broadcast_to(images.numpy(force=True), (len(w), side, side, 3))

    def _own(self, w: Latents) -> Latents:
        """What the network takes of latents: [B, w_dim], or [B, num_ws, w_dim] of bands."""
        each = w.reshape(len(w), -1, self.latent_size)[:, :, : self.config.w_dim]
        if each.shape[1] == 1:
            return np.ascontiguousarray(each[:, 0])
        bands = np.digitize(np.arange(self.config.num_ws), BAND_STARTS)
        return np.ascontiguousarray(each[:, bands])

    @cached_property
    def _network(self) -> stylegan2.Fast | stylegan3.Fast:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        if isinstance(self.config, stylegan2.Config):
            return stylegan2.Fast(stylegan2.load(self.config, self._checkpoint.state), device)
        return stylegan3.Fast(stylegan3.load(self.config, self._checkpoint.state), device)


def _label(spec: GeneratorSpec, classes: int) -> int | None:
    """The class to draw; None of a network without classes."""
    if not classes:
        if spec.label is not None:
            raise SpecError(f"generator.label: {spec.name} has no classes; remove it.")
        return None
    label = spec.label or 0
    if label >= classes:
        raise SpecError(
            f"generator.label: {label} is no class of {spec.name}; write 0 to {classes - 1}."
        )
    return label


def _digest(checkpoint: Checkpoint, psi: float, label: int | None) -> str:
    """sha256 (hex) over weights, what is asked of them, and the code of the networks."""
    digest = hashlib.sha256(f"{checkpoint.digest()} {psi} {label}".encode())
    # StyleGAN3 is built on parts of StyleGAN2.
    for package in (stylegan2, stylegan3):
        for source in sorted(Path(str(package.__file__)).parent.glob("*.py")):
            digest.update(source.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()
