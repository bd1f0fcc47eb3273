"""Contact sheets put each face where its classes say."""

from itertools import product

import numpy as np
import pytest

from pipeline.assets.sheet import contact_grid, contact_sheet, grid_shape

AXES = [
    ("age", ["18-29", "30-44"]),
    ("glasses", ["none", "glasses"]),
    ("skin_tone", ["1-5", "6-10"]),
]


def flat(color: tuple[int, int, int]) -> np.ndarray:
    return np.full((40, 40, 3), color, dtype=np.uint8)


def places(sheet, color) -> list[tuple[int, int]]:
    """Top left corners of the flat squares of a colour."""
    pixels = np.asarray(sheet)
    here = (pixels == color).all(axis=2)
    corner = here & ~np.roll(here, 1, 0) & ~np.roll(here, 1, 1)
    return [(int(x), int(y)) for y, x in np.argwhere(corner)]


def test_a_sheet_fills_row_by_row():
    colors = [(200, 10 * i, 40) for i in range(5)]
    sheet = contact_sheet(
        [(f"face {i}", flat(c)) for i, c in enumerate(colors)], columns=3, thumb=64
    )
    corners = [places(sheet, color)[0] for color in colors]
    assert len({y for _, y in corners[:3]}) == 1
    assert corners[3][0] == corners[0][0]
    assert corners[3][1] > corners[0][1]


def test_a_grid_has_the_first_axis_down_and_the_others_across():
    colors = {
        cell: (50 + 10 * i, 5, 90) for i, cell in enumerate(product(*(bins for _, bins in AXES)))
    }
    sheet = contact_grid({cell: [flat(c)] for cell, c in colors.items()}, AXES, across=1, thumb=48)
    corner = {cell: places(sheet, color)[0] for cell, color in colors.items()}
    for cell, (x, y) in corner.items():
        assert y == corner[(cell[0], "none", "1-5")][1]
        assert x == corner[("18-29", *cell[1:])][0]
    across = [corner[("18-29", *rest)][0] for rest in product(*(bins for _, bins in AXES[1:]))]
    assert across == sorted(across)


def test_a_cell_without_faces_keeps_its_place():
    full = {cell: [flat((9, 200, 9))] for cell in product(*(bins for _, bins in AXES))}
    sparse = {cell: faces for cell, faces in full.items() if cell[0] == "18-29"}
    sheets = [contact_grid(cells, AXES, across=1, thumb=48) for cells in (full, sparse)]
    assert sheets[0].size == sheets[1].size
    assert len(places(sheets[1], (9, 200, 9))) == 4


def test_a_long_label_stays_within_its_face():
    short, long = (contact_sheet([(text, flat((0, 0, 0)))], columns=1) for text in ("a", "a" * 200))
    assert short.size == long.size


@pytest.mark.parametrize(
    ("sizes", "faces", "shape"),
    [
        ((4, 2, 3), 120, (2, 2)),
        ((4, 2, 3), 24, (1, 1)),
        ((4, 2, 3), 23, None),
        ((4,), 120, (13, 2)),
    ],
)
def test_the_shape_of_cells_uses_the_faces_there_are(sizes, faces, shape):
    axes = [(f"axis {i}", [str(n) for n in range(size)]) for i, size in enumerate(sizes)]
    assert grid_shape(axes, faces) == shape


def test_no_axis_or_too_many_make_no_grid():
    assert grid_shape([], 120) is None
    assert grid_shape([*AXES, ("smile", ["0..1"])], 120) is None
    assert grid_shape([("age", ["a"]), ("yaw", [str(n) for n in range(17)])], 120) is None
