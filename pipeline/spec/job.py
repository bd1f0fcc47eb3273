"""A job spec: what is wanted, from which generator, balanced how, written where."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from pipeline.attributes.bins import Bin, overlap, parse_bins
from pipeline.attributes.changes import ALONG, Changes, combined, label_of
from pipeline.attributes.scorer_spec import ScorerSpec
from pipeline.errors import SpecError
from pipeline.generators.bundled import NETWORKS
from pipeline.generators.checkpoint_spec import GeneratorSpec
from pipeline.sampling.acceptance import Limits
from pipeline.sampling.targets import Target, named_in, parse_balance
from pipeline.spec.schema import BALANCE_SCHEMA, VARIATIONS_SCHEMA, WHERE_SCHEMA
from pipeline.storage import check_endpoint, parse_uri

EDITABLE = ("builtin:heads",)
"""Generators that change their people by parameters of their own; others do by directions."""

MODELLERS = ("builtin:heads",)
"""Generators that know the truth about their pixels."""

Builtin = Literal["builtin:heads", "builtin:stylegan2-heads", "builtin:null"]

BUILTINS: tuple[str, ...] = get_args(Builtin)

Extra = Literal["landmarks", "segmentation", "alpha", "depth"]
"""A file beside each image with something that its generator knows of it."""

CALIBRATION_DRAWS = 20_000
"""Natural draws that teach a surrogate enough."""

DIRECTION_DRAWS = 5_000
"""Natural draws, at least, that latent directions are fitted to where the spec does not say."""

FEWEST_CALIBRATED = 1_000
"""Faces of a job from which a calibration pays."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ImageSpec(_Part):
    """What every image file is."""

    size: int = Field(256, ge=64, le=1024, description="width and height in px")
    format: Literal["jpeg", "png", "webp"] = "jpeg"
    quality: int = Field(95, ge=1, le=100, description="of JPEG and WebP; WebP 100 is lossless")
    background: str = Field(
        "scene",
        pattern=r"^(scene|transparent|#[0-9a-fA-F]{6})$",
        description="scene: the generator's own; transparent: an alpha channel; or #rrggbb",
    )

    @model_validator(mode="after")
    def _check(self) -> "ImageSpec":
        if self.background == "transparent" and self.format == "jpeg":
            raise SpecError(
                "image.background: 'transparent' needs an alpha channel, which jpeg does not "
                "have; set image.format to png or webp."
            )
        return self


class QualitySpec(_Part):
    """Limits on what the scorer measures besides attributes."""

    min_sharpness: float = Field(0.0, ge=0, le=1)
    max_clipped: float = Field(1.0, ge=0, le=1, description="share of black or white pixels")
    min_skin_share: float = Field(0.0, ge=0, le=1, description="share of pixels read as skin")
    min_realism: float = Field(0.0, ge=0, le=1, description="1: a proper face; 0: none, or broken")
    min_confidence: float = Field(0.0, ge=0, lt=1, description="probability of the ordered cell")


class OutputSpec(_Part):
    """Where the catalog is written."""

    uri: str
    endpoint: str | None = Field(None, description="of an S3 server; else AWS_ENDPOINT_URL")


