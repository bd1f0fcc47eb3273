"""The gallery's addresses give what a catalog holds, and nothing else."""

import csv
import hashlib
import io
import json
import re
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest
from PIL import Image

from pipeline.assets.encode import decode
from pipeline.catalog import Catalog
from pipeline.catalog.versions import revoke
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE, read_label
from pipeline.service.gallery.app import listening
from pipeline.service.gallery.sheets import thumbnail
from pipeline.service.library import Library
from pipeline.storage import open_store
from tests.catalog.fake_job import flat_picture
from tests.service.gallery.conftest import served
from tests.test_cli import invoke

PAGES = ("/c/villagers", "/c/villagers?age=18-29&sort=oldest", "/c/villagers/balance")


class Answer:
    """What a server said. json: its body, read so."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    address: str, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> Answer:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    data = answer.read()
    connection.close()
    return Answer(answer.status, found, data)


@pytest.fixture(scope="module")
def version(address: str) -> str:
    """That of the catalog, as it stands in the addresses of sheets."""
    page = ask(address, "/c/villagers").text
    return re.search(r"/sheet/([0-9a-f]{12})/", page)[1]  # type: ignore[index]


def test_one_catalog_is_shown_at_once(address: str) -> None:
    home = ask(address, "/")
    assert (home.status, home.headers["location"]) == (307, "/c/villagers")


def test_several_catalogs_lie_on_a_shelf(villagers: str) -> None:
    with served(Library.open([villagers, f"others={villagers}"])) as address:
        home = ask(address, "/").text
        assert 'href="/c/villagers"' in home
        assert 'href="/c/others"' in home
        assert "600 faces, balanced by age, gender presentation" in home
        assert ask(address, "/c/others/view").json["total"] == 600


def test_the_shelf_reads_no_manifest_and_a_strip_no_more_than_it_shows(
    villagers: str, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def whole(*_: object) -> None:
        raise AssertionError("a manifest is read whole")

    monkeypatch.setattr("pipeline.service.gallery.open_rooms.open_room", whole)
    (part,) = (copied / "manifest").iterdir()
    with served(Library.open([villagers, f"broken={copied}"])) as address:
        part.unlink()
        home = ask(address, "/")
        assert home.status == 200
        whole_strip, broken = re.findall(r'src="(/c/[^"]+/strip/[0-9a-f]{12}\.jpg)"', home.text)
        answer = ask(address, whole_strip)
        assert decode(answer.body).shape == (160, 12 * 160, 3)
        assert read_label(answer.body).source_type == DIGITAL_SOURCE_TYPE
        assert ask(address, broken).status == 422
        gone = ask(address, "/c/villagers/strip/0123456789ab.jpg")
        assert (gone.status, "reload" in gone.json["error"]) == (404, True)


@pytest.mark.parametrize("path", [*PAGES, "/c/villagers/face/f0000007", "/static/x/main.js", "/no"])
def test_nothing_but_files_of_the_gallery_may_run(address: str, path: str) -> None:
    answer = ask(address, path)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'; style-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    if "html" in answer.headers["content-type"]:
        assert not re.search(
            r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", answer.text
        )


def test_visitors_by_another_name_are_refused(address: str) -> None:
    assert ask(address, "/c/villagers/view", Host="evil.example").status == 400


def test_a_view_has_its_counts_and_the_command_that_pulls_it(
    address: str, catalog: Catalog
) -> None:
    view = ask(address, "/c/villagers/view?age=18-29&glasses=glasses").json
    where = "age >= 18 AND age < 30 AND glasses = 'glasses'"
    assert view["total"] == catalog.where(where).count()
    assert view["of"] == 600
    others = catalog.where("glasses = 'glasses'").facets(["age"])["age"]
    assert view["counts"]["age"]["45-59"] == others["45-59"]
    path = catalog.store.uri.removeprefix("file://")
    wanted = f"populace pull {path} --to villagers-faces --where "
    assert view["pull"] == wanted + f'"{where}"'
    assert [chip["title"] for chip in view["chips"]] == ["Age 18–29", "Glasses"]


def test_rows_come_in_pages(address: str) -> None:
    def names(query: str) -> list[str]:
        return [face[1] for face in ask(address, f"/c/villagers/rows?{query}").json["faces"]]

    whole = names("sort=oldest") + names("sort=oldest&from=192") + names("sort=oldest&from=384")
    whole += names("sort=oldest&from=576")
    assert len(whole) == len(set(whole)) == 600
    assert names("sort=oldest&from=100&count=7") == whole[100:107]
    assert names("from=600") == []


def test_a_sheet_holds_the_verified_faces_and_says_that_they_are_synthetic(
    address: str, version: str
) -> None:
    faces = ask(address, "/c/villagers/rows?from=5&count=3").json["faces"]
    names = "-".join(face[0] for face in faces)
    sheet = ask(address, f"/c/villagers/sheet/{version}/96/{names}.jpg")
    assert sheet.headers["content-type"] == "image/jpeg"
    assert sheet.headers["cache-control"] == "private, max-age=31536000, immutable"
    pixels = decode(sheet.body)
    assert pixels.shape == (96, 3 * 96, 3)
    for place, (_, name, _) in enumerate(faces):
        wanted = flat_picture(int(name[1:]))[0, 0].astype(int)
        assert np.abs(pixels[48, 96 * place + 48] - wanted).max() < 12
    label = read_label(sheet.body)
    assert label is not None
    assert label.source_type == DIGITAL_SOURCE_TYPE


def test_pictures_of_any_shape_become_squares() -> None:
    for shape in ((640, 320), (30, 50), (96, 96)):
        for form in ("JPEG", "PNG", "WEBP"):
            file = io.BytesIO()
            Image.new("RGB", shape, (200, 30, 30)).save(file, form)
            small = thumbnail(file.getvalue(), 96)
            assert small.shape == (96, 96, 3)
            assert abs(int(small[48, 48, 0]) - 200) < 12


def test_a_picture_is_the_file_of_the_manifest(address: str, catalog: Catalog) -> None:
    row = catalog.where("asset_id = 'f0000123'").to_arrow().to_pylist()[0]
    image = ask(address, "/c/villagers/image/f0000123?download")
    assert hashlib.sha256(image.body).hexdigest() == row["sha256"]
    assert image.headers["content-disposition"] == 'attachment; filename="f0000123.jpg"'


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/c/nobody", 404, "catalog: none is served as 'nobody'"),
        ("/c/villagers/face/zz/card", 404, "asset: 'zz' is none of the 600 faces here"),
        ("/c/villagers/image/..%2F..%2Fcatalog.json", 404, "Not Found"),
        ("/c/villagers/image/catalog.json", 404, "asset: 'catalog.json' is none"),
        ("/static/x/..%2Froutes.py", 404, "Not Found"),
        ("/static/x/routes.py", 404, "file: 'routes.py' is none"),
        ("/c/villagers/sheet/0/96/0.jpg", 404, "sheet: the catalog is another one by now"),
        ("/c/villagers/sheet/{version}/97/0.jpg", 404, "sheet: 97 px is no size"),
        ("/c/villagers/sheet/{version}/96/zzzz.jpg", 404, "sheet: at most 32 of the 600"),
        ("/c/villagers/sheet/{version}/96/0-.jpg", 404, "sheet: '0-' names no faces"),
        ("/c/villagers/view?age=7", 422, "age: '7' is none of its choices here"),
        ("/c/villagers/view?where=age+%3E", 422, "where: 'age >' cannot be applied"),
        ("/c/villagers/rows?from=-1", 422, "from: '-1' is no whole number"),
        ("/c/villagers/view?like=zz", 404, "asset: 'zz' is none"),
        ("/c/villagers/search?q=lorem", 422, "search: 'lorem' is not understood"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(
    address: str, version: str, path: str, status: int, error: str
) -> None:
    answer = ask(address, path.replace("{version}", version))
    assert answer.status == status
    assert error in answer.text
    page = ask(address, path.replace("{version}", version), Accept="text/html")
    assert page.status == status
    assert "Traceback" not in page.text


def test_words_in_addresses_are_escaped(address: str) -> None:
    evil = '"><script>x'
    where, person = urlencode({"where": evil}), urlencode({"person": evil})
    answer = ask(address, f"/c/villagers/view?{where}", Accept="text/html")
    assert answer.status == 422
    assert "<script>x" not in answer.text
    page = ask(address, f"/c/villagers?{person}")
    assert page.status == 200
    assert "<script>x" not in page.text


def test_a_pack_holds_the_selected_files_with_manifest_and_licence(
    address: str, catalog: Catalog
) -> None:
    names = ["f0000003", "f0000123", "f0000599"]
    body = urlencode({"assets": " ".join(names)})
    answer = ask(address, "/c/villagers/pack?sort=oldest", "POST", body)
    assert answer.headers["content-disposition"] == 'attachment; filename="villagers-3-faces.zip"'
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["count"] == 3
    assert manifest["view"] == "/c/villagers?sort=oldest"
    assert manifest["catalog"]["licence"] == catalog.document["licence"]
    assert [face["asset_id"] for face in manifest["faces"]] == names
    table = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
    wanted = (
        catalog.where("asset_id IN ('f0000003', 'f0000123', 'f0000599')").to_arrow().to_pylist()
    )
    assert [row["sha256"] for row in table] == [row["sha256"] for row in wanted]
    assert [row["glasses"] for row in table] == [row["glasses"] for row in wanted]
    for row in table:
        assert hashlib.sha256(archive.read(row["file"])).hexdigest() == row["sha256"]
    assert catalog.document["licence"] in archive.read("LICENCE.txt").decode()


def test_a_pack_of_a_view_holds_all_of_it(address: str, catalog: Catalog) -> None:
    answer = ask(address, "/c/villagers/pack?age=30-44&glasses=glasses", "POST")
    files = zipfile.ZipFile(io.BytesIO(answer.body)).namelist()
    where = "age >= 30 AND age < 45 AND glasses = 'glasses'"
    assert len(files) - 3 == catalog.where(where).count()


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (urlencode({"assets": "f0000003 zz"}), 404, "1 of the selected faces are not in this"),
        (urlencode({"assets": "x" * 300_000}), 422, "more than 256 kB were sent"),
        (urlencode({"assets": " "}), 422, "no face is chosen"),
    ],
)
def test_a_pack_that_cannot_be_is_refused(address: str, body: str, status: int, error: str) -> None:
    answer = ask(address, "/c/villagers/pack", "POST", body)
    assert answer.status == status
    assert error in answer.json["error"]


def test_a_face_shows_scores_provenance_and_lineage(address: str, catalog: Catalog) -> None:
    row = catalog.where("asset_id = 'f0000123'").to_arrow().to_pylist()[0]
    card = ask(address, "/c/villagers/face/f0000123/card").text
    words = " ".join(re.sub(r"<[^>]+>", " ", card).split())
    assert "File is the one that the manifest names, by its sha256" in words
    assert "XMP says that it is synthetic, and names this asset" in words
    assert "C2PA no manifest in this file" in words
    assert row["sha256"] in words
    assert row["pixels_sha256"] in words
    assert f"Realism {row['realism']:.1%}" in words
    assert f"{row['age']:.1f} years" in words
    assert f"slot {row['slot']} in shard {row['shard']}, attempt {row['attempt']}" in words.lower()
    assert "builtin:heads 666666666666" in words
    assert "nearest by latent w" in words


def test_a_tampered_file_is_shown_as_such(copied: Path) -> None:
    with served(Library.open([str(copied)])) as address:
        before = ask(address, "/c/villagers/face/f0000000/card").text
        assert "File</b> is the one" in before
        pack = copied / "packs" / "000000.tar"
        data = bytearray(pack.read_bytes())
        data[700:800] = bytes(100)
        pack.write_bytes(data)
        card = ask(address, "/c/villagers/face/f0000000/card")
        assert card.status == 200
        assert "its sha256 differs" in card.text
        image = ask(address, "/c/villagers/image/f0000000")
        assert (image.status, "sha256 differs" in image.json["error"]) == (422, True)


def test_balance_shows_asked_delivered_and_corrected(copied: Path) -> None:
    report = json.loads((copied / "report.json").read_text())
    ages = report["balanced"][0]["bins"]
    for entry in ages:
        entry["truth"] = {"share": 0.3, "low": 0.25, "high": 0.375, "wanted": 1 / 3}
    report["truth"] = {"images": 4321, "axes": {}}
    (copied / "report.json").write_text(json.dumps(report))
    with served(Library.open([str(copied)])) as address:
        words = re.sub(r"<[^>]+>", " ", ask(address, "/c/villagers/balance").text)
        words = " ".join(words.replace("&nbsp;", " ").split())
        assert "errors on 4,321 pictures of known truth correct its counts" in words
        assert "18-29 200 33.3 % 200 33.3 % 30.0 % 25.0–37.5" in words
        assert "feminine 300 50.0 % 300 50.0 % –" in words
        (copied / "report.json").unlink()
        words = re.sub(r"<[^>]+>", " ", ask(address, "/c/villagers/balance").text)
        assert "18-29 200 33.3 % 200 33.3 %" in " ".join(words.replace("&nbsp;", " ").split())


def test_balance_is_that_of_the_version_that_is_shown(copied: Path) -> None:
    report = json.loads((copied / "report.json").read_text())
    report["truth"] = {"images": 4321, "axes": {}}
    (copied / "report.json").write_text(json.dumps(report))
    revoke(open_store(str(copied)), ["f0000003", "f0000007", "f0000009"], "They were questioned.")
    catalog = Catalog.open(str(copied))
    with served(Library.open([str(copied)])) as address:
        words = re.sub(r"<[^>]+>", " ", ask(address, "/c/villagers/balance").text)
        words = " ".join(words.replace("&nbsp;", " ").split())
        for presentation in ("feminine", "masculine"):
            there = catalog.where(f"cell_label LIKE '%{presentation}%'").count()
            assert f"{presentation} 300 50.0 % {there} {100 * there / 597:.1f} %" in words
        assert "Balance of 597 faces" in words
        assert "4,321" not in words
        assert "This is version 2." in words
    with served(Library.open([f"villagers={copied}@1"])) as address:
        assert "4,321 pictures of known truth" in ask(address, "/c/villagers/balance").text


def test_the_page_works_without_a_script(address: str) -> None:
    page = ask(address, "/c/villagers?age=18-29&age=30-44&from=60").text
    assert page.count('class="plain-faces"') == 1
    assert len(re.findall(r'<li><a href="/c/villagers/face/', page)) == 60
    assert 'age=18-29,30-44&amp;from=120">Next' in page
    assert len(re.findall(r'name="age" value="[^"]+" form="facets" checked', page)) == 2
    found = ask(address, "/c/villagers/search?q=long+hair&sort=oldest", Accept="text/html")
    assert found.status == 303
    assert found.headers["location"] == "/c/villagers?hair_length=long&sort=oldest"


def test_browse_names_what_is_wrong(villagers: str, tmp_path: Path) -> None:
    with listening(0) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = invoke("browse", villagers, "--no-open", "--port", port)
    assert (code, out) == (2, "")
    assert err.startswith(f"populace: port: {port} cannot be listened on (Address already in use)")
    assert invoke("browse", str(tmp_path), "--no-open")[0] == 2


def test_a_new_version_is_read_while_the_last_is_shown(copied: Path) -> None:
    names = ["f0000003", "f0000007"]
    with served(Library.open([str(copied)], every=0)) as address:
        first = ask(address, "/c/villagers/view").json
        assert first["total"] == 600
        stop = threading.Event()

        def visit(path: str) -> set[tuple[int, str | int]]:
            seen = set()
            while not stop.is_set():
                answer = ask(address, path)
                seen.add((answer.status, answer.json["version"]))
            return seen

        paths = ["/c/villagers/view?glasses=none", "/c/villagers/rows?count=192"]
        with ThreadPoolExecutor(2) as pool:
            visits = [pool.submit(visit, path) for path in paths]
            try:
                revoke(open_store(str(copied)), names, "They were questioned.")
                end = time.monotonic() + 60
                while (second := ask(address, "/c/villagers/view").json)["total"] == 600:
                    assert time.monotonic() < end
            finally:
                stop.set()
        versions = {first["version"], second["version"]}
        assert len(versions) == 2
        for seen in visits:
            assert seen.result() <= {(200, version) for version in versions}
        assert second["total"] == 598
        assert ask(address, f"/c/villagers/image/{names[0]}").status == 404
        assert ask(address, "/c/villagers/image/f0000004").status == 200
        sheet = f"/c/villagers/sheet/{first['version']}/96/1.jpg"
        assert ask(address, sheet).json["error"].startswith("sheet: the catalog is another one")
        found = ask(address, "/c/villagers/selected", "POST", "assets=f0000003+f0000004").json
        assert [name for name, _ in found["faces"]] == ["f0000004"]
