"""Open ONNX files: read the graph without running it or following it elsewhere, then run it."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SpecError

RANGES = {"-1..1": (127.5, 127.5), "0..1": (255.0, 0.0), "0..255": (1.0, 0.0)}
"""Scale and shift from a range of values to 0..255."""

_MOST_DEPTH = 8

_RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli",
           "Multinomial"}  # fmt: skip


def read_model(path: Path) -> Any:
    """Read an ONNX file as its `ModelProto`; weights in other files are refused, not read.

    Raises:
        SpecError: the optional packages are missing, the file is no such model, or one that says
            something else each time it is asked.
    """
    onnx = package("onnx")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SpecError(f"{path}: cannot be read ({reason}); give an ONNX file.") from None
    except Exception as error:  # protobuf's errors have no common base.
        raise SpecError(
            f"{path}: is no ONNX file, or one cut off ({_reason(error)}); export it again."
        ) from None
    try:
        graphs = [*_graphs(model.graph, 0)]
        graphs += [part for one in model.functions for part in _graphs(one, 0)]
    except RecursionError:
        raise refusal(path, "nests graphs too deeply", "export it flat") from None
    for node in (node for graph in graphs for node in graph.node):
        if node.op_type in _RANDOM:
            raise refusal(path, f"draws at random ({node.op_type} {node.name})",
                          "export it with constant noise, or none")  # fmt: skip
    tensors = [tensor for graph in graphs for tensor in _tensors(graph)]
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in tensors):
        raise refusal(path, "keeps weights in other files", "export it as one file")
    return model


def inputs_of(model: Any) -> list[Any]:
    """What a model must be given: its inputs but for those with a value of their own."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in weights]


def shape_of(value: Any) -> list[int]:
    """Sides of an input or output; 0 where they are free."""
    return [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]


def kind_of(value: Any) -> str:
    """Type of the elements of an input or output, in lower case: `float`, `uint8` ..."""
    onnx = package("onnx")
    names = {number: name for name, number in onnx.TensorProto.DataType.items()}
    return str(names.get(value.type.tensor_type.elem_type, "unknown")).lower()


class Session:
    """ONNX Runtime with one model: on the GPU where its package can, else on the CPU."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Load the model; `threads` is fixed, since it changes sums.

        Raises:
            SpecError: ONNX Runtime is missing, or does not take the model.
        """
        ort = package("onnxruntime")
        self.path = path
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 4
        available = ort.get_available_providers()
        providers = [one for one in _PROVIDERS if one[0] in available]
        try:
            self._session = ort.InferenceSession(str(path), options, providers=providers)
        except Exception as error:  # ONNX Runtime's errors have no common base.
            raise self._broken(error) from None

    def run(
        self, inputs: Mapping[str, NDArray[np.generic]], outputs: Sequence[str] | None = None
    ) -> list[NDArray[np.generic]]:
        """The named outputs of the model, or all of them, in its order.

        Raises:
            SpecError: the model breaks off.
        """
        given = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        try:
            found = self._session.run(outputs, given)
        except Exception as error:  # as above
            raise self._broken(error) from None
        return [np.asarray(one) for one in found]

    def _broken(self, error: Exception) -> SpecError:
        return refusal(self.path, f"does not run ({_reason(error)})", "export it again")


_PROVIDERS: list[tuple[str, dict[str, str]]] = [
    # What is fastest is measured anew in each process, and rounds as it likes.
    ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}),
    ("CPUExecutionProvider", {}),
]


def package(name: Literal["onnx", "onnxruntime"]) -> Any:
    """One of the optional packages.

    Raises:
        SpecError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise SpecError(
            f"ONNX models need the package {name}; install it with pip install 'populace[onnx]'."
        ) from None


def refusal(path: Path, found: str, mend: str) -> SpecError:
    """The error for a model that cannot be taken."""
    return SpecError(f"{path}: is an ONNX model that {found}; {mend}.")


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]


def _graphs(graph: Any, depth: int) -> Iterator[Any]:
    """A graph or function, and the graphs inside its nodes."""
    if depth > _MOST_DEPTH:
        raise RecursionError
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from _graphs(inner, depth + 1)


def _tensors(graph: Any) -> Iterator[Any]:
    """Every tensor of one graph or function."""
    sparse = []
    for node in graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors
            sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
    if hasattr(graph, "initializer"):  # a function has none
        yield from graph.initializer
        sparse += graph.sparse_initializer
    for one in sparse:
        yield from (one.values, one.indices)
