"""Say what requests about catalogs hold, and what the answers do: for checking, and for OpenAPI."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline.catalog.balance import Method

MOST_DRAWN = 100_000
"""Faces to a draw."""

MOST_LETTERS = 4_000
"""Of a condition, and of a list of columns."""


class CatalogEntry(BaseModel):
    """A catalog in a few words."""

    name: str = Field(description="by which it is asked for here")
    title: str = Field(description="the name of its job")
    count: int = Field(description="how many faces it holds")
    bytes: int | None
    licence: str | None
    sealed_at: str | None
    content_digest: str | None = Field(description="of all its rows and files")


class CatalogList(BaseModel):
    """The catalogs that the key may read."""

    catalogs: list[CatalogEntry]


class Page(BaseModel):
    """Some rows of an answer."""

    rows: list[dict[str, Any]]
    total: int = Field(description="rows on all pages together")
    next: str | None = Field(description="the cursor of the next page; null after the last")


class FacetCounts(BaseModel):
    """How many faces lie in each bin."""

    total: int = Field(description="faces for which the condition holds")
    facets: dict[str, dict[str, int]] = Field(
        description="attribute -> bin -> faces; beside the bins stands 'outside'"
    )


class DrawOrder(BaseModel):
    """What is to be drawn."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=1, le=MOST_DRAWN, description="how many faces")
    balance: list[str] | dict[str, Any] = Field(
        default_factory=list,
        description="names of attributes, or a mapping as 'balance' in a job spec, in which null "
        "stands for the bins that are usual in the catalog; nothing draws from all faces alike",
        examples=[["age", "glasses"], {"age": ["18-39", "40+"], "skin_tone": None}],
    )
    method: Method = "quotas"
    seed: int = Field(0, ge=0, lt=2**63, description="another one, other faces")
    where: str | None = Field(
        None, max_length=MOST_LETTERS, description="a SQL condition; draw from these"
    )
    allow_short: bool = Field(False, description="where a cell has too few, let others fill up")
    columns: list[str] = Field(
        default_factory=list,
        max_length=200,
        description="columns to give with each face, of at most 10,000; none gives names alone",
    )


class DrawnCell(BaseModel):
    """What a draw did with one cell; see `populace draw`."""

    label: str
    bins: dict[str, str]
    share: float
    asked: int | None
    available: int
    drawn: int
    weight: float
    short: bool


class DrawAnswer(BaseModel):
    """What was drawn."""

    method: str
    seed: int
    matched: int = Field(description="faces for which the condition holds")
    outside: int = Field(description="of these, in no cell")
    asked: int | None
    drawn: int
    effective: float = Field(description="size of an unweighted sample that would tell as much")
    cells: list[DrawnCell]
    assets: list[str] = Field(description="asset_ids; every beginning is nearly balanced, too")
    rows: list[dict[str, Any]] = Field(
        description="of the assets in their order: the columns asked for, draw_cell and "
        "draw_weight; empty where no columns are asked for"
    )
