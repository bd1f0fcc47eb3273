"""The gallery in a real browser: filters, endless faces, keys, downloads, small screens."""

import json
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from pipeline.catalog import Catalog
from pipeline.catalog.versions import revoke
from pipeline.service.library import Library
from pipeline.storage import open_store
from tests.service.gallery.conftest import served

MILLION = 1_000_000


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The catalog's page at 1280 px, whose console must stay empty."""
    yield from opened(browser, address, width=1280, height=800)


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """The same at 360 px."""
    yield from opened(browser, address, width=360, height=740)


def opened(browser: Browser, address: str, width: int, height: int) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": height}, base_url=address, reduced_motion="reduce"
    )
    context.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/c/villagers")
    shown(page, 600)
    yield page
    context.close()
    assert said == []


def shown(page: Page, total: int) -> None:
    """Wait until the page says how many faces it shows, and the first has come."""
    expect(page.locator("#total b")).to_have_text(f"{total:,}")
    if total:
        expect(cell(page, 0)).to_have_attribute("aria-label", re.compile(rf"Face 1 of {total}$"))


def cell(page: Page, index: int):
    return page.locator(f'.cell[data-index="{index}"]')


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.dataset.index ?? document.activeElement.id")


def test_filters_narrow_with_live_counts_and_the_address_reproduces_them(
    page: Page, catalog: Catalog
) -> None:
    def count(where: str) -> int:
        return catalog.where(where).count()

    page.get_by_role("checkbox", name="18–29").check()
    shown(page, count("age >= 18 AND age < 30"))
    expect(page.locator('[data-facet="glasses"] .count').nth(1)).to_have_text(
        str(count("age >= 18 AND age < 30 AND glasses = 'glasses'"))
    )
    page.get_by_role("checkbox", name="Skin tone 7").check()
    page.get_by_role("checkbox", name="Skin tone 8").check()
    both = count("age >= 18 AND age < 30 AND skin_tone IN (7, 8)")
    shown(page, both)
    assert urlsplit(page.url).query == "age=18-29&skin_tone=7,8"
    page.reload()
    shown(page, both)
    expect(page.get_by_role("checkbox", name="Skin tone 8")).to_be_checked()
    page.get_by_role("link", name="Remove Skin tone 8").click()
    shown(page, count("age >= 18 AND age < 30 AND skin_tone = 7"))
    page.go_back()
    shown(page, both)
    page.get_by_role("link", name="Clear all").click()
    shown(page, 600)
    expect(page.get_by_role("checkbox", name="18–29")).not_to_be_checked()


def test_a_view_without_faces_says_so(page: Page) -> None:
    page.goto("/c/villagers?where=age+%3E+1000")
    expect(page.locator("#nothing")).to_be_visible()
    expect(page.locator("#total b")).to_have_text("0")
    expect(page.locator(".take")).to_be_disabled()
    page.locator("#nothing a").click()
    shown(page, 600)


def test_faces_are_sorted(page: Page, catalog: Catalog) -> None:
    (oldest,) = catalog.faces.to_arrow(["age"], sort="-age", limit=1)["age"].to_pylist()
    page.get_by_label("Order").select_option("oldest")
    expect(cell(page, 0)).to_have_attribute("aria-label", re.compile(f"about {int(oldest)},"))
    assert urlsplit(page.url).query == "sort=oldest"


def test_pictures_come_on_sheets(page: Page) -> None:
    first = cell(page, 0).locator(".picture.here")
    expect(first).to_be_visible()
    sheet = first.evaluate("(e) => e.style.backgroundImage")
    assert re.search(r"/c/villagers/sheet/[0-9a-f]{12}/\d+/[0-9a-z]+(-[0-9a-z]+){15}\.jpg", sheet)
    assert cell(page, 1).locator(".picture").evaluate("(e) => e.style.backgroundImage") == sheet


def test_scrolling_keeps_few_rows_and_shows_the_last(page: Page) -> None:
    page.locator("#faces").evaluate("(e) => (e.scrollTop = e.scrollHeight)")
    expect(cell(page, 599)).to_have_attribute("aria-label", re.compile("Face 600 of 600$"))
    expect(cell(page, 599).locator(".picture.here")).to_be_visible()
    assert page.locator(".cell").count() < 120


