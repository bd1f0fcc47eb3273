"""The generator: deterministic, alike at every size, true to its own truth."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import SpecError
from pipeline.generators.generator import SEGMENTS, Modeller, Pictures
from pipeline.generators.heads import Heads, generator
from pipeline.generators.heads.layout import INDEX, traits

BACKGROUND, SKIN, HAIR = (SEGMENTS.index(name) for name in ("background", "skin", "hair"))


@pytest.fixture(scope="module")
def heads() -> Heads:
    return Heads()


@pytest.fixture(scope="module")
def w(heads: Heads) -> np.ndarray:
    normals = np.random.default_rng(12).standard_normal((12, heads.latent_size))
    return heads.latents(normals.astype(np.float32))


@pytest.fixture(scope="module")
def drawn(heads: Heads, w: np.ndarray) -> Pictures:
    return heads.pictures(w, 64)


def test_heads_model_what_they_draw(heads: Heads) -> None:
    assert isinstance(heads, Modeller)


def test_the_same_latents_give_the_same_pixels(
    heads: Heads, w: np.ndarray, drawn: Pictures
) -> None:
    assert np.array_equal(heads.render(w[:4], 64), drawn.images[:4])


def test_a_picture_does_not_depend_on_its_batch(
    heads: Heads, w: np.ndarray, drawn: Pictures
) -> None:
    for i in (3, 7):
        assert np.array_equal(heads.render(w[i : i + 1], 64)[0], drawn.images[i])
    assert np.array_equal(heads.render(w[[7, 3]], 64)[0], drawn.images[7])


def test_a_pass_of_several_people_draws_each_as_if_alone(w: np.ndarray, drawn: Pictures) -> None:
    together = Heads(at_once=6).pictures(w[:6], 64)
    for name in ("images", "alpha", "cutout"):
        one, many = getattr(drawn, name)[:6].astype(int), getattr(together, name).astype(int)
        assert np.abs(one - many).mean() < 0.6
    assert (drawn.segmentation[:6] != together.segmentation).mean() < 0.02
    assert np.allclose(drawn.landmarks[:6], together.landmarks, atol=0.01)


@pytest.mark.parametrize("size", [65, 97, 200])
def test_any_size_is_rendered(heads: Heads, w: np.ndarray, size: int) -> None:
    p = heads.pictures(w[:1], size)
    assert p.images.shape == p.cutout.shape == (1, size, size, 3)
    assert p.alpha.shape == p.segmentation.shape == p.depth.shape == (1, size, size)
    assert p.images.dtype == p.alpha.dtype == np.uint8


def test_a_size_out_of_range_is_refused_with_the_mend(heads: Heads, w: np.ndarray) -> None:
    with pytest.raises(SpecError, match=r"image\.size is 32.*64 to 1024"):
        heads.render(w[:1], 32)


def test_nobody_gives_empty_pictures(heads: Heads) -> None:
    none = np.zeros((0, heads.latent_size), np.float32)
    assert heads.render(none, 64).shape == (0, 64, 64, 3)
    assert heads.pictures(none, 64).landmarks.shape == (0, 68, 2)


def test_previews_look_like_the_large_picture(heads: Heads, w: np.ndarray, drawn: Pictures) -> None:
    large = heads.render(w[:4], 256)
    for big, small in zip(large, drawn.images, strict=False):
        shrunk = np.asarray(Image.fromarray(big).resize((64, 64), Image.Resampling.BOX), float)
        assert np.abs(shrunk - small).mean() < 12


def test_darker_tones_give_darker_skin(heads: Heads, w: np.ndarray) -> None:
    people = np.repeat(w[:1], 3, 0)
    people[:, INDEX["tone"]] = (-1.5, 0.6, 2.2)
    p = heads.pictures(people, 64)
    light, middle, dark = (
        np.median(image[segment == SKIN])
        for image, segment in zip(p.images, p.segmentation, strict=True)
    )
    assert light > middle + 20 > dark + 40


def test_every_trait_at_its_limits_renders(heads: Heads) -> None:
    limits = np.full((2, heads.latent_size), 6.0, np.float32)
    limits[1] = -6.0
    images = heads.render(heads.latents(limits), 64)
    assert images.std((1, 2, 3)).min() > 10


def test_segments_alpha_and_depth_agree_on_where_the_person_is(drawn: Pictures) -> None:
    nobody = drawn.segmentation == BACKGROUND
    # Where all four samples differ, one of the backdrop may stand for the pixel.
    assert (drawn.alpha[nobody] <= 192).all()
    assert (drawn.alpha[nobody] <= 128).mean() > 0.999
    assert (drawn.alpha[~nobody] > 0).all()
    assert (drawn.depth[drawn.alpha == 0] == 0).all()
    person = drawn.depth[drawn.alpha > 0]
    assert person.min() > 900
    assert person.max() < 1500
    assert 0.25 < (drawn.alpha / 255).mean() < 0.85


def test_a_cutout_over_the_backdrop_is_the_picture(drawn: Pictures) -> None:
    """No fringe: where the person covers all, cut-out and picture are the same."""
    full = drawn.alpha == 255
    assert np.abs(drawn.cutout[full].astype(int) - drawn.images[full]).max() <= 1


def test_a_cutout_holds_nothing_of_the_backdrop(heads: Heads, w: np.ndarray) -> None:
    people = np.repeat(w[:1], 2, 0)
    people[:, INDEX["backdrop_value"]] = (-2.5, 2.5)
    people[:, INDEX["backdrop"]] = (-1.0, -1.0)
    p = heads.pictures(people, 64)
    assert np.abs(p.images[0].astype(int) - p.images[1]).max() > 40
    assert np.array_equal(p.cutout[0], p.cutout[1])
    assert np.array_equal(p.alpha[0], p.alpha[1])


def test_landmarks_lie_on_what_they_mark(heads: Heads, w: np.ndarray) -> None:
    people = w.copy()
    for name in ("yaw", "pitch", "roll", "glasses", "facial_hair"):
        people[:, INDEX[name]] = 0.0 if name != "glasses" else 2.0
    p = heads.pictures(people, 256)
    wears = traits(people)["glasses"] > 0
    for i in np.flatnonzero(~wears):
        x, y = p.landmarks[i].T
        eyes = [SEGMENTS.index(name) for name in ("eyes", "iris")]
        for corners in ((36, 39), (42, 45)):
            cx, cy = x[list(corners)].mean(), y[list(corners)].mean()
            around = p.segmentation[i, int(cy) - 4 : int(cy) + 5, int(cx) - 4 : int(cx) + 5]
            assert np.isin(around, eyes).mean() > 0.2
        lips = p.segmentation[i] == SEGMENTS.index("lips")
        rows, columns = np.nonzero(lips)
        assert abs(columns.min() - x[48]) < 8
        assert abs(columns.max() - x[54]) < 8
        assert y[50] - 7 < rows.min() < y[57]


def test_cameras_project_head_space_to_pixels(drawn: Pictures) -> None:
    """Both eyes' middle, the origin of head space, falls between the eyes' landmarks."""
    origin = drawn.cameras[:, :, 3]
    seen = origin[:, :2] / origin[:, 2:]
    between = drawn.landmarks[:, [39, 42]].mean(1)
    assert np.abs(seen - between).max() < 4


def test_hair_can_be_told_from_a_bald_head(heads: Heads, w: np.ndarray) -> None:
    people = np.repeat(w[:1], 2, 0)
    people[:, INDEX["presentation"]] = 1.5
    people[:, INDEX["age"]] = 0.3
    people[:, INDEX["hair_length"]] = (-4.0, 2.5)
    p = heads.pictures(people, 64)
    bald, long = ((p.segmentation[i] == HAIR).mean() for i in (0, 1))
    assert bald < 0.03
    assert long > 0.10


def test_the_digest_names_this_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(generator.__file__).parent
    own, copy = generator.source_digest(), tmp_path / "heads"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(generator, "__file__", str(copy / "generator.py"))
    assert generator.source_digest() == own == Heads().digest
    for path in (max(copy.rglob("*.py")), copy / "layout.py"):
        text = path.read_bytes()
        path.write_bytes(text.replace(b"e", b"f", 1))
        assert generator.source_digest() != own
        path.write_bytes(text)
    (copy / "layout.py").rename(copy / "plan.py")
    assert generator.source_digest() != own
