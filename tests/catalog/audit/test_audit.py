"""Whatever somebody changes in a sealed catalog, the audit names it; an honest one passes."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.assets.encode import decode_stored, encode
from pipeline.catalog.audit.audit import Look
from pipeline.catalog.layout import own_key
from pipeline.catalog.manifest import write_parquet
from pipeline.provenance.xmp import embed_xmp, synthetic_packet

from .audited import by_check, find, run, unpassed
from .conftest import STRIPES, make
from .tampering import PART, Catalog


def test_an_honest_catalog_passes_every_check(stripes: Path) -> None:
    made = run(stripes)
    assert made["findings"] == []
    assert made["balanced_as_ordered"]
    assert unpassed(made) == {"credentials": "skipped"}
    assert made["images"]["files"] == made["images"]["exact"] == made["images"]["lossless"] == 60
    assert made["images"]["wrong_at_most"] == 0


def test_an_honest_catalog_of_packs_cut_outs_and_extras_passes(heads: Path) -> None:
    made = run(heads)
    assert made["findings"] == []
    assert unpassed(made) == {"credentials": "skipped"}
    assert made["images"]["exact"] == 6
    share = made["balance"]["truth"]["axes"]["gender_presentation"][0]
    assert share["bin"] == "feminine"
    assert share["low"] <= share["share"] <= share["high"]


def test_without_receipts_the_catalog_stands_for_itself(catalog: Catalog) -> None:
    catalog.forget_commits()
    made = run(catalog.folder)
    assert made["balanced_as_ordered"]
    assert unpassed(made) == {"receipts": "skipped", "credentials": "skipped"}


def test_a_manifest_of_many_parts_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.catalog.seal.ROW_GROUP_ROWS", 8)
    monkeypatch.setattr("pipeline.catalog.seal.PART_ROWS", 16)
    monkeypatch.setattr("pipeline.catalog.audit.parts.BATCH", 5)
    make(STRIPES, str(tmp_path))
    catalog = Catalog(tmp_path)
    assert len(catalog.document["manifest"]["parts"]) == 4
    sampled = run(tmp_path, Look(12))
    assert sampled["findings"] == []
    assert (sampled["images"]["files"], sampled["images"]["exact"]) == (12, 12)
    assert run(tmp_path, Look(None))["images"]["files"] == 60
    catalog.edit(lambda d: d["manifest"]["parts"].reverse())
    made = run(tmp_path, Look(0))
    assert by_check(made) == {"content": 1}
    catalog.edit(lambda d: d["manifest"]["parts"].pop())
    assert not run(tmp_path, Look(0))["counts_as_ordered"]


def test_shares_and_distances_are_counted_from_rows(catalog: Catalog) -> None:
    catalog.forget_commits()
    # Cell 0 is young and feminine, and was asked for 18 faces of 60.
    catalog.edit_rows(lambda rows: rows.__delitem__(slice(0, 6)))
    balance = run(catalog.folder, Look(0))["balance"]
    age = balance["axes"][0]
    assert [b["asked_share"] for b in age["bins"]] == pytest.approx([0.6, 0.4])
    assert [(b["ordered"], b["delivered"]) for b in age["bins"]] == [(36, 30), (24, 24)]
    share = 30 / 54
    assert age["distances"]["total_variation"] == pytest.approx(0.6 - share)
    assert age["distances"]["fairness_discrepancy"] == pytest.approx((0.6 - share) * 2**0.5)
    assert age["distances"]["max_min_ratio"] == pytest.approx((1 - share) / 0.4 / (share / 0.6))
    mixed = np.array([[0.6, 0.4], [share, 1 - share]])
    middle = mixed.mean(0)
    divergence = (mixed * np.log2(mixed / middle)).sum() / 2
    assert age["distances"]["jensen_shannon"] == pytest.approx(divergence**0.5)
    assert age["rounding"]["total_variation"] == pytest.approx(0, abs=1e-12)
    cell = balance["joint"]["cells"][0]
    assert (cell["ordered"], cell["delivered"], cell["confidence"]) == (18, 12, 1.0)


@pytest.mark.parametrize("mended", ["delivered told anew", "delivered left"])
def test_removed_rows_are_missed_by_slot_and_cell(catalog: Catalog, mended: str) -> None:
    gone = catalog.rows[7:9]
    catalog.forget_commits()
    catalog.edit_rows(lambda rows: rows.__delitem__(slice(7, 9)))
    if mended == "delivered told anew":
        catalog.edit(lambda d: d["cells"][0].update(delivered=16, asked=16) or d.update(count=58))
    made = run(catalog.folder)
    assert not made["balanced_as_ordered"]
    assert not made["counts_as_ordered"]
    for row in gone:
        assert find(made, "slots", f"slot {row['slot']}")["found"] == "no row"
    cell = find(made, "cells", "cell 0 (age=10-39, gender_presentation=feminine)")
    assert (cell["expected"], cell["found"]) == ("18 faces", "16 filed there")
    assert "document" in by_check(made)


def test_a_flipped_reading_lies_outside_its_cell(catalog: Catalog) -> None:
    catalog.forget_commits()
    row = catalog.rows[0]
    catalog.edit_rows(lambda rows: rows[0].update(gender_presentation="masculine"))
    made = run(catalog.folder)
    finding = find(made, "readings", f"asset {row['asset_id']}")
    assert finding["expected"] == "gender_presentation in feminine"
    assert finding["found"] == "gender_presentation masculine"
    assert find(made, "scores", f"asset {row['asset_id']}")["expected"].startswith(
        "gender_presentation masculine"
    )
    assert not made["counts_as_ordered"]


@pytest.mark.parametrize(
    ("change", "expected", "found"),
    [
        ({"glasses": "glasses"}, "glasses in none", "glasses glasses"),
        ({"yaw": 75.0}, "yaw in ..60", "yaw 75"),
        ({"yaw": None}, "yaw in ..60", "yaw none"),
        ({"sharpness": 0.25}, "sharpness 0.5 or more", "sharpness 0.25"),
        ({"clipped": 0.5}, "clipped 0.25 or less", "clipped 0.5"),
        ({"confidence": 0.75}, "confidence 1, of its probabilities", "confidence 0.75"),
        ({"confidence": 0.25}, "confidence 0.5 or more", "confidence 0.25"),
    ],
)
def test_limits_and_confidence_hold_for_every_row(
    catalog: Catalog, change: dict[str, Any], expected: str, found: str
) -> None:
    catalog.forget_commits()
    catalog.edit_rows(lambda rows: rows[31].update(change))
    made = run(catalog.folder, Look(0))
    subject = f"asset {catalog.rows[31]['asset_id']}"
    assert {"check": "readings", "subject": subject, "expected": expected, "found": found} in (
        made["findings"]
    )


def flip(row: dict[str, Any], other: dict[str, Any]) -> None:
    """Give a row all that another says of its cell, without what names it."""
    kept = ("asset_id", "person_id", "slot", "shard", "uri", "offset", "length", "sha256")
    kept += ("pixels_sha256", "w", "attempt")
    row.update({name: value for name, value in other.items() if name not in kept})


def test_labels_flipped_as_a_whole_are_found_by_slot_and_by_the_scorer(catalog: Catalog) -> None:
    catalog.forget_commits()
    first, last = catalog.rows[0], catalog.rows[-1]

    def swap(rows: list[dict[str, Any]]) -> None:
        flip(rows[0], last)
        flip(rows[-1], first)

    catalog.edit_rows(swap)
    made = run(catalog.folder)
    subject = f"asset {first['asset_id']}"
    assert find(made, "rows", subject)["expected"] == "cell 0"
    finding = find(made, "scores", subject)
    assert "not in its cell, by" in finding["found"]
    # The counts are those ordered; they only rest on nothing.
    assert made["counts_as_ordered"]
    assert not made["balanced_as_ordered"]


def test_a_value_that_other_hardware_may_round_so_is_told_and_passes(catalog: Catalog) -> None:
    catalog.forget_commits()
    catalog.edit_rows(lambda rows: rows[2].update(smile=rows[2]["smile"] + 1e-5))
    made = run(catalog.folder)
    assert made["balanced_as_ordered"]
    assert (made["images"]["exact"], made["images"]["near"]) == (59, 1)
    assert made["notes"][0].startswith("1 of 60 images were scored as their rows say within 0.001")


def test_swapped_files_are_found(catalog: Catalog) -> None:
    one, two = catalog.rows[0], catalog.rows[20]
    data = catalog.image(one), catalog.image(two)
    catalog.put_image(dict(one), data[1])
    catalog.put_image(dict(two), data[0])
    made = run(catalog.folder)
    for row in (one, two):
        subject = f"asset {row['asset_id']} ({row['uri']})"
        assert f"sha256 {row['sha256']}" in [
            f["expected"] for f in made["findings"] if f["subject"] == subject
        ]


def test_images_swapped_in_the_rows_too_bear_the_others_name(catalog: Catalog) -> None:
    catalog.forget_commits()
    one, two = catalog.rows[0], catalog.rows[-1]
    place = ("uri", "offset", "length", "sha256", "pixels_sha256")

    def swap(rows: list[dict[str, Any]]) -> None:
        rows[0].update({name: two[name] for name in place})
        rows[-1].update({name: one[name] for name in place})

    catalog.edit_rows(swap)
    made = run(catalog.folder)
    finding = find(made, "images", f"asset {one['asset_id']} ({two['uri']})")
    assert finding["expected"] == f"labelled as {one['asset_id']}"
    assert finding["found"] == f"labelled as {two['asset_id']}"
    assert "not in its cell" in find(made, "scores", f"asset {one['asset_id']}")["found"]


def test_an_image_replaced_with_its_digests_and_label_mended_is_scored(catalog: Catalog) -> None:
    catalog.forget_commits()
    grey = np.full((64, 64, 3), 250, np.uint8)

    def replace(rows: list[dict[str, Any]]) -> None:
        packet = synthetic_packet(rows[3]["asset_id"])
        catalog.put_image(rows[3], embed_xmp(encode(grey, "png"), packet))

    catalog.edit_rows(replace)
    row = catalog.rows[3]
    made = run(catalog.folder)
    assert by_check(made) == {"images": 1, "scores": 1}
    assert find(made, "images", f"asset {row['asset_id']} ({row['uri']})")["expected"] == (
        f"pixels of sha256 {row['pixels_sha256']}"
    )
    assert "not in its cell, by" in find(made, "scores", f"asset {row['asset_id']}")["found"]


def test_a_stripped_label_is_missed(catalog: Catalog) -> None:
    catalog.forget_commits()
    catalog.edit_rows(
        lambda rows: catalog.put_image(
            rows[5], encode(decode_stored(catalog.image(rows[5])), "png")
        )
    )
    row = catalog.rows[5]
    made = run(catalog.folder)
    assert by_check(made) == {"images": 1}
    finding = find(made, "images", f"asset {row['asset_id']} ({row['uri']})")
    assert (finding["expected"], finding["found"]) == ("a label in XMP", "none")


def test_a_missing_file_and_one_of_another_size_are_named(catalog: Catalog) -> None:
    one, two = catalog.rows[1], catalog.rows[2]
    (catalog.folder / one["uri"]).unlink()
    small = encode(np.zeros((32, 32, 3), np.uint8), "png")
    (catalog.folder / two["uri"]).write_bytes(small)
    made = run(catalog.folder)
    assert find(made, "images", f"asset {one['asset_id']} ({one['uri']})")["found"] == "none"
    found = [f["found"] for f in made["findings"] if two["asset_id"] in f["subject"]]
    assert "32 × 32 px RGB" in found


def test_one_image_under_two_names_is_found_without_looking_at_images(catalog: Catalog) -> None:
    catalog.forget_commits()
    one, two = catalog.rows[0], catalog.rows[4]
    catalog.edit_rows(
        lambda rows: rows[4].update(
            {name: one[name] for name in ("uri", "length", "sha256", "pixels_sha256")}
        )
    )
    made = run(catalog.folder, Look(0))
    finding = find(made, "duplicates", f"pixels of sha256 {one['pixels_sha256']}")
    assert one["asset_id"] in finding["found"]
    assert two["asset_id"] in finding["found"]
    assert find(made, "duplicates", f"file of sha256 {one['sha256']}")


def test_a_truncated_part_is_named(catalog: Catalog) -> None:
    path = catalog.folder / PART
    path.write_bytes(path.read_bytes()[:-1000])
    made = run(catalog.folder)
    assert not made["balanced_as_ordered"]
    assert find(made, "parts", PART)["found"].endswith(" bytes")
    assert find(made, "slots", "slots 0 to 59")


def test_a_missing_part_is_named(catalog: Catalog) -> None:
    (catalog.folder / PART).unlink()
    assert find(run(catalog.folder), "parts", PART)["found"] == "none"


def test_a_part_without_a_column_is_named(catalog: Catalog) -> None:
    table = pq.read_table(catalog.folder / PART).drop_columns(["age"])
    (catalog.folder / PART).write_bytes(write_parquet(table))
    finding = find(run(catalog.folder), "parts", f"{PART}, column age")
    assert (finding["expected"], finding["found"]) == ("float", "none")


def test_unbalanced_cells_are_found_though_the_catalog_says_that_they_were_asked(
    catalog: Catalog,
) -> None:
    catalog.forget_commits()
    donor = catalog.rows[-1]

    def unbalance(rows: list[dict[str, Any]]) -> None:
        for row in rows[:5]:
            flip(row, donor)

    catalog.edit_rows(unbalance)
    catalog.edit(lambda d: d["cells"][0].update(asked=13, delivered=13))
    catalog.edit(lambda d: d["cells"][3].update(asked=17, delivered=17))
    made = run(catalog.folder, Look(0))
    assert not made["counts_as_ordered"]
    assert find(made, "cells", "cell 3 (age=40-80, gender_presentation=masculine)")["found"] == (
        "17 filed there"
    )
    subject = "catalog.json, cell 0 (age=10-39, gender_presentation=feminine), asked"
    assert find(made, "document", subject)["found"] == "13"


def test_edited_figures_of_catalog_json_are_found(catalog: Catalog) -> None:
    catalog.edit(lambda d: d["cells"][2].update(delivered=13))
    made = run(catalog.folder, Look(0))
    assert by_check(made) == {"document": 1}
    finding = find(
        made,
        "document",
        "catalog.json, cell 2 (age=40-80, gender_presentation=feminine), delivered",
    )
    assert (finding["expected"], finding["found"]) == ("12, counted in the rows", "13")


def test_an_edited_spec_no_longer_has_its_digest(catalog: Catalog) -> None:
    catalog.edit(lambda d: d["spec"].update(quality={"min_confidence": 0.1}))
    assert find(run(catalog.folder, Look(0)), "document", "catalog.json, spec_digest")


def test_rows_that_were_never_committed_are_named(catalog: Catalog) -> None:
    slot = catalog.rows[9]["slot"]
    catalog.edit_rows(lambda rows: rows[9].update(smile=0.25))
    made = run(catalog.folder, Look(0))
    assert by_check(made) == {"receipts": 1}
    assert find(made, "receipts", f"slot {slot}")["found"].startswith("another row, of asset")


def test_receipts_and_shards_must_fit(catalog: Catalog) -> None:
    (catalog.folder / "receipts/000000.json").unlink()
    (catalog.folder / "receipts/000001.json").write_text("{")
    (catalog.folder / "shards/000002.parquet").write_bytes(b"other")
    path = catalog.folder / "receipts/000003.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rows": 11}))
    made = run(catalog.folder, Look(0))
    assert find(made, "receipts", "receipts/000000.json")["found"] == "none"
    assert "is damaged" in find(made, "receipts", "receipts/000001.json")["found"]
    assert find(made, "receipts", "shards/000002.parquet")["found"].startswith("sha256")
    rows = find(made, "receipts", "receipts/000003.json, rows in the manifest")
    assert (rows["expected"], rows["found"]) == ("11", "12")
    assert by_check(made) == {"receipts": 4}


def test_a_shards_rows_may_have_a_key_of_their_own_if_the_receipt_names_it(
    catalog: Catalog,
) -> None:
    path = catalog.folder / "receipts/000001.json"
    receipt = json.loads(path.read_text())
    plain = receipt["manifest"]["key"]
    own = own_key(plain, receipt["manifest"]["sha256"])
    (catalog.folder / plain).rename(catalog.folder / own)
    (catalog.folder / plain).write_bytes(b"of an attempt that came to nothing")
    path.write_text(json.dumps(receipt | {"manifest": receipt["manifest"] | {"key": own}}))
    assert run(catalog.folder, Look(0))["findings"] == []
    other = receipt["manifest"] | {"key": "shards/000002.parquet"}
    path.write_text(json.dumps(receipt | {"manifest": other}))
    named = find(run(catalog.folder, Look(0)), "receipts", "receipts/000001.json, table")
    assert (named["expected"], named["found"]) == (plain, "shards/000002.parquet")


def test_a_damaged_extra_is_named(villagers: Catalog) -> None:
    row = villagers.rows[0]
    path = villagers.folder / row["depth_uri"]
    data = bytearray(path.read_bytes())
    data[row["depth_offset"] + row["depth_length"] // 2] ^= 255
    path.write_bytes(data)
    made = run(villagers.folder)
    assert by_check(made) == {"images": 1}
    assert find(made, "images", f"asset {row['asset_id']} ({row['depth_uri']})")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("offset", 2**62),
        ("length", 2**62),
        ("length", None),
        ("uri", "../outside"),
        ("uri", ""),
        ("asset_id", "../outside"),
        ("confidence", float("inf")),
        ("age", float("nan")),
        ("age_p", [0.5]),
        ("format", "gif"),
    ],
)
def test_a_hostile_row_is_a_finding_and_stops_nothing(
    villagers: Catalog, column: str, value: Any
) -> None:
    villagers.forget_commits()
    villagers.edit_rows(lambda rows: rows[0].update({column: value}))
    made = run(villagers.folder)
    assert made["findings"]
    assert made["images"]["files"] >= 5
    json.dumps(made, allow_nan=False)


COLUMNS = (
    *("asset_id", "slot", "shard", "attempt", "seed", "cell", "cell_label", "age_bin", "offset"),
    *("gender_presentation_bin", "gender_presentation", "glasses", "confidence", "length", "uri"),
    *("generator_digest", "scorer_digest", "width", "height", "format", "sha256", "age", "w"),
)
VALUES = {"int": -1, "str": "other", "float": 1000.0, "list": [0.0]}


@given(st.sampled_from(COLUMNS), st.integers(0, 59), st.booleans())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_value_changed_or_removed_is_found(
    stripes: Path, tmp_path: Path, column: str, index: int, removed: bool
) -> None:
    catalog = Catalog(tmp_path / "copy")
    if not catalog.folder.exists():
        shutil.copytree(stripes, catalog.folder)
    honest = (stripes / PART).read_bytes(), (stripes / "catalog.json").read_bytes()

    def change(rows: list[dict[str, Any]]) -> None:
        value = rows[index][column]
        rows[index][column] = None if removed else VALUES[type(value).__name__]
        rows[index]["length"] = rows[index]["length"] or 0

    try:
        if column == "seed" and not removed:
            catalog.edit_rows(lambda rows: rows[index].update(seed=2**64 - 1))
        else:
            catalog.edit_rows(change)
        made = run(catalog.folder, Look(4))
        assert made["findings_total"] >= 1
        assert not made["balanced_as_ordered"]
    finally:
        (catalog.folder / PART).write_bytes(honest[0])
        (catalog.folder / "catalog.json").write_bytes(honest[1])
