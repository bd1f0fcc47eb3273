"""Hold a scorer's figures in hard conditions against what it is meant to reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    """A figure, [value, low, high], and the bar it should reach: at least it, or at most."""

    title: str
    figure: tuple[float, float, float]
    bar: float
    least: bool
    share: bool = True

    @property
    def reached(self) -> bool:
        """Whether the value itself reaches the bar."""
        value = self.figure[0]
        return value >= self.bar if self.least else value <= self.bar


def bars(card: Mapping[str, Any]) -> list[Bar]:
    """Every bar and what was measured, worst calibration of all held-out sets included.

    Args:
        card: what `train_scorer` writes to card.json.
    """
    hard = card["held_out"]["hard"]
    numbers, classes = hard["numbers"], hard["classes"]
    found = [
        _most("age, mean error in years", numbers["age"]["mae"], 5),
        _least("presentation outside the ambiguous middle", hard["presentation"]["outside"], 0.95),
        _least("skin tone, exact", classes["skin_tone"]["accuracy"], 0.70),
        _least("skin tone, within one", classes["skin_tone"]["within_one"], 0.95),
        _least("expression", classes["expression"]["accuracy"], 0.90),
        _least("glasses", classes["glasses"]["accuracy"], 0.99),
        _least("hair length", classes["hair_length"]["accuracy"], 0.90),
        _least("hair colour", classes["hair_color"]["accuracy"], 0.90),
        _most("yaw, mean error in degrees", numbers["yaw"]["mae"], 3),
        _most("pitch, mean error in degrees", numbers["pitch"]["mae"], 3),
        _most("light azimuth, mean error in degrees", numbers["light_azimuth"]["mae"], 8),
    ]
    for title, held in (("", hard), (", easy conditions", card["held_out"]["natural"])):
        error = _triple(held["landmarks"]["frontal"])
        found.append(Bar(f"landmarks on frontal faces{title}", error, 0.02, False))
    for title, kinds in (("trained on", "trained"), ("never seen", "held_out")):
        area = card["realism"][kinds]["all"]["auc"]
        found.append(
            Bar(f"realism, area over bad pictures of kinds {title}", _triple(area), 0.99, True)
        )
    errors = [
        (f["ece"], f"{name}, {held}")
        for held, figures in card["held_out"].items()
        for name, f in figures["classes"].items()
    ]
    worst, where = max(errors)
    found.append(Bar(f"worst calibration error ({where})", _triple(worst), 0.03, False))
    return found


def _least(title: str, figure: list[float], bar: float) -> Bar:
    return Bar(title, _triple(figure), bar, least=True)


def _most(title: str, figure: list[float], bar: float) -> Bar:
    return Bar(title, _triple(figure), bar, least=False, share=False)


def _triple(figure: list[float]) -> tuple[float, float, float]:
    value, low, high = figure
    return value, low, high
