"""A candidate's draw depends on (seed, slot, attempt) and on nothing else."""

import hashlib

import numpy as np

from pipeline.sampling.seeds import normals


def test_a_draw_does_not_depend_on_its_neighbours() -> None:
    places = [(3, 0), (0, 5), (2**40, 7)]
    together = normals(9, places, 64)
    for row, place in zip(together, places, strict=True):
        assert np.array_equal(row, normals(9, [place], 64)[0])


def test_seed_slot_and_attempt_each_change_the_draw() -> None:
    draws = [normals(s, [(i, k)], 16) for s, i, k in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]]
    assert len({draw.tobytes() for draw in draws}) == 4


def test_the_stream_of_a_job_never_changes() -> None:
    digest = hashlib.sha256(normals(7, [(0, 0), (119, 3)], 32).tobytes()).hexdigest()
    assert digest[:16] == "16f645674b5e7d50"


def test_draws_are_standard_normal() -> None:
    draws = normals(1, [(i, 0) for i in range(4000)], 16)
    assert abs(draws.mean()) < 0.02
    assert abs(draws.std() - 1) < 0.02
    assert np.abs(np.corrcoef(draws.T) - np.eye(16)).max() < 0.08
