"""An audit reads well in a terminal, as JSON and as a page, and its exit code is the verdict."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from pipeline.catalog.audit.audit import Look
from pipeline.catalog.audit.page import audit_page
from pipeline.catalog.audit.view import audit_view
from pipeline.cli import main

from .audited import run, unpassed
from .conftest import STRIPES, make
from .tampering import PART, Catalog


def audit(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["audit", *arguments])
    return result.exit_code, result.stdout, result.stderr


def shown(made: dict[str, object]) -> str:
    console = Console(width=80, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(audit_view(made))
    return capture.get()


def test_an_honest_catalog_exits_with_0(stripes: Path) -> None:
    code, out, _ = audit(str(stripes))
    assert code == 0
    assert out.splitlines()[0] == "balanced as ordered: yes"
    _, out, _ = audit(str(stripes), "--images", "none")
    assert out.splitlines()[0] == ("balanced as ordered: yes (by the rows: no image was looked at)")


def test_a_tampered_one_exits_with_1_and_names_what_is_wrong(catalog: Catalog) -> None:
    asset = catalog.rows[0]["asset_id"]
    catalog.edit_rows(lambda rows: rows[0].update(age=55.0))
    code, out, _ = audit(str(catalog.folder), "--images", "none")
    assert code == 1
    assert out.splitlines()[0].startswith("balanced as ordered: no (")
    assert asset in out
    assert "expected age in 10-39, found age 55" in out


def test_an_audit_speaks_json_and_writes_a_page(stripes: Path, tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    code, out, _ = audit(
        str(stripes), "--images", "8", "--seed", "3", "--json", "--html", str(page)
    )
    made = json.loads(out)
    assert code == 0
    assert (made["images"]["files"], made["images"]["seed"]) == (8, 3)
    assert made["images"]["wrong_at_most"] == pytest.approx(1 - 0.05 ** (1 / 8))
    assert made == run(stripes, Look(8, 3))
    assert "Balanced as ordered: yes" in page.read_text()


def test_a_catalog_in_a_bucket_is_audited_there(s3_endpoint: str, s3_uri: str) -> None:
    make({**STRIPES, "layout": "packs"}, s3_uri, s3_endpoint)
    code, out, _ = audit(s3_uri, "--endpoint", s3_endpoint, "--images", "all", "--json")
    assert code == 0
    made = json.loads(out)
    assert unpassed(made) == {"credentials": "skipped"}
    assert made["images"]["files"] == 60


def test_a_tampered_catalog_in_a_bucket_is_found_out(s3_endpoint: str, s3_uri: str) -> None:
    from pipeline.storage import open_store

    make(STRIPES, s3_uri, s3_endpoint)
    store = open_store(s3_uri, endpoint=s3_endpoint)
    store.put(PART, store.get(PART)[:-500])
    code, out, _ = audit(s3_uri, "--endpoint", s3_endpoint, "--images", "none", "--json")
    assert code == 1
    assert PART in [one["subject"] for one in json.loads(out)["findings"]]


@pytest.mark.parametrize("images", ["few", "-1", "1.5", ""])
def test_images_that_cannot_be_meant_exit_with_2(images: str, stripes: Path) -> None:
    code, out, err = audit(str(stripes), f"--images={images}")
    assert (code, out) == (2, "")
    assert err == (
        f"populace: --images: '{images}' cannot be meant; write a number, all or none.\n"
    )


def test_what_is_no_catalog_exits_with_2(tmp_path: Path, catalog: Catalog) -> None:
    assert audit(str(tmp_path / "nothing"))[0] == 2
    catalog.edit(lambda d: d["spec"].update(balance={"agee": "uniform"}))
    code, out, err = audit(str(catalog.folder))
    assert (code, out) == (2, "")
    assert "its spec cannot be read (balance: Attribute 'agee' is unknown" in err
    catalog.edit(lambda d: d.pop("scorer"))
    assert audit(str(catalog.folder))[0] == 2


def test_a_page_that_cannot_be_written_is_said_in_one_line(stripes: Path, tmp_path: Path) -> None:
    code, _, err = audit(str(stripes), "--images", "none", "--html", str(tmp_path / "no/a.html"))
    assert code == 1
    assert "no/a.html cannot be written (No such file or directory); name another file" in err


def test_the_view_fits_80_columns_and_says_what_was_not_checked(
    catalog: Catalog, villagers: Catalog
) -> None:
    text = shown(run(villagers.folder))
    assert max(map(len, text.splitlines())) <= 80
    assert "truly (95 %)" in text
    catalog.forget_commits()
    catalog.edit_rows(lambda rows: rows.__delitem__(slice(0, 2)))
    text = shown(run(catalog.folder, Look(0)))
    assert max(map(len, text.splitlines())) <= 80
    assert "not checked: the catalog has none" in text
    assert "not checked: no image was looked at" in text
    assert "3 of 4 cells hold what was ordered" in text
    assert "No held-out readings of this generator and scorer are here" in text


class Page(HTMLParser):
    """Checks that tags nest, and collects text and addresses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str | None] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)


def test_the_page_is_sound_self_contained_and_escapes_what_a_catalog_says(
    villagers: Catalog,
) -> None:
    villagers.edit(lambda d: d.update(software="<script>alert(1)</script>"))
    villagers.edit_rows(lambda rows: rows[0].update(gender_presentation="<b>x"))
    html = audit_page(run(villagers.folder))
    page = Page(html)
    text = " ".join(" ".join(page.text).split())
    assert page.addresses == []
    assert "<script>" not in html
    assert "<b>x" not in html
    assert "Balanced as ordered: no (" in text
    assert "gender_presentation <b>x" in text
    assert "truly" in text
