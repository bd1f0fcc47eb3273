"""Lay a plan out for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.engine.plan import Plan
from pipeline.engine.progress import clock
from pipeline.spec import JobSpec

_TRULY = (
    "truly: what share of the faces will truly lie there, since the scorer errs, with a 95 % "
    "interval; balance.correct: true orders so that it comes nearest to what is wanted."
)


def plan_view(plan: Plan) -> RenderableType:
    """The plan as tables that fit 80 columns."""
    spec, quotas = plan.job.spec, plan.job.slots.quotas
    parts: list[RenderableType] = [
        Text.assemble((spec.name, "bold"), f": {_ordered(spec)} to {spec.location.uri}"),
        "",
    ]
    if spec.target.axes:
        parts += [_axes(plan), ""]
    filled = quotas[quotas > 0]
    kind = "people" if spec.varied else "faces"
    facts = Table.grid(padding=(0, 2))
    facts.add_row("cells", f"{quotas.size:,}, {filled.min():,} to {filled.max():,} {kind} each")
    facts.add_row("shards", f"{spec.shards:,} of up to {spec.shard_size:,} {kind}")
    total = float((quotas.ravel() * plan.attempts).sum())
    if spec.varied:
        facts.add_row("variations", f"{spec.per_person} of each person: {_first(spec.labels)}")
    each = "person" if spec.varied else "face"
    facts.add_row("attempts", f"about {total / spec.count:.1f} latents a {each}")
    if plan.calibration:
        facts.add_row("calibration", f"{plan.calibration:,} natural draws first")
    if plan.directions:
        facts.add_row("directions", f"about {plan.directions:,} pictures to measure them")
    if plan.previews:
        facts.add_row("previews", f"about {plan.previews:,.0f} at {spec.preview_size} px")
    facts.add_row("renders", f"about {plan.renders:,.0f} at {spec.image.size} px")
    facts.add_row("time", f"about {clock(plan.seconds)} of one worker on this machine")
    facts.add_row("bytes", f"about {size(plan.bytes)} of {spec.image.format}")
    parts.append(facts)
    if plan.truth:
        every = (
            "" if plan.truth["limited"] else " (Too few held-out images keep `where`: all count.)"
        )
        parts.append(Text(_TRULY + every, "dim"))
    parts.append(Text(f"Estimated from {plan.draws:,} natural draws; nothing was written.", "dim"))
    for cells, what, style in _cautions(plan):
        if cells:
            parts.append(Text(f"{_some(cells)}: {what}", style))
    return Group(*parts)


def _cautions(plan: Plan) -> list[tuple[list[str], str, str]]:
    """Cells that may disappoint, how, and the style to say it in."""
    return [
        (
            plan.unreached,
            "no latent was found that promises them, so that the job may stop there; widen the "
            "bins or the limits",
            "red",
        ),
        (
            [cell for cell in plan.sought if cell not in plan.unreached],
            "so rare that their latents will be looked for, which bends what such faces are like",
            "yellow",
        ),
        (
            [cell for cell in plan.unseen if cell not in plan.sought],
            f"in none of the {plan.draws:,} natural draws, and perhaps not reached within "
            "max_attempts",
            "yellow",
        ),
    ]


def _ordered(spec: JobSpec) -> str:
    """What is ordered, in words."""
    if not spec.varied:
        return f"{spec.count:,} faces"
    return f"{spec.pictures:,} pictures of {spec.count:,} people"


def _first(labels: Sequence[str]) -> str:
    return "; ".join(labels[:5]) + ("; …" if len(labels) > 5 else "")


def _some(cells: list[str]) -> str:
    shown = _first(cells)
    return f"{len(cells)} ordered cells ({shown})" if len(cells) > 1 else f"The cell {shown}"


def _axes(plan: Plan) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    truth = plan.truth["axes"] if plan.truth else {}
    faces_or_people = "people" if plan.job.spec.varied else "faces"
    for name in ("balanced", "bin", faces_or_people, *(("wanted", "truly") if truth else ())):
        justify: Literal["left", "right"] = "left" if name in ("balanced", "bin") else "right"
        table.add_column(name, justify=justify, no_wrap=True)
    quotas = plan.job.slots.quotas
    for i, axis in enumerate(plan.job.spec.target.axes):
        margin = quotas.sum(tuple(j for j in range(quotas.ndim) if j != i))
        faces = [f"{int(count):,}" for count in margin]
        rows = truth.get(axis.attribute, [{"bin": label} for label in axis.labels])
        for row, true in enumerate(rows):
            name = axis.attribute if row == 0 else ""
            ordered = faces[row] if row < len(faces) else ""
            table.add_row(name, true["bin"], ordered, *_truly(true))
    return table


def _truly(row: Mapping[str, Any]) -> tuple[str, ...]:
    if "share" not in row:
        return ()
    spread = f"{100 * row['low']:.1f} to {100 * row['high']:.1f}"
    return f"{100 * row['wanted']:.1f} %", f"{100 * row['share']:.1f} % ({spread})"


def size(count: float) -> str:
    """Bytes in decimal units."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            break
        count /= 1000
    return f"{count:.3g} {unit}"
