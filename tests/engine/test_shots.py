"""Pictures are taken on the scene, on a colour or cut out, from generators that know how."""

import numpy as np
import pytest

from pipeline.assets.encode import over
from pipeline.engine.shots import take
from pipeline.errors import SpecError
from pipeline.generators.null import Null
from tests.engine.modeller import Slab, slab_job

W = np.random.default_rng(0).standard_normal((3, 16)).astype(np.float16).astype(np.float32)


def test_a_plain_job_asks_only_for_a_render() -> None:
    class Plain(Slab):
        def pictures(self, w: np.ndarray, size: int) -> None:  # type: ignore[override]
            raise AssertionError

        def render(self, w: np.ndarray, size: int) -> np.ndarray:
            return Null.render(self, w, size)

    pixels, pictures = take(slab_job("x").spec, Plain(), W)
    assert pixels.shape == (3, 64, 64, 3)
    assert pictures is None


def test_extras_leave_the_picture_as_it_is() -> None:
    pixels, pictures = take(slab_job("x", extras=["depth"]).spec, Slab(), W)
    np.testing.assert_array_equal(pixels, Slab().render(W, 64))
    assert pictures is not None


def test_a_cut_out_is_straight_colour_with_alpha_and_nothing_of_the_scene() -> None:
    pixels, _ = take(slab_job("x", image={"background": "transparent"}).spec, Slab(), W)
    assert pixels.shape == (3, 64, 64, 4)
    np.testing.assert_array_equal(pixels[..., :3], Null().render(W, 64))
    assert set(np.unique(pixels[..., 3])) == {0, 128, 255}


def test_a_colour_stands_behind_the_person() -> None:
    pixels, pictures = take(slab_job("x", image={"background": "#20C040"}).spec, Slab(), W)
    assert pictures is not None
    assert (pixels[:, 0] == (0x20, 0xC0, 0x40)).all()
    np.testing.assert_array_equal(pixels[:, 40:], pictures.cutout[:, 40:])
    cut = np.concatenate([pictures.cutout, pictures.alpha[..., None]], -1)
    np.testing.assert_array_equal(pixels, over(cut, (0x20, 0xC0, 0x40)))


@pytest.mark.parametrize("change", [{"extras": ["alpha"]}, {"image": {"background": "#000000"}}])
def test_a_generator_that_models_nothing_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(SpecError, match="does not model what it draws"):
        take(slab_job("x", **change).spec, Null(), W)
