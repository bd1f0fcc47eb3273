"""Say which checkpoint a job generates from, as its spec has it."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from pipeline.storage import parse_uri

_DIGEST = "#sha256="


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
        return re.sub(r"://[^/]*@", "://", self.checkpoint.partition("?")[0])

    def absolute(self) -> Self:
        """The same from any folder: a worker's is another than the user's.

        Raises:
            SpecError: the address cannot be meant.
        """
        if re.match(r"(?i)(s3|https?)://", self.checkpoint):
            return self
        address, mark, digest = self.checkpoint.partition(_DIGEST)
        uri = parse_uri(address, "generator.checkpoint").uri
        return self.model_copy(update={"checkpoint": uri + mark + digest})
