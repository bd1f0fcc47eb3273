"""Any model that comes as ONNX scores, by what its card says of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper

from pipeline.attributes.null_scorer import NullScorer
from pipeline.attributes.scorer import Scorer, Scores
from pipeline.errors import SpecError
from tests.attributes.onnx_models import (
    SIZE,
    card,
    constant,
    keep_elsewhere,
    means,
    network,
    save,
    scorer,
)

FAIRFACE_AGES = ["0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-84"]
GENDER = {
    "attribute": "gender_presentation",
    "slice": [7, 9],
    "classes": {"Male": "masculine", "Female": "feminine"},
}
AGE = {"attribute": "age", "slice": [9, 18], "classes": FAIRFACE_AGES}


def pictures(count: int, side: int = 64) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), np.uint8)


def plain(red: int, green: int, blue: int) -> NDArray[np.uint8]:
    return np.full((1, 64, 64, 3), (red, green, blue), np.uint8)


def numbers(**laid: Any) -> list[dict[str, Any]]:
    """The first three values as degrees, so that they pass as they are."""
    return [
        {"attribute": name, "slice": [i, i + 1], "gives": "number"}
        for i, name in enumerate(("ita", "yaw", "pitch"))
    ]


@pytest.mark.parametrize(
    ("layout", "kind", "laid", "seen"),
    [
        ("NCHW", "FLOAT", {"range": "0..255"}, (10, 20, 30)),
        ("NHWC", "FLOAT", {"range": "0..255"}, (10, 20, 30)),
        ("NCHW", "FLOAT", {"range": "0..255", "channels": "BGR"}, (30, 20, 10)),
        ("NCHW", "FLOAT", {}, (10 / 255, 20 / 255, 30 / 255)),
        ("NCHW", "FLOAT", {"range": "-1..1"}, (-0.9216, -0.8431, -0.7647)),
        ("NCHW", "FLOAT", {"range": "0..255", "mean": [1, 2, 3], "std": [1, 2, 3]}, (9, 9, 9)),
        (
            "NCHW",
            "FLOAT",
            {"range": "0..255", "channels": "BGR", "mean": [30, 0, 0], "std": [1, 1, 2]},
            (0, 20, 5),
        ),
        ("NCHW", "FLOAT16", {"range": "0..255"}, (10, 20, 30)),
        ("NHWC", "UINT8", {"range": "0..255"}, (10, 20, 30)),
    ],
)
def test_a_picture_is_laid_before_the_model_as_its_card_says(
    layout: str, kind: str, laid: dict[str, Any], seen: tuple[float, ...], tmp_path: Path
) -> None:
    model = means(tmp_path / "a.onnx", layout, kind)
    values = scorer(model, *numbers(), layout=layout, **laid).score(plain(10, 20, 30)).values
    found = [float(values[name][0]) for name in ("ita", "yaw", "pitch")]
    assert found == pytest.approx(seen, abs=1e-3)


def test_a_fairface_model_is_read_by_slices(tmp_path: Path) -> None:
    logits = [9.0] * 7 + [0.0, np.log(3)] + [np.log(p) for p in (1, 1, 1, 1, 1, 1, 1, 1, 2)]
    scores = scorer(constant(tmp_path / "a.onnx", logits=logits), GENDER, AGE).score(pictures(2))
    assert set(scores.values) == {"age", "gender_presentation"}
    assert scores.values["gender_presentation"].tolist() == [0, 0]
    assert scores.probabilities["gender_presentation"][0] == pytest.approx([0.75, 0.25])
    centres = [1.5, 6.5, 15, 25, 35, 45, 55, 65, 77.5, 77.5]
    assert scores.values["age"][1] == pytest.approx(np.mean(centres))
    bands = scores.probabilities["age"][0]
    assert bands.dtype == np.float32
    assert bands.sum() == pytest.approx(1)
    # 3-9 has seven years, two of them in 0-4; 70-84 fills three bands.
    assert bands[:3] == pytest.approx([0.1 * (1 + 2 / 7), 0.1 * 5 / 7, 0.05])
    assert bands[14:] == pytest.approx([0.2 / 3] * 3 + [0] * 3)


def test_several_of_its_classes_may_be_one_of_ours(tmp_path: Path) -> None:
    model = constant(tmp_path / "a.onnx", y=[0.1, 0.2, 0.3, 0.4])
    beard = {
        "attribute": "facial_hair",
        "gives": "probabilities",
        "classes": {"no": "none", "shadow": "stubble", "goatee": "beard", "full": "beard"},
    }
    scores = scorer(model, beard).score(pictures(1))
    assert scores.probabilities["facial_hair"][0] == pytest.approx([0.1, 0.2, 0.7])
    assert scores.values["facial_hair"].tolist() == [2]


@pytest.mark.parametrize(
    ("value", "output", "found"),
    [
        (np.log(4), {"attribute": "glasses", "classes": ["none", "glasses"]}, 1),
        (2 * np.log(4), {"attribute": "smile", "temperature": 2, "classes": [0, 1]}, 0.8),
        (0.3, {"attribute": "glasses", "gives": "probabilities",
               "classes": ["none", "glasses"]}, 0),
        (0.5, {"attribute": "age", "gives": "number", "scale": 100, "offset": -10}, 40),
        (7.0, {"attribute": "smile", "gives": "number"}, 1),
        (0.62, {"attribute": "skin_tone", "gives": "number", "scale": 10}, 6),
    ],
)  # fmt: skip
def test_one_value_is_a_number_or_the_second_of_two_classes(
    value: float, output: dict[str, Any], found: float, tmp_path: Path
) -> None:
    scores = scorer(constant(tmp_path / "a.onnx", y=[value]), output).score(pictures(1))
    assert scores.values[output["attribute"]].tolist() == [pytest.approx(found)]


def test_tones_are_the_likeliest_and_classes_of_a_number_average(tmp_path: Path) -> None:
    model = constant(tmp_path / "a.onnx", tone=[0.2, 0.5, 0.3], turn=[0.25, 0.25, 0.5])
    tone = {"attribute": "skin_tone", "output": "tone", "classes": ["1-4", "5-6", "7-10"]}
    turn = {"attribute": "yaw", "output": "turn", "classes": {"left": -40, "ahead": 0, "right": 40}}
    both = [one | {"gives": "probabilities"} for one in (tone, turn)]
    scores = scorer(model, *both).score(pictures(1))
    assert scores.probabilities["skin_tone"][0] == pytest.approx(
        [0.05] * 4 + [0.25] * 2 + [0.075] * 4
    )
    assert scores.values["skin_tone"].tolist() == [5]
    assert scores.values["yaw"].tolist() == [10]
    assert "yaw" not in scores.probabilities


@pytest.mark.parametrize(("batch", "laid"), [("N", {}), ("N", {"batch": 8}), (5, {})])
def test_a_score_never_depends_on_neighbours_or_place(
    batch: int | str, laid: dict[str, Any], tmp_path: Path
) -> None:
    reader = scorer(network(tmp_path / "a.onnx", batch), GENDER, AGE, **laid)
    images = pictures(19)
    together = reader.score(images).probabilities["age"]
    assert len({row.tobytes() for row in together}) == 19
    order = np.random.default_rng(1).permutation(19)
    assert np.array_equal(reader.score(images[order]).probabilities["age"], together[order])
    for i in (0, 7, 18):
        alone = reader.score(images[i : i + 1]).probabilities["age"][0]
        assert np.array_equal(alone, together[i])


def test_no_images_give_no_scores(tmp_path: Path) -> None:
    scores = scorer(network(tmp_path / "a.onnx"), GENDER, AGE).score(pictures(0))
    assert scores.probabilities["age"].shape == (0, 20)
    assert scores.values["gender_presentation"].shape == (0,)


def test_another_scorer_reads_the_rest(tmp_path: Path) -> None:
    model = network(tmp_path / "a.onnx")
    alone, both = scorer(model, GENDER), scorer(model, GENDER, rest=NullScorer())
    images = pictures(3)
    own, joined, rest = alone.score(images), both.score(images), NullScorer().score(images)
    assert own.values.keys() == {"gender_presentation"} == alone.attributes
    assert own.quality.keys() == {"sharpness", "clipped"} == alone.measures
    assert joined.values.keys() == rest.values.keys() == both.attributes
    assert joined.quality.keys() == rest.quality.keys() == both.measures
    name = "gender_presentation"
    assert np.array_equal(joined.probabilities[name], own.probabilities[name])
    assert np.array_equal(joined.values["age"], rest.values["age"])


def test_what_it_reads_as_a_number_has_no_probabilities_of_the_other_scorer(
    tmp_path: Path,
) -> None:
    age = {"attribute": "age", "gives": "number"}
    model = constant(tmp_path / "a.onnx", y=[33])
    scores = scorer(model, age, rest=NullScorer()).score(pictures(1))
    assert scores.values["age"].tolist() == [33]
    assert "age" not in scores.probabilities
    assert "skin_tone" in scores.probabilities


def test_the_digest_follows_model_card_and_the_other_scorer(tmp_path: Path) -> None:
    def digest(path: Path, output: dict[str, Any], rest: Scorer | None = None) -> str:
        return scorer(path, output, rest=rest).digest

    here, there = network(tmp_path / "a.onnx"), network(tmp_path / "b.onnx")
    other = network(tmp_path / "c.onnx", 5)
    same = digest(here, GENDER)
    assert same == digest(there, GENDER)
    changed = [digest(other, GENDER), digest(here, AGE), digest(here, GENDER, NullScorer())]
    assert len({same, *changed}) == 4


@pytest.mark.parametrize(
    ("output", "laid", "found"),
    [
        (GENDER, {"size": 32}, "input: NCHW of 32 px does not fit a.onnx, which takes [0, 3, 16, "),
        (GENDER, {"layout": "NHWC"}, "input: NHWC of 16 px does not fit a.onnx, which takes"),
        (GENDER | {"output": "logit"}, {}, "outputs.0.output: 'logit' is none of a.onnx; did you "
         "mean 'logits'?"),
        (GENDER | {"output": "y"}, {}, "outputs.0.output: 'y' is none of a.onnx; write one of log"),
        (GENDER | {"slice": [17, 19]}, {}, "outputs.0.slice: [17, 19] is not inside of the 18 "),
        (GENDER | {"slice": [7, 10]}, {}, "outputs.0.slice: 3 of the 18 values that a.onnx gives "
         "do not fit 2 classes; name all of them, or write another."),
        ({"attribute": "age", "gives": "number"}, {}, "outputs.0.slice: 18 of the 18 values that "
         "a.onnx gives are more than one number; or write another."),
        (GENDER | {"gives": "probabilities"}, {}, "outputs.0.gives: 'probabilities' does not fit"),
    ],
)  # fmt: skip
def test_a_card_that_does_not_fit_the_model_names_its_field(
    output: dict[str, Any], laid: dict[str, Any], found: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        scorer(network(tmp_path / "a.onnx"), output, **laid)
    line = str(caught.value)
    assert line.startswith(f"{tmp_path}/a.yaml: {found}")
    assert len(line.splitlines()) == 1


def test_a_fixed_batch_and_bytes_are_the_model_s_to_say(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"input\.batch: 8 does not fit a\.onnx, which takes 5 at"):
        scorer(network(tmp_path / "a.onnx", 5), GENDER, batch=8)
    with pytest.raises(SpecError, match=r"input\.range: 0\.\.1 does not fit .*, which takes bytes"):
        scorer(means(tmp_path / "b.onnx", kind="UINT8"), *numbers())
    with pytest.raises(SpecError, match=r"output: is missing, and c\.onnx has 2; write one of a"):
        scorer(constant(tmp_path / "c.onnx", a=[0, 1], b=[1]), GENDER)


def cut(path: Path) -> Path:
    network(path).write_bytes(network(path).read_bytes()[:300])
    return path


def words(path: Path) -> Path:
    text = helper.make_tensor("text", TensorProto.STRING, [1, 1], [b"run me"])
    node = helper.make_node("Constant", [], ["y"], value=text)
    return save(path, [node], [("y", [1, 1])], gives=TensorProto.STRING)


def squeezed(path: Path) -> Path:
    node = helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0)
    return save(path, [node], [("y", [])])


def broken(path: Path) -> Path:
    """Loads, and breaks off when it runs: its shape holds for no picture."""
    weights = {"shape": np.array([-1, 7], np.int64)}
    return save(
        path, [helper.make_node("Reshape", ["x", "shape"], ["y"])], [("y", ["N", 7])], weights
    )


def unknown(path: Path) -> Path:
    node = helper.make_node("Execute", ["x"], ["y"], domain="evil")
    return save(path, [node], [("y", ["N", 2])])


@pytest.mark.parametrize(
    ("write", "found"),
    [
        (cut, "is no ONNX file, or one cut off"),
        (lambda path: keep_elsewhere(network(path)), "keeps weights in other files; export it as"),
        (unknown, "is an ONNX model that does not run ("),
        (broken, "is an ONNX model that does not run ("),
        (words, "gives no numbers; export it with its logits as outputs."),
        (squeezed, "gives [] for 1 pictures; export it with one row a picture."),
        (lambda path: constant(path, y=[np.nan, 0]), "gives values that are not finite; check the"),
        (lambda path: means(path, kind="INT32"), "takes int32; export it with float or float16"),
        (lambda path: path, "cannot be read (No such file or directory); give an ONNX file."),
    ],
)
def test_a_hostile_or_broken_model_is_one_line(
    write: Callable[[Path], Path], found: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = write(tmp_path / "a.onnx")
    with pytest.raises(SpecError) as caught:
        scorer(model, {"attribute": "glasses", "classes": ["none", "glasses"]})
    line = str(caught.value)
    assert line.startswith(f"{model}: ")
    assert found in line
    assert len(line.splitlines()) == 1
    assert capfd.readouterr() == ("", "")


def test_a_model_that_fails_on_one_picture_stops_with_a_line(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("ReduceMean", ["flat"], ["mean"], axes=[1]),
        helper.make_node("Reciprocal", ["mean"], ["y"]),
    ]
    reader = scorer(
        save(tmp_path / "a.onnx", nodes, [("y", ["N", 1])]),
        {"attribute": "age", "gives": "number"},
    )
    assert reader.score(plain(51, 51, 51)).values["age"] == pytest.approx(5)
    with pytest.raises(SpecError, match="gives values that are not finite"):
        reader.score(plain(0, 0, 0))


def test_arrays_that_are_no_pictures_are_refused(tmp_path: Path) -> None:
    reader = scorer(network(tmp_path / "a.onnx"), GENDER)
    with pytest.raises(ValueError, match=r"takes uint8 \[B, H, H, 3\], H 48 or more"):
        reader.score(np.zeros((1, 64, 80, 3), np.uint8))


def test_size_is_the_card_s_where_the_model_takes_any(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["y"]),
    ]
    model = save(tmp_path / "a.onnx", nodes, [("y", ["N", 3])], shape=["N", 3, "H", "W"])
    path = card(tmp_path / "a.yaml", *numbers(), size=2 * SIZE, range="0..255")
    assert path.exists()
    scores = scorer(model, *numbers(), size=2 * SIZE, range="0..255").score(plain(1, 2, 3))
    assert scores.values["pitch"].tolist() == [3]


def test_scores_hold_what_the_contract_says(tmp_path: Path) -> None:
    scores: Scores = scorer(network(tmp_path / "a.onnx"), AGE, GENDER).score(pictures(4, 100))
    assert list(scores.values) == ["age", "gender_presentation"]
    assert scores.values["age"].dtype == np.float32
    assert scores.values["gender_presentation"].dtype == np.int64
    assert scores.landmarks is None
    for p in scores.probabilities.values():
        assert p.sum(1) == pytest.approx(1, abs=1e-6)
