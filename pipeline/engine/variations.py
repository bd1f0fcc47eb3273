"""Picture one person in all the variations that a job asks for, and confirm every picture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.attributes.bins import Bin
from pipeline.attributes.changes import unread
from pipeline.attributes.directions import Directions
from pipeline.attributes.scorer import Scores, joined
from pipeline.engine.face import Face
from pipeline.engine.shots import Camera, Shots
from pipeline.errors import SpecError
from pipeline.generators.generator import Generator, Latents, bands_of
from pipeline.generators.heads_edit import varied
from pipeline.generators.steering import layered, steered
from pipeline.sampling.acceptance import confidence, refusal
from pipeline.spec import JobSpec

MOST_PEOPLE = 100
"""People of a slot's cell whose variations may fail before the job stops."""

REASON = "variation:"
"""What reasons begin with."""


class Variations:
    """The variations of people, each a pure function of the person's latent.

    directions: by which people are varied; None where the generator does it by its parameters.
    """

    def __init__(
        self, spec: JobSpec, camera: Camera, directions: Directions | None, generator: Generator
    ) -> None:
        self._spec, self._camera = spec, camera
        self._directions, self._generator = directions, generator

    def of(self, person: Face) -> list[Face] | str:
        """Every variation of a person in the job's order, or why one of them cannot be had.

        A few pictures are taken at a time, and no more once one of them is refused.
        """
        try:
            edits = self._edits(person)
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

    def _edits(self, person: Face) -> list[tuple[Latents, dict[str, float]]]:
        """The latent of each variation, and the values that it asks for.

        Raises:
            SpecError: the person cannot be varied so.
        """
        if self._directions is None:
            return [varied(person.w, changes) for changes in self._spec.varied]
        bands = bands_of(self._generator)
        w = layered(person.w, self._generator.latent_size, bands)
        now, wishes = person.scores, self._spec.varied
        return steered(w, now, person.index, wishes, self._directions, bands, self._look)

    def _look(self, w: Latents) -> Scores:
        """Take pictures of latents that may not be the last ones, and read them."""
        size = self._spec.batch_size
        lots = [w[start : start + size] for start in range(0, len(w), size)]
        return joined([self._camera.shoot(lot).scores for lot in lots])

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
