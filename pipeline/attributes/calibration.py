"""Keep what is known of a generator seen through a scorer: natural readings and the surrogate."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from pipeline.attributes import WEIGHTS
from pipeline.attributes.surrogate import Surrogate
from pipeline.attributes.value_file import Values, read_values, write_values

_SURROGATE, _NATURAL, _FIGURES = "surrogate.safetensors", "natural.parquet", "figures.json"

BUNDLED = ("", "stylegan2-heads-")
"""What the names of bundled calibrations begin with: the renderer's, and a network's."""


@dataclass(frozen=True)
class Calibration:
    """A generator seen through a scorer.

    surrogate: guesses readings from latents. natural: name -> [N], as in `Scores.values`, readings
    of N natural draws. figures: name -> how well the surrogate guesses draws that it did not learn
    from, as `fit_surrogate` gives them.
    """

    surrogate: Surrogate
    natural: Values
    figures: Mapping[str, Mapping[str, float]]

    def to_files(self) -> dict[str, bytes]:
        """The files that hold it: name -> content."""
        digests = (self.surrogate.generator_digest, self.surrogate.scorer_digest)
        natural = io.BytesIO()
        write_values(natural, {"": self.natural}, *digests)
        return {
            _SURROGATE: self.surrogate.to_bytes(),
            _NATURAL: natural.getvalue(),
            _FIGURES: json.dumps(self.figures, indent=1).encode(),
        }

    @staticmethod
    def from_files(read: Callable[[str], bytes]) -> "Calibration":
        """Read what `to_files` gave; `read` gives the content of a name.

        Raises:
            ValueError: they are damaged, of another version of populace, or of several pairs.
        """
        try:
            (natural,), *pair = read_values(io.BytesIO(read(_NATURAL)), "")
        except (OSError, KeyError) as error:
            raise ValueError(f"{_NATURAL} is damaged: {error}") from error
        surrogate = Surrogate.from_bytes(read(_SURROGATE))
        if pair != [surrogate.generator_digest, surrogate.scorer_digest]:
            raise ValueError("its files are of different generators or scorers")
        return Calibration(surrogate, natural, json.loads(read(_FIGURES)))


def bundled_calibration(generator_digest: str, scorer_digest: str) -> Calibration | None:
    """What comes with the bundled scorer of this very pair of models, if anything does."""
    for start in BUNDLED:
        if (WEIGHTS / f"{start}{_FIGURES}").exists():  # not while they are being trained
            found = Calibration.from_files(partial(_bundled, start))
            pair = (found.surrogate.generator_digest, found.surrogate.scorer_digest)
            if pair == (generator_digest, scorer_digest):
                return found
    return None


def _bundled(start: str, name: str) -> bytes:
    return (WEIGHTS / f"{start}{name}").read_bytes()
