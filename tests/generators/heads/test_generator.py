"""Rendering: deterministic, independent of the batch, alike at every size."""

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SpecError
from pipeline.generators.heads import Heads
from pipeline.generators.heads.layout import INDEX


@pytest.fixture(scope="module")
def heads() -> Heads:
    return Heads()


@pytest.fixture(scope="module")
def w(heads: Heads) -> np.ndarray:
    normals = np.random.default_rng(12).standard_normal((12, heads.latent_size))
    return heads.latents(normals.astype(np.float32))


@pytest.fixture(scope="module")
def rendered(heads: Heads, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return heads.render_with_masks(w, 64)


def test_the_same_latents_give_the_same_pixels(
    heads: Heads, w: np.ndarray, rendered: tuple[np.ndarray, np.ndarray]
) -> None:
    assert np.array_equal(heads.render(w[:4], 64), rendered[0][:4])


def test_a_picture_does_not_depend_on_its_batch(
    heads: Heads, w: np.ndarray, rendered: tuple[np.ndarray, np.ndarray]
) -> None:
    for i in (3, 7):
        assert np.array_equal(heads.render(w[i : i + 1], 64)[0], rendered[0][i])
    assert np.array_equal(heads.render(w[[7, 3]], 64)[0], rendered[0][7])


@pytest.mark.parametrize("size", [65, 96, 200])
def test_any_size_is_rendered(heads: Heads, w: np.ndarray, size: int) -> None:
    images, masks = heads.render_with_masks(w[:1], size)
    assert images.shape == (1, size, size, 3)
    assert images.dtype == np.uint8
    assert masks.shape == (1, size, size)


def test_a_size_out_of_range_is_refused_with_the_mend(heads: Heads, w: np.ndarray) -> None:
    with pytest.raises(SpecError, match=r"image\.size is 32.*64 to 1024"):
        heads.render(w[:1], 32)


def test_previews_look_like_the_large_picture(
    heads: Heads, w: np.ndarray, rendered: tuple[np.ndarray, np.ndarray]
) -> None:
    large = heads.render(w[:4], 256)
    for big, small in zip(large, rendered[0], strict=False):
        shrunk = np.asarray(Image.fromarray(big).resize((64, 64), Image.Resampling.BOX), float)
        assert np.abs(shrunk - small).mean() < 7


def test_pictures_are_whole(rendered: tuple[np.ndarray, np.ndarray]) -> None:
    images, masks = rendered
    assert (images.max(-1) == 0).mean() < 0.01
    assert ((masks >= 0) & (masks <= 1)).all()
    assert ((masks.mean((1, 2)) > 0.05) & (masks.mean((1, 2)) < 0.6)).all()


def test_darker_tones_give_darker_skin(heads: Heads, w: np.ndarray) -> None:
    people = np.repeat(w[:1], 3, 0)
    people[:, INDEX["tone"]] = (-1.5, 0.6, 2.2)
    images, masks = heads.render_with_masks(people, 64)
    light, middle, dark = (
        np.median(image[mask > 0.8]) for image, mask in zip(images, masks, strict=True)
    )
    assert light > middle + 20 > dark + 40


def test_every_trait_at_its_limits_renders(heads: Heads) -> None:
    limits = np.full((2, heads.latent_size), 6.0, np.float32)
    limits[1] = -6.0
    images = heads.render(heads.latents(limits), 64)
    assert images.std((1, 2, 3)).min() > 10


def test_the_digest_names_this_code() -> None:
    assert Heads().digest == Heads().digest
    assert len(Heads().digest) == 64
