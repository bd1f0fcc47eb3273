"""Read the finished scorer that a training begins from, and what taught it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor

from pipeline.attributes import WEIGHTS
from pipeline.attributes.heads_weights import Weights
from pipeline.attributes.network import HeadsNetwork
from pipeline.errors import SpecError
from pipeline.models.files import file_sha256
from pipeline.training.checkpoint import beginning

BUNDLED = "builtin:heads"
"""What the bundled scorer is called."""


@dataclass(frozen=True)
class Origin:
    """A finished scorer to begin from.

    network: state of the folded HeadsNetwork; digest: sha256 (hex) of the file; lineage: an entry
    for each training that led to it, the first one first, as cards hold them.
    """

    network: Mapping[str, Tensor]
    digest: str
    lineage: tuple[dict[str, Any], ...]


def read_origin(name: str) -> Origin:
    """The scorer that `--from` names: builtin:heads, a weights.safetensors, or a folder with one.

    Raises:
        SpecError: there is none, or it is of another architecture than this version trains.
    """
    path = WEIGHTS if name == BUNDLED else Path(name)
    if path.is_dir():
        path = path / "weights.safetensors"
    try:
        weights = Weights.load(path)
        HeadsNetwork().folded().load_state_dict(dict(weights.network))
    except FileNotFoundError:
        reason = "there is no such file"
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        detail = " ".join(str(error).replace(str(path), "it").split())[:160].rstrip(" :;,")
        reason = f"no scorer of the architecture that this version trains ({detail})"
    else:
        digest = file_sha256(path)
        return Origin(weights.network, digest, _lineage(path.with_name("card.json"), digest))
    raise SpecError(
        f"train scorer: --from {name}: {reason}; give {BUNDLED} for the bundled scorer, or the "
        "weights.safetensors of another populace train scorer."
    )


def refuse_other_origin(out: Path, digest: str) -> None:
    """See that what `out` holds of a training began from the same weights.

    Args:
        out: the training's folder.
        digest: of the weights to begin from; empty for none.

    Raises:
        SpecError: it began from others.
    """
    begun = beginning(out / "fit.pt")
    if begun is None:
        card = _card(out / "card.json")
        begun = None if card is None else _parent(card)
    if begun is not None and begun != digest:
        raise SpecError(
            f"train scorer: {out} holds a training that began from {_called(begun)}, not from "
            f"{_called(digest)}; give another --to, or begin as it did."
        )


def _lineage(card: Path, digest: str) -> tuple[dict[str, Any], ...]:
    """What the card beside the weights says of them; without one of theirs only their digest."""
    told = _card(card)
    if told is None or told.get("weights_digest", digest) != digest:
        return ({"weights": digest},)
    recipe = told.get("recipe", {})
    known = {name: recipe[name] for name in ("images", "epochs", "seed") if name in recipe}
    if "generator_digest" in told:
        known["generator"] = told["generator_digest"]
    return (*told.get("lineage", ()), {"weights": digest, **known})


def _parent(card: Mapping[str, Any]) -> str:
    lineage = card.get("lineage", ())
    return str(lineage[-1]["weights"]) if lineage else ""


def _card(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _called(digest: str) -> str:
    return f"weights {digest[:12]}…" if digest else "nothing"
