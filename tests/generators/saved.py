"""Save small networks as checkpoint files of ours."""

from dataclasses import asdict
from pathlib import Path

from pipeline.generators import stylegan2, stylegan3
from pipeline.generators.checkpoints import Checkpoint
from pipeline.generators.checkpoints.ours import write_ours
from tests.generators.stylegan2 import networks


def save(path: Path, network: stylegan2.Network | stylegan3.Network) -> Path:
    """Write a network whole; `path` ends in .safetensors."""
    kind = "stylegan2" if isinstance(network, stylegan2.Network) else "stylegan3"
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    write_ours(Checkpoint(kind, asdict(network.config), state, "test"), path)
    return path


def tiny(path: Path, **fields: int) -> Path:
    """Write a StyleGAN2 of 64 px and random weights, with changes to its Config."""
    return save(path, networks.network(**({"channel_base": 256, "channel_max": 8} | fields)))
