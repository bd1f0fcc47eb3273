"""The report says what was asked, what was delivered and what it took."""

import json
from html.parser import HTMLParser

import pytest
from fake_job import FakeJob

from pipeline.catalog.seal import seal


class Page(HTMLParser):
    """Checks that tags nest, and collects text, headings and addresses."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, html):
        super().__init__()
        self.open, self.text, self.addresses, self.alts = [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.addresses += [given[name] for name in ("src", "href") if name in given]
        if tag == "img":
            self.alts.append(given["alt"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


@pytest.fixture
def report(store):
    seal(store, FakeJob(layout="packs").run(store))
    return json.loads(store.get("report.json"))


def test_figures_are_those_of_rows_and_receipts(report):
    assert report["count"] == 24
    assert [cell["delivered"] for cell in report["cells"]] == [4] * 6
    first = {"bin": "18-29", "asked": 8, "delivered": 8, "natural": None, "truth": None}
    assert report["balanced"][0]["bins"][0] == first
    work = report["work"]
    assert work["renders_per_face"] == pytest.approx(28 / 24)
    assert work["refused"]["cell"] == 4
    assert work["faces_per_worker_second"] == pytest.approx(24 / (4 * 4.3))
    assert report["digests"]["generator"] == "6" * 64
    assert sum(report["perceived"]["classes"]["glasses"].values()) == 24


def test_the_page_is_sound_self_contained_and_says_the_same(report, store):
    page = Page(store.get("report.html").decode())
    text = " ".join(" ".join(page.text).split())
    assert (
        "24 faces of people who do not exist, 32 × 32 px JPEG, balanced by age and gender "
        "presentation: 6 cells" in text
    )
    assert "All attributes are perceived" in text
    assert "6" * 64 in text
    assert all(address.startswith("data:") for address in page.addresses)
    assert page.alts[0].startswith("Contact sheet")


def test_names_are_escaped(store):
    job = FakeJob(layout="packs").run(store) | {"name": "<script>alert(1)</script>"}
    seal(store, job)
    html = store.get("report.html").decode()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_what_faces_truly_are_stands_beside_what_was_delivered(store):
    axes = (("glasses", ("none", "glasses")),)
    rows = [
        {"bin": "none", "wanted": 0.5, "share": 0.53, "low": 0.51, "high": 0.56},
        {"bin": "glasses", "wanted": 0.5, "share": 0.47, "low": 0.44, "high": 0.49},
    ]
    truth = {"images": 6000, "limited": True, "axes": {"glasses": rows}}
    natural = {
        "draws": 900,
        "axes": {"glasses": [{"bin": "none", "share": 0.8, "low": 0.77, "high": 0.83}]},
    }
    figures = {"age": {"error": 2.5, "spread": 3.0}, "glasses": {"agreement": 0.97}}
    known = {"truth": truth, "natural": natural, "surrogate": figures}
    seal(store, FakeJob(axes=axes).run(store), known=known)
    report = json.loads(store.get("report.json"))
    assert {name: report[name] for name in known} == known
    text = " ".join(" ".join(Page(store.get("report.html").decode()).text).split())
    text = text.replace("\xa0", " ")
    assert "53.0 % (51.0–56.0)" in text
    assert "80.0 % (77.0–83.0)" in text
    assert "6,000 held-out images" in text
    assert "by small pictures of 900 draws" in text
    assert "Glasses 97 %" in text
    assert "Age 2.50 years" in text


def test_nothing_is_said_of_the_truth_where_it_is_not_known(report, store):
    assert report["truth"] is None
    assert "Truly" not in store.get("report.html").decode()
