"""The faces of a shard depend on the spec, the models and the slot, and on nothing else."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import ks_2samp

from pipeline.attributes.null_scorer import NullScorer
from pipeline.attributes.surrogate import Surrogate
from pipeline.engine.faces import Faces
from pipeline.engine.job import Job
from pipeline.errors import JobError
from pipeline.generators.null import Null
from pipeline.sampling.screen import PROBES, Screen
from pipeline.sampling.seeds import probes
from pipeline.training.surrogate import fit_surrogate


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


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    w = Null().latents(probes(1, 3000, Null.latent_size))
    return fit_surrogate(w, NullScorer().score(Null().render(w, 64)).values, ("g", "s"))[0]


def screened(job: Job, surrogate: Surrogate) -> list[Faces]:
    """The faces of every shard, behind a screen."""
    draws = Null().latents(probes(job.spec.seed, PROBES, Null.latent_size))
    screen = Screen(surrogate, job.spec.target, job.spec.limits.where, draws)
    return [Faces(job, n, Null(), NullScorer(), screen) for n in range(job.spec.shards)]


def test_a_screen_saves_previews_and_leaves_slots_what_they_are(
    null_job: Callable[..., Job], surrogate: Surrogate
) -> None:
    changes = {"image": {"size": 128}, "preview_size": 64}
    shards = screened(null_job(**changes), surrogate)
    faces = {face.slot: face.attempt for shard in shards for face in shard}
    assert faces.keys() == set(range(60))
    alone = screened(null_job(**changes, batch_size=1, shard_size=60), surrogate)
    assert {face.slot: face.attempt for shard in alone for face in shard} == faces
    # What the screen passes over is what would not have been taken: hardly a slot is another.
    plain = found(null_job(**changes))
    assert sum(faces[slot] == attempt for slot, (attempt, _) in plain.items()) >= 54
    previews = sum(shard.tally.previews for shard in shards)
    draws = sum(shard.tally.draws for shard in shards)
    assert 60 <= previews < draws / 3
    assert any(reason.startswith("latent:") for reason in shards[0].tally.refused)


def test_every_attempt_is_tried_before_a_cell_is_given_up(
    null_job: Callable[..., Job], surrogate: Surrogate
) -> None:
    job = null_job(count=1, shard_size=1, max_attempts=100)
    assert len(list(screened(job, surrogate)[0])) == 1
    job = null_job(balance={"age": ["10-39", "97-98"]}, max_attempts=50)
    with pytest.raises(JobError, match=r"does not reach the cell 'age=97-98'.* in 50 attempts"):
        list(screened(job, surrogate)[0])


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


def test_faces_of_a_cell_are_as_blind_rejection_finds_them(
    null_job: Callable[..., Job], surrogate: Surrogate
) -> None:
    """Two-sample tests of latents and of unbalanced attributes, all of them at once."""
    changes = {"count": 600, "shard_size": 600, "batch_size": 64, "image": {"size": 64}}
    quick = [f for shard in screened(null_job(**changes, seed=1), surrogate) for f in shard]
    blind = list(Faces(null_job(**changes, seed=2), 0, Null(), NullScorer()))
    ours, theirs = (np.stack([face.w for face in faces]) for faces in (quick, blind))
    smallest = min(ks_2samp(ours[:, i], theirs[:, i]).pvalue for i in range(Null.latent_size))
    assert smallest > 0.001
    for name in ("glasses", "expression", "yaw", "smile"):
        read = [
            np.array([float(face.scores.values[name][face.index]) for face in faces])
            for faces in (quick, blind)
        ]
        assert ks_2samp(*read).pvalue > 0.001


RARE = {"age": ["97-98"], "yaw": ["20..20.2"], "pitch": ["5..5.1"]}
"""A cell that no latent promises: the surrogate does not guess so closely."""


def chained(job: Job, surrogate: Surrogate) -> list[Faces]:
    shards = screened(job, surrogate)
    screen = shards[0]._screen
    assert screen is not None
    assert screen.rare.all()
    return shards


def test_a_rare_cell_is_looked_for_and_its_rows_say_so(
    null_job: Callable[..., Job], surrogate: Surrogate
) -> None:
    rare = {"hair_color": ["grey"], "expression": ["sadness"], "glasses": ["glasses"],
            "facial_hair": ["beard"], "skin_tone": ["10"]}  # fmt: skip
    changes = {"balance": rare, "count": 6, "shard_size": 3}
    shards = chained(null_job(**changes), surrogate)
    faces = {face.slot: face for shard in shards for face in shard}
    assert all(face.chained for face in faces.values())
    assert sum(shard.tally.renders for shard in shards) < 60
    alone = chained(null_job(**changes, batch_size=1), surrogate)
    assert {f.slot: f.w.tobytes() for shard in alone for f in shard} == {
        slot: face.w.tobytes() for slot, face in faces.items()
    }


@pytest.mark.parametrize("preview_size", [0, 64])
def test_few_attempts_end_the_search_of_a_rare_cell(
    null_job: Callable[..., Job], surrogate: Surrogate, preview_size: int
) -> None:
    changes = {"count": 1, "shard_size": 1, "max_attempts": 3, "image": {"size": 128}}
    job = null_job(balance=RARE, preview_size=preview_size, **changes)
    with pytest.raises(JobError, match=r"no latent promises the cell .* 3 chains"):
        list(chained(job, surrogate)[0])
