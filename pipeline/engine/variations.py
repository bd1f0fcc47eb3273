"""Picture one person in all the variations that a job asks for, and confirm every picture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.attributes.bins import Bin
from pipeline.attributes.changes import unread
from pipeline.engine.face import Face
from pipeline.engine.shots import Camera, Shots
from pipeline.errors import SpecError
from pipeline.generators.heads_edit import varied
from pipeline.sampling.acceptance import confidence, refusal
from pipeline.spec import JobSpec

MOST_PEOPLE = 100
"""People of a slot's cell whose variations may fail before the job stops."""

REASON = "variation:"
"""What reasons begin with."""


class Variations:
    """The variations of people, each a pure function of the person's latent."""

    def __init__(self, spec: JobSpec, camera: Camera) -> None:
        self._spec, self._camera = spec, camera

    def of(self, person: Face) -> list[Face] | str:
        """Every variation of a person in the job's order, or why one of them cannot be had.

        A few pictures are taken at a time, and no more once one of them is refused.
        """
        try:
            edits = [varied(person.w, changes) for changes in self._spec.varied]
        except SpecError as error:
            return REASON + str(error).partition(":")[0]
        if len({w.tobytes() for w, _ in edits}) < len(edits):
            return REASON + "no difference"
        found: list[Face] = []
        held = self._held(person)
        for start in range(0, len(edits), self._spec.batch_size):
            some = edits[start : start + self._spec.batch_size]
            shots = self._camera.shoot(np.stack([w for w, _ in some]))
            why = self._refusal(person, shots, [asked for _, asked in some])
            if why is not None:
                return REASON + why
            for i, (w, asked) in enumerate(some):
                face = replace(
                    person,
                    confidence=confidence(shots.scores, i, held),
                    w=w,
                    pixels=shots.pixels[i].copy(),
                    file=shots.files[i],
                    scores=shots.scores,
                    index=i,
                    truth=shots.truth(i),
                    variation=start + i,
                    edits=asked,
                )
                found.append(face)
        return found

    def _refusal(
        self, person: Face, shots: Shots, asked: Sequence[Mapping[str, float]]
    ) -> str | None:
        """Why one of these pictures of a person is not one of those ordered, or None.

        Each must be read as asked, and keep the spec's limits and, in all that does not change,
        the person's cell.
        """
        held, limits = self._held(person), self._spec.limits
        for i, wanted in enumerate(asked):
            why = next(unread(wanted, shots.scores, i), None)
            why = why or refusal(shots.scores, i, held, limits)
            if why is not None:
                return why
        return None

    def _held(self, person: Face) -> Sequence[Bin]:
        return self._spec.held(self._spec.target.bins_of(person.cell))
