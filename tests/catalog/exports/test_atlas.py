"""A face cut out of an atlas page, as its JSON says, is the face."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.assets.encode import decode
from pipeline.catalog.exports.atlas import Grid
from pipeline.catalog.exports.export import export


@given(st.integers(64, 8192), st.integers(8, 2048), st.integers(0, 64), st.data())
def test_faces_lie_apart_and_on_the_page(page, face, padding, data):
    grid = Grid(page, face, padding)
    if not grid.faces:
        return
    one, other = (data.draw(st.integers(0, grid.faces - 1)) for _ in range(2))
    for place in (one, other):
        assert all(padding <= start <= page - padding - face for start in grid.corner(place))
    snug = grid.fitting(one + 1)
    assert one < snug.faces <= grid.faces
    if one != other:
        gaps = [abs(a - b) for a, b in zip(grid.corner(one), grid.corner(other), strict=True)]
        assert max(gaps) >= face + padding


@pytest.mark.parametrize(("page", "pages"), [(128, 3), (256, 1)])
def test_every_frame_is_its_face(catalog, tmp_path, page, pages):
    to = tmp_path / "to"
    export(catalog, to, "atlas", page=page)
    sheets = sorted(to.glob("faces-*.json"))
    assert len(sheets) == pages
    wanted = {row["asset_id"]: image for row, image in catalog.images(rows_of(catalog))}
    where = {one["asset_id"]: one for one in json.loads((to / "index.json").read_text())["faces"]}
    assert where.keys() == wanted.keys()
    found = {}
    for sheet in sheets:
        document = json.loads(sheet.read_text())
        with Image.open(to / document["meta"]["image"]) as picture:
            assert document["meta"]["size"] == {"w": picture.width, "h": picture.height}
            for name, frame in document["frames"].items():
                assert (frame["rotated"], frame["trimmed"]) == (False, False)
                x, y, w, h = (frame["frame"][key] for key in "xywh")
                found[name] = np.asarray(picture.crop((x, y, x + w, y + h)))
                told = where[name]
                assert (told["page"], told["x"], told["y"]) == (document["meta"]["image"], x, y)
    assert found.keys() == wanted.keys()
    for name, pixels in found.items():
        np.testing.assert_array_equal(pixels, wanted[name])
    with Image.open(to / "faces-0000.png") as picture:
        assert picture.size == (page, page)
    first = json.loads(sheets[0].read_text())["meta"]
    assert first.get("related_multi_packs", []) == [sheet.name for sheet in sheets[1:]]


def test_faces_are_made_smaller_for_a_page(catalog, tmp_path):
    export(catalog, tmp_path / "to", "atlas", "slot = 0", size=8, page=64, padding=0)
    (row,) = (row for row in rows_of(catalog) if row["slot"] == 0)
    color = decode(catalog.store.get(row["uri"], row["offset"], row["length"]))[0, 0]
    with Image.open(tmp_path / "to" / "faces-0000.png") as page:
        np.testing.assert_array_equal(np.asarray(page)[:8, :8], np.broadcast_to(color, (8, 8, 3)))
        assert not np.asarray(page)[:, 8:].any()


def rows_of(catalog):
    return [row for table in catalog.tables() for row in table.to_pylist()]
