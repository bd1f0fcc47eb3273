"""Say how a run goes: a line for people now and then, and every figure in `log.jsonl`."""

import json
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.training.gan.whole import write_whole

Tell = Callable[[str], None]
"""Called with a line for people."""

SECONDS = 10.0
"""Least time between two lines for people."""

_RECENT = 60.0
"""Seconds back from which on the rate is told: what compiles or warms up first says little."""


@dataclass
class Ticker:
    """Tells how far something is, not too often, and when it will be done."""

    tell: Tell
    stage: str = ""
    told: float = float("-inf")
    marks: deque[tuple[float, int]] = field(default_factory=deque)

    def __call__(self, stage: str, done: int, total: int, figures: str = "") -> None:
        """Tell that `done` of `total` pictures have gone through `stage`."""
        now = time.monotonic()
        if stage != self.stage:
            self.stage, self.told = stage, float("-inf")
            self.marks = deque([(now, done)])
        if now - self.told < SECONDS and done < total:
            return
        self.told = now
        self.marks.append((now, done))
        while len(self.marks) > 2 and now - self.marks[0][0] > _RECENT:
            self.marks.popleft()
        began, first = self.marks[0]
        line = f"{stage}: {done / 1000:,.1f} of {total / 1000:,.1f} thousand"
        if now > began and done > first:
            rate = (done - first) / (now - began)
            line += f", {rate:,.1f} a second, {_span((total - done) / rate)} to go"
        self.tell(f"{line}{', ' if figures else ''}{figures}")


class Log:
    """Means of a run's figures, a line of JSON each time they are `flush`ed."""

    def __init__(self, path: Path, step: int) -> None:
        """Keep what an earlier call wrote before `step`; what it did after that is done again."""
        self._path = path
        self._sums: dict[str, tuple[float, int]] = {}
        kept = [entry for entry in read_log(path) if entry["step"] <= step]
        write_whole(path, "".join(json.dumps(entry) + "\n" for entry in kept))

    def add(self, figures: dict[str, float]) -> None:
        """Count one step's figures in, but for those without bounds, which JSON does not know."""
        for name, value in figures.items():
            if not math.isfinite(value):
                continue
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)

    def flush(self, stage: str, step: int, images: int) -> str:
        """Write the means since the last time, and give them in words."""
        means = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums.clear()
        entry = {"stage": stage, "step": step, "images": images, "time": round(time.time(), 1)}
        with self._path.open("a") as file:
            file.write(json.dumps(entry | {n: round(v, 6) for n, v in means.items()}) + "\n")
        return ", ".join(f"{name} {value:.3g}" for name, value in means.items())


def read_log(path: Path) -> list[dict[str, float]]:
    """The entries of a log; a torn last line is left out, and a missing file is empty."""
    entries = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            entries.append(json.loads(line))
        except ValueError:
            break
    return entries


def _span(seconds: float) -> str:
    """A time in the two units that fit."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
