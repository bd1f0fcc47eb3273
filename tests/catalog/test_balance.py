"""What is to be balanced is read as in a job spec, and rows fall into the cells they belong to."""

import numpy as np
import pyarrow as pa
import pytest
from fake_manifest import fake_catalog, name_of
from hypothesis import given
from hypothesis import strategies as st

from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.catalog.balance import balance_of, cells_of_rows, read_balanced, target_of
from pipeline.errors import SpecError
from pipeline.sampling.targets import parse_balance

FACE = {"asset_id": name_of(0), "age": 30.0, "skin_tone": 3, "glasses": "none", "yaw": 0.0}


@pytest.fixture
def faces(store):
    return fake_catalog(store, [FACE], bins={"age": ["0-39", "40-80"]})


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        ([], {}),
        (["age"], {"age": None}),
        (["age, glasses"], {"age": None, "glasses": None}),
        (["age", "glasses"], {"age": None, "glasses": None}),
        (["age=fairface,glasses"], {"age": "fairface", "glasses": None}),
        (["age=[18-29, 30-44],yaw"], {"age": ["18-29", "30-44"], "yaw": None}),
        (["yaw=[..10,10..]"], {"yaw": ["..10", "10.."]}),
        (["skin_tone=[1,2,3+]"], {"skin_tone": [1, 2, "3+"]}),
        (["age={18-29: 70, 30-80: 30%}"], {"age": {"18-29": 70, "30-80": "30%"}}),
        (["age,at_least=5"], {"age": None, "at_least": 5}),
        (
            ["age=['18-29'],joint=[{age: 18-29, share: 100}]"],
            {"age": ["18-29"], "joint": [{"age": "18-29", "share": 100}]},
        ),
    ],
)  # fmt: skip
def test_words_of_the_command_line_are_those_of_a_spec(texts, read):
    assert read_balanced(texts) == read


def test_a_population_table_is_read_from_its_file(tmp_path):
    (tmp_path / "census.csv").write_text("age,share\n18-29,3\n30-80,1\n")
    read = read_balanced(["table=census.csv,glasses"], tmp_path)
    assert read["glasses"] is None
    assert read["table"].startswith("age,share\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("age,,glasses", "balance: '' cannot be read; write names of attributes with commas"),
        ("age=", "balance: 'age=' cannot be read"),
        ("=5", "balance: '=5' cannot be read"),
        ("age,age", "balance.age: stands twice"),
        ("age=[18-29", r"balance.age: '\[18-29' is not YAML; write a preset or a list"),
        ("agee", "balance: Attribute 'agee' is unknown; did you mean 'age'?"),
        ("age=18-29", "balance.age: '18-29' is no preset of age; write 'uniform' or 'fairface'"),
        ("age=[18-29,20-40]", "balance.age: bins '18-29' and '20-40' overlap"),
        ("age=[18-290]", "balance.age: 290 in bin '18-290' is outside its range"),
        ("glasses=[monocle]", "balance.glasses: 'monocle' is not one of its classes"),
        ("smile", "balance.smile: is null in all rows of this catalog"),
        ("table=gone.csv", r"balance.table: gone.csv cannot be read \(No such file"),
        ("at_least=-1", "balance.at_least: -1 is no number of faces"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(text, sentence, faces):
    with pytest.raises(SpecError, match=sentence.replace("?", r"\?")) as refusal:
        target_of(faces, [text])
    assert "\n" not in str(refusal.value)


def test_bins_are_those_asked_for_or_of_the_job_or_the_usual_ones(faces):
    target = target_of(faces, {"age": None, "skin_tone": None, "glasses": ["glasses", "none"]})
    assert [axis.labels for axis in target.axes] == [
        ("0-39", "40-80"),
        ("1-3", "4-6", "7-10"),
        ("glasses", "none"),
    ]
    assert target_of(faces, "age=uniform").axes[0].labels == ("18-29", "30-44", "45-59", "60-80")
    assert target_of(faces, ["age", "glasses"]).axes == target_of(faces, "age,glasses").axes


def test_bins_of_which_the_job_ordered_nothing_are_not_asked_for(store):
    catalog = fake_catalog(store, [FACE], bins={"age": ["0-39", "40-80"]})
    catalog.document["cells"][1]["asked"] = 0
    assert target_of(catalog, "age").axes[0].labels == ("0-39",)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "luck"}, "method: 'luck' is none; choose quotas or weights"),
        ({"seed": -1}, "seed: -1 is out of range"),
        ({"seed": 2**63}, "is out of range"),
    ],
)
def test_method_and_seed_are_checked(options, sentence, faces):
    with pytest.raises(SpecError, match=sentence):
        balance_of(faces, "age", **options)


NUMBERS = {
    "age": st.floats(0, 99, width=32) | st.none(),
    "skin_tone": st.integers(1, 10) | st.none(),
    "yaw": st.sampled_from([-90.0, -10.0, 0.0, 9.5, 10.0, 90.0]) | st.none(),
    "glasses": st.sampled_from(["none", "glasses", None]),
}
BALANCE = {
    "age": ["18-29", "30-44", "60+"],
    "skin_tone": ["1-3", "7"],
    "yaw": ["-10..10", "10.."],
    "glasses": ["glasses", "none"],
}


def bin_of(name, value):
    """By the words of the documentation."""
    if value is None:
        return None
    if name == "age":
        return next((b for b, low, end in (("18-29", 18, 30), ("30-44", 30, 45), ("60+", 60, 100))
                     if low <= value < end), None)  # fmt: skip
    if name == "skin_tone":
        return "1-3" if value <= 3 else "7" if value == 7 else None
    if name == "yaw":
        return "-10..10" if -10 <= value < 10 else "10.." if value >= 10 else None
    return value


@given(st.lists(st.fixed_dictionaries(NUMBERS), max_size=30))
def test_rows_fall_into_the_cell_of_their_values(rows):
    target = parse_balance(BALANCE)
    types = {
        "age": pa.float32(),
        "skin_tone": pa.int8(),
        "yaw": pa.float32(),
        "glasses": pa.string(),
    }
    table = pa.table({n: pa.array([row[n] for row in rows], t) for n, t in types.items()})
    found = cells_of_rows(target, table)
    assert found.dtype == np.int32
    for row, cell in zip(rows, found, strict=True):
        labels = [bin_of(name, row[name]) for name in BALANCE]
        if None in labels:
            assert cell == -1
        else:
            assert [one.label for one in target.bins_of(cell)] == labels


def test_every_attribute_of_the_taxonomy_can_be_balanced(store):
    row = {"asset_id": name_of(0)}
    for attribute in ATTRIBUTES:
        row[attribute.name] = attribute.classes[0] if attribute.kind == "class" else attribute.high
    faces = fake_catalog(store, [row])
    for attribute in ATTRIBUTES:
        assert target_of(faces, attribute.name).axes[0].labels == attribute.usual_bins
