"""The network that tells invented people apart, and the weights that come with it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.attributes import WEIGHTS, load_identity
from pipeline.attributes.identity import CHUNK, Identity, IdentityNetwork, write_identity
from pipeline.errors import SpecError
from pipeline.generators.heads import Heads
from pipeline.training.edits import edits_of
from pipeline.training.people import people


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that chance alone decides."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("identity") / "identity.safetensors"
    write_identity(path, IdentityNetwork().folded(), 0.5)
    return path


def test_a_picture_has_its_vector_whatever_shares_the_batch(weights: Path) -> None:
    identity = Identity(weights)
    images = np.random.default_rng(0).integers(0, 256, (CHUNK + 3, 96, 96, 3), np.uint8)
    found = identity.embed(images)
    assert found.shape == (CHUNK + 3, 128)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.array_equal(identity.embed(images[::-1]), found[::-1])
    assert np.array_equal(identity.embed(images[5:6]), found[5:6])
    assert identity.embed(images[:0]).shape == (0, 128)


def test_folding_keeps_the_function() -> None:
    torch.manual_seed(1)
    model = IdentityNetwork()
    pixels = 255 * torch.rand(2, 3, 128, 128)
    model(pixels)  # moves the statistics of the normalisations
    model.eval()
    with torch.inference_mode():
        before, after = model(pixels), model.folded()(pixels)
    assert torch.allclose(before, after, atol=1e-4)


def test_the_digest_follows_weights_and_limit(weights: Path, tmp_path: Path) -> None:
    assert Identity(weights).digest == Identity(weights).digest
    assert Identity(weights).limit == 0.5
    torch.manual_seed(0)
    other = tmp_path / "identity.safetensors"
    write_identity(other, IdentityNetwork().folded(), 0.6)
    assert Identity(other).digest != Identity(weights).digest


def test_what_is_missing_or_damaged_is_one_sentence(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"none\.safetensors is missing; install populace again"):
        load_identity(tmp_path / "none.safetensors")
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(weights.read_bytes()[:5000])
    for path in (torn, WEIGHTS / "weights.safetensors"):
        with pytest.raises(SpecError, match="is damaged; install populace again"):
            load_identity(path)


def test_the_bundled_network_is_the_one_of_its_card() -> None:
    card = json.loads((WEIGHTS / "identity.json").read_text())
    identity = load_identity()
    assert (identity.digest, identity.limit) == (card["digest"], card["limit"])
    assert (WEIGHTS / "identity.safetensors").stat().st_size == card["weights_bytes"]


def test_the_bundled_network_knows_people_with_another_face_from_others() -> None:
    w = people(6, 1, np.random.default_rng(7))[:, 0]
    changed = edits_of(w, np.random.default_rng(8))["expression"]
    identity = load_identity()
    one, other = (identity.embed(Heads().preview(part, 128)) for part in (w, changed))
    alike = one @ other.T
    assert np.diag(alike).min() > identity.limit - 0.03
    assert np.diag(alike).min() > alike[~np.eye(6, dtype=bool)].max()
