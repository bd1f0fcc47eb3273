"""A sample is spread over the cells, is the same for one seed, and leaves no row out for ever."""

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.catalog.audit.sample import Sample, spread

QUOTAS = st.lists(st.integers(0, 50), min_size=1, max_size=40).filter(any)


@settings(deadline=None)
@given(QUOTAS, st.integers(1, 300), st.integers(0, 9))
def test_every_cell_gets_its_share_of_the_sample_within_one(
    quotas: list[int], count: int, seed: int
) -> None:
    faces = np.array(quotas)
    count = min(count, int(faces.sum()))
    made = spread(faces, count, np.random.default_rng(seed))
    assert made.sum() == count
    assert (np.abs(made - faces * count / faces.sum()) < 1 + 1e-9).all()
    assert (made <= faces).all()


def draw(quotas: list[int], count: int, seed: int, batch: int) -> list[dict[str, int]]:
    cells = np.repeat(np.arange(len(quotas)), quotas)
    sample = Sample(np.array(quotas), count, seed)
    for start in range(0, len(cells), batch):
        some = cells[start : start + batch]
        slots = np.arange(start, start + len(some))
        sample.offer(pa.record_batch({"slot": slots, "cell": some}), slots, some)
    return sample.rows()


@settings(deadline=None, max_examples=30)
@given(QUOTAS, st.integers(1, 60), st.integers(0, 9), st.integers(1, 60))
def test_batches_do_not_change_the_sample(
    quotas: list[int], count: int, seed: int, batch: int
) -> None:
    rows = draw(quotas, count, seed, batch)
    assert rows == draw(quotas, count, seed, 10_000)
    assert len({row["slot"] for row in rows}) == min(count, sum(quotas))
    wanted = spread(np.array(quotas), min(count, sum(quotas)), np.random.default_rng(seed))
    assert Counter(row["cell"] for row in rows) == {c: n for c, n in enumerate(wanted) if n}


def test_other_seeds_draw_other_rows_and_each_as_often() -> None:
    seen = Counter(row["slot"] for seed in range(400) for row in draw([20, 20], 10, seed, 16))
    assert len(seen) == 40
    # 4,000 draws of 40 rows: 100 each, give or take four standard deviations.
    assert max(abs(n - 100) for n in seen.values()) < 40
