"""Each person has all variations, each as asked: the audit sees to it, in real pictures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.catalog.audit.audit import Look

from .audited import by_check, find, run, unpassed
from .tampering import Catalog

NONE = Look(0)
"""No images: what the rows say by themselves is told already."""

Rows = list[dict[str, Any]]


def test_an_honest_catalog_of_people_in_several_pictures_passes(sets: Path) -> None:
    made = run(sets)
    assert made["findings"] == []
    assert made["balanced_as_ordered"]
    assert unpassed(made) == {"credentials": "skipped"}
    assert (made["count"], made["people"], made["images"]["exact"]) == (12, 3, 12)
    (slots,) = (check for check in made["checks"] if check["check"] == "slots")
    assert slots["detail"] == "0 to 2, 4 variations each"
    assert made["notes"][0].startswith("Variations change age: its quotas are of people as they")
    assert sum(bin["ordered"] for bin in made["balance"]["axes"][1]["bins"]) == 12


def test_a_person_without_one_of_the_variations_is_found(characters: Catalog) -> None:
    gone = characters.rows[6]
    characters.edit_rows(lambda rows: rows.__delitem__(6))
    made = run(characters.folder, NONE)
    place = f"slot {gone['slot']}, {gone['variation']}"
    finding = find(made, "slots", place)
    assert (finding["expected"], finding["found"]) == (f"asset {gone['asset_id']}", "no row")
    assert not made["counts_as_ordered"]


def test_a_variation_twice_in_place_of_another_is_found(characters: Catalog) -> None:
    def copy(rows: Rows) -> None:
        rows[7] = {**rows[6], "uri": rows[7]["uri"], "sha256": rows[7]["sha256"]}

    gone = characters.rows[7]
    characters.edit_rows(copy)
    made = run(characters.folder, NONE)
    assert find(made, "slots", f"slot {gone['slot']}, {gone['variation']}")["found"] == "no row"
    kept = characters.rows[6]
    assert find(made, "slots", f"slot {kept['slot']}, {kept['variation']}")["expected"] == "one row"


def swap(*columns: str) -> Callable[[Rows], None]:
    """Change these of the first person's first two pictures over."""

    def change(rows: Rows) -> None:
        for name in columns:
            rows[0][name], rows[1][name] = rows[1][name], rows[0][name]

    return change


def setting(row: int, **values: Any) -> Callable[[Rows], None]:
    return lambda rows: rows[row].update(values)


def edits(row: int, **values: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[row]["edits"] = json.dumps(json.loads(rows[row]["edits"]) | values)

    return change


@pytest.mark.parametrize(
    ("change", "check", "row", "expected", "found"),
    [
        (setting(0, age=80.0), "readings", 0, "age read as ", "age 80.0"),
        (setting(0, light_azimuth=-9.0), "readings", 0, "light_azimuth read as 50.0", "-9.0"),
        (setting(0, light_azimuth=None), "readings", 0, "light_azimuth read as 50.0", "none"),
        (edits(0, light_azimuth=40), "rows", 0, "light=right in edits", "light_azimuth 40"),
        (edits(3, age=60.0), "rows", 3, "by the person's other pictures (age=+20)", "age 60"),
        (edits(0, age="young"), "rows", 0, "a number for age=+0 in edits", "age young"),
        (setting(0, edits="[]"), "rows", 0, "edits of age, light_azimuth", "edits []"),
        (setting(0, edits=None), "rows", 0, "edits of age, light_azimuth", "edits None"),
        (setting(0, variation="age=+9"), "rows", 0, "a variation of the spec", "age=+9"),
        (setting(0, variation=None), "rows", 0, "a variation of the spec", "variation None"),
        (setting(0, person_id="nobody"), "rows", 0, "person_id p", "person_id nobody"),
        (setting(0, gender_presentation=None), "readings", 0, "gender_presentation in", "none"),
    ],
)
def test_what_a_row_says_must_follow_from_its_variation(
    characters: Catalog,
    change: Callable[[Rows], None],
    check: str,
    row: int,
    expected: str,
    found: str,
) -> None:
    characters.edit_rows(change)
    made = run(characters.folder, NONE)
    finding = find(made, check, f"asset {characters.rows[row]['asset_id']}")
    assert expected in finding["expected"]
    assert found in finding["found"]
    assert not made["balanced_as_ordered"]


def test_pictures_of_a_person_changed_over_are_found(characters: Catalog) -> None:
    characters.edit_rows(swap("uri", "sha256", "pixels_sha256", "length"))
    made = run(characters.folder)
    assert by_check(made)["images"] == 2  # each file bears the other's name
    assert by_check(made)["scores"] == 2
    assert find(made, "scores", f"asset {characters.rows[0]['asset_id']}")


def test_variations_changed_over_are_found(characters: Catalog) -> None:
    characters.edit_rows(swap("variation", "edits"))
    made = run(characters.folder, NONE)
    first = characters.rows[0]
    assert find(made, "rows", f"slot {first['slot']}, {first['variation']}")
    assert find(made, "readings", f"asset {first['asset_id']}")


def test_what_catalog_json_says_of_people_is_compared(characters: Catalog) -> None:
    characters.edit(lambda document: document.update(people=4))
    made = run(characters.folder, NONE)
    assert find(made, "document", "catalog.json, people")["found"] == "4"
    characters.edit(lambda document: document.update(people=3, variations=[]))
    assert find(run(characters.folder, NONE), "document", "catalog.json, variations")
