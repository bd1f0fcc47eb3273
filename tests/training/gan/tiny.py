"""Runs so small that they take seconds."""

from pathlib import Path
from typing import Any

from pipeline.generators.stylegan2.config import Config
from pipeline.training.gan.spec import GanSpec, parse_gan_spec

NETWORK = {
    "resolution": 16, "channel_base": 128, "channel_max": 16, "z_dim": 108, "w_dim": 16,
    "mapping_layers": 2,
}  # fmt: skip

CONFIG = Config(**NETWORK)


def spec(to: Path, **changes: Any) -> GanSpec:
    """Both stages on 24 heads, six steps each, with every penalty, features and a p that moves."""
    content = {
        "network": NETWORK,
        "data": {"count": 24, "keep": str(to.parent / "data")},
        "regress": {"kimg": 0.048, "batch": 8, "features": 0.1},
        "adversarial": {
            "kimg": 0.048, "batch": 8, "r1_interval": 2, "path_length_interval": 3,
            "augment": {"kimg": 0.1},
        },
        "checkpoint_kimg": 0.016,
        "sample_kimg": 0.032,
        "metrics": {"count": 0},
        "to": str(to),
    }  # fmt: skip
    return parse_gan_spec(content | changes)
