"""The taxonomy's own consistency, and the page that documents it."""

import re
from pathlib import Path

import numpy as np
import pytest

from pipeline.attributes.bins import bin_index, parse_bin, parse_bins
from pipeline.attributes.color import MONK_LAB, ita
from pipeline.attributes.taxonomy import (
    ATTRIBUTES,
    MONK_HEX,
    MONK_TONES,
    PRESETS,
    Attribute,
    names,
    presets,
)
from pipeline.provenance.xmp import read_xmp

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "attributes.md").read_text()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.name)
def test_the_page_tells_what_the_taxonomy_says(attribute: Attribute) -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith(f"| `{attribute.name}` |")]
    assert len(lines) == 1
    _, doc, kind, unit, span, classes, bins = cells(lines[0])
    assert attribute.doc.startswith(doc)
    assert kind.startswith(attribute.kind)
    assert ("whole units" in kind) == attribute.integer
    if attribute.unit:
        assert unit == attribute.unit
    if attribute.kind == "number":
        assert span == f"{attribute.low:g} to {attribute.high:g}"
        assert (f"`{attribute.name}_p`" in classes) == bool(attribute.classes)
    else:
        assert classes == ", ".join(attribute.classes)
    assert bins == " ".join(f"`{label}`" for label in attribute.usual_bins)


def test_the_page_documents_nothing_else() -> None:
    table = PAGE.split("| attribute |")[1].split("\n\n")[0]
    found = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert found == [attribute.name for attribute in ATTRIBUTES]


def test_the_page_shows_every_monk_tone_with_its_colour_in_order() -> None:
    rows = [cells(line) for line in PAGE.split("| tone |")[1].split("\n\n")[0].splitlines()[2:]]
    assert [row[0] for row in rows] == list(MONK_TONES)
    assert [row[1] for row in rows] == [f"`{code}`" for code in MONK_HEX]
    assert np.array([row[2:5] for row in rows], float) == pytest.approx(MONK_LAB, abs=0.0051)
    assert np.array([row[5] for row in rows], float) == pytest.approx(ita(MONK_LAB), abs=0.051)


def test_the_page_lists_every_preset_with_its_bins() -> None:
    table = PAGE.split("| preset |")[1].split("\n\n")[0]
    rows = [cells(line) for line in table.splitlines()[3:]]
    found = {(row[1].strip("`"), row[0].strip("`")): row[2].split(":")[0] for row in rows}
    known = {(name, preset): bins for name in PRESETS for preset, bins in PRESETS[name].items()}
    assert found == {key: " ".join(f"`{one}`" for one in bins) for key, bins in known.items()}


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.name)
def test_presets_are_sound_bins_and_leave_no_value_out(attribute: Attribute) -> None:
    for name, labels in presets(attribute.name).items():
        bins = parse_bins(attribute.name, labels)
        if name == "uniform":
            assert labels == attribute.usual_bins
        else:
            values = np.linspace(attribute.low, attribute.high, 1999)
            assert (bin_index(bins, values) >= 0).all()


@pytest.mark.parametrize("name", [path.stem for path in (DOCS / "attributes").glob("*.jpg")])
def test_every_picture_is_shown_and_labelled_as_synthetic(name: str) -> None:
    assert f"](attributes/{name}.jpg)" in PAGE
    data = (DOCS / "attributes" / f"{name}.jpg").read_bytes()
    assert "trainedAlgorithmicMedia" in (read_xmp(data) or "")


def test_every_picture_that_is_shown_is_there() -> None:
    shown = re.findall(r"\]\((attributes/.*?)\)", PAGE)
    assert shown
    assert all((DOCS / path).is_file() for path in shown)
    assert sum(path.stat().st_size for path in (DOCS / "attributes").iterdir()) < 600_000


def test_the_page_warns_that_everything_is_perceived() -> None:
    assert "**perceived**" in PAGE
    assert "never what a person is" in PAGE


@pytest.mark.parametrize(
    ("attribute", "label"),
    [("age", "18-29"), ("age", "60+"), ("skin_tone", "7"), ("yaw", "-10..10"), ("yaw", "..10"),
     ("yaw", "10.."), ("hair_length", "short+medium")],
)  # fmt: skip
def test_bins_on_the_page_can_be_read(attribute: str, label: str) -> None:
    assert f"`{label}`" in PAGE
    assert parse_bin(attribute, label).label == label


def test_names_are_listed_for_error_lines() -> None:
    assert names(ATTRIBUTES[:2]) == "age, gender_presentation"