class JobSpec(_Part):
    """A job: `count` faces, or people in several pictures each, balanced, in one catalog."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,79}$")
    count: int = Field(ge=1, le=1_000_000_000, description="how many faces: people, that is")
    seed: int = Field(0, ge=0, lt=2**63)
    generator: Builtin | GeneratorSpec = "builtin:heads"
    scorer: Literal["builtin:heads", "builtin:null"] | ScorerSpec = "builtin:heads"
    balance: Annotated[dict[str, Any], WithJsonSchema(BALANCE_SCHEMA)] = Field(default_factory=dict)
    where: Annotated[dict[str, Any], WithJsonSchema(WHERE_SCHEMA)] = Field(default_factory=dict)
    variations: Annotated[dict[str, Any], WithJsonSchema(VARIATIONS_SCHEMA)] = Field(
        default_factory=dict
    )
    image: ImageSpec = ImageSpec()
    extras: tuple[Extra, ...] = Field(
        (),
        description="files beside each image with what the generator knows of it",
        json_schema_extra={"uniqueItems": True},
    )
    quality: QualitySpec = QualitySpec()
    output: str | OutputSpec = Field(description="./dir, file:///dir or s3://bucket/prefix")
    layout: Literal["files", "packs"] = "files"
    shard_size: int = Field(1000, ge=1, le=10_000, description="faces to a shard")
    batch_size: int = Field(16, ge=1, le=512, description="images to a render call")
    calibration: Annotated[
        Literal["auto", "off"] | Annotated[int, Field(ge=500, le=100_000)],
        BeforeValidator(lambda value: "off" if value is False else value),  # YAML's bare `off`
    ] = Field("auto", description="natural draws scored first, so that latents can be screened")
    preview_size: int = Field(64, ge=0, le=1024, description="px of previews; 0 for none")
    max_attempts: int = Field(20_000, ge=1, description="candidates to a slot before giving up")
    workers: Literal["auto"] | Annotated[int, Field(ge=1, le=10_000)] = "auto"
    license: str = Field("all rights reserved", description="how the catalog may be used")

    @model_validator(mode="after")
    def _check(self) -> "JobSpec":
        parse_uri(self.location.uri)
        if self.location.endpoint is not None:
            check_endpoint(self.location.endpoint)
        _check_overlap(self.target, self.limits.where)
        self.target.check_floor(self.count)
        self._check_extras()
        self._check_variations()
        return self

    def _check_extras(self) -> None:
        """Refuse repeats, and truths about pixels from a generator that knows none."""
        twice = [one for one in self.extras if self.extras.count(one) > 1]
        if twice:
            raise SpecError(f"extras: '{twice[0]}' stands twice; remove one of them.")
        if self.generator_name in MODELLERS:
            return
        wanted = {
            "image.background": "" if self.image.background == "scene" else self.image.background,
            "extras": ", ".join(self.extras),
        }
        for field, value in wanted.items():
            if value:
                raise SpecError(
                    f"{field}: '{value}' needs a generator that models what it draws, and "
                    f"{self.generator_name} does not; remove it, or set generator to "
                    f"{' or '.join(MODELLERS)}."
                )

    def _check_variations(self) -> None:
        """Refuse what cannot be changed, and limits that the changed pictures cannot keep."""
        if not self.varied:
            return
        if not self.steered:
            self._check_editable()
        elif self.calibration == "off":
            raise SpecError(
                f"calibration: 'off' leaves {self.generator_name} without the latent directions "
                "that variations need; remove it, or remove variations."
            )
        for name in self.limits.where:
            if name in self.loose:
                raise SpecError(
                    f"where.{name}: limits every picture, and variations change it; "
                    f"remove it, or limit people by balance: {{{name}: [BIN]}} instead."
                )

    def _check_editable(self) -> None:
        """Refuse what parameters cannot bring about."""
        from pipeline.generators.heads_edit import check_editable, check_reached

        for changes in self.varied:
            check_editable(changes, "variations")
            for axis in self.target.axes:
                if axis.attribute in changes:
                    check_reached(changes[axis.attribute], axis.bins, "variations")

    @property
    def generator_name(self) -> str:
        """The built-in generator's name, or the checkpoint's address."""
        return self.generator if isinstance(self.generator, str) else self.generator.name

    @property
    def scorer_name(self) -> str:
        """The built-in scorer's name, or the model's address."""
        return self.scorer if isinstance(self.scorer, str) else self.scorer.name

    @property
    def networked(self) -> bool:
        """Whether a network draws: a checkpoint, or one that comes with populace."""
        return not isinstance(self.generator, str) or self.generator in NETWORKS

    @property
    def first_look(self) -> int:
        """Px at which candidates are looked at before they are rendered; 0: never.

        A network's small picture costs as much as its large one.
        """
        smaller = self.preview_size < self.image.size
        return self.preview_size if smaller and not self.networked else 0

    @property
    def calibration_draws(self) -> int:
        """Natural draws to score before the job; 0 for none.

        `auto` means as many as the job has faces, at most CALIBRATION_DRAWS, where they can pay: a
        network has no cheap previews, and only what is balanced or limited is screened. For
        generators that are no networks it means none beside what is bundled. Latent directions
        need DIRECTION_DRAWS or more.
        """
        if isinstance(self.calibration, int):
            return self.calibration
        if self.steered:
            return min(max(self.count, DIRECTION_DRAWS), CALIBRATION_DRAWS)
        screened = bool(self.target.axes or self.limits.where)
        pays = screened and self.count >= FEWEST_CALIBRATED and self.networked
        return min(self.count, CALIBRATION_DRAWS) if self.calibration == "auto" and pays else 0

    @property
    def caution(self) -> str | None:
        """What its user should know before the job runs, in one sentence."""
        field, reader = (
            ("scorer", self.scorer)
            if isinstance(self.scorer, str)
            else ("scorer.rest", self.scorer.rest)
        )
        if not self.networked or reader != "builtin:heads":
            return None
        if self.generator in NETWORKS:
            return (
                f"{field}: builtin:heads learned from the renderer's pictures; on those of "
                f"{self.generator_name} it errs more, as the network's model card says."
            )
        return (
            f"{field}: builtin:heads reads pictures of builtin:heads; "
            f"its scores mean nothing on those of {self.generator_name}."
        )

    def from_anywhere(self) -> "JobSpec":
        """The same job, read in another folder or on another machine."""
        models = {"generator": self.generator, "scorer": self.scorer}
        moved = {n: one.absolute() for n, one in models.items() if not isinstance(one, str)}
        return self.model_copy(update=moved)

    @property
    def location(self) -> OutputSpec:
        """Where the catalog is written, in full."""
        return OutputSpec(uri=self.output) if isinstance(self.output, str) else self.output

    @property
    def takes_gpu(self) -> bool:
        """Whether any of its networks takes a GPU where a machine has one.

        Scorers that come with populace never do.
        """
        onnx = not isinstance(self.generator, str) and self.generator.onnx
        if self.networked and not onnx:
            return True
        if not onnx and isinstance(self.scorer, str):
            return False
        from pipeline.models.device import onnx_takes_gpu  # loads torch

        return onnx_takes_gpu()

    @cached_property
    def target(self) -> Target:
        """The wanted share of every cell."""
        return parse_balance(self.balance)

    @cached_property
    def varied(self) -> tuple[Changes, ...]:
        """What changes in each picture of a person; empty where there is one, as the person is."""
        return combined(self.variations, "variations")

    @property
    def steered(self) -> bool:
        """Whether people are varied by latent directions."""
        return bool(self.varied) and self.generator_name not in EDITABLE

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Every variation in words: `age=+20, expression=smile`."""
        return tuple(label_of(changes) for changes in self.varied)

    @cached_property
    def loose(self) -> frozenset[str]:
        """Attributes that variations set or that go along: cells order them of the person only."""
        if not self.varied:
            return frozenset()
        names = self.varied[0]
        return frozenset(names).union(*(ALONG.get(name, ()) for name in names))

    def held(self, cell: Sequence[Bin]) -> tuple[Bin, ...]:
        """The bins of a cell that each picture must lie in, and not only the person."""
        return tuple(one for one in cell if one.attribute not in self.loose)

    @property
    def per_person(self) -> int:
        """Pictures of each person."""
        return max(1, len(self.varied))

    @property
    def pictures(self) -> int:
        """Pictures in all: rows of the manifest."""
        return self.count * self.per_person

    @cached_property
    def limits(self) -> Limits:
        """What every face must satisfy, whatever its cell."""
        where = {name: _where_bins(name, value) for name, value in self.where.items()}
        bounds = self.quality.model_dump()
        low, high = (
            {name.removeprefix(p): v for name, v in bounds.items() if name.startswith(p)}
            for p in ("min_", "max_")
        )
        return Limits(where, low, high)

    @property
    def shards(self) -> int:
        """How many shards the job has."""
        return -(-self.count // self.shard_size)

    @property
    def digest(self) -> str:
        """sha256 (hex) of all that decides which faces come out, and not of where or how fast.

        Checkpoints and scorers' files count by their own digests, wherever they lie.
        """
        content = self.model_dump(mode="json", exclude={"output", "workers"})
        if content["calibration"] == "auto":
            del content["calibration"]  # as if it were not written: specs before it have the same
        if not self.varied:
            del content["variations"]
        if isinstance(content["generator"], dict):
            del content["generator"]["checkpoint"], content["generator"]["kind"]
        if isinstance(content["scorer"], dict):
            del content["scorer"]["model"], content["scorer"]["card"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _where_bins(name: str, value: Any) -> tuple[Bin, ...]:
    named_in("where", name)
    try:
        labels = value if isinstance(value, list) else [value]
        return parse_bins(name, [str(label) for label in labels])
    except SpecError as error:
        raise SpecError(f"where.{error}") from None


def _check_overlap(target: Target, where: Mapping[str, Sequence[Bin]]) -> None:
    """Refuse a bin that `where` leaves empty: no face could ever fill it."""
    for axis in target.axes:
        allowed = where.get(axis.attribute, axis.bins)
        for one in axis.bins:
            if not any(overlap(one, other) for other in allowed):
                raise SpecError(
                    f"balance.{axis.attribute}: bin '{one.label}' lies outside "
                    f"where.{axis.attribute} ({', '.join(b.label for b in allowed)}); "
                    "remove the bin or widen the limit."
                )
