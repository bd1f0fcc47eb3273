"""What is rendered for a training."""

import numpy as np
from toys import Discs

from pipeline.training.sets import HELD_OUT, JUDGED_SIZE, KIND_SHARES, Counts, draw_orders


def test_held_out_people_stay_the_same_whatever_is_learned_from() -> None:
    few, many = (
        {order.name: order for order in draw_orders(Discs(), counts, 0)}
        for counts in (Counts(40, 32, 64, 8, 16), Counts(100, 32, 80, 8, 30))
    )
    for name in HELD_OUT:
        assert np.array_equal(few[name].w, many[name].w)
        assert len(few[name].w) == 32 * HELD_OUT[name]
        assert set(few[name].sizes) == {JUDGED_SIZE}
    learned = {row.tobytes() for row in many["train"].w} | {w.tobytes() for w in few["train"].w}
    assert not learned & {row.tobytes() for name in HELD_OUT for row in few[name].w}
    assert len(many["train"].w) == 100
    assert np.array_equal(few["pairs"].w, few["natural"].w[:8])


def test_shares_of_the_training_set_are_whole() -> None:
    assert sum(KIND_SHARES.values()) == 1
