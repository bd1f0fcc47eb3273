"""Make small networks whose every weight counts."""

from typing import Any

import torch

from pipeline.generators.stylegan2 import Config, Network

SMALL: dict[str, Any] = {
    "z_dim": 24,
    "w_dim": 16,
    "resolution": 64,
    "channel_base": 1024,
    "channel_max": 32,
    "mapping_layers": 2,
}


def network(seed: int = 1, **fields: Any) -> Network:
    """A frozen network with noise, biases and a mean w, drawn from a seed of its own."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = Network(Config(**(SMALL | fields)))
        for name, value in made.state_dict().items():
            if name.endswith("noise_strength"):
                value.copy_(torch.randn([]) * 0.3)
            elif name.endswith((".bias", "w_avg")):
                value.add_(torch.randn(value.shape) * 0.1)
    return made.eval().requires_grad_(False)


def latents(made: Network, count: int, seed: int = 2) -> torch.Tensor:
    """Draw z and map it: [count, num_ws, w_dim]; labels take turns."""
    config = made.config
    z = torch.randn(count, config.z_dim, generator=torch.Generator().manual_seed(seed))
    labels = torch.eye(max(config.c_dim, 1))[torch.arange(count) % max(config.c_dim, 1)]
    return made.mapping(z, labels if config.c_dim else None)