def test_a_million_faces_are_reached_one_by_one_and_from_end_to_end(page: Page) -> None:
    answer = json.loads(page.request.get("/c/villagers/rows?count=192").text())
    faces, version = answer["faces"], answer["version"]

    def view(route: Route) -> None:
        found = route.fetch().json()
        route.fulfill(json={**found, "total": MILLION, "of": MILLION})

    def rows(route: Route) -> None:
        first = int(parse_qs(urlsplit(route.request.url).query)["from"][0])
        some = [faces[number % 192] for number in range(first, min(MILLION, first + 192))]
        route.fulfill(json={"from": first, "faces": some, "version": version})

    page.route(re.compile(r"/view"), view)
    page.route(re.compile(r"/rows"), rows)
    page.reload()
    shown(page, MILLION)
    grid = page.locator("#faces")
    cell(page, 0).focus()
    page.keyboard.press("Control+End")
    expect(cell(page, MILLION - 1)).to_be_focused()
    expect(cell(page, MILLION - 1)).to_have_attribute("aria-label", re.compile("Face 1000000 of"))
    page.keyboard.press("ArrowLeft")
    expect(cell(page, MILLION - 2)).to_be_in_viewport()
    # The scroll bar leads to the middle, from where a wheel goes on by its own length.
    grid.evaluate("(e) => (e.scrollTop = (e.scrollHeight - e.clientHeight) / 2)")
    middle = come_to_rest(page, MILLION // 2, 99)
    grid.hover()
    across = int(grid.get_attribute("aria-colcount") or 0)
    pitch = page.locator(".cell").first.evaluate("(e) => e.offsetHeight") + 4
    for _ in range(20):
        page.mouse.wheel(0, pitch)
        page.wait_for_timeout(30)
    come_to_rest(page, middle + 20 * across, across)
    assert page.locator(".cell").count() < 150
    page.keyboard.press("g")
    page.keyboard.press("Control+Home")
    expect(cell(page, 0)).to_be_focused()


def first_in_sight(page: Page) -> int:
    """The index of the first face of the uppermost row that is in sight."""
    return page.evaluate(
        """() => {
          const top = document.querySelector("#faces").getBoundingClientRect().top;
          const cells = [...document.querySelectorAll(".cell")];
          const seen = cells.filter((e) => e.getBoundingClientRect().bottom > top + 8);
          return Math.min(...seen.map((e) => Number(e.dataset.index)));
        }"""
    )


def come_to_rest(page: Page, wanted: int, by: int) -> int:
    """The first face in sight, once it stays the same and is a wanted one, give or take `by`."""
    last = at = -1
    for _ in range(100):
        page.wait_for_timeout(200)
        last, at = at, first_in_sight(page)
        if at == last and abs(at - wanted) <= by:
            return at
    raise AssertionError(f"{at} is in sight, not {wanted}")


def test_the_keyboard_does_it_all(page: Page) -> None:
    page.keyboard.press("g")
    assert focused(page) == "0"
    across = int(page.locator("#faces").get_attribute("aria-colcount") or 0)
    for key, place in (
        ("ArrowRight", 1),
        ("ArrowDown", across + 1),
        ("Home", across),
        ("End", 2 * across - 1),
        ("ArrowUp", across - 1),
        ("Control+End", 599),
        ("ArrowRight", 599),
        ("Control+Home", 0),
    ):
        page.keyboard.press(key)
        expect(cell(page, place)).to_be_focused()
    assert page.locator('.cell[tabindex="0"]').count() == 1
    page.keyboard.press("Space")
    expect(cell(page, 0)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#tray")).to_contain_text("1 selected")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Space")
    expect(page.locator("#tray")).to_contain_text("3 selected")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(page.locator("#face-title")).to_be_focused()
    name = dialog.locator("article").get_attribute("data-asset")
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("article")).to_have_attribute("data-index", "3")
    assert dialog.locator("article").get_attribute("data-asset") != name
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(cell(page, 3)).to_be_focused()
    expect(page).not_to_have_url(re.compile("face="))
    page.keyboard.press("Escape")
    expect(page.locator("#tray")).not_to_be_visible()
    page.keyboard.press("/")
    assert focused(page) == "q"
    page.keyboard.press("Tab")
    page.locator("#faces .cell").first.focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    assert page.evaluate("document.activeElement.name") == "age"


def test_the_search_takes_words_names_and_conditions(page: Page, catalog: Catalog) -> None:
    def search(text: str) -> None:
        page.keyboard.press("/")
        page.keyboard.type(text)
        page.keyboard.press("Enter")

    search("long hair with glasses")
    shown(page, catalog.where("hair_length = 'long' AND glasses = 'glasses'").count())
    expect(page.get_by_role("checkbox", name="Long")).to_be_checked()
    page.goto("/c/villagers")
    shown(page, 600)
    search("age > 50 AND smile > 0.5")
    shown(page, catalog.where("age > 50 AND smile > 0.5").count())
    expect(page.get_by_role("link", name="Remove age > 50")).to_be_visible()
    search("f0000123")
    expect(page.get_by_role("dialog").locator("article")).to_have_attribute(
        "data-asset", "f0000123"
    )


def test_a_search_that_is_not_understood_says_how_to_mend_it(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/c/villagers")
    shown(page, 600)
    page.fill("#q", "lorem ipsum")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("'lorem ipsum' is not understood")
    expect(page.locator("#q")).to_have_attribute("aria-invalid", "true")
    context.close()


FORTH_AT_ONCE = """() => new Promise((done) => {
  const [there, state] = [location.href, history.state];
  addEventListener("popstate", () => {
    history.replaceState(state, "", there);
    dispatchEvent(new PopStateEvent("popstate", { state }));
    done();
  }, { once: true });
  history.back();
})"""
"""Goes back, and forward again before the browser tells that the dialog has closed."""


def test_a_face_is_there_again_however_fast_one_goes_back_and_forth(page: Page) -> None:
    cell(page, 4).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    name = dialog.locator("article").get_attribute("data-asset")
    page.evaluate(FORTH_AT_ONCE)
    page.wait_for_load_state("networkidle")
    expect(dialog.locator("article")).to_have_attribute("data-asset", str(name))
    expect(dialog).to_be_visible()
    assert f"face={name}" in page.url
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(page).not_to_have_url(re.compile("face="))


def test_a_link_opens_the_face_and_back_closes_it(page: Page) -> None:
    page.goto("/c/villagers?glasses=glasses")
    total = page.locator("#total b")
    cell(page, 4).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    name = dialog.locator("article").get_attribute("data-asset")
    assert urlsplit(page.url).query == f"glasses=glasses&face={name}"
    page.go_back()
    expect(dialog).not_to_be_visible()
    page.go_forward()
    expect(dialog).to_be_visible()
    page.reload()
    expect(dialog.locator("article")).to_have_attribute("data-asset", str(name))
    expect(dialog.get_by_role("button", name="Previous face")).to_be_enabled()
    dialog.get_by_role("link", name="Similar faces").click()
    expect(total).to_have_text("240")
    expect(
        page.get_by_role("link", name=re.compile("Remove Similar to .* by latent w"))
    ).to_be_visible()
    expect(dialog).not_to_be_visible()
    page.go_back()
    expect(dialog).to_be_visible()


def test_selected_faces_are_downloaded(page: Page, tmp_path) -> None:
    for place in (0, 2):
        cell(page, place).hover()
        cell(page, place).locator(".tick").click()
    page.get_by_role("checkbox", name="18–29").check()
    expect(page.locator("#tray")).to_contain_text("2 selected")
    with page.expect_download() as waiting:
        page.locator("#tray").get_by_role("button", name="Download pack").click()
    assert waiting.value.suggested_filename == "villagers-2-faces.zip"
    waiting.value.save_as(tmp_path / "pack.zip")
    names = zipfile.ZipFile(tmp_path / "pack.zip").namelist()
    assert len(names) == 5
    assert {"LICENCE.txt", "manifest.csv", "manifest.json"} < set(names)
    page.reload()
    expect(page.locator("#tray")).to_contain_text("2 selected")
    page.locator("#tray").get_by_role("button", name="Clear").click()
    expect(page.locator("#tray")).not_to_be_visible()


def test_a_view_is_downloaded_or_pulled(page: Page, catalog: Catalog, tmp_path) -> None:
    page.get_by_role("checkbox", name="30–44").check()
    total = catalog.where("age >= 30 AND age < 45").count()
    shown(page, total)
    page.get_by_role("button", name="Download").click()
    dialog = page.get_by_role("dialog", name="Download this view")
    expect(dialog).to_contain_text(f"All {total} faces of this view.")
    expect(dialog.locator("code")).to_contain_text("--where")
    with page.expect_download() as waiting:
        dialog.get_by_role("button", name="Download pack").click()
    waiting.value.save_as(tmp_path / "pack.zip")
    assert len(zipfile.ZipFile(tmp_path / "pack.zip").namelist()) == total + 3
    expect(dialog).not_to_be_visible()


def test_the_theme_is_switched_and_kept(page: Page) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Light or dark").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    shown(page, 600)
    assert page.evaluate(paper) == dark
    page.keyboard.press("t")
    assert page.evaluate(paper) == light


def test_sizes_change_how_many_faces_stand_in_a_row(page: Page) -> None:
    def across() -> int:
        return int(page.locator("#faces").get_attribute("aria-colcount") or 0)

    medium = across()
    page.get_by_role("radio", name="Small").check(force=True)
    assert across() > medium
    page.get_by_role("radio", name="Large").check(force=True)
    assert across() < medium


def test_screen_readers_are_told_what_is_there(page: Page) -> None:
    grid = page.get_by_role("grid", name="Faces")
    across = int(grid.get_attribute("aria-colcount") or 0)
    assert int(grid.get_attribute("aria-rowcount") or 0) == -(-600 // across)
    first = grid.get_by_role("gridcell").first
    assert re.match(
        r"(feminine|masculine), about \d+, skin tone \d+, .*\. Face 1 of 600$",
        first.get_attribute("aria-label") or "",
    )
    expect(page.get_by_role("status").first).to_have_text("600 faces")
    expect(page.get_by_role("group", name="Skin tone")).to_be_visible()
    expect(page.get_by_role("search")).to_be_visible()
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select")]
          .filter((e) => e.checkVisibility() && !e.labels?.length
            && !(e.getAttribute("aria-label") || e.textContent.trim()))
          .map((e) => e.outerHTML)"""
    )
    assert unnamed == []


def test_a_phone_has_filters_over_the_faces(phone: Page, catalog: Catalog) -> None:
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    box = phone.get_by_role("checkbox", name="Masculine")
    expect(box).not_to_be_in_viewport()
    button = phone.get_by_role("button", name=re.compile("^Filters"))
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    box.check()
    total = catalog.where("gender_presentation = 'masculine'").count()
    expect(phone.locator("#total b")).to_have_text(str(total))
    phone.keyboard.press("Escape")
    expect(button).to_be_focused()
    cell(phone, 0).click()
    dialog = phone.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("(e) => e.offsetWidth") == 360
    assert dialog.evaluate("(e) => e.scrollWidth") == 360
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    phone.wait_for_url(lambda url: "face=" not in url)
    phone.goto("/c/villagers/balance")
    expect(phone.get_by_role("heading", name="Balance of 600 faces")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") == 360


def test_a_page_that_is_open_follows_a_new_version(browser: Browser, copied: Path) -> None:
    with served(Library.open([str(copied)], every=0)) as address:
        pages = opened(browser, address, width=1280, height=800)
        page = next(pages)
        for index in (0, 1, 2):
            cell(page, index).focus()
            page.keyboard.press("Space")
        kept = page.evaluate("JSON.parse(sessionStorage.getItem('populace-/c/villagers')).faces")
        names = [name for name, _ in kept]
        revoke(open_store(str(copied)), names[:1], "It was questioned.")
        end = time.monotonic() + 60
        while json.loads(page.request.get("/c/villagers/view").text())["total"] == 600:
            assert time.monotonic() < end
        page.locator('[data-facet="glasses"] input').first.check()
        expect(page.locator("#total")).to_contain_text("of 599")
        expect(cell(page, 0).locator(".picture.here")).to_be_visible()
        expect(page.locator("#tray p b")).to_have_text("2")
        assert set(page.locator("#tray input[name=assets]").input_value().split()) == {*names[1:]}
        assert list(pages) == []
