"""Write the network of the `builtin:heads` scorer as ONNX, with the card that reads it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors import SafetensorError
from torch import Tensor, nn

from pipeline.attributes.heads_weights import Weights
from pipeline.attributes.network import (
    CLASS_HEADS,
    DOUBT,
    NUMBER_HEADS,
    SIZE,
    Convolution,
    HeadsNetwork,
    Residual,
)
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError
from pipeline.models.files import file_sha256
from pipeline.models.onnx_file import package

ABOUT = (
    "The network of builtin:heads, from its weights {digest}. Skin tone and its angle are left "
    "out: they need the colour of the skin's pixels, which no network measures. Reads pictures of "
    "builtin:heads; its model card is in populace."
)

_OPSET, _IR_VERSION = 17, 8


def export_scorer(weights: Path, target: Path, *, force: bool = False) -> Path:
    """Write `target`, an ONNX file, and its card beside it.

    Args:
        weights: the scorer's file, as training writes it.
        target: ends in .onnx.
        force: replace what is there.

    Returns:
        The card's path, `target` with .yaml at its end.

    Raises:
        SpecError: the target cannot be meant, or exists.
    """
    card = target.with_suffix(".yaml")
    if target.suffix != ".onnx":
        raise SpecError(f"{target}: the scorer is written as ONNX; give a name ending in .onnx.")
    for path in (target, card):
        if path.exists() and not force:
            raise SpecError(f"{path}: exists; give another name, or --force to replace it.")
    network = HeadsNetwork().folded()
    try:
        loaded = Weights.load(weights)
        network.load_state_dict(dict(loaded.network))
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0][:120].rstrip(":")
        raise SpecError(
            f"{weights}: holds no scorer of this version of populace ({reason}); "
            "give weights.safetensors of populace train scorer."
        ) from None
    try:
        target.write_bytes(_Graph().model(network))
        document = _card(loaded, file_sha256(weights))
        text = yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=96)
        card.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SpecError(f"{target}: cannot be written ({error.strerror}).") from None
    return card


def _card(weights: Weights, digest: str) -> dict[str, Any]:
    """The content of the card."""
    outputs: list[dict[str, Any]] = []
    first = 0
    for name in CLASS_HEADS:
        end = first + len(BY_NAME[name].classes)
        if name != "skin_tone":
            outputs.append(
                {
                    "attribute": name,
                    "slice": [first, end],
                    "gives": "logits",
                    "temperature": float(weights.temperatures[name]),
                    "classes": list(BY_NAME[name].classes),
                }
            )
        first = end
    for name, (centre, scale) in NUMBER_HEADS.items():
        place = [first, first + 1]
        outputs.append(
            {"attribute": name, "slice": place, "gives": "number", "scale": scale, "offset": centre}
        )
        first += 1
    return {
        "about": ABOUT.format(digest=digest),
        "input": {"size": SIZE, "range": "0..255", "mean": [128.0] * 3, "std": [64.0] * 3},
        "outputs": outputs,
    }


class _Graph:
    """The network as a list of ONNX nodes: pixels [N, 3, 128, 128] to readings [N, K]."""

    def __init__(self) -> None:
        self._onnx = package("onnx")
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def model(self, network: HeadsNetwork) -> bytes:
        """The file's bytes; the same network gives the same ones."""
        x = "pixels"
        for module in network.stem:
            if isinstance(module, Residual):
                x = self._residual(x, module)
            elif isinstance(module, Convolution):
                x = self._convolution(x, module)
            else:
                x = self._relu(x)
        for residual in (network.fine, *network.middle, *network.coarse):
            x = self._residual(x, residual)
        x = self._node("Flatten", [self._relu(self._convolution(x, network.squeeze))], axis=1)
        features = self._relu(self._linear(x, network.hidden))
        x = self._node(
            "Mul", [self._linear(features, network.readings), self._certainty(features, network)]
        )
        helper, kind = self._onnx.helper, self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            "heads",
            [helper.make_tensor_value_info("pixels", kind, ["N", 3, SIZE, SIZE])],
            [helper.make_tensor_value_info(x, kind, ["N", network.readings.out_features])],
            self._weights,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="populace",
        )
        return bytes(model.SerializeToString(deterministic=True))

    def _node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [name], **attributes))
        return name

    def _constant(self, tensor: Tensor) -> str:
        name = f"weight_{len(self._weights)}"
        values = np.array(tensor.detach().numpy(), np.float32, order="C")
        self._weights.append(self._onnx.numpy_helper.from_array(values, name))
        return name

    def _relu(self, x: str) -> str:
        return self._node("Relu", [x])

    def _linear(self, x: str, module: nn.Linear) -> str:
        weights = [self._constant(module.weight), self._constant(module.bias)]
        return self._node("Gemm", [x, *weights], transB=1)

    def _certainty(self, features: str, network: HeadsNetwork) -> str:
        """What each reading is multiplied by: [N, K], 1 for the numbers."""
        rows = [i for i, name in enumerate(CLASS_HEADS) for _ in BY_NAME[name].classes]
        padding = (0, len(NUMBER_HEADS))
        weight = nn.functional.pad(network.certainty.weight[rows], (0, 0, *padding))
        bias = nn.functional.pad(network.certainty.bias[rows], padding)
        inputs = [features, self._constant(weight), self._constant(bias)]
        limits = [self._constant(torch.tensor(at)) for at in (-DOUBT, DOUBT)]
        return self._node(
            "Exp", [self._node("Clip", [self._node("Gemm", inputs, transB=1), *limits])]
        )

    def _convolution(self, x: str, module: Convolution) -> str:
        layer = module[0]  # the only one: its normalisation is folded into it
        assert isinstance(layer, nn.Conv2d)
        assert layer.bias is not None
        weights = [self._constant(layer.weight), self._constant(layer.bias)]
        around = [layer.kernel_size[0] // 2] * 4
        return self._node("Conv", [x, *weights], strides=layer.stride, pads=around)

    def _residual(self, x: str, module: Residual) -> str:
        beside = module.shortcut
        around = self._convolution(x, beside) if isinstance(beside, Convolution) else x
        inner = self._relu(self._convolution(x, module.first))
        return self._relu(self._node("Add", [self._convolution(inner, module.second), around]))
