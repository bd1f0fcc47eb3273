"""Directions point where readings grow, and leave the others where they are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.attributes import load_scorer
from pipeline.attributes.directions import Direction, Directions
from pipeline.attributes.scorer import Scores
from pipeline.attributes.surrogate import Surrogate
from pipeline.errors import SpecError
from pipeline.generators.heads import Heads
from pipeline.generators.heads.layout import INDEX
from pipeline.training.direction_effects import Camera, measured
from pipeline.training.directions import fit_directions
from tests.training.linear_world import DIGESTS, PX, D, World, drawn, fitted


def free(world: World, k: int, others: list[int]) -> NDArray[np.float64]:
    """The step that is truly right: float64 [D]."""
    way, rest = world.whitened[:, k], world.whitened[:, others]
    left = way - rest @ np.linalg.lstsq(rest, way, rcond=None)[0]
    step: NDArray[np.float64] = world.mixing @ (left / np.linalg.norm(left))
    return step


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_the_direction_of_a_linear_world_is_found(seed: int) -> None:
    world = World(seed)
    found = fitted(world)
    assert [one.reading.label for one in found.each] == [
        "age", "skin_tone", "expression=neutral", "expression=anger", "glasses=glasses", "yaw",
    ]  # fmt: skip
    order = {"age": 0, "yaw": 1, "skin_tone": 2, "glasses=glasses": 3, "expression=anger": 4}
    for one in found.each:
        if one.reading.label not in order:
            continue
        k = order[one.reading.label]
        right = free(world, k, [i for i in range(5) if i != k])
        step = one.step.astype(np.float64)
        assert step @ right / np.linalg.norm(step) / np.linalg.norm(right) > 0.97
        # A step is one standard deviation of the natural latents.
        assert np.linalg.norm(np.linalg.solve(world.mixing, step)) == pytest.approx(1, rel=0.1)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_what_directions_have_in_common_is_taken_out(seed: int) -> None:
    """Of those that were fitted alone, ages move with tones and tones with ages."""
    world = World(seed)
    natural = world.read(drawn(world)).values
    camera = Camera(world, drawn(world)[:12], world.score, PX)
    leaks = {
        orthogonal: {
            one.reading.label: measured(one, natural, camera)
            for one in fitted(world, orthogonal=orthogonal).each
        }
        for orthogonal in (True, False)
    }
    for one, other in (("age", "skin_tone"), ("skin_tone", "age")):
        before, after = (leaks[how][one].leakage for how in (False, True))
        assert before is not None
        assert after is not None
        assert after[other] < 0.1
        assert after[other] < before[other] / 3


def test_effects_are_in_the_unit_of_what_is_read() -> None:
    world = World(3)
    found = fitted(world)
    natural = world.read(drawn(world)).values
    age = measured(found.each[0], natural, Camera(world, drawn(world)[:12], world.score, PX))
    step = age.step.astype(np.float64) @ world.normals[:, 0]
    assert age.effect == pytest.approx(8 * step, rel=0.02)
    assert age.told > 0.99
    glasses = measured(found.each[4], natural, Camera(world, drawn(world)[:12], world.score, PX))
    assert 1.5 < glasses.effect < 3.2  # log-odds, of three for all of the normal
    assert age.identity is None
    still = Camera(
        world,
        drawn(world)[:12],
        world.score,
        PX,
        lambda images: np.eye(len(images), dtype=np.float32),
    )
    assert measured(found.each[0], natural, still).identity == 1


class LayeredWorld(World):
    """Ages are drawn by the middle band, and all else by the fine one."""

    layered = True

    def render(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        bands = np.tile(w, 3) if w.shape[1] == D else w
        images = np.zeros((len(w), size * size * 3), np.uint8)
        images[:, : 6 * D] = np.ascontiguousarray(bands.astype(np.float16)).view(np.uint8)
        return images.reshape(len(w), size, size, 3)

    preview = render

    def score(self, images: NDArray[np.uint8]) -> Scores:
        flat = np.ascontiguousarray(images.reshape(len(images), -1)[:, : 6 * D])
        bands = flat.view(np.float16).astype(np.float32).reshape(len(images), 3, D)
        middle, fine = self.read(bands[:, 1]), self.read(bands[:, 2])
        return Scores({**fine.values, "age": middle.values["age"]}, fine.probabilities, {})


def test_layers_that_leak_least_are_chosen() -> None:
    """Of directions that are not free of each other, so that all layers together would leak."""
    world = LayeredWorld(4)
    natural = world.read(drawn(world)).values
    camera = Camera(world, drawn(world)[:12], world.score, PX)
    found = fitted(world, orthogonal=False)
    each = {one.reading.label: one for one in found.each}
    age, tone = (measured(each[label], natural, camera) for label in ("age", "skin_tone"))
    assert age.bands in ((1,), (0, 1))
    assert age.leaks["skin_tone"] == 0
    assert tone.bands == (2,)
    assert tone.leaks["age"] == 0
    blind = measured(replace(each["age"], told=0.01), natural, camera)
    assert blind.bands == (0, 1, 2)
    assert blind.leaks["skin_tone"] > 0.2


def test_what_is_too_rare_has_no_direction_and_is_named() -> None:
    world = World(5)
    found = fitted(world, 500)
    assert "expression=surprise" not in [one.reading.label for one in found.each]
    told = Directions(
        tuple(Direction(one.reading, one.step, one.told, effect=1.0) for one in found.each),
        500, *DIGESTS,
    )  # fmt: skip
    with pytest.raises(SpecError, match="expression: no latent direction leads to expression=surp"):
        told.of("expression", 3)
    direction, reading, sign = told.of("glasses", 0)
    assert (direction.reading.label, reading.label, sign) == ("glasses=glasses", "glasses=none", -1)


def test_numbers_that_never_vary_have_no_direction_and_padding_stays_still() -> None:
    world = World(1)
    w = drawn(world, 600)
    values = {**world.read(w).values, "pitch": np.zeros(len(w), np.float32)}
    padded = np.concatenate([w, np.zeros((len(w), 3), np.float32)], 1)
    found = fit_directions(padded, values, DIGESTS)
    assert "pitch" not in [one.reading.label for one in found.each]
    assert all(np.abs(one.step[-3:]).max() < 1e-6 for one in found.each)


def test_directions_are_read_back_as_they_were_written() -> None:
    world = World(2)
    natural = world.read(drawn(world)).values
    found = fitted(world)
    one = measured(found.each[0], natural, Camera(world, drawn(world)[:12], world.score, PX))
    kept = Directions((one, *found.each[1:]), found.draws, *DIGESTS)
    again = Directions.from_bytes(kept.to_bytes())
    assert again.document() == kept.document()
    assert again.digest == kept.digest
    assert np.array_equal(again.each[0].step, one.step)
    with pytest.raises(ValueError, match="no directions"):
        Directions.from_bytes(Surrogate(w0(), w0(), [], [], {}, *DIGESTS).to_bytes())
    with pytest.raises(ValueError, match="no directions"):
        Directions.from_bytes(b"nothing")


def w0() -> NDArray[np.float32]:
    return np.zeros(2, np.float32)


def test_directions_of_heads_are_the_dimensions_that_govern() -> None:
    """Four hundred real draws, pictured and read by the bundled scorer, are enough for these."""
    heads, scorer = Heads(), load_scorer("builtin:heads")
    rng = np.random.default_rng(8)
    w = heads.latents(rng.standard_normal((400, heads.latent_size)).astype(np.float32))
    read = [scorer.score(heads.preview(w[i : i + 16], 64)).values for i in range(0, 400, 16)]
    natural = {name: np.concatenate([one[name] for one in read]) for name in read[0]}
    found = fit_directions(w, natural, (heads.digest, scorer.digest))
    each = {one.reading.label: one for one in found.each}
    for label, dimension in (("yaw", "yaw"), ("light_azimuth", "light_azimuth"), ("age", "age")):
        assert np.abs(each[label].step).argmax() == INDEX[dimension]
        assert each[label].told > 0.6
    camera = Camera(heads, w[:8], scorer.score, 64)
    yaw = measured(each["yaw"], natural, camera)
    assert 8 < yaw.effect < 16  # of fourteen degrees that a standard deviation is
    assert yaw.leakage is not None
    assert max(yaw.leakage[name] for name in ("age", "skin_tone", "smile", "pitch")) < 0.35
