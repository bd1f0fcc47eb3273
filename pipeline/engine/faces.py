"""Find the faces of one shard: draw, screen, preview, render, score, accept. Free of Ray.

The face of a slot is its first attempt that passes; which candidates share a batch is decided by
the shard alone. Batches stay full: when few slots are left, several attempts of each are tried at
once and the lowest that passes is kept.
"""

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.scorer import Scorer, Scores
from pipeline.engine.face import Face, Tally
from pipeline.engine.job import Job
from pipeline.engine.shots import Camera
from pipeline.engine.variations import MOST_PEOPLE, REASON, Variations
from pipeline.errors import JobError
from pipeline.generators.generator import Generator
from pipeline.sampling.acceptance import confidence, implausible, refusal
from pipeline.sampling.screen import Screen
from pipeline.sampling.seeds import normals

LOOK = 256
"""Latents looked at in one go: a look costs microseconds, most of them for its call."""


CHAINS = 2
"""Chains for a slot of a rare cell in one go: more than half of them end in the cell."""

MOST_CHAINS = 32
"""Chains that may fail to come to a slot's cell before it counts as out of reach."""


@dataclass
class _Search:
    """One open slot: the next attempt to draw, those that a preview will decide, and a render.

    promised: some latent was likely. people: of the cell, whose variations could not be had.
    """

    slot: int
    cell: int
    next: int = 0
    promised: bool = False
    people: int = 0
    likely: deque[tuple[int, NDArray[np.float32]]] = field(default_factory=deque)
    hopeful: deque[tuple[int, NDArray[np.float32]]] = field(default_factory=deque)


