"""Extras are ordinary files that other programs read as the documentation says."""

import io
import json
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from pipeline.assets.extras import EXTRAS, PALETTE, Truth, describe, encode_extra, truth_of
from pipeline.generators.generator import SEGMENTS, Pictures
from pipeline.provenance.xmp import read_xmp
from pipeline.spec import Extra

SIZE = 48


@pytest.fixture
def truth() -> Truth:
    rng = np.random.default_rng(3)
    shape = (2, SIZE, SIZE)
    pictures = Pictures(
        images=np.zeros((*shape, 3), np.uint8),
        alpha=rng.integers(0, 256, shape, np.uint8),
        cutout=np.zeros((*shape, 3), np.uint8),
        segmentation=rng.integers(0, len(SEGMENTS), shape, np.uint8),
        depth=rng.uniform(0, 9000, shape).astype(np.float32),
        landmarks=rng.uniform(-9, 60, (2, 68, 2)).astype(np.float32),
        cameras=rng.normal(size=(2, 3, 4)).astype(np.float32),
    )
    return truth_of(pictures, 1)


def opened(kind: Extra, truth: Truth) -> Image.Image:
    return Image.open(io.BytesIO(encode_extra(kind, truth, "f1")))


def test_every_kind_of_the_spec_has_its_files() -> None:
    assert set(EXTRAS) == set(get_args(Extra))
    assert len({entry.suffix for entry in EXTRAS.values()}) == len(EXTRAS)


@pytest.mark.parametrize("kind", EXTRAS)
def test_the_same_truth_gives_the_same_labelled_bytes(kind: Extra, truth: Truth) -> None:
    data = encode_extra(kind, truth, "f1")
    assert encode_extra(kind, truth, "f1") == data
    said = data.decode() if kind == "landmarks" else read_xmp(data) or ""
    assert "does not exist" in said
    assert "trainedAlgorithmicMedia" in said


@pytest.mark.parametrize("kind", EXTRAS)
def test_what_the_catalog_says_of_a_kind_is_plain_json(kind: Extra) -> None:
    said = json.loads(json.dumps(describe(kind)))
    assert said["file"] == f"<asset>.{EXTRAS[kind].suffix}"
    assert said["what"]


def test_alpha_and_segments_come_back_exactly(truth: Truth) -> None:
    np.testing.assert_array_equal(np.asarray(opened("alpha", truth)), truth.alpha)
    np.testing.assert_array_equal(np.asarray(opened("segmentation", truth)), truth.segmentation)


def test_the_palette_shows_each_segment_in_a_colour_of_its_own(truth: Truth) -> None:
    image = opened("segmentation", truth)
    assert len(PALETTE) == len(set(PALETTE)) == len(SEGMENTS)
    shown = np.asarray(image.convert("RGB"))
    for index, color in enumerate(PALETTE):
        assert (shown[truth.segmentation == index] == tuple(bytes.fromhex(color[1:]))).all()


def test_depth_is_in_tenths_of_a_millimetre_and_stops_at_the_far_end(truth: Truth) -> None:
    steps = np.asarray(opened("depth", truth)).astype(np.float64)
    near = truth.depth < 6553
    assert np.abs(steps / 10 - truth.depth)[near].max() <= 0.0501
    assert (steps[~near] >= 65530).all()


def test_landmarks_come_back_to_the_bit(truth: Truth) -> None:
    document = json.loads(encode_extra("landmarks", truth, "f1"))
    assert (document["width"], document["height"]) == (SIZE, SIZE)
    np.testing.assert_array_equal(np.float32(document["landmarks"]), truth.landmarks)
    np.testing.assert_array_equal(np.float32(document["camera"]), truth.camera)


def test_palette_neighbours_in_a_face_are_easy_to_tell_apart() -> None:
    colors = [np.frombuffer(bytes.fromhex(color[1:]), np.uint8).astype(int) for color in PALETTE]
    for one, other in [*pairwise(range(len(SEGMENTS))), (1, 8), (1, 9), (2, 8), (4, 10)]:
        assert np.abs(colors[one] - colors[other]).sum() > 60


def test_the_page_names_every_file_and_segment() -> None:
    page = (Path(__file__).parents[2] / "docs" / "catalog.md").read_text()
    for kind, entry in EXTRAS.items():
        assert f"| `{kind}` | `<asset>.{entry.suffix}` |" in page
    segments = (f"{i} {name.replace('_', ' ')}" for i, name in enumerate(SEGMENTS))
    assert ", ".join(segments) in page
