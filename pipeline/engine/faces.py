"""Find the faces of one shard: draw, screen, preview, render, score, accept. Free of Ray.

The face of a slot is its first attempt that passes; which candidates share a batch is decided by
the shard alone. Batches stay full: when few slots are left, several attempts of each are tried at
once and the lowest that passes is kept.
"""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import decode, encode
from pipeline.assets.extras import Truth, truth_of
from pipeline.attributes.scorer import Scorer, Scores
from pipeline.engine.job import Job
from pipeline.engine.shots import take
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


@dataclass(frozen=True)
class Face:
    """An accepted face.

    w: float32 [D]. pixels: uint8 [H, W, 3], or 4 with alpha, as rendered. file: the encoded image,
    unlabelled; `scores` are of what `decode` makes of it, so that an auditor reads the same. It is
    image `index` of the batch behind `scores`. chained: its latent is the end of a chain. truth: of
    the pixels, where the job has extras.
    """

    slot: int
    attempt: int
    cell: int
    confidence: float
    w: NDArray[np.float32]
    pixels: NDArray[np.uint8]
    file: bytes
    scores: Scores
    index: int
    chained: bool = False
    truth: Truth | None = None

    def without_pixels(self) -> "Face":
        """The same face without its image, for those who only need its row."""
        truth = None if self.truth is None else self.truth.without_pixels()
        return replace(self, pixels=_NO_PIXELS, file=b"", truth=truth)


_NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


@dataclass
class Tally:
    """What a shard has cost so far.

    draws: candidates. refused: attribute or measure -> candidates it ruled out; `latent:` before
    those that the screen ruled out, `preview:` those that a preview did. seconds: stage -> wall
    seconds.
    """

    accepted: int = 0
    draws: int = 0
    renders: int = 0
    previews: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


@dataclass
class _Search:
    """One open slot: the next attempt to draw, those that a preview will decide, and a render.

    promised: some latent was likely.
    """

    slot: int
    cell: int
    next: int = 0
    promised: bool = False
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

    def __iter__(self) -> Iterator[Face]:
        """Yield each slot's face once.

        Raises:
            JobError: a slot used up its attempts: the generator does not reach its cell.
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
        start = time.perf_counter()
        tries = [search.hopeful.popleft() for search in searches]
        w = np.stack([latent for _, latent in tries])
        images, pictures = take(self._job.spec, self._generator, w)
        rendered = time.perf_counter()
        image = self._job.spec.image
        files = [encode(pixels, image.format, image.quality) for pixels in images]
        seen = np.stack([decode(file) for file in files])
        encoded = time.perf_counter()
        scores = self._scorer.score(seen)
        self.tally.renders += len(w)
        self.tally.seconds["render"] += rendered - start
        self.tally.seconds["encode_store"] += encoded - rendered
        self.tally.seconds["score"] += time.perf_counter() - encoded
        for i, (search, (attempt, latent)) in enumerate(zip(searches, tries, strict=True)):
            cell = self._job.spec.target.bins_of(search.cell)
            why = refusal(scores, i, cell, self._limits)
            if why is not None:
                self.tally.refused[why] += 1
                continue
            self.tally.accepted += 1
            self._open.remove(search)
            sure = confidence(scores, i, cell)
            truth = truth_of(pictures, i) if pictures is not None else None
            # A copy, since a view would keep the whole batch in memory until it is stored.
            pixels = images[i].copy()
            yield Face(
                search.slot,
                attempt,
                search.cell,
                sure,
                latent,
                pixels,
                files[i],
                scores,
                i,
                self._is_rare(search),
                truth,
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
