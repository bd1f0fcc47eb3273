"""Fix what a job is: its spec, its models' digests and its quotas."""

import hashlib
import json
import platform
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.attributes.calibration import Calibration
from pipeline.attributes.directions import Directions
from pipeline.generators import heads_edit, steering
from pipeline.sampling.quotas import quotas
from pipeline.sampling.slots import Slots
from pipeline.sampling.targets import Target, cells_of
from pipeline.spec import JobSpec

SAMPLING = 2
"""Counts the changes of which face a slot gets: thresholds, chains, previews."""


@dataclass(frozen=True)
class Job:
    """A spec and the models that it names: all that decides which faces come out."""

    spec: JobSpec
    generator_digest: str
    scorer_digest: str
    calibration: Calibration | None = None
    """What guesses the scores from latents; None where nothing does."""

    directions: Directions | None = None
    """By what people are varied, where the generator has no parameters of its own for it."""

    order: Target | None = None
    """What is ordered of perceived cells, where the spec's target is meant of true ones."""

    @cached_property
    def slots(self) -> Slots:
        """The order of the slots."""
        return Slots(quotas(self.order or self.spec.target, self.spec.count))

    def slots_of(self, shard: int) -> range:
        """The slots of a shard."""
        size = self.spec.shard_size
        return range(shard * size, min((shard + 1) * size, self.spec.count))

    @property
    def surrogate_digest(self) -> str:
        """Of what guesses the scores from latents; empty where nothing does."""
        return self.calibration.surrogate.digest if self.calibration else ""

    @property
    def learned(self) -> dict[str, str]:
        """The digests of what was learned of the models and decides which faces come out.

        Empty where nothing was, or is not yet known.
        """
        directions = self.directions.digest if self.directions else ""
        return {"surrogate": self.surrogate_digest, "directions": directions}

    @cached_property
    def editing_digest(self) -> str:
        """Of the code that makes people's variations; empty of a job without any."""
        if not self.spec.varied:
            return ""
        module = steering if self.spec.steered else heads_edit
        return hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()

    @property
    def identity(self) -> dict[str, str]:
        """The digests that two runs must share to work on the same output."""
        return {
            "spec": self.spec.digest,
            "generator": self.generator_digest,
            "scorer": self.scorer_digest,
            "surrogate": self.surrogate_digest,
            "order": _digest(self.slots.quotas.ravel().tolist()),
            "sampling": str(SAMPLING),
            "editing": self.editing_digest,
        }

    @property
    def sealed_identity(self) -> dict[str, str]:
        """What a sealed output must share with this job to be its result."""
        begun = ("sampling", "editing")
        return {name: digest for name, digest in self.identity.items() if name not in begun}

    def document(self) -> dict[str, Any]:
        """What `job.json` says."""
        spec, counts = self.spec, self.slots.quotas.ravel().tolist()
        plain = spec.model_dump(mode="json", exclude={"output", "workers"})
        if isinstance(plain["generator"], dict):
            # An address may hold what grants access; a catalog is passed on.
            plain["generator"]["checkpoint"] = spec.generator_name
        if not isinstance(spec.scorer, str):
            plain["scorer"] = spec.scorer.shown().model_dump(mode="json")
        return {
            "name": spec.name,
            "spec": plain,
            "spec_digest": spec.digest,
            "generator": {"name": spec.generator_name, "digest": self.generator_digest},
            "scorer": {"name": spec.scorer_name, "digest": self.scorer_digest},
            "sampling": SAMPLING,
            "surrogate": {"name": "surrogate", "digest": self.surrogate_digest},
            **({"directions": {"digest": self.directions.digest}} if self.directions else {}),
            "count": spec.count,
            **({"variations": list(spec.labels)} if spec.varied else {}),
            **({"editing": {"digest": self.editing_digest}} if spec.varied else {}),
            "shards": spec.shards,
            "shard_size": spec.shard_size,
            "cells": [
                {"cell": cell, "label": spec.target.label(cell), "bins": bins, "count": count}
                for cell, (bins, count) in enumerate(
                    zip(cells_of(spec.target), counts, strict=True)
                )
            ],
            "versions": {
                "populace": __version__,
                "python": platform.python_version(),
                **{name: version(name) for name in ("torch", "numpy", "pyarrow", "imagecodecs")},
            },
        }


def identity_of(document: dict[str, Any]) -> dict[str, str]:
    """The digests in a `job.json`."""
    return {
        "spec": document["spec_digest"],
        "generator": document["generator"]["digest"],
        "scorer": document["scorer"]["digest"],
        "surrogate": document.get("surrogate", {"digest": ""})["digest"],
        "order": _digest([cell["count"] for cell in document["cells"]]),
        "sampling": str(document.get("sampling", 1)),
        "editing": document.get("editing", {"digest": ""})["digest"],
    }


def _digest(counts: list[int]) -> str:
    return hashlib.sha256(json.dumps(counts).encode()).hexdigest()
