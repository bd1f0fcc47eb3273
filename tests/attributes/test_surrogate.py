"""A surrogate says what its network says, and comes back from its file."""

import numpy as np
import pytest

from pipeline.attributes.bins import parse_bins
from pipeline.attributes.surrogate import Guess, Surrogate
from pipeline.attributes.taxonomy import BY_NAME


def surrogate() -> Surrogate:
    rng = np.random.default_rng(0)
    outputs = len(BY_NAME["hair_color"].classes) + 2
    layers = [
        (rng.normal(0, 0.5, (i, o)).astype(np.float32), rng.normal(0, 1, o).astype(np.float32))
        for i, o in ((6, 8), (8, outputs))
    ]
    one = np.ones(6, np.float32)
    return Surrogate(0 * one, one, layers, ["hair_color"], {"age": (40.0, 10.0)}, "g", "s")


def test_it_comes_back_from_its_file() -> None:
    own = surrogate()
    back = Surrogate.from_bytes(own.to_bytes())
    w = np.random.default_rng(1).standard_normal((5, 6), np.float32)
    before, after = own.guess(w), back.guess(w)
    assert np.array_equal(before.classes["hair_color"], after.classes["hair_color"])
    assert np.array_equal(before.means["age"], after.means["age"])
    assert np.array_equal(before.spreads["age"], after.spreads["age"])
    assert back.digest == own.digest
    assert (back.generator_digest, back.scorer_digest) == ("g", "s")


@pytest.mark.parametrize("data", [b"", b"nothing of the kind", surrogate().to_bytes()[:-40]])
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="surrogate"):
        Surrogate.from_bytes(data)


def test_probabilities_of_numbers_are_those_of_a_normal_law_with_closed_ends() -> None:
    guess = Guess({}, {"age": np.array([30.0, 95.0])}, {"age": np.array([5.0, 10.0])})
    bins = parse_bins("age", ["0-24", "25-34", "35-99"])
    p = guess.probability("age", bins)
    assert p.sum(1) == pytest.approx([1, 1])
    assert p[0, 1] == pytest.approx(0.6827, abs=1e-3)
    assert p[1, 2] == pytest.approx(1)
    assert (guess.probability("yaw", parse_bins("yaw", ["-5..5"])) == 1).all()
