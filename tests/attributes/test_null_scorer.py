"""The null scorer reads every attribute of the taxonomy from the null generator's stripes."""

import numpy as np

from pipeline.attributes.null_scorer import NullScorer
from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.generators.null import STRIPES, Null


def test_every_attribute_is_read_in_its_kind_and_range_and_every_class_comes() -> None:
    assert len(ATTRIBUTES) <= STRIPES
    draws = np.random.default_rng(0).standard_normal((2_000, STRIPES)).astype(np.float32)
    null = Null()
    scores = NullScorer().score(null.render(null.latents(draws), 64))
    for attribute in ATTRIBUTES:
        values = scores.values[attribute.name]
        if attribute.kind == "class":
            assert set(values.tolist()) == set(range(len(attribute.classes)))
        else:
            assert values.min() >= attribute.low
            assert values.max() <= attribute.high
        if attribute.classes:
            assert scores.probabilities[attribute.name].shape == (2_000, len(attribute.classes))
            assert np.allclose(scores.probabilities[attribute.name].sum(1), 1)
