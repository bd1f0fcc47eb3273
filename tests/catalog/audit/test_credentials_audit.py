"""An audit holds C2PA signatures against the files, whatever the manifest's digests say."""

from typing import Any

from pipeline.catalog.audit.audit import audit
from pipeline.catalog.read import open_catalog
from pipeline.provenance.credentials import CredentialCheck
from pipeline.storage import open_store
from tests.provenance.signing import Studio, studio

from .audited import by_check, find, run
from .tampering import Catalog


def signed(catalog: Catalog, rows: list[dict[str, Any]], sign: Studio) -> None:
    for row in rows:
        catalog.put_image(row, sign.sign(catalog.image(row), "image/png"))


def test_signatures_that_hold_are_told_and_those_of_others_are_found(catalog: Catalog) -> None:
    ours = studio("A studio")
    rows = catalog.rows
    signed(catalog, rows, ours)
    catalog.write_rows(rows)
    catalog.forget_commits()
    made = run(catalog.folder)
    check = next(one for one in made["checks"] if one["check"] == "credentials")
    assert (check["state"], made["balanced_as_ordered"]) == ("passed", True)
    assert check["detail"] == "60 images, at their signatures and digests"
    anchors = CredentialCheck(studio("Somebody").root.decode())
    made = audit(open_catalog(open_store(str(catalog.folder))), credentials=anchors)
    assert by_check(made) == {"credentials": 60}


def test_a_picture_changed_after_it_was_signed_is_found_though_all_digests_are_mended(
    catalog: Catalog,
) -> None:
    ours = studio("A studio")
    rows = catalog.rows
    signed(catalog, rows, ours)
    data = catalog.image(rows[3])
    catalog.put_image(rows[3], data.replace(b"MR-NAP", b"MR-LIE"))
    catalog.write_rows(rows)
    catalog.forget_commits()
    made = run(catalog.folder)
    assert by_check(made) == {"credentials": 1}
    (finding,) = made["findings"]
    assert rows[3]["asset_id"] in finding["subject"]
    assert finding["found"] == "does not hold (assertion.dataHash.mismatch)"


def test_a_catalog_of_which_only_some_images_are_signed_is_found(catalog: Catalog) -> None:
    rows = catalog.rows
    signed(catalog, rows[:20], studio("A studio"))
    catalog.write_rows(rows)
    catalog.forget_commits()
    finding = find(run(catalog.folder), "credentials", "images")
    assert (finding["expected"], finding["found"]) == (
        "a C2PA manifest in each, as in 20",
        "none in 40",
    )
