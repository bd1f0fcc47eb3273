"""A population table is read as it is meant, or one line names file, line, column and mend."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import SpecError
from pipeline.sampling.population import parse_population, read_population

CENSUS = """\
age,gender_presentation,count
60-80,feminine,30
18-29,masculine,20
18-29,feminine,50
"""


def test_cells_get_their_part_of_the_sum_and_those_left_out_nothing() -> None:
    population = parse_population(CENSUS)
    labels = {name: [one.label for one in bins] for name, bins in population.bins.items()}
    assert labels == {
        "age": ["18-29", "60-80"],
        "gender_presentation": ["feminine", "masculine"],
    }
    assert population.shares.tolist() == [[0.5, 0.2], [0.3, 0.0]]


def test_shares_may_be_percentages_and_bins_any_of_the_spec() -> None:
    population = parse_population("share,hair_length,yaw\n2.5%,short+bald,..10\n7.5%,long,10..\n")
    assert [one.label for one in population.bins["hair_length"]] == ["short+bald", "long"]
    assert np.allclose(population.shares, [[0.25, 0], [0, 0.75]])


def test_how_a_file_is_written_makes_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "census.csv"
    path.write_bytes(b"\xef\xbb\xbf" + CENSUS.replace(",", ", ").replace("\n", "\r\n\r\n").encode())
    assert read_population(path).text == CENSUS
    assert parse_population(CENSUS.replace("18-29", '"18-29"')).text == CENSUS


FINE = [f"{i / 400}..{(i + 1) / 400}" for i in range(400)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "is empty; start with a line of column names."),
        ("age,share\n", "has no rows; give one for every cell."),
        ("age;share\n18-29;3\n", ", line 1: has one column only; separate columns with commas."),
        ("share\n3\n", ", line 1: names no attribute; add a column for one, as age."),
        ("age\n18-29\n", ", line 1: needs one column share or count, and has none; add it."),
        ("age,share,count\n1,2,3\n", ", line 1: needs one column share or count, and has both"),
        ("age,age,share\n1,2,3\n", ", line 1: column 'age' stands twice; remove one."),
        ("agee,share\n1,2\n", ", line 1: Attribute 'agee' is unknown; did you mean 'age'?"),
        ("age,,share\n1,,2\n", ", line 1: Attribute '' is unknown; choose from age"),
        ("age,share\n18-29,3\n\n30-40\n", ", line 4: 1 values stand under 2 columns; write one"),
        ("age,share\n18-29,3,5\n", ", line 2: 3 values stand under 2 columns; write one for each"),
        ("age,share\n18-29,3\nold,4\n", ", line 3, column age: cannot read bin 'old'; write it"),
        ("age,share\n,3\n", ", line 2, column age: cannot read bin ''; write it like"),
        ("glasses,share\nmonocle,3\n", ", line 2, column glasses: 'monocle' is not one of its"),
        (
            "age,share\n30-40,3\n18-30,4\n",
            ", line 3, column age: bins '18-30' and '30-40' overlap; every value",
        ),
        (
            "hair_length,share\nshort,3\nlong,4\nlong+bald,4\n",
            ", line 4, column hair_length: bins 'long' and 'long+bald' overlap; every value",
        ),
        ("age,share\n18-29,-3\n", ", line 2, column share: '-3' is no share or count; write"),
        ("age,count\n18-29,nan\n", ", line 2, column count: 'nan' is no share or count; write"),
        ("age,count\n18-29,\n", ", line 2, column count: '' is no share or count; write a"),
        ('age,count\n18-29,"1,204"\n', ", line 2, column count: '1,204' is no share or count"),
        ("age,share\n18-29,0\n30+,0\n", ", column share: adds up to 0; give some row a number"),
        ("age,share\n18-29,1e308\n", ", line 2, column share: '1e308' is no share or count; write"),
        ("age,share\n18-29,1\n30+,2\n18-29,1\n", ", line 4: repeats the cell of line 2; add the"),
        ('age,share\n"18-29,1\n', ", line 2: is not CSV (unexpected end of data)."),
        (
            "smile,mouth_open,share\n"
            + "".join(
                f"{i / 400}..{(i + 1) / 400},{i / 400}..{(i + 1) / 400},1\n" for i in range(400)
            ),
            ": 160,000 cells are more than 100,000; use fewer bins or columns.",
        ),
    ],
)
def test_a_bad_table_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "census.csv"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        read_population(path)
    said = str(caught.value).removeprefix(str(path)).removeprefix(": ")
    assert said.startswith(line.removeprefix(": "))
    assert "\n" not in said


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "census.csv"
    with pytest.raises(SpecError, match=r"balance\.table: .*census\.csv cannot be read \(No such"):
        read_population(path)
    path.write_bytes(b"age,share\n\xff,1\n")
    with pytest.raises(SpecError, match=r"census\.csv cannot be read \(it is not UTF-8 text\)"):
        read_population(path)
    path.write_bytes(b" " * (1 << 24) + b" ")
    with pytest.raises(SpecError, match=r"census\.csv is too large; give at most 16 MiB"):
        read_population(path)
