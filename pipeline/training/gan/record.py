"""Keep what a run has come to, step by step: log, sheets, curves and the state to go on from."""

from pathlib import Path

from pipeline.training.gan.grids import drawn, first_rows, fixed_latents, write_sheet
from pipeline.training.gan.log import Log, Tell, Ticker, read_log
from pipeline.training.gan.metrics import Judge
from pipeline.training.gan.plot import write_plot
from pipeline.training.gan.shards import Pictures
from pipeline.training.gan.spec import GanSpec
from pipeline.training.gan.state import State

LOG_KIMG = 1.0
"""Thousands of pictures between two entries of the log."""


class Record:
    """The folder of a run in hand; one rank keeps it."""

    def __init__(
        self, spec: GanSpec, digest: str, pictures: Pictures, state: State, tell: Tell
    ) -> None:
        """Go on where `state` is.

        Args:
            digest: sha256 (hex) of all that decides how the run's steps go.
            tell: called with lines for people.
        """
        self._spec, self._digest, self._state = spec, digest, state
        self._folder = Path(spec.to)
        self._z = fixed_latents(spec, pictures, state.generator.config.z_dim)
        self._log, self._ticker = Log(self._folder / "log.jsonl", state.step), Ticker(tell)
        self._words = ""
        count, seed = spec.metrics.count, spec.metrics.seed
        self.judge = Judge(pictures, count, seed, state.device) if count else None
        if state.step == 0:
            real = pictures.read(first_rows(pictures))["image"]
            write_sheet(self._folder / "samples" / "real.png", real)

    def add(self, stage: str, figures: dict[str, float]) -> None:
        """Count the figures of the step in, that `state` has just taken; write what is due."""
        spec, state = self._spec, self._state
        before, after = spec.images(state.step - 1), spec.images(state.step)
        self._log.add(figures)
        last = state.step in (spec.regress_steps, spec.steps)
        saves = last or _passes(before, after, spec.checkpoint_kimg)
        if self.judge is not None and _passes(before, after, spec.metrics.kimg):
            self._log.add({"frechet": self.judge.frechet(state.average)})
        if saves or _passes(before, after, LOG_KIMG):
            self._words = self._log.flush(stage, state.step, after)
        if last or _passes(before, after, spec.sample_kimg):
            sheet = self._folder / "samples" / f"{after:09d}.png"
            write_sheet(sheet, drawn(state.average, self._z))
        if saves:
            state.save(self._folder / "state.pt", self._digest)
            write_plot(self._folder / "plot.svg", read_log(self._folder / "log.jsonl"))
        begun = spec.images(0 if stage == "regress" else spec.regress_steps)
        end = spec.images(spec.regress_steps if stage == "regress" else spec.steps)
        self._ticker(stage, after - begun, end - begun, self._words)


def _passes(before: int, after: int, kimg: float) -> bool:
    """Whether a multiple of so many thousand pictures lies between two counts; 0: never."""
    return kimg > 0 and after // (1000 * kimg) > before // (1000 * kimg)
