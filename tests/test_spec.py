"""A job spec says what it means, or one line says what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.engine.job import Job
from pipeline.errors import SpecError
from pipeline.spec import JobSpec, parse_spec, read_spec

BASE: dict[str, Any] = {"name": "a", "count": 10, "output": "./x"}
JOBS = sorted((Path(__file__).parent.parent / "jobs").glob("*.yaml"))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"cuont": 3}, "cuont: is no key of a job spec; did you mean 'count'?"),
        ({"count": 0}, "count: 0 does not fit; input should be greater than or equal to 1."),
        ({"image": {"szie": 64}}, "image.szie: is no key of a job spec; did you mean 'size'?"),
        ({"image": {"format": "gif"}}, "image.format: 'gif' does not fit; input should be 'jpeg'"),
        (
            {"balance": {"agee": "uniform"}},
            "balance: Attribute 'agee' is unknown; did you mean 'age'",
        ),
        ({"balance": {"age": ["18-29", "25-40"]}}, "balance.age: bins '18-29' and '25-40' overlap"),
        (
            {"balance": {"age": {"18-29": 50, "30-40": 40}}},
            "balance.age: the percentages add up to 90",
        ),
        (
            {"balance": {"age": ["18-29", "60-80"]}, "where": {"age": "18-50"}},
            "balance.age: bin '60-80' lies outside where.age (18-50)",
        ),
        ({"where": {"glasses": "monocle"}}, "where.glasses: 'monocle' is not one of its classes"),
        ({"output": "ftp://x/y"}, "output: 'ftp://x/y' has the unknown scheme 'ftp'"),
        ({"output": "s3://"}, "output: 's3://' names no bucket"),
        (
            {"generator": "builtin:cats"},
            "generator: 'builtin:cats' does not fit; write builtin:heads",
        ),
        (
            {"image": {"background": "transparent"}},
            "image.background: 'transparent' needs an alpha channel, which jpeg does not have; "
            "set image.format to png or webp.",
        ),
        (
            {"image": {"background": "green"}},
            "image.background: 'green' does not fit; write scene, transparent or a colour as "
            "'#rrggbb'.",
        ),
        (
            {"image": {"background": "transparent", "format": "png"}, "generator": "builtin:null"},
            "image.background: 'transparent' needs a generator that models what it draws, and "
            "builtin:null does not; remove it, or set generator to builtin:heads.",
        ),
        (
            {"generator": {"checkpoint": "m.pkl", "psi": 0.7}},
            "generator.psi: is no key of a job spec; the keys here are checkpoint, kind",
        ),
        (
            {"generator": {"checkpoint": "m.pkl", "truncation": 2}},
            "generator.truncation: 2 does not fit; input should be less than or equal to 1.",
        ),
        (
            {"extras": ["depth"], "generator": {"checkpoint": "m.pkl", "kind": "stylegan2"}},
            "extras: 'depth' needs a generator that models what it draws, and m.pkl does not; "
            "remove it, or set generator to builtin:heads.",
        ),
        (
            {"scorer": "builtin:cats"},
            "scorer: 'builtin:cats' does not fit; write builtin:heads or builtin:null, or a "
            "mapping with model and card.",
        ),
        ({"scorer": {"model": "m.onnx"}}, "scorer.card: is missing; every job spec needs it."),
        (
            {"scorer": {"model": "m.onnx", "crad": "m.yaml", "card": "m.yaml"}},
            "scorer.crad: is no key of a job spec; did you mean 'card'?",
        ),
        (
            {"scorer": {"model": "m.onnx", "card": "m.yaml", "rest": "builtin:cats"}},
            "scorer.rest: 'builtin:cats' does not fit; input should be 'builtin:heads' or",
        ),
        ({"extras": ["depth", "alpha", "depth"]}, "extras: 'depth' stands twice; remove one"),
        ({"extras": ["dpeth"]}, "extras.0: 'dpeth' does not fit; input should be 'landmarks',"),
        ({"extras": "depth"}, "extras: 'depth' does not fit; write a list of landmarks, seg"),
        (
            {"balance": {"age": "fairfaces"}},
            "balance.age: 'fairfaces' is no preset of age; write 'uniform' or 'fairface', a list "
            "of bins, or bins with percentages.",
        ),
        ({"balance": {"smile": "wide"}}, "balance.smile: 'wide' is no preset of smile; write 'un"),
        (
            {"balance": {"table": "census.csv"}},
            "balance.table: 'census.csv' is no table; in a job's file name a CSV file, elsewhere",
        ),
        ({"balance": {"table": 3}}, "balance.table: 3 is no table; in a job's file name a CSV"),
        (
            {"balance": {"table": "age,share\n18-29,x\n"}},
            "balance.table, line 2, column share: 'x' is no share or count; write a number",
        ),
        (
            {"balance": {"table": "age,share\n18-29,1\n", "age": "uniform"}},
            "balance.age: stands in the table too; remove it here or there.",
        ),
        (
            {"balance": {"table": "age,share\n18-29,1\n", "joint": []}},
            "balance.table: and a joint table contradict each other; remove one of them.",
        ),
        ({"balance": {"at_least": "5"}}, "balance.at_least: '5' is no number of faces; write a"),
        ({"balance": {"at_least": -1}}, "balance.at_least: -1 is no number of faces; write a"),
        ({"balance": {"at_least": True}}, "balance.at_least: True is no number of faces; write"),
        (
            {"balance": {"age": "uniform", "at_least": 5}},
            "balance.at_least: 5 faces in each of 4 cells take 20 faces, and count is 10; raise",
        ),
        (
            {"variations": {"agee": [20]}},
            "variations: 'agee' is no attribute; did you mean 'age'?",
        ),
        ({"variations": [20]}, "variations: [20] does not fit; write attributes and lists of val"),
        ({"variations": {"age": []}}, "variations.age: the list is empty; give some values, or"),
        (
            {"variations": {"age": ["old"]}},
            "variations.age: 'old' is no number from 0 to 99, or one with a sign, to be added to",
        ),
        ({"variations": {"age": ["+120"]}}, "variations.age: '+120' is no number from -99 to 99."),
        ({"variations": {"light": ["up"]}}, "variations.light: 'up' is none; choose from left, f"),
        ({"variations": {"yaw": [30, "+30"]}}, "variations.yaw: yaw=30 stands twice; remove one."),
        (
            {"variations": {"light": ["left"], "light_azimuth": [10]}},
            "variations.light_azimuth: light_azimuth stands there too; remove one of them.",
        ),
        (
            {"variations": {"age": list(range(20, 71)), "expression": ["neutral", "smile"]}},
            "variations: 102 pictures of a person are more than 100; ask for fewer values.",
        ),
        (
            {"variations": {"age": [20]}, "generator": "builtin:null", "calibration": "off"},
            "calibration: 'off' leaves builtin:null without the latent directions that variations "
            "need; remove it, or remove variations.",
        ),
        ({"variations": {"ita": [20]}}, "variations.ita: builtin:heads cannot change it; choose"),
        (
            {"variations": {"yaw": [60]}},
            "variations.yaw: builtin:heads does not reach 60; stay between -45 and 45.",
        ),
        (
            {"variations": {"expression": ["neutral"], "smile": [1]}},
            "variations.expression: smile governs it too; remove one of them.",
        ),
        (
            {"variations": {"age": ["+40"]}, "balance": {"age": ["18-29", "60-80"]}},
            "variations.age=+40: takes everybody of balance.age '60-80' beyond 3 to 90; remove",
        ),
        (
            {"variations": {"expression": ["smile"]}, "where": {"mouth_open": "0..0.2"}},
            "where.mouth_open: limits every picture, and variations change it; remove it, or lim",
        ),
        ({"workers": 0}, "workers: 0 does not fit; write auto or a whole number from 1."),
    ],
)
def test_a_bad_spec_names_field_value_and_mend(change: dict[str, Any], line: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(BASE | change)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(SpecError, match="output: is missing"):
        parse_spec({"name": "a", "count": 1})


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*JobSpec.model_fields, "x"]), ANYTHING))
def test_whatever_stands_in_a_spec_the_answer_is_a_spec_or_one_line(data: dict[str, Any]) -> None:
    line = ""
    try:
        spec = parse_spec(BASE | data)
        assert parse_spec(spec.model_dump(mode="json")).digest == spec.digest
    except SpecError as error:
        line = str(error)
    assert len(line.splitlines()) <= 1


def order(**generator: Any) -> JobSpec:
    return parse_spec(BASE | {"generator": {"checkpoint": "net.pkl"} | generator})


def test_a_checkpoint_counts_by_what_is_asked_of_it_and_not_by_its_place() -> None:
    digest = order().digest
    for same in ({"checkpoint": "s3://bucket/net.pkl"}, {"kind": "stylegan2"}):
        assert order(**same).digest == digest
    for other in ({"truncation": 0.7}, {"label": 0}):
        assert order(**other).digest != digest


def test_a_checkpoint_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = "#sha256=" + "0" * 64
    monkeypatch.chdir(tmp_path)
    moved = order(checkpoint="net.pkl" + mark).from_anywhere()
    assert moved.model_dump()["generator"]["checkpoint"] == f"file://{tmp_path}/net.pkl{mark}"
    there = order(checkpoint="https://host/net.pkl" + mark)
    assert there.from_anywhere() == there


TABLE = "age,gender_presentation,count\n18-29,feminine,3\n30-59,masculine,1\n"


def censused(folder: Path, table: str, name: str = "census.csv") -> JobSpec:
    """A job in `folder` with its table beside it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(table)
    path = folder / "job.yaml"
    path.write_text(f"name: a\ncount: 10\noutput: ./x\nbalance: {{table: {name}}}\n")
    return read_spec(path)