class Faces:
    """The faces of one shard, in the order in which they are found."""

    def __init__(
        self,
        job: Job,
        shard: int,
        generator: Generator,
        scorer: Scorer,
        screen: Screen | None = None,
    ) -> None:
        self.tally = Tally()
        self._job, self._generator, self._scorer = job, generator, scorer
        self._limits = job.spec.limits
        self._open = [_Search(slot, job.slots.cell_of(slot)) for slot in job.slots_of(shard)]
        self._preview_size = job.spec.first_look
        self._screen = screen
        self._camera = Camera(job.spec, generator, scorer, self.tally)
        self._variations = None
        if job.spec.varied:
            self._variations = Variations(job.spec, self._camera, job.directions, generator)

    def __iter__(self) -> Iterator[Face]:
        """Yield each slot's face once, or all variations of its person, one behind the other.

        Raises:
            JobError: a slot used up its attempts: the generator does not reach its cell, or its
                people cannot be varied so.
        """
        batch = self._job.spec.batch_size
        while self._open:
            ready = [search for search in self._open if search.hopeful]
            if len(ready) >= batch or len(ready) == len(self._open):
                yield from self._render(ready[:batch])
                continue
            lacking = [search for search in self._open if not search.hopeful]
            blank = [search for search in lacking if not search.likely]
            enough = sum(len(search.likely) for search in lacking) >= batch
            if enough or not self._draw(blank or lacking):
                self._look(lacking)

    def _draw(self, searches: list[_Search]) -> bool:
        """Draw candidates, the searches in turn, and keep those whose latents are likely.

        Returns:
            Whether any attempts were left to draw.
        """
        start = time.perf_counter()
        attempts = self._job.spec.max_attempts
        for search in searches:
            looking = self._is_rare(search) and not search.promised
            most = min(MOST_CHAINS, attempts) if looking else attempts
            if search.next >= most and not search.likely:
                raise JobError(self._unreachable(search))
        candidates = self._candidates(searches)
        if not candidates:
            return False
        w = self._latents(candidates)
        self.tally.draws += len(w)
        reasons: list[str | None] = [None] * len(w)
        if self._screen is not None:
            reasons = self._screen.refusals(w, np.array([one.cell for one, _ in candidates]))
        for (search, attempt), latent, why in zip(candidates, w, reasons, strict=True):
            if why is None:
                search.likely.append((attempt, latent))
                search.promised = True
            else:
                self.tally.refused[f"latent:{why}"] += 1
        self.tally.seconds["draw"] += time.perf_counter() - start
        return True

    def _candidates(self, searches: list[_Search]) -> list[tuple[_Search, int]]:
        """The next attempts of the searches in turn: many, since most are passed over unseen."""
        found: list[tuple[_Search, int]] = []
        taken: Counter[int] = Counter()
        for i in range(LOOK if self._screen else self._job.spec.batch_size):
            search = searches[i % len(searches)]
            enough = self._is_rare(search) and taken[search.slot] == CHAINS
            if search.next < self._job.spec.max_attempts and not enough:
                found.append((search, search.next))
                taken[search.slot] += 1
                search.next += 1
        return found

    def _is_rare(self, search: _Search) -> bool:
        return self._screen is not None and bool(self._screen.rare[search.cell])

    def _latents(self, candidates: list[tuple[_Search, int]]) -> NDArray[np.float32]:
        """The latents of these attempts: float32 [B, D]."""
        seed, generator = self._job.spec.seed, self._generator
        places = [(search.slot, attempt) for search, attempt in candidates]
        w = generator.latents(normals(seed, places, generator.latent_size))
        rare = [i for i, (search, _) in enumerate(candidates) if self._is_rare(search)]
        if self._screen is not None and rare:
            cells = np.array([candidates[i][0].cell for i in rare])
            w[rare] = self._screen.look_for(cells, [places[i] for i in rare], seed, generator)
        return w

    def _look(self, searches: list[_Search]) -> None:
        """Preview a batch of likely candidates, the searches in turn; keep those worth a render."""
        candidates = []
        for i in range(self._job.spec.batch_size):
            waiting = [search for search in searches if search.likely]
            if not waiting:
                break
            search = waiting[i % len(waiting)]
            candidates.append((search, *search.likely.popleft()))
        scores = None
        if self._preview_size:
            scores = self._preview(np.stack([latent for _, _, latent in candidates]))
        for i, (search, attempt, latent) in enumerate(candidates):
            if scores is not None:
                cell = self._job.spec.target.bins_of(search.cell)
                why = implausible(scores, i, cell, self._limits)
                if why is not None:
                    self.tally.refused[f"preview:{why}"] += 1
                    continue
            search.hopeful.append((attempt, latent))

    def _preview(self, w: NDArray[np.float32]) -> Scores:
        start = time.perf_counter()
        images = self._generator.preview(w, self._preview_size)
        scores = self._scorer.score(images)
        self.tally.previews += len(w)
        self.tally.seconds["preview"] += time.perf_counter() - start
        return scores

    def _render(self, searches: list[_Search]) -> Iterator[Face]:
        """Render each search's lowest hopeful attempt in full; the scorer decides."""
        tries = [search.hopeful.popleft() for search in searches]
        shots = self._camera.shoot(np.stack([latent for _, latent in tries]))
        for i, (search, (attempt, latent)) in enumerate(zip(searches, tries, strict=True)):
            cell = self._job.spec.target.bins_of(search.cell)
            why = refusal(shots.scores, i, cell, self._limits)
            if why is not None:
                self.tally.refused[why] += 1
                continue
            face = Face(
                search.slot,
                attempt,
                search.cell,
                confidence(shots.scores, i, cell),
                latent,
                # A copy, since a view would keep the whole batch in memory until it is stored.
                shots.pixels[i].copy(),
                shots.files[i],
                shots.scores,
                i,
                self._is_rare(search),
                shots.truth(i),
            )
            faces = [face] if self._variations is None else self._varied(search, face)
            if faces:
                self.tally.accepted += len(faces)
                self._open.remove(search)
                yield from faces

    def _varied(self, search: _Search, person: Face) -> list[Face]:
        """All variations of a person, or none where one of them cannot be had."""
        assert self._variations is not None
        found = self._variations.of(person)
        if not isinstance(found, str):
            return found
        self.tally.refused[found] += 1
        search.people += 1
        if search.people == MOST_PEOPLE:
            raise JobError(self._unvaried(search))
        return []

    def _unvaried(self, search: _Search) -> str:
        refused = Counter({k: n for k, n in self.tally.refused.items() if k.startswith(REASON)})
        reasons = ", ".join(f"{why} {n:,}" for why, n in refused.most_common(3))
        return (
            f"variations: {search.people} people of the cell "
            f"'{self._job.spec.target.label(search.cell)}' cannot be pictured as asked (slot "
            f"{search.slot}; refused in its shard by {reasons}); ask for less, or widen the bins "
            "or the limits. Nothing was sealed."
        )

    def _unreachable(self, search: _Search) -> str:
        reasons = ", ".join(f"{why} {n:,}" for why, n in self.tally.refused.most_common(3))
        if self._is_rare(search) and not search.promised:
            return (
                f"no latent promises the cell '{self._job.spec.target.label(search.cell)}' by what "
                f"is known of {self._job.spec.generator_name}: {search.next:,} chains looked for "
                f"one for slot {search.slot} (refused in its shard by {reasons}); widen the bins "
                "or the limits, or set calibration to more draws or off. Nothing was sealed."
            )
        return (
            f"the generator does not reach the cell '{self._job.spec.target.label(search.cell)}': "
            f"slot {search.slot} found no face in {search.next:,} attempts (refused in its shard "
            f"by {reasons}); widen the bins or the limits, or raise max_attempts. "
            "Nothing was sealed."
        )
