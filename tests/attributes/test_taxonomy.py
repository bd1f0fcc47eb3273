"""The taxonomy's own consistency, and the page that documents it."""

from pathlib import Path

import pytest

from pipeline.attributes.bins import parse_bin
from pipeline.attributes.taxonomy import ATTRIBUTES, MONK_HEX, MONK_TONES, Attribute, names

PAGE = (Path(__file__).parents[2] / "docs" / "attributes.md").read_text()


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


def test_the_page_shows_every_monk_tone_in_order() -> None:
    lines = PAGE.splitlines()
    at = next(i for i, line in enumerate(lines) if cells(line) == list(MONK_TONES))
    assert cells(lines[at + 2]) == [f"`{code}`" for code in MONK_HEX]


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
