"""A whole training of the identity network, small."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.attributes import WEIGHTS
from pipeline.attributes.identity import Identity
from pipeline.cli import main
from pipeline.errors import SpecError
from pipeline.training.identity import train_identity
from pipeline.training.identity_card import identity_card

SMALL: dict[str, Any] = {"count": 8, "held_out": 8, "epochs": 2, "batch": 4, "device": "cpu"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("identity")
    return out, train_identity(out, **SMALL)


def test_a_run_writes_a_network_with_figures_and_card(
    trained: tuple[Path, dict[str, Any]],
) -> None:
    out, card = trained
    assert json.loads((out / "identity.json").read_text()) == card
    identity = Identity(out / "identity.safetensors")
    assert (identity.limit, identity.digest) == (card["limit"], card["digest"])
    assert (out / "IDENTITY.md").read_text() == identity_card(card)
    left = {path.name for path in out.iterdir()}
    assert left == {"people", "identity.safetensors", "identity.json", "IDENTITY.md"}


def test_the_same_call_takes_up_the_renders_and_ends_the_same(
    trained: tuple[Path, dict[str, Any]],
) -> None:
    out, card = trained
    before = {path: path.stat().st_mtime_ns for path in (out / "people").iterdir()}
    assert train_identity(out, **SMALL) == card
    assert {path: path.stat().st_mtime_ns for path in (out / "people").iterdir()} == before


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"count": 3}, "count is 3; give 4 or more, the batch, or make --batch smaller"),
        ({"held_out": 2}, "held_out is 2; give 8 or more"),
        ({"batch": 1}, "batch is 1; give 2 or more"),
        ({"epochs": 0}, "epochs is 0; give 1 or more"),
    ],
)
def test_too_little_is_refused(tmp_path: Path, wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        train_identity(tmp_path / "out", **(SMALL | wrong))
    assert not (tmp_path / "out").exists()


def test_the_command_names_what_is_wrong(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["train", "identity", "--to", str(tmp_path), "--count", "9"])
    assert found.exit_code == 2
    assert "count is 9; give 256 or more" in found.output


def test_the_bundled_card_is_of_the_bundled_figures() -> None:
    card = json.loads((WEIGHTS / "identity.json").read_text())
    assert (WEIGHTS / "IDENTITY.md").read_text() == identity_card(card)
