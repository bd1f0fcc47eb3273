"""Count what a balanced face costs: latents, previews and renders for each one kept.

python benchmarks/sampling.py                    # 200 faces of 256 px, some minutes
python benchmarks/sampling.py --faces 100 --size 512

The job is uniform over 5 ages x 2 presentations x 5 tones of builtin:heads. Blind rejection renders
and scores natural draws until every cell is full: 1 / (share of the cell) for each face, from the
natural readings that come with the scorer.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse

import numpy as np

from pipeline.engine.calibrate import with_bundled
from pipeline.engine.driver import plan_job
from pipeline.engine.faces import Faces
from pipeline.engine.worker import load_models
from pipeline.sampling.natural import natural_cells
from pipeline.spec import parse_spec

BALANCE = {
    "age": ["0-17", "18-29", "30-44", "45-59", "60-80"],
    "gender_presentation": "uniform",
    "skin_tone": ["1-2", "3-4", "5-6", "7-8", "9-10"],
}


def main(faces: int, size: int) -> None:
    """Find the faces of one shard and print what they cost."""
    spec = parse_spec(
        {
            "name": "sampling",
            "count": faces,
            "balance": BALANCE,
            "image": {"size": size},
            "shard_size": faces,
            "output": "./unused",
        }
    )
    job = with_bundled(plan_job(spec))
    calibration = job.calibration
    assert calibration is not None
    models = load_models(job)
    natural = natural_cells(calibration.natural, spec.target, {})
    quotas = job.slots.quotas.ravel()
    found = Faces(job, 0, models.generator, models.scorer, models.screen)
    assert sum(1 for _ in found) == faces
    tally = found.tally
    total = sum(tally.seconds.values())
    blind = float((quotas * natural.attempts()).sum() / faces)
    print(f"{faces} faces of {size} px, {quotas.size} cells; by nature the commonest is")
    print(f"{natural.hits.max() / natural.hits.min():.0f} times the rarest, ", end="")
    print(f"{100 * natural.hits.min() / natural.draws:.2f} % of {natural.draws:,} draws")
    for name, value in (
        ("renders a face, blind rejection", blind),
        ("renders a face", tally.renders / faces),
        ("previews a face", tally.previews / faces),
        ("latents a face", tally.draws / faces),
        ("latents and surrogate, % of the time", 100 * tally.seconds["draw"] / total),
        ("previews, % of the time", 100 * tally.seconds["preview"] / total),
    ):
        print(f"{name:<40}{value:>10.2f}")
    last = {why: n for why, n in tally.refused.items() if ":" not in why}
    print(f"refused after a render: {dict(sorted(last.items(), key=lambda one: -one[1]))}")
    assert np.isclose(tally.renders, faces + sum(last.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    main(options.faces, options.size)
