"""Read the card of an ONNX scorer: what its input must look like and what its outputs mean."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.attributes.bins import Bin, attribute_named, parse_bin
from pipeline.attributes.taxonomy import BY_NAME, Attribute
from pipeline.errors import SpecError, key_fault, suggestion
from pipeline.yaml_file import read_yaml

Positive = Annotated[float, Field(gt=0)]
Label = Annotated[str, Field(max_length=80)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputCard(_Part):
    """How a picture is laid before the model.

    Levels 0..255 become `range`, from which `mean` is taken and which `std` then divides.
    """

    size: int = Field(ge=8, le=1024, description="width and height in px")
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    channels: Literal["RGB", "BGR"] = "RGB"
    range: Literal["-1..1", "0..1", "0..255"] = "0..1"
    mean: tuple[float, float, float] = Field((0, 0, 0), description="of the model's channels")
    std: tuple[Positive, Positive, Positive] = Field((1, 1, 1), description="likewise")
    batch: int | None = Field(
        None, ge=1, le=64, description="pictures a pass; else what the model is fixed to, or 1"
    )


class OutputCard(_Part):
    """What one output of the model, or a slice of it, says of one attribute.

    logits, probabilities: one value a class; of two classes one value will do, the second's
    (logits: before the sigmoid). number: the attribute itself, `scale * value + offset`.
    """

    attribute: str
    output: str | None = Field(None, description="its name; needless where the model has but one")
    slice: tuple[int, int] | None = Field(None, description="first value, and first one behind")
    gives: Literal["logits", "probabilities", "number"] = "logits"
    classes: dict[Label, Label] = Field(
        default_factory=dict,
        max_length=1000,
        description="the model's classes, in its order, to ours",
    )
    temperature: float = Field(1.0, ge=1e-3, le=1e3, description="what logits are divided by")
    scale: float = 1.0
    offset: float = 0.0

    @field_validator("classes", mode="before")
    @classmethod
    def _named(cls, classes: Any) -> Any:
        """Take a list where the model's classes are called as ours, and numbers as names."""
        if isinstance(classes, list):
            classes = {str(i): one for i, one in enumerate(classes)}
        if not isinstance(classes, dict):
            return classes
        return {
            str(theirs): str(ours) if isinstance(ours, int | float) else ours
            for theirs, ours in classes.items()
        }

    @model_validator(mode="after")
    def _check(self) -> "OutputCard":
        try:
            self._check_meaning()
        except SpecError as error:
            raise ValueError(error) from None
        return self

    def _check_meaning(self) -> None:
        try:
            attribute = attribute_named(self.attribute)
        except SpecError as error:
            raise SpecError(f"attribute: {error}") from None
        if self.slice is not None and not 0 <= self.slice[0] < self.slice[1]:
            raise SpecError(f"slice: {list(self.slice)} is empty; write [first, first one behind].")
        if self.gives == "number":
            self._check_number(attribute)
        else:
            self._check_classes(attribute)

    def _check_number(self, attribute: Attribute) -> None:
        if attribute.kind == "class":
            raise SpecError(
                f"gives: 'number' does not fit {attribute.name}, which has classes; "
                "write logits or probabilities."
            )
        if self.classes:
            raise SpecError("classes: a number has none; remove it, or write gives: logits.")
        if self.scale == 0:
            raise SpecError("scale: 0 makes every value the same; write another number.")
        if self.temperature != 1:
            raise SpecError("temperature: is of logits; write scale instead.")

    def _check_classes(self, attribute: Attribute) -> None:
        if len(self.classes) < 2:
            raise SpecError(
                "classes: must name every class of the model in its order, two or more; "
                "write model's: ours for each."
            )
        if self.scale != 1 or self.offset != 0:
            raise SpecError(
                "scale and offset: are of gives: number; remove them, or write temperature."
            )
        if self.temperature != 1 and self.gives == "probabilities":
            raise SpecError("temperature: is of logits; remove it, or write gives: logits.")
        for theirs, ours in self.classes.items():
            try:
                _meaning(attribute, ours)
            except SpecError as error:
                raise SpecError(f"classes.{theirs}: {error}") from None

    @property
    def meanings(self) -> "list[Bin | float]":
        """What each class of the model is: a bin of the attribute, or a value of it."""
        return [_meaning(BY_NAME[self.attribute], ours) for ours in self.classes.values()]

    @property
    def width(self) -> int:
        """How many values it has; of two classes one would do."""
        return 1 if self.gives == "number" else len(self.classes)


class ScorerCard(_Part):
    """Everything that the ONNX file does not say of itself."""

    about: str = Field("", max_length=4000, description="whose model it is, and its licence")
    input: InputCard
    outputs: tuple[OutputCard, ...] = Field(min_length=1, max_length=64)

    @model_validator(mode="after")
    def _check(self) -> "ScorerCard":
        names = [one.attribute for one in self.outputs]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"outputs: '{twice[0]}' is read twice; remove one of them.")
        return self

    @cached_property
    def attributes(self) -> frozenset[str]:
        """The attributes that the model reads."""
        return frozenset(one.attribute for one in self.outputs)


def read_card(path: Path) -> ScorerCard:
    """Read the YAML card of a scorer.

    Raises:
        SpecError: one sentence on the file and the first field that cannot be meant.
    """
    data = read_yaml(path, "scorer's card", "'input:' and 'outputs:'", foreign=True)
    try:
        return ScorerCard.model_validate(data)
    except ValidationError as error:
        raise SpecError(f"{path}: {_sentence(error)}") from None


def _meaning(attribute: Attribute, label: str) -> Bin | float:
    """What a class of the model is in our words: a bin, or a value where bins are ranges.

    Raises:
        SpecError: it is neither; names the attribute, the label and the mend.
    """
    if attribute.kind == "class":
        if label not in attribute.classes:
            listed = f"choose from {', '.join(attribute.classes)}."
            mend = suggestion(label, attribute.classes, listed)
            raise SpecError(f"'{label}' is no class of {attribute.name}; {mend}")
        return parse_bin(attribute.name, label)
    if attribute.integer:
        return parse_bin(attribute.name, label)
    try:
        value = float(label)
    except ValueError:
        value = float("nan")
    if not attribute.low <= value <= attribute.high:
        raise SpecError(
            f"'{label}' is no {attribute.name}; "
            f"write a number from {attribute.low:g} to {attribute.high:g}."
        )
    return value


def _sentence(error: ValidationError) -> str:
    """The first fault as field, value and mend."""
    fault = error.errors()[0]
    where = [str(part) for part in fault["loc"]]
    field = ".".join(where) or "card"
    told = key_fault(fault["type"], field, where, "scorer's card", _keys_beside)
    if told is not None:
        return told
    if fault["type"] == "value_error":  # ours: it names a field of what stands there
        return ".".join([*where, str(fault["ctx"]["error"])])
    mend = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{field}: {repr(fault['input'])[:80]} does not fit; {mend}."


def _keys_beside(where: Sequence[str]) -> list[str]:
    parts: dict[str, type[BaseModel]] = {"input": InputCard, "outputs": OutputCard}
    model = parts.get(where[0], ScorerCard) if len(where) > 1 else ScorerCard
    return list(model.model_fields)