def test_a_table_is_found_beside_the_spec_and_counts_by_what_stands_in_it(tmp_path: Path) -> None:
    spec = censused(tmp_path, TABLE)
    assert spec.target.shares.tolist() == [[0.75, 0], [0, 0.25]]
    same = censused(tmp_path / "other", TABLE.replace(",", " , "), "tables/people.csv")
    assert same.digest == spec.digest
    assert censused(tmp_path, TABLE.replace("3", "4")).digest != spec.digest


def test_a_table_goes_along_to_workers_and_into_the_catalog(tmp_path: Path) -> None:
    spec = censused(tmp_path, TABLE)
    (tmp_path / "census.csv").unlink()
    assert parse_spec(spec.from_anywhere().model_dump(mode="json")).target.label(0) == (
        "age=18-29, gender_presentation=feminine"
    )
    document = Job(spec, "1" * 64, "2" * 64).document()
    assert document["spec"]["balance"] == {"table": TABLE}
    assert [cell["count"] for cell in document["cells"]] == [8, 0, 0, 2]
    assert parse_spec(document["spec"] | {"output": "./y"}).digest == spec.digest


def test_a_bad_table_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"/census\.csv, line 2, column age: cannot read bin 'x'"):
        censused(tmp_path, "age,share\nx,1\n")


