"""Read a training spec: which network, from which pictures, how long and how fast."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import SpecError, key_fault
from pipeline.generators.heads.layout import LATENT_SIZE
from pipeline.generators.stylegan2.config import Config
from pipeline.models.addresses import shown
from pipeline.yaml_file import read_yaml

HEADS = "builtin:heads"

LEAST_CHANNELS = 4
"""Of a layer."""


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False
    )


class NetworkSpec(_Part):
    """The generator; the discriminator has its resolution and channels.

    With `from` it is that one's, but for a `resolution` to grow to.
    """

    resolution: int = Field(64, ge=8, le=1024, description="px, a power of two")
    channel_base: int = Field(4096, ge=16, description="a layer at r px has base / r channels")
    channel_max: int = Field(160, ge=4, le=1024, description="and no more than so many")
    z_dim: int = Field(128, ge=8, le=4096, description="length of the latent")
    w_dim: int = Field(256, ge=8, le=4096, description="length of w")
    mapping_layers: int = Field(4, ge=1, le=16, description="fully connected layers from z to w")
    mapping_rate: float = Field(0.01, gt=0, le=1, description="their learning rate, relative")

    @model_validator(mode="after")
    def _check(self) -> "NetworkSpec":
        if self.resolution & (self.resolution - 1):
            raise SpecError(
                f"network.resolution: {self.resolution} is no power of two; write 32, 64, 128 …"
            )
        least = LEAST_CHANNELS * self.resolution
        if self.channel_base < least:
            raise SpecError(
                f"network.channel_base: {self.channel_base} leaves fewer than {LEAST_CHANNELS} "
                f"channels at {self.resolution} px; write {least} or more."
            )
        return self

    @property
    def config(self) -> Config:
        """The network's description."""
        return Config(**self.model_dump())


class DataSpec(_Part):
    """The pictures to learn from."""

    source: str = Field(HEADS, min_length=1, description="builtin:heads, a folder or a catalog")
    count: int = Field(50_000, ge=1, description="of builtin:heads: how many to render")
    seed: int = Field(0, ge=0, lt=2**63, description="of builtin:heads: which ones")
    first: int = Field(
        0, ge=0, description="of builtin:heads: learn as soon as so many are rendered; 0: all"
    )
    growth: float = Field(
        0.1, gt=0, le=10, description="then each pass has such a share more than the last"
    )
    workers: int = Field(1, ge=1, le=1024, description="processes that render or decode")
    keep: str | None = Field(None, description="folder of the prepared pictures; else TO/data")
    mirror: bool = Field(False, description="learn from each picture's mirror image, too")


class RegressSpec(_Part):
    """First stage: draw the very picture that the renderer draws of a latent."""

    kimg: float = Field(0, ge=0, description="length in thousands of pictures; 0: no such stage")
    batch: int = Field(64, ge=1, le=4096)
    rate: float = Field(2.5e-3, gt=0, le=1, description="Adam's; warmed up, then half a cosine")
    beta1: float = Field(0.9, ge=0, lt=1)
    focus: float = Field(5.0, ge=1, description="weight of eyes, mouth and glasses")
    setting: float = Field(1.0, ge=0, le=1, description="weight of backdrop and clothes")
    features: float = Field(
        0.0, ge=0, description="weight of the frozen scorer's features in the loss"
    )


class AugmentSpec(_Part):
    """What the discriminator sees: pictures augmented with probability p."""

    p: float | None = Field(None, ge=0, le=1, description="fixed; else adapted to the target")
    target: float = Field(0.6, gt=0, lt=1, description="mean sign of the scores of real pictures")
    kimg: float = Field(500, gt=0, description="in so many thousand pictures p may go from 0 to 1")


class AdversarialSpec(_Part):
    """Second stage: fool a discriminator."""

    kimg: float = Field(0, ge=0, description="length in thousands of pictures; 0: no such stage")
    batch: int = Field(32, ge=2, le=4096)
    generator_rate: float = Field(2e-3, gt=0, le=1)
    discriminator_rate: float = Field(2e-3, gt=0, le=1)
    beta1: float = Field(0.0, ge=0, lt=1, description="of both Adams")
    r1_gamma: float = Field(1.0, ge=0, description="weight of the gradient penalty")
    r1_interval: int = Field(16, ge=1, description="steps between gradient penalties")
    path_length_weight: float = Field(2.0, ge=0, description="0: no such penalty")
    path_length_interval: int = Field(4, ge=1, description="steps between path-length penalties")
    style_mixing: float = Field(0.0, ge=0, le=1, description="share of pictures of two latents")
    anchor: float = Field(
        1.0, ge=0, description="of builtin:heads: weight of the first stage's loss"
    )
    augment: AugmentSpec = AugmentSpec()


class MetricsSpec(_Part):
    """How the finished network is judged."""

    count: int = Field(2_000, ge=0, description="pictures of either kind; 0: not at all")
    kimg: float = Field(0, ge=0, description="thousands of pictures between looks; 0: at the end")
    seed: int = Field(0, ge=0, lt=2**63)


