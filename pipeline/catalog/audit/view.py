"""Lay an audit out for the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_MOST_FINDINGS = 12
_MOST_CELLS = 36
_LONGEST = 120

_MARKS = {"passed": ("✓", "green"), "failed": ("✗", "bold red"), "skipped": ("–", "yellow")}

DISTANCES = {
    "total_variation": "TV",
    "jensen_shannon": "JS",
    "fairness_discrepancy": "FD",
    "max_min_ratio": "max/min",
}
"""Every distance and its short name."""

LEGEND = (
    "TV total variation, JS Jensen-Shannon distance, FD fairness discrepancy (Choi et al., 2020), "
    "max/min best over worst served bin; of the delivered shares from those asked."
)


def audit_view(audit: Mapping[str, Any]) -> RenderableType:
    """The audit as tables that fit 80 columns."""
    balance = audit["balance"]
    parts: list[RenderableType] = [
        verdict(audit),
        Text.assemble((audit["name"], "bold"), f": {balance['rows']:,} faces in {audit['uri']}"),
        *_revoked(audit),
        "",
        _checks(audit),
    ]
    if audit["findings"]:
        parts += ["", *_findings(audit)]
    if balance["axes"]:
        parts += ["", _axes(balance), "", _distances(balance), Text(LEGEND, "dim")]
        parts += ["", *_cells(balance)]
    notes = [*audit["notes"], *_assurance(audit)]
    if notes:
        parts += ["", *(Text(note, "dim") for note in notes)]
    return Group(*parts)


def _revoked(audit: Mapping[str, Any]) -> list[Text]:
    """What later versions took away, and why; what they added is an order of its own."""
    came = [
        Text(f"extended by {one['faces']:,} faces; audit them as {one['uri']}", "yellow")
        for one in audit["extensions"]
    ]
    return came + [
        Text(
            f"version {one['version']:,} ({one['at'][:10]}) revoked {one['faces']:,}: {one['why']}",
            "yellow",
        )
        for one in audit["revocations"]
    ]


def verdict(audit: Mapping[str, Any]) -> Text:
    """The one line that an auditor asks for."""
    count = audit["findings_total"]
    findings = f"{count:,} finding{'s' if count != 1 else ''}"
    if audit["balanced_as_ordered"]:
        rest = ""
        if not audit["images"]["scored"]:
            looked = "scored again" if audit["images"]["files"] else "looked at"
            rest = f" (by the rows: no image was {looked})"
        if audit["revoked"]:
            rest = f", but for {audit['revoked']:,} revoked since{rest}"
        return Text.assemble("balanced as ordered: ", ("yes", "bold green"), rest)
    why = f"{findings}; the counts are right, but what they rest on is not"
    if not audit["counts_as_ordered"]:
        why = findings
    return Text.assemble("balanced as ordered: ", ("no", "bold red"), f" ({why})")


def _checks(audit: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for check in audit["checks"]:
        mark, style = _MARKS[check["state"]]
        detail = check["detail"]
        if check["state"] == "failed":
            detail = f"{check['findings']:,} found"
        if check["state"] == "skipped":
            detail = f"not checked: {detail}"
        table.add_row(Text(mark, style), check["title"], Text(detail, style="dim"))
    return table


def _findings(audit: Mapping[str, Any]) -> list[RenderableType]:
    """The first findings, from all checks by turns of their order."""
    shown = _first(audit["findings"], _MOST_FINDINGS)
    lines: list[RenderableType] = []
    for one in shown:
        lines.append(Text.assemble(("✗ ", "bold red"), (one["subject"], "bold")))
        told = f"expected {_short(one['expected'])}, found {_short(one['found'])}"
        lines.append(Text(f"  {told}"))
    more = audit["findings_total"] - len(shown)
    if more:
        lines.append(Text(f"and {more:,} more; --json lists them.", "dim"))
    return lines


def _first(findings: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """The first of each check, then the second of each, and so on; by check again."""
    seen: dict[str, int] = {}
    turns = []
    for place, one in enumerate(findings):
        seen[one["check"]] = seen.get(one["check"], 0) + 1
        turns.append((seen[one["check"]], place))
    return [findings[place] for place in sorted(place for _, place in sorted(turns)[:most])]


def _axes(balance: Mapping[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("balanced")
    table.add_column("bin")
    for name in ("asked", "delivered", "faces"):
        table.add_column(name, justify="right")
    truth = balance["truth"]
    if truth:
        table.add_column("truly (95 %)")
    for axis in balance["axes"]:
        rows = truth["axes"][axis["name"]] if truth else []
        true = {row["bin"]: row for row in rows}
        for i, one in enumerate(axis["bins"]):
            off = "" if one["delivered"] == one["ordered"] else "bold red"
            cells: list[str | Text] = [
                axis["name"].replace("_", " ") if i == 0 else "",
                one["bin"],
                percent(one["asked_share"]),
                Text(percent(one["delivered_share"]), off),
                Text(f"{one['delivered']:,}", off),
            ]
            if truth:
                row = true[one["bin"]]
                missed = not row["low"] <= row["wanted"] <= row["high"]
                cells.append(Text(_interval(row), "yellow" if missed else ""))
            table.add_row(*cells)
        for label in true.keys() - {one["bin"] for one in axis["bins"]}:
            table.add_row("", Text(label, "dim"), "", "", "", _interval(true[label]))
    if balance["outside"]:
        lost = f"{balance['outside']:,}"
        share = percent(balance["outside"] / balance["rows"])
        table.add_row("", "in no cell", "", Text(share, "bold red"), Text(lost, "bold red"))
    return table


def _distances(balance: Mapping[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("distance")
    for short in DISTANCES.values():
        table.add_column(short, justify="right")
    table.add_column("rounding (TV)", justify="right")
    for name, part in [
        *((axis["name"].replace("_", " "), axis) for axis in balance["axes"]),
        ("cells", balance["joint"]),
    ]:
        figures = [distance(part["distances"][key]) for key in DISTANCES]
        table.add_row(name, *figures, distance(part["rounding"]["total_variation"]))
    return table


def _cells(balance: Mapping[str, Any]) -> list[RenderableType]:
    cells = balance["joint"]["cells"]
    off = [cell for cell in cells if not (cell["ordered"] == cell["delivered"] == cell["filed"])]
    sure = [cell["confidence"] for cell in cells if cell["confidence"] is not None]
    exact = len(cells) - len(off)
    line = f"{exact:,} of {len(cells):,} cells hold what was ordered"
    if sure:
        line += f"; mean confidence {min(sure):.2f} to {max(sure):.2f} by cell"
    shown = cells if len(cells) <= _MOST_CELLS else off[:_MOST_CELLS]
    lines: list[RenderableType] = [Text(line + ".")]
    if not shown:
        return lines
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(", ".join(name.replace("_", " ") for name in shown[0]["bins"]))
    for name in ("ordered", "delivered", "confidence"):
        table.add_column(name, justify="right")
    for cell in shown:
        wrong = "bold red" if cell in off else ""
        confidence = "–" if cell["confidence"] is None else f"{cell['confidence']:.2f}"
        table.add_row(
            ", ".join(cell["bins"].values()),
            f"{cell['ordered']:,}",
            Text(f"{cell['delivered']:,}", wrong),
            confidence,
        )
    return [*lines, table]


def _assurance(audit: Mapping[str, Any]) -> list[str]:
    return [sentence] if (sentence := assurance(audit["images"])) else []


def assurance(images: Mapping[str, Any]) -> str:
    """What the images looked at say of those that were not, if anything."""
    bound = images["wrong_at_most"]
    if not bound:
        return ""
    return (
        f"None of the {images['files']:,} was wrong: with 95 % confidence, at most "
        f"{percent(bound)} of all are."
    )


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def distance(value: float | None) -> str:
    """A distance with the digits that matter."""
    return "∞" if value is None else f"{value:.4f}"


def _interval(row: Mapping[str, Any]) -> str:
    low, high = (f"{100 * row[key]:.1f}" for key in ("low", "high"))
    return f"{percent(row['share'])} ({low}–{high})"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