def scored(**changes: Any) -> JobSpec:
    scorer = {"model": "net.onnx", "card": "net.yaml"} | changes
    return parse_spec(BASE | {"scorer": scorer})


def test_a_scorer_counts_by_what_is_asked_of_it_and_not_by_its_place() -> None:
    digest = scored().digest
    assert scored(model="s3://bucket/net.onnx", card="https://host/net.yaml").digest == digest
    assert scored(rest="builtin:heads").digest != digest
    assert parse_spec(BASE).digest != digest


def test_a_scorer_is_found_from_any_folder_and_shown_without_what_grants_access(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = scored(card="https://host/net.yaml?key=secret")
    moved = spec.from_anywhere().model_dump()["scorer"]
    assert moved["model"] == f"file://{tmp_path}/net.onnx"
    assert moved["card"] == "https://host/net.yaml?key=secret"
    assert scored(model="https://me:secret@host/net.onnx").scorer_name == "https://host/net.onnx"
    document = Job(spec, "1" * 64, "2" * 64).document()
    assert "secret" not in str(document)
    assert parse_spec(document["spec"] | {"output": "./y"}).digest == spec.digest


def test_who_reads_the_rest_of_a_checkpoint_s_pictures_is_warned_of() -> None:
    generator = {"checkpoint": "net.pkl"}
    scorer = {"model": "net.onnx", "card": "net.yaml", "rest": "builtin:heads"}
    caution = parse_spec(BASE | {"generator": generator, "scorer": scorer}).caution
    assert caution is not None
    assert caution.startswith("scorer.rest: builtin:heads reads pictures of builtin:heads;")
    del scorer["rest"]
    assert parse_spec(BASE | {"generator": generator, "scorer": scorer}).caution is None


def test_what_grants_access_to_a_checkpoint_is_not_shown() -> None:
    assert (
        order(checkpoint="https://host/net.pkl?key=secret").generator_name == "https://host/net.pkl"
    )
    assert (
        order(checkpoint="https://me:secret@host/net.pkl").generator_name == "https://host/net.pkl"
    )


@pytest.mark.parametrize(
    ("change", "px"),
    [
        ({"preview_size": 64}, 64),
        ({"preview_size": 0}, 0),
        ({"preview_size": 256}, 0),
        ({"generator": {"checkpoint": "net.pkl"}}, 0),
    ],
)
def test_candidates_are_looked_at_first_where_that_is_cheaper(
    change: dict[str, Any], px: int
) -> None:
    assert parse_spec(BASE | change).first_look == px


def test_the_digest_leaves_out_only_where_and_how_fast() -> None:
    digest = parse_spec(BASE).digest
    assert parse_spec(BASE | {"output": "s3://bucket/c", "workers": 5}).digest == digest
    changes: list[dict[str, Any]] = [
        {"seed": 1},
        {"count": 11},
        {"balance": {"age": "uniform"}},
        {"shard_size": 9},
        {"extras": ["alpha"]},
        {"image": {"background": "#ffffff"}},
    ]
    for change in changes:
        assert parse_spec(BASE | change).digest != digest


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_every_job_in_the_folder_is_sound(path: Path) -> None:
    spec = read_spec(path)
    assert spec.name == path.stem
    assert spec.target.shares.sum() == pytest.approx(1)


def test_changes_are_laid_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("name: a\ncount: 10\noutput: {uri: ./x, endpoint: 'http://h:1'}\n")
    spec = read_spec(path, ["image.size=128", "balance.age=[18-29, 30+]"], "s3://bucket/p")
    assert spec.image.size == 128
    assert spec.target.axes[0].labels == ("18-29", "30+")
    assert spec.location.uri == "s3://bucket/p"
    assert spec.location.endpoint == "http://h:1"


@pytest.mark.parametrize("text", ["- a list", "name: [", ""])
def test_a_file_that_is_no_spec_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=r"job\.yaml: "):
        read_spec(path)


