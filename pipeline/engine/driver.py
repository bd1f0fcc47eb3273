"""Run a job from its spec to its sealed catalog, taking up whatever an earlier run left."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.attributes import load_scorer
from pipeline.attributes.calibration import Calibration
from pipeline.attributes.directions import Directions
from pipeline.catalog.calibrated import FOLDER, keep_directions, known_directions
from pipeline.catalog.layout import CATALOG_KEY, JOB_KEY, receipt_key
from pipeline.catalog.receipts import read_receipt
from pipeline.engine import directions as latent
from pipeline.engine.calibrate import (
    Stage,
    fit,
    keep,
    known_calibration,
    missing_shards,
    stage_of,
    with_bundled,
)
from pipeline.engine.job import Job, identity_of
from pipeline.engine.missing import Missing
from pipeline.engine.shots import modeller
from pipeline.engine.worker import Calibrator, Errand, Measurer, Worker
from pipeline.errors import CatalogError, SpecError
from pipeline.generators import load_generator
from pipeline.sampling.natural import natural_margins
from pipeline.sampling.reach import check_read
from pipeline.sampling.true_balance import bundled_truth
from pipeline.sampling.true_quotas import ordered
from pipeline.spec import DIRECTION_DRAWS, JobSpec
from pipeline.storage import MissingObject, Store, open_store

if TYPE_CHECKING:
    from pipeline.engine.cluster import Seats


_MODELS = ("generator", "scorer", "surrogate")


class View(Protocol):
    """What shows a job's progress."""

    def start(self, shards: int, committed: int, faces: int) -> None:
        """The job begins: so many shards in all, so many shards and faces committed before."""
        ...

    def calibrating(self, done: int, total: int) -> None:
        """Shards of natural draws that are scored, of all; then the surrogate is fitted."""
        ...

    def measuring(self, done: int, total: int) -> None:
        """Latent directions that are measured, of all."""
        ...

    def working(self, totals: dict[str, int]) -> None:
        """Faces, renders and previews of shards in the making, about once a second."""
        ...

    def committed(self, receipt: dict[str, Any]) -> None:
        """A shard was committed."""
        ...

    def capped(self, workers: int, asked: int) -> None:
        """The cluster has room for fewer workers than were asked for."""
        ...

    def sealing(self) -> None:
        """All shards are committed; the catalog is being sealed."""
        ...


@dataclass(frozen=True)
class Outcome:
    """A sealed catalog, and whether this run found it so."""

    uri: str
    name: str
    count: int
    content_digest: str
    already: bool


def plan_job(spec: JobSpec) -> Job:
    """Fix the job, but for its calibration: load the models that the spec names for their digests.

    Raises:
        SpecError: the generator or the scorer cannot give what the spec asks for.
    """
    generator = load_generator(spec.generator, spec.image.size)
    modeller(spec, generator)
    scorer = load_scorer(spec.scorer)
    if not isinstance(spec.scorer, str):
        from pipeline.attributes.onnx_scorer import OnnxScorer  # loads torch: only when scoring

        assert isinstance(scorer, OnnxScorer)
        read = (scorer.attributes, scorer.measures)
        check_read(spec.scorer_name, *read, spec.target, spec.limits, spec.varied)
    digests = (generator.digest, scorer.digest)
    return Job(spec, *digests, order=ordered(spec.target, spec.limits.where, digests))


def run_job(
    spec: JobSpec, view: View, *, workers: int | None = None, address: str | None = None
) -> Outcome:
    """Run or resume a job; returns when its catalog is sealed.

    Args:
        view: told of progress.
        workers: in place of the spec's.
        address: of a Ray cluster; None starts Ray on this machine.

    Raises:
        CatalogError: the output belongs to another job, or its shards were made with another
            calibration than it holds now.
        JobError: a cell cannot be reached, or workers keep failing; all that is committed stays.
        StoreError: the store fails.
    """
    store = open_store(spec.location.uri, endpoint=spec.location.endpoint)
    job = with_bundled(plan_job(spec))
    if store.exists(CATALOG_KEY):
        check_claim(store, job, job.sealed_identity)
        return _sealed(store, job, already=True)
    claim(store, job)
    missing = Missing(store, spec.count, spec.shard_size)
    made = (spec.count - missing.faces) * spec.per_person
    view.start(spec.shards, spec.shards - missing.count, made)
    stage = stage_of(job)
    job = _with_known(job, stage, store)
    check_learned(store, job, missing)
    if missing.count:
        most = max(missing.count, stage.shards if stage and job.calibration is None else 0)
        with _seated(spec, view, workers, address, most) as seats:
            if stage:
                job = _learned(job, stage, store, view, seats)
                check_learned(store, job, missing)
            make_shards(job, missing, store, view, seats)
    view.sealing()
    # Here, because DuckDB and the report's templates are of no use to a job that is not done.
    from pipeline.catalog.seal import seal

    seal(store, job.document(), licence=spec.license, known=_estimates(job))
    return _sealed(store, job, already=False)


