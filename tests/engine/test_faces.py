"""The faces of a shard depend on the spec, the models and the slot, and on nothing else."""

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.attributes.null_scorer import NullScorer
from pipeline.engine.faces import Faces
from pipeline.engine.job import Job
from pipeline.errors import JobError
from pipeline.generators.null import Null


def found(job: Job) -> dict[int, tuple[int, bytes]]:
    faces = [
        face for shard in range(job.spec.shards) for face in Faces(job, shard, Null(), NullScorer())
    ]
    assert len(faces) == job.spec.count
    return {face.slot: (face.attempt, face.pixels.tobytes()) for face in faces}


@pytest.mark.parametrize(
    "change", [{"batch_size": 1}, {"batch_size": 64}, {"shard_size": 60}, {"shard_size": 1}]
)
def test_a_slot_has_the_same_face_in_any_batch_and_shard(
    null_job: Callable[..., Job], change: dict[str, int]
) -> None:
    assert found(null_job(**change)) == found(null_job())


def test_previews_change_neither_the_face_nor_its_slot(null_job: Callable[..., Job]) -> None:
    # The null scorer reads 64 and 128 px alike, so that previews may only save renders.
    plain = null_job(image={"size": 128})
    previewed = null_job(image={"size": 128}, preview_size=64)
    assert found(previewed) == found(plain)
    tally = (faces := Faces(previewed, 0, Null(), NullScorer())).tally
    assert len(list(faces)) == 15
    assert tally.renders == tally.accepted == 15 < tally.previews


def test_the_face_of_a_slot_is_its_first_attempt_that_passes(
    null_job: Callable[..., Job],
) -> None:
    job = null_job()
    for face in Faces(job, 0, Null(), NullScorer()):
        wanted = job.spec.target.bins_of(job.slots.cell_of(face.slot))
        assert (
            wanted[1].label
            == ("feminine", "masculine")[int(face.scores.values["gender_presentation"][face.index])]
        )
    alone = next(iter(Faces(null_job(shard_size=1, batch_size=1), 3, Null(), NullScorer())))
    assert found(job)[3] == (alone.attempt, alone.pixels.tobytes())


def test_batches_stay_full_until_the_shard_is_done(null_job: Callable[..., Job]) -> None:
    sizes = []

    class Counting(Null):
        def render(self, w: np.ndarray, size: int) -> np.ndarray:
            if size == 64:
                sizes.append(len(w))
            return super().render(w, size)

    job = null_job(image={"size": 128}, preview_size=64)
    list(Faces(job, 0, Counting(), NullScorer()))
    assert set(sizes) == {8}


def test_a_cell_out_of_reach_is_named(null_job: Callable[..., Job]) -> None:
    job = null_job(balance={"age": ["10-39", "97-98"]}, max_attempts=50)
    with pytest.raises(JobError, match=r"does not reach the cell 'age=97-98'.* in 50 attempts"):
        list(Faces(job, 0, Null(), NullScorer()))
