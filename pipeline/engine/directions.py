"""Find the latent directions of a job's generator, as far as no Ray is needed for it.

They are fitted to what a calibration has read, measured in pictures one by one on the workers, and
kept beside it under the digests of the models, so that a later job with them has them.
"""

from collections.abc import Collection
from dataclasses import replace

from pipeline.attributes.directions import RANGES, Direction, Directions
from pipeline.attributes.readings import readings_of
from pipeline.attributes.scorer import Scorer
from pipeline.engine.calibrate import SEED, Stage
from pipeline.engine.job import Job
from pipeline.errors import CatalogError, SpecError
from pipeline.generators.generator import Generator, bands_of
from pipeline.sampling.seeds import probes
from pipeline.spec import EDITABLE
from pipeline.storage import Store

PEOPLE = 12
"""Who is pictured to measure a direction."""


def fit(job: Job, stage: Stage, generator: Generator) -> Directions:
    """Fit a direction for each reading to all draws of the job's calibration; not yet measured."""
    from pipeline.training.directions import fit_directions

    assert job.calibration is not None
    natural = job.calibration.natural
    draws = range(len(next(iter(natural.values()))))
    w = generator.latents(stage.normals(draws, generator.latent_size))
    return fit_directions(w, natural, (stage.generator_digest, stage.scorer_digest))


def pictures_taken(attributes: Collection[str], generator: Generator) -> int:
    """How many pictures measuring takes, at most."""
    ranges = len(RANGES) if bands_of(generator) > 1 else 1
    return len(readings_of(attributes)) * ranges * 2 * PEOPLE


def unmeasured(fitted: Directions, stage: Stage, store: Store) -> list[int]:
    """The directions that are not measured yet, by their indices."""
    done = set(store.list(_folder(fitted, stage)))
    return [i for i in range(len(fitted.each)) if _key(fitted, stage, i) not in done]


def measure(job: Job, index: int, generator: Generator, scorer: Scorer, store: Store) -> None:
    """Measure a direction of those that the job brings along, and keep what was found."""
    from pipeline.training.direction_effects import Camera, measured

    assert job.calibration is not None
    assert job.directions is not None
    stage, fitted = Stage.of(job), job.directions
    embed = None
    if job.spec.generator_name in EDITABLE:  # the bundled network knows no other people
        from pipeline.attributes import load_identity

        embed = load_identity().embed
    people = generator.latents(probes(SEED, PEOPLE, generator.latent_size, attempt=2))
    camera = Camera(generator, people, scorer.score, stage.size, embed)
    found = measured(fitted.each[index], job.calibration.natural, camera)
    store.put(_key(fitted, stage, index), replace(fitted, each=(found,)).to_bytes())


def gathered(fitted: Directions, stage: Stage, store: Store) -> Directions:
    """The directions as they were measured.

    Raises:
        CatalogError: what was found of one of them is damaged; names it and the mend.
    """
    keys = [_key(fitted, stage, i) for i in range(len(fitted.each))]
    return replace(fitted, each=tuple(_one(store, key) for key in keys))


def check_led(job: Job) -> None:
    """Make sure that a direction leads to all that the job's variations ask for.

    Raises:
        SpecError: none does; names the field and the mend.
    """
    for changes in job.spec.varied if job.directions else ():
        for name, change in changes.items():
            try:
                assert job.directions is not None
                job.directions.of(name, change.value)
            except SpecError as error:
                raise SpecError(f"variations.{error}") from None


def _one(store: Store, key: str) -> Direction:
    try:
        (found,) = Directions.from_bytes(store.get(key)).each
    except ValueError as error:
        raise CatalogError(
            f"{store.uri}/{key} is damaged ({error}); delete it, and run the job again to measure "
            "this direction anew."
        ) from error
    return found


def _folder(fitted: Directions, stage: Stage) -> str:
    return f"{stage.pair}directions/{fitted.digest[:20]}/"


def _key(fitted: Directions, stage: Stage, index: int) -> str:
    return f"{_folder(fitted, stage)}{index:03d}.safetensors"
