"""The contact sheet shows all cells, whatever the balance."""

import numpy as np
import pytest
from fake_job import FakeJob, flat_picture

from pipeline.assets.encode import decode
from pipeline.catalog.seal import seal

MANY = ("age", tuple(f"{age}-{age}" for age in range(20, 60)))


def shown(sheet, slots):
    """The slots whose flat colour covers a good part of a thumbnail somewhere on the sheet."""
    pixels = sheet[::4, ::4].reshape(-1, 3).astype(int)
    near = {slot: np.abs(pixels - flat_picture(slot)[0, 0]).max(axis=1) < 24 for slot in slots}
    return {slot for slot in slots if near[slot].sum() > 32 * 32 // 2}


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_a_small_catalog_is_shown_whole(store, layout):
    seal(store, FakeJob(layout=layout, format="png", per_cell=1).run(store))
    assert shown(decode(store.get("previews/contact-sheet.jpg")), range(6)) == set(range(6))


@pytest.mark.parametrize(
    "axes",
    [
        (),
        (("glasses", ("none", "glasses")),),
        (MANY, ("gender_presentation", ("feminine", "masculine"))),
        (MANY, ("hair_length", ("bald", "short", "medium", "long"))),
        (
            ("age", ("18-29",)),
            ("glasses", ("none",)),
            ("facial_hair", ("none",)),
            ("hair_length", ("long",)),
        ),
    ],
)
def test_every_kind_of_balance_has_a_sheet_and_a_report(store, axes):
    seal(store, FakeJob(axes=axes, per_cell=1, shard_size=100, layout="packs").run(store))
    sheet = decode(store.get("previews/contact-sheet.jpg"))
    assert sheet.shape[0] > 200
    assert b"<h1>villagers</h1>" in store.get("report.html")


def test_a_catalog_without_balance_shows_its_first_faces(store):
    seal(store, FakeJob(axes=(), per_cell=3).run(store))
    assert shown(decode(store.get("previews/contact-sheet.jpg")), range(3)) == {0, 1, 2}
