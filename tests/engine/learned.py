"""Do in this process what a job's workers do to learn about its models."""

from dataclasses import replace

from pipeline.engine import calibrate, directions
from pipeline.engine.calibrate import Stage, read_naturally
from pipeline.engine.job import Job
from pipeline.engine.worker import load_models
from pipeline.storage import open_store


def learned(job: Job) -> Job:
    """The job with what its workers would find out of its models."""
    store, models, stage = open_store(job.spec.location.uri), load_models(job), Stage.of(job)
    for shard in range(stage.shards):
        read_naturally(stage, shard, models.generator, models.scorer, store)
    job = replace(job, calibration=calibrate.fit(stage, store, models.generator))
    fitted = directions.fit(job, stage, models.generator)
    for index in directions.unmeasured(fitted, stage, store):
        brought = replace(job, directions=fitted)
        directions.measure(brought, index, models.generator, models.scorer, store)
    assert directions.unmeasured(fitted, stage, store) == []
    return replace(job, directions=directions.gathered(fitted, stage, store))
