"""Say which checkpoint a job generates from, as its spec has it."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from pipeline.models.addresses import absolute, shown


class GeneratorSpec(BaseModel):
    """A checkpoint to generate from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checkpoint: str = Field(min_length=1, description="path or URI of the checkpoint")
    kind: Literal["stylegan2", "stylegan3", "onnx"] | None = Field(
        None, description="what it must hold; else whatever it holds"
    )
    truncation: float = Field(1.0, gt=0, le=1, description="psi of the truncation trick")
    label: int | None = Field(None, ge=0, description="class of a conditional network; else 0")

    @property
    def name(self) -> str:
        """The address as it may be shown and stored: without what grants access."""
        return shown(self.checkpoint)

    @property
    def onnx(self) -> bool:
        """Whether it is an ONNX model, as its name says."""
        return self.name.endswith(".onnx")

    def absolute(self) -> Self:
        """The same from any folder: a worker's is another than the user's.

        Raises:
            SpecError: the address cannot be meant.
        """
        uri = absolute(self.checkpoint, "generator.checkpoint")
        return self.model_copy(update={"checkpoint": uri})
