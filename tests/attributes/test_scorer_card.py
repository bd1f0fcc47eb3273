"""A scorer's card says what a model's outputs mean, or one line says what is wrong with it."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.attributes.bins import Bin
from pipeline.attributes.scorer_card import read_card
from pipeline.errors import SpecError

GLASSES: dict[str, Any] = {"attribute": "glasses", "classes": {"no": "none", "yes": "glasses"}}
BASE: dict[str, Any] = {"input": {"size": 224}, "outputs": [GLASSES]}
EXAMPLES = sorted((Path(__file__).parents[2] / "jobs" / "scorers").glob("*.yaml"))


def write(path: Path, document: Any) -> Path:
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return path


def outputs(**changes: Any) -> dict[str, Any]:
    return BASE | {"outputs": [GLASSES | changes]}


TWO = {"attribute": "glasses", "classes": ["none", "glasses"]}
AGE = {"attribute": "age", "classes": ["0-49", "50-99"]}


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (BASE | {"ouputs": []}, "ouputs: is no key of a scorer's card; did you mean 'outputs'?"),
        ({"outputs": [GLASSES]}, "input: is missing; every scorer's card needs it."),
        (BASE | {"outputs": []}, "outputs: [] does not fit; tuple should have at least 1 item"),
        (BASE | {"input": {"size": 0}}, "input.size: 0 does not fit; input should be greater"),
        (BASE | {"input": {"size": 64, "layout": "HWC"}}, "input.layout: 'HWC' does not fit"),
        (BASE | {"input": {"size": 64, "men": 1}}, "input.men: is no key of a scorer's card; did "
         "you mean 'mean'?"),
        (BASE | {"input": {"size": 64, "mean": [0, 0]}}, "input.mean.2: is missing; every scor"),
        (BASE | {"input": {"size": 64, "std": [1, 0, 1]}}, "input.std.1: 0 does not fit; input "),
        (BASE | {"input": {"size": 64, "mean": [0, 0, float("nan")]}}, "input.mean.2: nan does no"),
        (outputs(attribute="glases"), "outputs.0.attribute: Attribute 'glases' is unknown; did you "
         "mean 'glasses'?"),
        (outputs(classes={"no": "none", "yes": "glases"}), "outputs.0.classes.yes: 'glases' is no "
         "class of glasses; did you mean 'glasses'?"),
        (outputs(classes={"no": "none", "yes": "shades"}), "outputs.0.classes.yes: 'shades' is no "
         "class of glasses; choose from none, glasses."),
        (outputs(classes=["none"]), "outputs.0.classes: must name every class of the model"),
        (outputs(classes={}), "outputs.0.classes: must name every class of the mod"),
        (outputs(classes=[["none"], "glasses"]), "outputs.0.classes.0: ['none'] does not fit"),
        (outputs(classes="none"), "outputs.0.classes: 'none' does not fit; input should be"),
        (outputs(gives="number"), "outputs.0.gives: 'number' does not fit glasses, which has clas"),
        (outputs(gives="softmax"), "outputs.0.gives: 'softmax' does not fit; input should be 'log"),
        (outputs(slice=[3, 3]), "outputs.0.slice: [3, 3] is empty; write [first, first on"),
        (outputs(slice=[-2, 3]), "outputs.0.slice: [-2, 3] is empty; write [first, first one behi"),
        (outputs(temperature=0), "outputs.0.temperature: 0 does not fit; input should be greater"),
        (outputs(gives="probabilities", temperature=2), "outputs.0.temperature: is of logits"),
        (outputs(scale=2), "outputs.0.scale and offset: are of gives: number; remove them, or"),
        (BASE | {"outputs": [GLASSES, TWO]}, "outputs: 'glasses' is read twice; remove one of"),
        (BASE | {"outputs": [AGE | {"classes": ["0-49", "50-120"]}]}, "outputs.0.classes.1: age: "
         "120 in bin '50-120' is outside its range; stay between 0 and 99 years."),
        (BASE | {"outputs": [AGE | {"classes": ["young", "old"]}]}, "outputs.0.classes.0: age: "),
        (BASE | {"outputs": [AGE | {"gives": "number"}]}, "outputs.0.classes: a number has none; "),
        (BASE | {"outputs": [{"attribute": "age", "gives": "number", "scale": 0}]}, "outputs.0.sc"),
        (BASE | {"outputs": [{"attribute": "smile", "classes": ["no", "yes"]}]}, "outputs.0.classes"
         ".0: 'no' is no smile; write a number from 0 to 1."),
        (BASE | {"outputs": [{"attribute": "smile", "classes": [0, "nan"]}]}, "outputs.0.classes."),
        (BASE | {"outputs": [7]}, "outputs.0: 7 does not fit; input should be a valid dictionary"),
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_meant_names_file_field_value_and_mend(
    document: Any, line: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "card.yaml", document)
    with pytest.raises(SpecError) as caught:
        read_card(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: {line}")
    assert len(said.splitlines()) == 1
    assert len(said) < len(str(path)) + 300


BOMB = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [*{last}, *{last}]\n" for last, name in pairwise("abcdefghi")
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- a list", "holds no scorer's card; start with 'input:' and 'outputs:'."),
        ("", "holds no scorer's card"),
        ("input: {", "is not YAML"),
        ("input: !!python/object/apply:os.system [id]", "is not YAML in line 1: could not determ"),
        (BOMB, "is not YAML in line 2: aliases are not taken."),
        ("[" * 100_000, "is not YAML: it is nested too deeply."),
        ("input: 2024-13-45", "is not YAML: month must be in 1..12"),
        ("#" * (1 << 21), "is too large for a scorer's card; give another file."),
        ("a: \x00", "is not YAML"),
    ],
)
def test_a_file_that_is_no_card_is_one_line(text: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read_card(write(tmp_path / "card.yaml", text))
    assert found in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_card_that_is_not_there_or_no_text_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"cannot be read \(No such file or directory\); give"):
        read_card(tmp_path / "card.yaml")
    (tmp_path / "card.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"cannot be read \(it is not UTF-8 text\)"):
        read_card(tmp_path / "card.yaml")


def test_classes_keep_the_model_s_order_whatever_they_are_called(tmp_path: Path) -> None:
    text = (
        "input: {size: 64}\n"
        "outputs:\n"
        "  - {attribute: glasses, classes: {no: none, yes: glasses}}\n"
        "  - {attribute: age, classes: {3: 0-9, 1: 10-99}}\n"
        "  - {attribute: yaw, classes: [-45, 0, 45]}\n"
    )
    glasses, age, yaw = read_card(write(tmp_path / "card.yaml", text)).outputs
    assert list(glasses.classes.values()) == ["none", "glasses"]
    assert [one.low for one in age.meanings if isinstance(one, Bin)] == [0, 10]
    assert yaw.meanings == [-45, 0, 45]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_sound(path: Path) -> None:
    assert read_card(path).attributes


def test_there_are_examples() -> None:
    assert EXAMPLES


def test_the_card_in_the_documentation_is_sound(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "scorers.md"
    blocks = page.read_text().split("```yaml\n")[1:]
    (card,) = [block.partition("```")[0] for block in blocks if block.startswith("about:")]
    found = read_card(write(tmp_path / "card.yaml", card))
    assert found.attributes == {"gender_presentation", "age"}
