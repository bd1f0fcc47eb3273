"""Keep everything that training finds in one safetensors file, and read it back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from pipeline.attributes.network import CLASS_HEADS
from pipeline.attributes.skin import LightCorrection
from pipeline.attributes.taxonomy import BY_NAME

FORMAT = "heads-scorer-3"

REALISM = "realism"
"""The key of the realism logit's temperature."""


@dataclass(frozen=True)
class Weights:
    """Everything that training finds.

    network: state of the folded HeadsNetwork; correction: skin colour; temperatures: name -> what
    the logits are divided by, for CLASS_HEADS and REALISM (Guo et al., 2017).
    """

    network: Mapping[str, torch.Tensor]
    correction: LightCorrection
    temperatures: Mapping[str, float]

    def save(self, path: Path) -> None:
        """Write one safetensors file."""
        tensors = {f"network.{name}": value.contiguous() for name, value in self.network.items()}
        tensors["skin.weight"] = torch.from_numpy(self.correction.weight)
        tensors["skin.offset"] = torch.from_numpy(self.correction.offset)
        meta = {
            "format": FORMAT,
            "spread": self.correction.spread,
            "trust": self.correction.trust,
            "temperatures": dict(self.temperatures),
            "classes": _classes(),
        }
        # One entry: safetensors writes several in any order, and the digest covers the bytes.
        path.write_bytes(save(tensors, {"scorer": json.dumps(meta)}))

    @staticmethod
    def load(path: Path) -> "Weights":
        """Read what `save` wrote; nothing in the file is executed.

        Raises:
            ValueError: the file holds something else, or reads other classes than the taxonomy's.
        """
        with safe_open(path, framework="pt") as file:
            meta = json.loads((file.metadata() or {}).get("scorer", "{}"))
        if meta.get("format") != FORMAT:
            raise ValueError(f"{path} does not hold weights of format {FORMAT}")
        if meta["classes"] != _classes():
            raise ValueError(f"{path} was trained for other classes than the taxonomy has")
        tensors = load_file(path)
        correction = LightCorrection(
            tensors.pop("skin.weight").numpy(),
            tensors.pop("skin.offset").numpy(),
            meta["spread"],
            meta["trust"],
        )
        state = {name.removeprefix("network."): value for name, value in tensors.items()}
        return Weights(state, correction, meta["temperatures"])


def _classes() -> dict[str, list[str]]:
    return {name: list(BY_NAME[name].classes) for name in CLASS_HEADS}
