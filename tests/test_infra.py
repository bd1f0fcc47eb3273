"""The cluster's files name commands, jobs and versions that exist."""

from pathlib import Path

import yaml

from pipeline import __version__
from pipeline.cli import main
from pipeline.spec import read_spec

ROOT = Path(__file__).parent.parent


def test_the_ray_job_runs_a_job_that_exists_with_options_that_exist() -> None:
    job = yaml.safe_load((ROOT / "infra/rayjob.yaml").read_text())
    program, command, path, *options = job["spec"]["entrypoint"].split()
    assert program == "populace"
    known = {name for option in main.commands[command].params for name in option.opts}
    assert {option for option in options if option.startswith("--")} <= known
    inside = Path(path).relative_to("/opt/populace")
    assert read_spec(ROOT / inside).location.uri.startswith("s3://")


def test_every_container_runs_this_version() -> None:
    cluster = yaml.safe_load((ROOT / "infra/rayjob.yaml").read_text())["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    images = {c["image"] for g in groups for c in g["template"]["spec"]["containers"]}
    assert images == {f"populace:{__version__}"}


def test_what_the_dockerfile_copies_exists() -> None:
    for line in (ROOT / "infra/Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists()
