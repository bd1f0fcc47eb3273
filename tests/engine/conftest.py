"""Jobs of the null generator: real pixels, files and scores at microseconds a face."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.driver import plan_job
from pipeline.engine.job import Job
from pipeline.spec import parse_spec

NULL: dict[str, Any] = {
    "name": "null",
    "count": 60,
    "seed": 5,
    "generator": "builtin:null",
    "scorer": "builtin:null",
    "balance": {"age": ["10-39", "40-80"], "gender_presentation": "uniform"},
    "image": {"size": 64},
    "shard_size": 15,
    "batch_size": 8,
    "preview_size": 0,
}


@pytest.fixture
def null_job(tmp_path: Path) -> Callable[..., Job]:
    """Makes a job of the null generator into a fresh folder, with changes."""

    def make(**changes: Any) -> Job:
        return plan_job(parse_spec({**NULL, "output": str(tmp_path / "out"), **changes}))

    return make