def test_a_preset_stands_for_its_bins() -> None:
    spec = parse_spec(BASE | {"balance": {"age": "fairface", "skin_tone": "monk"}})
    age, tone = spec.target.axes
    assert age.labels[:2] == ("0-2", "3-9")
    assert age.labels[-1] == "70+"
    assert tone.labels == tuple(map(str, range(1, 11)))
    assert spec.target.shares == pytest.approx(1 / 90)


def test_extras_and_background_are_read_as_written() -> None:
    change = {"image": {"format": "webp", "background": "transparent"}, "extras": ["depth"]}
    spec = parse_spec(BASE | change)
    assert (spec.image.background, spec.extras) == ("transparent", ("depth",))
    assert parse_spec(BASE | {"image": {"background": "#00FF7f"}}).image.format == "jpeg"
    assert (parse_spec(BASE).image.background, parse_spec(BASE).extras) == ("scene", ())


def test_the_schema_offers_extras_backgrounds_and_presets() -> None:
    schema = JobSpec.model_json_schema()
    extras = schema["properties"]["extras"]
    assert extras["items"]["enum"] == ["landmarks", "segmentation", "alpha", "depth"]
    assert extras["uniqueItems"] is True
    assert "transparent" in schema["$defs"]["ImageSpec"]["properties"]["background"]["pattern"]
    age = schema["properties"]["balance"]["properties"]["age"]
    assert {"enum": ["uniform", "fairface"]} in age["anyOf"]
    assert schema["properties"]["balance"]["properties"]["table"]["type"] == "string"
    assert schema["properties"]["balance"]["properties"]["at_least"]["minimum"] == 0


def test_the_schema_names_every_attribute() -> None:
    schema = JobSpec.model_json_schema()
    assert "light_azimuth" in schema["properties"]["balance"]["properties"]
    assert schema["additionalProperties"] is False


def test_variations_are_combined_and_count_pictures_of_people() -> None:
    changes = {"variations": {"expression": ["smile", "neutral"], "age": ["+0", 60]}}
    spec = parse_spec(BASE | changes)
    assert spec.labels == (
        "age=+0, expression=smile",
        "age=+0, expression=neutral",
        "age=60, expression=smile",
        "age=60, expression=neutral",
    )
    assert (spec.count, spec.per_person, spec.pictures) == (10, 4, 40)
    turned = {"variations": dict(reversed(changes["variations"].items()))}
    assert parse_spec(BASE | turned).labels == spec.labels
    assert parse_spec(BASE | turned).digest == spec.digest
    assert parse_spec(BASE | {"variations": {"age": ["+0", 60]}}).digest != spec.digest


def test_without_variations_a_spec_is_what_it_was_before_there_were_any() -> None:
    spec = parse_spec(BASE | {"variations": {}})
    assert (spec.per_person, spec.pictures, spec.labels) == (1, 10, ())
    assert spec.digest == "332b6aad194576b3aec8b0a4c662048c732ce005df602361c9121e060b8f5c0c"


def test_a_plus_in_yaml_makes_an_age_relative(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(
        "name: a\ncount: +10\noutput: ./x\nvariations: {age: [+0, +20, 40], yaw: [-30, +30]}\n"
    )
    spec = read_spec(path)
    assert spec.count == 10
    assert spec.labels[::2] == ("age=+0, yaw=-30", "age=+20, yaw=-30", "age=40, yaw=-30")
    assert read_spec(path, ["variations.age=[+5]", "variations.yaw=0"]).labels == ("age=+5, yaw=0",)


def test_cells_hold_every_picture_in_what_variations_leave_alone() -> None:
    balance = {"age": "uniform", "hair_color": "uniform", "gender_presentation": "uniform"}
    spec = parse_spec(BASE | {"balance": balance, "variations": {"age": [20, 60]}})
    held = spec.held(spec.target.bins_of(0))
    assert [one.attribute for one in held] == ["gender_presentation"]
    plain = parse_spec(BASE | {"balance": balance})
    assert plain.held(plain.target.bins_of(0)) == tuple(plain.target.bins_of(0))