def find_directions(
    spec: JobSpec, view: View, *, workers: int | None = None, address: str | None = None
) -> Directions:
    """The latent directions of a job's generator and scorer, found now if nobody has before.

    They are kept below the job's output, as a run of it would; nothing else of it is made.

    Raises:
        SpecError: the job has no calibration of its own to fit them to.
    """
    store = open_store(spec.location.uri, endpoint=spec.location.endpoint)
    job = plan_job(spec)
    stage = stage_of(job)
    if stage is None:
        raise SpecError(
            f"directions: {spec.name} scores no natural draws that they could be fitted to; "
            f"add --set calibration={DIRECTION_DRAWS}."
        )
    job = _with_known(job, stage, store, True)
    if job.calibration is None or job.directions is None:
        with _seated(spec, view, workers, address, stage.shards) as seats:
            job = _learned(job, stage, store, view, seats, True)
    assert job.directions is not None
    return job.directions


@contextmanager
def _seated(
    spec: JobSpec, view: View, workers: int | None, address: str | None, most: int
) -> Iterator["Seats"]:
    """Seats for a job's workers, of which more than `most` would have nothing to do."""
    from pipeline.engine.cluster import cluster  # Ray: of no use to a job that is made

    wanted = workers or spec.workers
    asked = wanted if wanted == "auto" else min(wanted, most)
    with cluster(address, asked, spec.takes_gpu) as seats:
        if asked != "auto" and seats.workers < asked:
            view.capped(seats.workers, asked)
        yield seats


def _with_known(job: Job, stage: Stage | None, store: Store, led: bool = False) -> Job:
    """The job with what earlier runs have learned of its models; nothing is written.

    led: with directions, too, even where its variations do not need them.
    """
    if stage is None:
        return job
    directions = None
    if led or job.spec.steered:
        directions = known_directions(store, stage.pair, stage.draws)
    return replace(job, calibration=known_calibration(stage, store), directions=directions)


def _learned(
    job: Job, stage: Stage, store: Store, view: View, seats: "Seats", led: bool = False
) -> Job:
    """The job with all that is to be learned of its models, which is kept."""
    calibration = job.calibration or calibrate(job, stage, store, view, seats)
    job = replace(job, calibration=keep(calibration, stage, store))
    if led or job.spec.steered:
        directions = job.directions or measure(job, stage, store, view, seats)
        job = replace(job, directions=keep_directions(directions, store, stage.pair))
    if job.spec.steered:
        latent.check_led(job)
    return job


def _estimates(job: Job) -> dict[str, Any]:
    """What is estimated of a job, for its report."""
    spec, digests = job.spec, (job.generator_digest, job.scorer_digest)
    known: dict[str, Any] = {
        "truth": bundled_truth(spec.target, job.slots.quotas, spec.limits.where, digests)
    }
    if job.calibration is not None:
        known["natural"] = natural_margins(job.calibration.natural, spec.target)
        known["surrogate"] = job.calibration.figures
    if job.directions is not None:
        known["directions"] = job.directions.document()
    return known


def calibrate(job: Job, stage: Stage, store: Store, view: View, seats: "Seats") -> Calibration:
    """Score natural draws on Ray workers and fit the surrogate to them."""
    from pipeline.engine.pool import Pool, remote_actor

    shards = missing_shards(stage, store)
    done = stage.shards - len(shards)
    view.calibrating(done, stage.shards)
    pool = Pool(
        remote_actor(Calibrator, Errand.of(job, store), seats.gpus),
        min(seats.workers, len(shards)),
        iter(shards),
        lambda totals: None,
        "calibration shard",
    )
    try:
        for _ in pool.receipts():
            done += 1
            view.calibrating(done, stage.shards)
    finally:
        pool.stop()
    generator = load_generator(job.spec.generator, job.spec.image.size)
    return fit(stage, store, generator)