class GanSpec(_Part):
    """A training run."""

    network: NetworkSpec = NetworkSpec()
    data: DataSpec = DataSpec()
    regress: RegressSpec = RegressSpec()
    adversarial: AdversarialSpec = AdversarialSpec()
    ema_half_life: float = Field(10.0, gt=0, description="of the average weights, 1000 pictures")
    clip: float = Field(5.0, gt=0, description="largest norm of a gradient")
    precision: Literal["bf16", "fp32"] = Field("bf16", description="of features")
    seed: int = Field(0, ge=0, lt=2**31)
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: CUDA where it is")
    devices: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = Field(
        1, description="that share each batch, a process each; auto: all CUDA cards"
    )
    threads: int = Field(1, ge=1, le=1024, description="of the arithmetic; others round otherwise")
    compile: bool = Field(
        False, description="fuse the arithmetic; needs a C++ compiler, rounds otherwise"
    )
    checkpoint_kimg: float = Field(10.0, gt=0, description="thousands of pictures between states")
    sample_kimg: float = Field(20.0, gt=0, description="thousands of pictures between grids")
    metrics: MetricsSpec = MetricsSpec()
    start: str | None = Field(None, alias="from", description="checkpoint to begin with")
    start_discriminator: str | None = Field(
        None, alias="from_discriminator", description="discriminator to begin with"
    )
    to: str = Field(min_length=1, description="the run's folder")

    @model_validator(mode="after")
    def _check(self) -> "GanSpec":
        if not self.regress.kimg and not self.adversarial.kimg:
            raise SpecError("regress.kimg: 0, as is adversarial.kimg; give one of them a length.")
        if self.start is not None and (own := self.network.model_fields_set - {"resolution"}):
            raise SpecError(
                f"network.{min(own)}: is that of 'from', of which only the resolution may change; "
                "remove it."
            )
        if self.data.source == HEADS:
            if self.data.mirror:
                raise SpecError("data.mirror: true does not fit builtin:heads, whose latents know "
                                "left from right; remove it.")  # fmt: skip
            if self.adversarial.style_mixing and self.adversarial.anchor:
                raise SpecError(
                    f"adversarial.style_mixing: {self.adversarial.style_mixing:g} mixes people, "
                    "whom adversarial.anchor holds to their pictures; set one of them to 0."
                )
            if self.start is None and self.network.z_dim < LATENT_SIZE:
                raise SpecError(
                    f"network.z_dim: {self.network.z_dim} is too short for the latents of "
                    f"builtin:heads; write {LATENT_SIZE} or more."
                )
        elif self.regress.kimg:
            raise SpecError(
                f"regress.kimg: {self.regress.kimg:g} needs pictures whose latents are known; "
                "write 0, or data.source: builtin:heads."
            )
        return self

    @property
    def grows_to(self) -> int | None:
        """Resolution, px, that the network of `from` is to have; None: its own."""
        return self.network.resolution if "resolution" in self.network.model_fields_set else None

    @property
    def regress_steps(self) -> int:
        """Steps of the first stage."""
        return round(1000 * self.regress.kimg / self.regress.batch + 0.499)

    @property
    def steps(self) -> int:
        """Steps of both stages."""
        return self.regress_steps + round(
            1000 * self.adversarial.kimg / self.adversarial.batch + 0.499
        )

    def images(self, step: int) -> int:
        """Pictures learned from before a step."""
        first = min(step, self.regress_steps)
        return first * self.regress.batch + (step - first) * self.adversarial.batch

    def check_shares(self, count: int) -> None:
        """Refuse, by SpecError, batches that so many devices cannot share evenly.

        The discriminator compares four pictures with each other; those must be on one device.
        """
        if count > 1 and self.data.first:
            raise SpecError(
                f"data.first: {self.data.first} is for one device; write 0 to train on {count}."
            )
        stages = (("regress", self.regress, 1), ("adversarial", self.adversarial, 4))
        for name, stage, group in stages:
            least = group * count
            if count > 1 and stage.kimg and stage.batch % least:
                raise SpecError(
                    f"{name}.batch: {stage.batch} cannot be shared evenly among {count} devices; "
                    f"write {-(-stage.batch // least) * least} or another multiple of {least}."
                )

    def plain(self) -> dict[str, Any]:
        """As plain values, to be stored: an address without what grants access.

        Of `network` with `from` only what it grows to.
        """
        content = self.model_dump(mode="json", by_alias=True)
        if self.start is not None:
            content["network"] = self.network.model_dump(exclude_unset=True)
        content["from"] = self.start and shown(self.start)
        return content

    @property
    def digest(self) -> str:
        """sha256 (hex) of all that decides how a step goes.

        The second stage has no schedule: a longer run goes on from a shorter one.
        """
        later = {"to", "device", "devices", "threads", "compile"}
        later |= {"checkpoint_kimg", "sample_kimg", "metrics"}
        content = self.model_dump(mode="json", exclude=later)
        del content["adversarial"]["kimg"], content["data"]["workers"], content["data"]["keep"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_gan_spec(path: Path) -> GanSpec:
    """Read a YAML training spec.

    Raises:
        SpecError: the file or a field cannot be meant; names it and the mend.
    """
    data = read_yaml(path, "training spec", "'data:', 'regress:', 'to:'")
    return parse_gan_spec(data)


def parse_gan_spec(data: Mapping[str, Any]) -> GanSpec:
    """Validate a training spec.

    Raises:
        SpecError: one sentence on the first field that cannot be meant.
    """
    try:
        return GanSpec.model_validate(dict(data))
    except ValidationError as error:
        raise SpecError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    """The first fault as field, value and mend."""
    fault = error.errors()[0]
    where = [str(part) for part in fault["loc"]]
    field = ".".join(where) or "spec"
    told = key_fault(fault["type"], field, where, "training spec", _keys_beside)
    if told is not None:
        return told
    mend = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{field}: {fault['input']!r} does not fit; {mend}."


def _keys_beside(where: list[str]) -> list[str]:
    model: type[BaseModel] = GanSpec
    for name in where[:-1]:
        part = model.model_fields[name].annotation
        assert isinstance(part, type)
        model = part
    return [field.alias or name for name, field in model.model_fields.items()]
