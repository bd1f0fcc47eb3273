"""Say which model scores a job, as its spec has it."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from pipeline.models.addresses import absolute, shown


class ScorerSpec(BaseModel):
    """An ONNX model to score with, and the card that says what its outputs mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1, description="path or URI of the ONNX file")
    card: str = Field(min_length=1, description="path or URI of the YAML that describes it")
    rest: Literal["builtin:heads", "builtin:null"] | None = Field(
        None, description="who reads what the model does not; else that stays empty"
    )

    @property
    def name(self) -> str:
        """The model's address as it may be shown and stored: without what grants access."""
        return shown(self.model)

    def shown(self) -> Self:
        """The same with addresses as they may be stored."""
        return self.model_copy(update={"model": shown(self.model), "card": shown(self.card)})

    def absolute(self) -> Self:
        """The same from any folder: a worker's is another than the user's.

        Raises:
            SpecError: an address cannot be meant.
        """
        places = {
            "model": absolute(self.model, "scorer.model"),
            "card": absolute(self.card, "scorer.card"),
        }
        return self.model_copy(update=places)
