"""An ONNX file is read whole and alone: whatever points elsewhere is found, wherever it hides."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import AttributeProto, TensorProto, helper, numpy_helper

from pipeline.errors import SpecError
from pipeline.models.onnx_file import Session, read_model


def tensor(name: str = "secret") -> Any:
    """A weight that lies in another file."""
    made = numpy_helper.from_array(np.zeros(1, np.float32), name)
    made.data_location = TensorProto.EXTERNAL
    made.ClearField("raw_data")
    made.external_data.add(key="location", value="../../secret")
    return made


def constant() -> Any:
    node = helper.make_node("Constant", [], ["y"])
    attribute = node.attribute.add(name="value", type=AttributeProto.TENSOR)
    attribute.t.CopyFrom(tensor())
    return node


def branch(inner: Any, depth: int = 1) -> Any:
    """A node inside as many graphs as `depth` says."""
    for _ in range(depth):
        graph = helper.make_graph([inner], "inner", [], [])
        inner = helper.make_node("If", ["x"], ["y"], then_branch=graph, else_branch=graph)
    return inner


def model(*nodes: Any, **more: Any) -> Any:
    graph = helper.make_graph(list(nodes), "g", [], [], **more)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def inside_a_function() -> Any:
    made = model()
    function = helper.make_function("mine", "F", [], ["y"], [constant()], [])
    made.functions.append(function)
    return made


def sparse() -> Any:
    made = model()
    found = made.graph.sparse_initializer.add()
    found.values.CopyFrom(tensor())
    return made


@pytest.mark.parametrize(
    "made",
    [
        model(initializer=[tensor()]),
        model(constant()),
        model(branch(constant())),
        model(branch(constant(), 5)),
        inside_a_function(),
        sparse(),
    ],
    ids=["weight", "node", "branch", "deeper", "function", "sparse"],
)
def test_weights_elsewhere_are_refused_wherever_they_hide(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(SpecError, match="keeps weights in other files; export it as one file"):
        read_model(path)


def test_graphs_nested_too_deeply_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(model(branch(constant(), 12)).SerializeToString())
    with pytest.raises(SpecError, match="nests graphs too deeply; export it flat"):
        read_model(path)


def test_a_folder_and_other_files_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"cannot be read \(Is a directory\); give an ONNX file"):
        read_model(tmp_path)
    (tmp_path / "a.onnx").write_bytes(b"GIF89a" * 100)
    with pytest.raises(SpecError, match="is no ONNX file, or one cut off"):
        read_model(tmp_path / "a.onnx")
    with pytest.raises(SpecError, match="is an ONNX model that does not run"):
        Session(tmp_path / "a.onnx")