def measure(job: Job, stage: Stage, store: Store, view: View, seats: "Seats") -> Directions:
    """Fit latent directions to a calibration and measure them on Ray workers."""
    from pipeline.engine.pool import Pool, remote_actor

    generator = load_generator(job.spec.generator, job.spec.image.size)
    fitted = latent.fit(job, stage, generator)
    indices = latent.unmeasured(fitted, stage, store)
    done = len(fitted.each) - len(indices)
    view.measuring(done, len(fitted.each))
    pool = Pool(
        remote_actor(Measurer, Errand.of(replace(job, directions=fitted), store), seats.gpus),
        min(seats.workers, len(indices)),
        iter(indices),
        lambda totals: None,
        "latent direction",
    )
    try:
        for _ in pool.receipts():
            done += 1
            view.measuring(done, len(fitted.each))
    finally:
        pool.stop()
    return latent.gathered(fitted, stage, store)


def make_shards(job: Job, missing: Missing, store: Store, view: View, seats: "Seats") -> None:
    """Make what is missing on Ray workers; returns when all of it is committed."""
    from pipeline.engine.pool import Pool, remote_actor

    pool = Pool(
        remote_actor(Worker, Errand.of(job, store), seats.gpus),
        min(seats.workers, missing.count),
        iter(missing),
        view.working,
    )
    try:
        for receipt in pool.receipts():
            view.committed(receipt)
    finally:
        pool.stop()


def claim(store: Store, job: Job) -> None:
    """Write `job.json`, or make sure that the one there is this job's.

    It says nothing of a calibration that the job makes for itself: which one counts, the output
    itself says, and its receipts (`check_learned`).
    """
    data = json.dumps(job.document(), indent=2).encode()
    if not store.create(JOB_KEY, data, "application/json"):
        check_claim(store, job, job.identity)


def check_claim(store: Store, job: Job, identity: dict[str, str]) -> None:
    """Make sure that the `job.json` there is of this identity."""
    document, found = job.document(), identity_of(read_job(store))
    for what, digest in identity.items():
        if found[what] != digest:
            name = document[what]["name"] if what in _MODELS else document["name"]
            mend = _AGAIN.get(what, "go on with what it was begun with")
            raise CatalogError(
                f"output: {store.uri} holds a job of another {what} ('{name}' is {digest[:12]} "
                f"now, {found[what][:12]} there); choose another output, or {mend}."
            )


def check_learned(store: Store, job: Job, missing: Missing) -> None:
    """Make sure that the job goes on with the calibration that its committed shards were made with.

    Raises:
        CatalogError: it has another one now: the output's was removed.
    """
    if missing.first_made is None:
        return
    made_with = read_receipt(store, receipt_key(missing.first_made)).learned
    for what, digest in job.learned.items():
        if digest and made_with.get(what, digest) != digest:
            raise CatalogError(
                f"output: {store.uri} has shards that were made with other {what} "
                f"({digest[:12]} now, {made_with[what][:12] or 'none'} there): its {FOLDER} was "
                "removed or changed; restore it, or choose another output."
            )


_AGAIN = {
    "order": "go on with the version of populace that began it: what is known of the scorer's "
    "errors has changed",
    "sampling": "go on with the version of populace that began it: other faces would be found now",
    "editing": "go on with the version of populace that began it: people would "
    "be varied otherwise now",
}
"""What else can be done about a difference."""


def read_job(store: Store) -> dict[str, Any]:
    """The job of an output.

    Raises:
        CatalogError: there is none, or it is damaged.
    """
    try:
        document: dict[str, Any] = json.loads(store.get(JOB_KEY))
        identity_of(document)
    except MissingObject:
        raise CatalogError(
            f"{store.uri} holds no job; give the output of 'populace run'."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise CatalogError(
            f"{store.uri}/{JOB_KEY} is damaged; restore it, or start anew."
        ) from None
    return document


def _sealed(store: Store, job: Job, *, already: bool) -> Outcome:
    from pipeline.catalog.read import open_catalog

    catalog = open_catalog(store, 1)
    digest = str(catalog.document["manifest"]["content_digest"])
    return Outcome(store.uri, job.spec.name, catalog.count(), digest, already)


def job_status(store: Store) -> dict[str, Any]:
    """How far a job is: shards and faces (pictures) committed, and whether it is sealed."""
    document = read_job(store)
    count, shards = int(document["count"]), int(document["shards"])
    missing = Missing(store, count, int(document["shard_size"]))
    each = len(document.get("variations", (None,)))
    return {
        "uri": store.uri,
        "name": document["name"],
        "sealed": store.exists(CATALOG_KEY),
        "shards": shards,
        "shards_committed": shards - missing.count,
        "faces": count * each,
        "faces_committed": (count - missing.faces) * each,
    }
