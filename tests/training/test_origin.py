"""What a training begins from."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipeline.attributes import WEIGHTS
from pipeline.attributes.heads_weights import Weights
from pipeline.attributes.network import HeadsNetwork
from pipeline.errors import SpecError
from pipeline.models.files import file_sha256
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.origin import read_origin, refuse_other_origin

BUNDLED = WEIGHTS / "weights.safetensors"


def test_the_bundled_scorer_tells_what_taught_it() -> None:
    origin = read_origin("builtin:heads")
    card = json.loads((WEIGHTS / "card.json").read_text())
    assert origin.digest == file_sha256(BUNDLED)
    assert origin.lineage[-1] == {
        "weights": origin.digest,
        "images": card["recipe"]["images"],
        "epochs": card["recipe"]["epochs"],
        "seed": card["recipe"]["seed"],
        "generator": card["generator_digest"],
    }
    assert read_origin(str(BUNDLED)).lineage == origin.lineage


def test_lineage_is_a_chain_and_cards_of_other_weights_tell_nothing(tmp_path: Path) -> None:
    shutil.copy(BUNDLED, tmp_path)
    digest = file_sha256(BUNDLED)
    assert read_origin(str(tmp_path)).lineage == ({"weights": digest},)
    card = {"lineage": [{"weights": "first"}], "recipe": {"epochs": 8}, "weights_digest": digest}
    (tmp_path / "card.json").write_text(json.dumps(card))
    assert read_origin(str(tmp_path)).lineage == (
        {"weights": "first"},
        {"weights": digest, "epochs": 8},
    )
    (tmp_path / "card.json").write_text(json.dumps({**card, "weights_digest": "other"}))
    assert read_origin(str(tmp_path)).lineage == ({"weights": digest},)


def test_what_holds_no_scorer_to_begin_from_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"--from bundled: there is no such file; give builtin"):
        read_origin("bundled")
    noise = tmp_path / "noise.safetensors"
    noise.write_bytes(b"no weights at all")
    with pytest.raises(SpecError, match="no scorer of the architecture"):
        read_origin(str(noise))
    narrow = tmp_path / "narrow.safetensors"
    weights = Weights.load(BUNDLED)
    replace(weights, network={**weights.network, "hidden.weight": torch.zeros(2, 2)}).save(narrow)
    with pytest.raises(SpecError, match=r"architecture .*hidden\.weight") as caught:
        read_origin(str(narrow))
    assert "\n" not in str(caught.value)


def test_a_folder_begun_from_other_weights_is_refused(tmp_path: Path) -> None:
    refuse_other_origin(tmp_path, "abc")
    model = HeadsNetwork()
    optimizer = torch.optim.AdamW(model.parameters())
    Checkpoint(tmp_path / "fit.pt", "run", "abc").save(1, model, model, optimizer)
    refuse_other_origin(tmp_path, "abc")
    for other, called in (("", "nothing"), ("def", "weights def")):
        with pytest.raises(SpecError, match=f"began from weights abc…, not from {called}"):
            refuse_other_origin(tmp_path, other)
    (tmp_path / "fit.pt").unlink()
    (tmp_path / "card.json").write_text('{"name": "builtin:heads"}')
    refuse_other_origin(tmp_path, "")
    with pytest.raises(SpecError, match="began from nothing, not from weights abc"):
        refuse_other_origin(tmp_path, "abc")
