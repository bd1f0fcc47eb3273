"""Write small ONNX models and cards for the tests that score with them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pipeline.attributes.onnx_scorer import OnnxScorer
from pipeline.attributes.scorer import Scorer

SIZE = 16

Side = int | str
Output = tuple[str, Sequence[Side]]


def save(
    path: Path,
    nodes: Sequence[Any],
    outputs: Sequence[Output],
    weights: Mapping[str, NDArray[np.generic]] | None = None,
    *,
    shape: Sequence[Side] = ("N", 3, SIZE, SIZE),
    kind: int = TensorProto.FLOAT,
    gives: int = TensorProto.FLOAT,
) -> Path:
    """Write nodes between the input `x` and the outputs."""
    graph = helper.make_graph(
        nodes,
        "scorer",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(name, gives, sides) for name, sides in outputs],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    opset = [helper.make_opsetid("", 17)]
    path.write_bytes(
        helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    )
    return path


def constant(path: Path, **outputs: Sequence[float]) -> Path:
    """A model that gives the same values for every picture: an output of each name."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "nothing"], ["none"]),
    ]
    weights: dict[str, NDArray[np.generic]] = {"nothing": np.zeros((3, 1), np.float32)}
    for name, values in outputs.items():
        weights[f"{name}_values"] = np.array([values], np.float32)
        nodes.append(helper.make_node("Add", ["none", f"{name}_values"], [name]))
    return save(path, nodes, [(name, ["N", len(v)]) for name, v in outputs.items()], weights)


def means(path: Path, layout: str = "NCHW", kind: str = "FLOAT", batch: Side = "N") -> Path:
    """A model that gives the mean of every channel, in the input's own order: [N, 3]."""
    sides: list[Side] = [3, SIZE, SIZE] if layout == "NCHW" else [SIZE, SIZE, 3]
    nodes = [helper.make_node("Cast", ["x"], ["float"], to=TensorProto.FLOAT)]
    first = "float"
    if layout == "NHWC":
        nodes.append(helper.make_node("Transpose", ["float"], ["first"], perm=[0, 3, 1, 2]))
        first = "first"
    nodes += [
        helper.make_node("GlobalAveragePool", [first], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["y"]),
    ]
    elements = getattr(TensorProto, kind)
    return save(path, nodes, [("y", [batch, 3])], shape=[batch, *sides], kind=elements)


def network(path: Path, batch: Side = "N") -> Path:
    """A small convolutional network with random weights and 18 logits."""
    rng = np.random.default_rng(0)
    weights: dict[str, NDArray[np.generic]] = {
        "kernel": rng.normal(0, 0.3, (24, 3, 3, 3)).astype(np.float32),
        "matrix": rng.normal(0, 0.05, (24 * SIZE * SIZE, 18)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["features"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["features"], ["active"]),
        helper.make_node("Flatten", ["active"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["logits"]),
    ]
    return save(path, nodes, [("logits", [batch, 18])], weights, shape=[batch, 3, SIZE, SIZE])


def stripes(path: Path) -> Path:
    """Read the first two stripes of `builtin:null`, of 64 px: two logits of presentation, and age.

    As the null scorer does: the square of a stripe's place between black and white.
    """
    size = 64
    reader = np.zeros((3, size, size, 2), np.float32)
    for i in range(2):
        reader[1, :, 4 * i + 1 : 4 * i + 3, i] = 1 / (size * 2) / 223
    weights: dict[str, NDArray[np.generic]] = {
        "reader": reader.reshape(-1, 2),
        "black": np.array([[-16 / 223] * 2], np.float32),
        "spread": np.array([[0, 0, 99], [-200, 200, 0]], np.float32),
        "middle": np.array([[100, -100, 0]], np.float32),
    }
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "reader", "black"], ["place"]),
        helper.make_node("Mul", ["place", "place"], ["skewed"]),
        helper.make_node("Gemm", ["skewed", "spread", "middle"], ["y"]),
    ]
    return save(path, nodes, [("y", ["N", 3])], weights, shape=["N", 3, size, size])


STRIPES: dict[str, Any] = {
    "input": {"size": 64, "range": "0..255"},
    "outputs": [
        {"attribute": "gender_presentation", "slice": [0, 2],
         "classes": ["feminine", "masculine"]},
        {"attribute": "age", "slice": [2, 3], "gives": "number"},
    ],
}  # fmt: skip
"""The card of `stripes`."""


def card(path: Path, *outputs: Mapping[str, Any], **laid: Any) -> Path:
    """Write the card of a model of SIZE px."""
    document = {"input": {"size": SIZE, **laid}, "outputs": [dict(one) for one in outputs]}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def scorer(
    model: Path, *outputs: Mapping[str, Any], rest: Scorer | None = None, **laid: Any
) -> OnnxScorer:
    """A scorer of this model, with a card beside it."""
    return OnnxScorer(model, card(model.with_suffix(".yaml"), *outputs, **laid), rest)


def keep_elsewhere(path: Path) -> Path:
    """Move a model's first weight to another file's name."""
    model = onnx.load(str(path))
    weight = model.graph.initializer[0]
    weight.data_location = TensorProto.EXTERNAL
    weight.ClearField("raw_data")
    weight.external_data.add(key="location", value="../../secret")
    path.write_bytes(model.SerializeToString())
    return path
