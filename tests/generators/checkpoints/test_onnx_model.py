"""Any generator comes as ONNX: latent in, image out."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SpecError
from pipeline.generators.checkpoints.onnx_model import OnnxGenerator, read_onnx
from pipeline.generators.generator import Generator

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def write(
    path: Path,
    picture: Sequence[int | str] = ("N", 3, 8, 8),
    batch: int | str = "N",
    external: str | None = None,
    last: str = "Identity",
    shape: Sequence[int] | None = None,
    latent: int = 4,
    **metadata: str,
) -> Path:
    """A generator whose pixels are all the same linear function of the latent.

    last: an operation on the picture; shape: what it really gives; latent: size it announces.
    """
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weight = np.linspace(-1, 1, 4 * 192, dtype=np.float32).reshape(4, 192)
    matrix = onnx.numpy_helper.from_array(weight, "matrix")
    if external:
        matrix.data_location = onnx.TensorProto.EXTERNAL
        matrix.ClearField("raw_data")
        matrix.external_data.add(key="location", value=external)
    shape = shape or [-1 if isinstance(side, str) else side for side in picture]
    nodes = [
        helper.make_node("MatMul", ["z", "matrix"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["raw"]),
        helper.make_node(last, ["raw"], ["image"]),
    ]
    graph = helper.make_graph(
        nodes,
        "generator",
        [helper.make_tensor_value_info("z", kind, [batch, latent])],
        [helper.make_tensor_value_info("image", kind, picture)],
        [matrix, onnx.numpy_helper.from_array(np.array(shape, np.int64), "shape")],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    for key, value in metadata.items():
        model.metadata_props.add(key=f"populace.{key}", value=value)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_model_is_a_generator(tmp_path: Path) -> None:
    model = read_onnx(write(tmp_path / "a.onnx"))
    assert (model.latent_size, model.resolution, model.parameters) == (4, 8, 772)
    generator: Generator = OnnxGenerator(model)
    w = generator.latents(np.random.default_rng(0).standard_normal((3, 4), np.float32))
    images = generator.render(w, 8)
    assert (images.shape, images.dtype) == ((3, 8, 8, 3), np.uint8)
    assert (generator.preview(w, 8) == images).all()
    assert (generator.render(w[1:2], 8)[0] == images[1]).all()
    value = (w[0] @ np.linspace(-1, 1, 768, dtype=np.float32).reshape(4, 192))[0]
    assert images[0, 0, 0, 0] == np.clip(np.rint(value * 127.5 + 127.5), 0, 255)


def test_channels_last_ranges_and_fixed_batches(tmp_path: Path) -> None:
    fixed = write(tmp_path / "a.onnx", (1, 8, 8, 3), 1, range="0..1")
    model = read_onnx(fixed)
    assert (model.last, model.batched, model.values) == (True, False, "0..1")
    images = OnnxGenerator(model).preview(np.zeros((2, 4), np.float32), 8)
    assert (images == 0).all()


def test_another_size_is_refused(tmp_path: Path) -> None:
    generator = OnnxGenerator(read_onnx(write(tmp_path / "a.onnx")))
    with pytest.raises(SpecError, match=r"draws 8 px, not 16; set image\.size to 8"):
        generator.render(np.zeros((1, 4), np.float32), 16)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"external": "../../secret"}, "keeps weights in other files; export it as one file"),
        ({"picture": ("N", 3, 4, 16)}, "no square picture; export it with a picture"),
        ({"picture": ("N", 192)}, "no square picture"),
        ({"latent": -5}, "takes [0, -5], no latent"),
        ({"last": "RandomNormalLike"}, "draws at random (RandomNormalLike ); export it with const"),
        ({"range": "0..7"}, "the range '0..7'; write populace.range as -1..1, 0..1"),
    ],
)
def test_other_models_are_refused(changes: dict[str, Any], found: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read_onnx(write(tmp_path / "a.onnx", **changes))
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"shape": [-1, 3, 4, 16]}, "gave [1, 4, 16, 3] where it promised [1, 8, 8, 3]; export"),
        ({"shape": [-1, 192]}, "gave [1, 192] where it promised [1, 8, 8, 3]"),
        ({"last": "Log"}, "drew NaN or infinity; export it again"),
    ],
)
def test_a_model_that_does_not_draw_what_it_says_is_refused(
    changes: dict[str, Any], found: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        OnnxGenerator(read_onnx(write(tmp_path / "a.onnx", **changes)))
    assert found in str(caught.value)


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SpecError, match="is no ONNX file, or one cut off"):
        read_onnx(path)


def test_without_the_package_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(SpecError, match=r"pip install 'populace\[onnx\]'"):
        read_onnx(tmp_path / "a.onnx")
