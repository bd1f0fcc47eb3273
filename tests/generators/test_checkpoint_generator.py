"""A checkpoint is a generator like any other: exact from its latents, in every size up to its own.

Law 1 of the design: a stored row rebuilds its face to the pixel.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.attributes.resample import area_average
from pipeline.errors import SpecError
from pipeline.generators import load_generator
from pipeline.generators.checkpoint_spec import GeneratorSpec
from pipeline.generators.generator import Generator, bands_of
from pipeline.generators.null import Null
from tests.generators.saved import save, tiny
from tests.generators.stylegan3 import networks as networks3


def load(path: Path, size: int = 64, **fields: Any) -> Generator:
    return load_generator(GeneratorSpec(checkpoint=str(path), **fields), size)


def draws(generator: Generator, count: int) -> np.ndarray:
    shape = (count, generator.latent_size)
    return np.random.default_rng(3).standard_normal(shape, np.float32)


@pytest.fixture(params=["stylegan2", "stylegan3"])
def checkpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "net.safetensors"
    if request.param == "stylegan2":
        return tiny(path)
    return save(path, networks3.network(resolution=64))


def test_a_face_is_the_same_alone_and_in_any_company(checkpoint: Path) -> None:
    generator = load(checkpoint, truncation=0.7)
    normals = draws(generator, 5)
    w = generator.latents(normals)
    assert (w == w.astype(np.float16)).all()
    pictures = generator.render(w, 64)
    assert (pictures.shape, pictures.dtype) == ((5, 64, 64, 3), np.uint8)
    assert len({picture.tobytes() for picture in pictures}) == 5
    for i in (0, 3, 4):
        np.testing.assert_array_equal(generator.latents(normals[i : i + 1])[0], w[i])
        np.testing.assert_array_equal(generator.render(w[i : i + 1], 64)[0], pictures[i])
    np.testing.assert_array_equal(generator.render(w[::-1], 64)[::-1], pictures)
    again = load(checkpoint, truncation=0.7)
    np.testing.assert_array_equal(
        again.render(w.astype(np.float16).astype(np.float32), 64), pictures
    )


def test_bands_of_layers_may_have_latents_of_their_own(checkpoint: Path) -> None:
    generator = load(checkpoint)
    assert bands_of(generator) == 3
    one, other = generator.latents(draws(generator, 2))
    plain = generator.render(one[None], 64)[0]
    same = np.concatenate([one, one, one])[None]
    np.testing.assert_array_equal(generator.render(same, 64)[0], plain)
    np.testing.assert_array_equal(
        generator.preview(same, 64)[0], generator.preview(one[None], 64)[0]
    )
    mixed = [np.concatenate([other if i == k else one for i in range(3)]) for k in range(3)]
    pictures = generator.render(np.stack(mixed), 64)
    assert len({picture.tobytes() for picture in [plain, *pictures]}) == 4
    # Each alone is what it was in company.
    np.testing.assert_array_equal(generator.render(mixed[1][None], 64)[0], pictures[1])


def test_only_style_generators_have_bands() -> None:
    assert bands_of(Null()) == 1


def test_smaller_pictures_are_averages_of_its_own(checkpoint: Path) -> None:
    generator = load(checkpoint)
    w = generator.latents(draws(generator, 2))
    own = generator.render(w, 64)
    for size in (32, 48):
        np.testing.assert_array_equal(generator.render(w, size), np.rint(area_average(own, size)))
        near = generator.preview(w, size).astype(int) - generator.render(w, size)
        assert np.abs(near).max() <= 2


def test_truncation_draws_faces_towards_the_mean(tmp_path: Path) -> None:
    path = tiny(tmp_path / "net.safetensors")
    whole, half = load(path), load(path, truncation=0.5)
    normals = draws(whole, 64)
    assert half.latents(normals).std(0).sum() == pytest.approx(
        whole.latents(normals).std(0).sum() / 2, rel=0.01
    )
    assert whole.digest != half.digest
    assert load(path).digest == whole.digest


def test_classes_of_a_conditional_network(tmp_path: Path) -> None:
    path = tiny(tmp_path / "net.safetensors", c_dim=3)
    first, second = load(path), load(path, label=1)
    normals = draws(first, 2)
    np.testing.assert_array_equal(load(path, label=0).latents(normals), first.latents(normals))
    assert load(path, label=0).digest == first.digest != second.digest
    assert (first.latents(normals) != second.latents(normals)).any()
    with pytest.raises(SpecError, match=r"generator\.label: 3 is no class of .*; write 0 to 2\."):
        load(path, label=3)


@pytest.mark.parametrize("sizes", [{"z_dim": 8, "w_dim": 24}, {"z_dim": 24, "w_dim": 8}])
def test_z_and_w_may_differ_in_length(sizes: dict[str, int], tmp_path: Path) -> None:
    generator = load(tiny(tmp_path / "net.safetensors", **sizes))
    w = generator.latents(draws(generator, 2))
    assert w.shape == (2, 24)
    assert generator.render(w, 64).std() > 1


def test_grey_networks_give_colour_pictures_and_others_are_refused(tmp_path: Path) -> None:
    generator = load(tiny(tmp_path / "grey.safetensors", img_channels=1))
    pictures = generator.render(generator.latents(draws(generator, 1)), 64)
    assert (pictures == pictures[..., :1]).all()
    with pytest.raises(SpecError, match="draws 4 channels"):
        load(tiny(tmp_path / "four.safetensors", img_channels=4))


@pytest.mark.parametrize(
    ("size", "fields", "found"),
    [
        (128, {}, r"image\.size: 128 is more than the 64 px that .*; set it to 64, or take a"),
        (64, {"kind": "stylegan3"}, r"generator\.kind: .* is 'stylegan2', not 'stylegan3'; remove"),
        (64, {"label": 0}, r"generator\.label: .* has no classes; remove it"),
    ],
)
def test_what_the_file_does_not_have_is_refused(
    size: int, fields: dict[str, Any], found: str, tmp_path: Path
) -> None:
    path = tiny(tmp_path / "net.safetensors")
    with pytest.raises(SpecError, match=found):
        load(path, size, **fields)


def test_an_onnx_model_is_a_generator_too(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from tests.generators.checkpoints.test_onnx_model import write

    path = write(tmp_path / "net.onnx")
    generator = load(path, 4, kind="onnx")
    w = generator.latents(draws(generator, 3))
    assert generator.render(w, 4).shape == (3, 4, 4, 3)
    with pytest.raises(SpecError, match=r"generator\.truncation: an ONNX model takes none"):
        load(path, 4, truncation=0.7)
    with pytest.raises(SpecError, match=r"image\.size: 64 is more than the 8 px"):
        load(path, 64)
